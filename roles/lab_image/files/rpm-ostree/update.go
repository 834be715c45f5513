// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// update is the transaction behind install, uninstall, upgrade, deploy, rebase, override and reset: changes to the
// origin of the default deployment, and what follows from them. It goes in the order of the real daemon.
type update struct {
	*invocation
	ref             string
	revision        string
	install         []string
	uninstall       []string
	uninstallAll    bool
	replace         []string
	remove          []string
	resetOverrides  []string
	resetAll        bool
	resetInitramfs  bool
	pullBase        bool
	cacheOnly       bool
	allowDowngrade  bool
	apply           bool
	customURL       string
	customText      string
	keepOldRef      bool
	anyBranch       bool
	rebootIfChanged bool
}

// newUpdate takes over the options that all these commands have.
func newUpdate(inv *invocation) update {
	return update{
		invocation: inv,
		install:    inv.list("install"),
		uninstall:  inv.list("uninstall"),
		cacheOnly:  inv.has("cache-only"),
		apply:      inv.has("apply-live"),
	}
}

func (u update) upgrading() bool {
	return u.pullBase && u.ref == "" && u.revision == ""
}

func (u update) execute(ctx context.Context) error {
	merge := u.sysroot.First(u.osname)
	origin := merge.Origin.Copy()
	base, err := u.base(merge)
	if err != nil {
		return err
	}
	oldRef := origin.Ref()
	if u.ref != "" {
		if err := u.rebase(origin); err != nil {
			return err
		}
	}
	if u.revision != "" {
		if err := u.pin(ctx, origin); err != nil {
			return err
		}
	} else {
		origin.SetOverrideCommit("")
	}
	if err := u.changePackages(ctx, origin, base); err != nil {
		return err
	}
	if err := u.changeOverrides(ctx, origin); err != nil {
		return err
	}
	target := base
	if u.pullBase {
		if target, err = u.pull(ctx, origin, base); err != nil {
			return err
		}
	}
	if err := u.removeFromBase(origin, target); err != nil {
		return err
	}
	from := resolution{cacheOnly: u.cacheOnly, keep: !u.pullBase}
	wanted, err := u.planLayer(ctx, origin, target, merge, from)
	if err != nil {
		return err
	}
	if u.has("dry-run") {
		printPlan(wanted)
		return nil
	}
	if !u.changed(merge, origin, target, wanted) && u.ref == "" {
		u.printUnchanged(origin)
		return nil
	}
	if err := u.fetchChosen(ctx, wanted); err != nil {
		return err
	}
	if u.has("download-only") {
		fmt.Println("Update downloaded.")
		return nil
	}
	if err := u.deployLayer(ctx, wanted, merge); err != nil {
		return err
	}
	if u.ref != "" && !u.keepOldRef && !ostree.IsChecksum(oldRef) && u.sysroot.Repo.Resolve(oldRef) != "" {
		if err := u.deleteRef(ctx, oldRef); err != nil {
			return err
		}
	}
	if u.upgrading() {
		if err := u.writeCachedUpdate(); err != nil {
			return err
		}
	}
	if u.apply {
		if err := u.applyLive(ctx, liveRequest{allowReplacement: false}); err != nil {
			return err
		}
	}
	if u.has("reboot") || u.rebootIfChanged {
		return u.reboot(ctx)
	}
	return nil
}

func (u update) rebase(origin *ostree.Origin) error {
	ref := fullRef(u.ref, origin.Ref())
	if !ostree.IsChecksum(ref) && ref == origin.Ref() {
		return fmt.Errorf("Old and new refs are equal: %s", ref)
	}
	origin.SetRef(ref, u.customURL, u.customText)
	return nil
}

// fullRef completes a ref that names only its remote ("remote:") or only its branch.
func fullRef(given, current string) string {
	given = strings.TrimPrefix(given, "ostree://")
	remote, branch := ostree.SplitRef(current)
	newRemote, newBranch := ostree.SplitRef(given)
	switch {
	case ostree.IsChecksum(newBranch) && newRemote == "":
		return newBranch
	case newBranch == "":
		newBranch = branch
	case !strings.Contains(given, ":"):
		newRemote = remote
	}
	if newRemote == "" {
		return newBranch
	}
	return newRemote + ":" + newBranch
}

// changePackages edits the requests with the errors of the real program.
func (u update) changePackages(ctx context.Context, origin *ostree.Origin, base string) error {
	requested, local := origin.Packages(), origin.LocalPackages()
	if u.uninstallAll {
		requested, local = nil, nil
	}
	for _, name := range u.uninstall {
		isName := func(item string) bool { return ostree.LocalName(item) == name || strings.HasSuffix(item, ":"+name) }
		switch {
		case slices.Contains(requested, name):
			requested = without(requested, name)
		case slices.ContainsFunc(local, isName):
			local = slices.DeleteFunc(slices.Clone(local), isName)
		case !u.has("idempotent"):
			return fmt.Errorf("Package/capability '%s' is not currently requested", name)
		}
	}
	names, files := splitFiles(u.install)
	if err := u.refuseProvided(names, base); err != nil {
		return err
	}
	for _, name := range names {
		isName := func(item string) bool { return ostree.LocalName(item) == name }
		known := slices.Contains(requested, name)
		switch {
		case known && !u.has("idempotent"):
			return fmt.Errorf("Package/capability '%s' is already requested", name)
		case slices.ContainsFunc(local, isName) && !u.has("idempotent"):
			return fmt.Errorf("Package '%s' is already layered", name)
		case !known:
			requested = append(slices.Clone(requested), name)
		}
	}
	items, err := u.importFiles(ctx, files)
	if err != nil {
		return err
	}
	for _, item := range items {
		if slices.Contains(requested, ostree.LocalName(item)) {
			return fmt.Errorf("Package/capability '%s' is already requested", ostree.LocalName(item))
		}
		if slices.Contains(local, item) {
			if !u.has("idempotent") {
				return fmt.Errorf("Package '%s' is already layered", ostree.LocalName(item))
			}
			continue
		}
		local = append(slices.Clone(local), item)
	}
	origin.SetPackages(requested)
	origin.SetLocalPackages(local)
	return nil
}

// splitFiles tells package files from names, as the client does before it calls the daemon.
func splitFiles(arguments []string) (names, files []string) {
	for _, argument := range arguments {
		if strings.HasSuffix(argument, ".deb") {
			if absolute, err := filepath.Abs(argument); err == nil {
				argument = absolute
			}
			files = append(files, argument)
		} else {
			names = append(names, argument)
		}
	}
	return names, files
}

func (u update) refuseProvided(names []string, base string) error {
	if len(names) == 0 || u.has("allow-inactive") {
		return nil
	}
	installed, err := u.installedIn(base)
	if err != nil {
		return err
	}
	for _, name := range names {
		if providers := providersOf(installed, name); providers != "" {
			return fmt.Errorf("\"%s\" is already provided by: %s. Use --allow-inactive to explicitly require it.", name, providers)
		}
	}
	return nil
}

func (u update) changeOverrides(ctx context.Context, origin *ostree.Origin) error {
	if u.resetInitramfs {
		origin.SetInitramfs(false, nil)
		origin.SetInitramfsEtc(nil)
	}
	if u.resetAll {
		origin.SetRemovals(nil)
		origin.SetLocalReplacements(nil)
	}
	for _, name := range u.resetOverrides {
		isName := func(item string) bool { return ostree.LocalName(item) == name || strings.HasSuffix(item, ":"+name) }
		replacements := origin.LocalReplacements()
		switch {
		case slices.Contains(origin.Removals(), name):
			origin.SetRemovals(without(origin.Removals(), name))
		case slices.ContainsFunc(replacements, isName):
			origin.SetLocalReplacements(slices.DeleteFunc(replacements, isName))
		default:
			return fmt.Errorf("No overrides for package '%s'", name)
		}
	}
	items, err := u.importFiles(ctx, u.replace)
	if err != nil {
		return err
	}
	for _, item := range items {
		name := ostree.LocalName(item)
		sameName := func(other string) bool { return ostree.LocalName(other) == name }
		if slices.Contains(origin.LocalReplacements(), item) || slices.Contains(origin.Removals(), name) {
			return fmt.Errorf("Override already exists for package '%s'", name)
		}
		origin.SetLocalReplacements(append(slices.DeleteFunc(origin.LocalReplacements(), sameName), item))
	}
	return nil
}

// removeFromBase comes after the pull: a removal names a package of the base that will be deployed.
func (u update) removeFromBase(origin *ostree.Origin, base string) error {
	if len(u.remove) == 0 {
		return nil
	}
	installed, err := u.installedIn(base)
	if err != nil {
		return err
	}
	for _, name := range u.remove {
		if _, ok := installed[name]; !ok {
			return fmt.Errorf("Package \"%s\" not found", name)
		}
		sameName := func(item string) bool { return ostree.LocalName(item) == name }
		if slices.Contains(origin.Removals(), name) || slices.ContainsFunc(origin.LocalReplacements(), sameName) {
			return fmt.Errorf("Override already exists for package '%s'", name)
		}
		origin.SetRemovals(append(origin.Removals(), name))
	}
	return nil
}

// changed compares requests and content with the default deployment.
func (u update) changed(merge *ostree.Deployment, origin *ostree.Origin, target string, wanted *layer) bool {
	if !origin.Equal(merge.Origin.Copy()) {
		return true
	}
	commit, err := u.sysroot.Repo.Commit(merge.Checksum)
	if err != nil {
		return true
	}
	if !wanted.needsAssembly() {
		return merge.Checksum != target
	}
	return commit.Metadata.String(metaState) != wanted.digest()
}

func (u update) printUnchanged(origin *ostree.Origin) {
	_, custom := origin.Custom()
	switch {
	case u.has("download-only"):
		fmt.Println("No changes.")
	case ostree.IsChecksum(origin.Ref()) && u.pullBase && custom != "":
		fmt.Println("Pinned to commit by custom origin: " + custom)
	case ostree.IsChecksum(origin.Ref()) && u.pullBase:
		fmt.Println("Pinned to commit; no upgrade available")
	case u.upgrading():
		fmt.Println("No upgrade available.")
	default:
		fmt.Println("No change.")
	}
}

// deployLayer makes the commit that the layer describes and deploys it with the kernel arguments of the old default.
func (inv *invocation) deployLayer(ctx context.Context, wanted *layer, merge *ostree.Deployment) error {
	if err := inv.fetchChosen(ctx, wanted); err != nil {
		return err
	}
	commit := wanted.base
	if wanted.needsAssembly() {
		err := step("Writing OSTree commit", func() (err error) {
			commit, err = inv.assemble(ctx, wanted)
			return err
		})
		if err != nil {
			return err
		}
	}
	return inv.deploy(ctx, deployment{commit, wanted.origin, merge.Kargs(), inv.has("lock-finalization")})
}

// redeploy makes a new deployment of the same base, for changes that are in the origin or the kernel arguments only.
func (inv *invocation) redeploy(ctx context.Context, origin *ostree.Origin, kargs []string) error {
	merge := inv.sysroot.First(inv.osname)
	base, err := inv.base(merge)
	if err != nil {
		return err
	}
	wanted, err := inv.planLayer(ctx, origin, base, merge, resolution{cacheOnly: true, keep: true})
	if err != nil {
		return err
	}
	commit, err := inv.sysroot.Repo.Commit(merge.Checksum)
	if err != nil {
		return err
	}
	if wanted.needsAssembly() && commit.Metadata.String(metaState) == wanted.digest() {
		return inv.deploy(ctx, deployment{merge.Checksum, origin, kargs, inv.has("lock-finalization")})
	}
	copied := *merge
	copied.Options = strings.Join(kargs, " ")
	return inv.deployLayer(ctx, wanted, &copied)
}

func without(items []string, unwanted string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return item == unwanted })
}
