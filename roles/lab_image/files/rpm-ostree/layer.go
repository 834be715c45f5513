// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// replacement is a package file in the place of a package of the base.
type replacement struct {
	with, of *debian.Package
}

// layer is what an origin asks for on top of a base, worked out.
type layer struct {
	base   string
	origin *ostree.Origin
	// packages are the requested names that the base does not satisfy.
	packages []string
	// chosen are all packages to add: the requested ones, what they need, package files.
	chosen map[string]*debian.Package
	// requestedFiles are those of chosen that were requested as files.
	requestedFiles []*debian.Package
	removed        []*debian.Package
	replaced       []replacement
	// installed is the package database of the base, after overrides and without the chosen packages.
	installed    map[string]*debian.Package
	repositories []repository
}

func (inv *invocation) installedIn(commit string) (map[string]*debian.Package, error) {
	status, err := inv.sysroot.Repo.ReadFile(commit, dpkgFolder+"/status")
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]*debian.Package{}, nil
	}
	if err != nil {
		return nil, err
	}
	return debian.Installed(string(status))
}

// layerOf returns the refs of the packages that a deployment has on top of its base.
func (inv *invocation) layeredRefs(deployment *ostree.Deployment) []string {
	commit, err := inv.sysroot.Repo.Commit(deployment.Checksum)
	if err != nil {
		return nil
	}
	return commit.Metadata.Strings(metaLayered)
}

// resolution says where packages may come from.
type resolution struct {
	cacheOnly bool
	// keep leaves layered packages at their versions.
	keep bool
}

// planLayer applies the overrides of the origin to the base and chooses the packages to add.
func (inv *invocation) planLayer(
	ctx context.Context, origin *ostree.Origin, base string, merge *ostree.Deployment, from resolution,
) (*layer, error) {
	result := &layer{base: base, origin: origin, chosen: map[string]*debian.Package{}}
	before, err := inv.installedIn(base)
	if err != nil {
		return nil, err
	}
	result.installed = maps.Clone(before)
	if err := inv.applyOverrides(result); err != nil {
		return nil, err
	}
	if len(result.removed)+len(result.replaced) > 0 {
		if problem := debian.Broken(before, result.installed); problem != "" {
			return nil, errors.New(problem)
		}
	}
	for _, item := range origin.LocalPackages() {
		local, err := inv.localPackage(item)
		if err != nil {
			return nil, err
		}
		if present, ok := result.installed[local.Name]; ok {
			return nil, fmt.Errorf("Package '%s' is already in the base", present.NEVRA())
		}
		result.chosen[local.Name] = local
		result.requestedFiles = append(result.requestedFiles, local)
	}
	if err := inv.choose(ctx, result, merge, from); err != nil {
		return nil, err
	}
	return result, nil
}

func (inv *invocation) applyOverrides(result *layer) error {
	var inactive []string
	for _, name := range result.origin.Removals() {
		if removed, ok := result.installed[name]; ok {
			result.removed = append(result.removed, removed)
			delete(result.installed, name)
		} else {
			inactive = append(inactive, name)
		}
	}
	printInactive("Inactive base removals:", inactive)
	inactive = nil
	for _, item := range result.origin.LocalReplacements() {
		with, err := inv.localPackage(item)
		if err != nil {
			return err
		}
		if of, ok := result.installed[with.Name]; ok {
			result.replaced = append(result.replaced, replacement{with, of})
			result.installed[with.Name] = with.AsInstalled()
		} else {
			inactive = append(inactive, with.NEVRA())
		}
	}
	printInactive("Inactive base replacements:", inactive)
	return nil
}

func printInactive(title string, items []string) {
	if len(items) > 0 {
		fmt.Println(title)
		for _, item := range items {
			fmt.Println("  " + item)
		}
	}
}

// localPackage finds the cached content of a package that was given as a file: "sha256:nevra".
func (inv *invocation) localPackage(item string) (*debian.Package, error) {
	digest, nevra, _ := strings.Cut(item, ":")
	cached := inv.cachedPackage(packageRef(nevra))
	if cached == nil || cached.SHA256 != digest {
		return nil, fmt.Errorf("The content of %s is not in the cache", nevra)
	}
	return cached, nil
}

// choose resolves the requested packages. Without repositories the cached packages must do.
func (inv *invocation) choose(ctx context.Context, result *layer, merge *ostree.Deployment, from resolution) error {
	universe := debian.Universe{Installed: result.installed, Kept: map[string]*debian.Package{}}
	var inactive []string
	for _, name := range result.origin.Packages() {
		if providers := universe.Providers(name); len(providers) > 0 {
			inactive = append(inactive, fmt.Sprintf("%s (already provided by %s)", name, nevras(providers)))
		} else if _, file := result.chosen[name]; !file {
			result.packages = append(result.packages, name)
		}
	}
	printInactive("Inactive requests:", inactive)
	if len(result.packages)+len(result.chosen) == 0 {
		return nil
	}
	if from.keep || from.cacheOnly {
		for _, ref := range inv.layeredRefs(merge) {
			if cached := inv.cachedPackage(ref); cached != nil {
				universe.Kept[cached.Name] = cached
			}
		}
	}
	// Nothing new is needed when what is layered already is enough: then no repository is asked.
	offline := maps.Clone(result.chosen)
	if err := universe.Resolve(result.packages, offline); err == nil && (from.keep || from.cacheOnly) {
		result.chosen = offline
		return nil
	}
	available, err := inv.available(ctx, from.cacheOnly)
	if err != nil {
		return err
	}
	if result.repositories, err = inv.repositories(); err != nil {
		return err
	}
	universe.Available = available
	return step("Resolving dependencies", func() error { return universe.Resolve(result.packages, result.chosen) })
}

func nevras(packages []*debian.Package) string {
	var names []string
	for _, item := range packages {
		names = append(names, item.NEVRA())
	}
	return strings.Join(names, " ")
}

// needsAssembly is false when the base itself is what was asked for.
func (l *layer) needsAssembly() bool {
	return len(l.chosen)+len(l.removed)+len(l.replaced) > 0 || l.origin.Initramfs()
}

// refs are the cached contents to add, in a fixed order.
func (l *layer) refs() []string {
	var refs []string
	for _, name := range debian.Names(l.chosen) {
		refs = append(refs, packageRef(l.chosen[name].NEVRA()))
	}
	return refs
}

// digest names the wanted content: two equal layers give the same files.
func (l *layer) digest() string {
	state := []string{l.base}
	state = append(state, l.refs()...)
	for _, removed := range l.removed {
		state = append(state, "remove "+removed.NEVRA())
	}
	for _, replaced := range l.replaced {
		state = append(state, "replace "+replaced.with.NEVRA())
	}
	if l.origin.Initramfs() {
		state = append(state, "initramfs "+strings.Join(l.origin.InitramfsArgs(), " "))
	}
	sum := sha512.Sum512([]byte(strings.Join(state, "\n")))
	return hex.EncodeToString(sum[:])
}

// fetchChosen downloads and imports what is not cached yet.
func (inv *invocation) fetchChosen(ctx context.Context, wanted *layer) error {
	var missing []*debian.Package
	for _, name := range debian.Names(wanted.chosen) {
		chosen := wanted.chosen[name]
		if cached := inv.cachedPackage(packageRef(chosen.NEVRA())); cached == nil || cached.SHA256 != chosen.SHA256 {
			missing = append(missing, chosen)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	folder, err := inv.makeTemporary()
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	fmt.Printf("Will download: %d package%s\n", len(missing), plural(len(missing)))
	files := make([]string, len(missing))
	if err := step("Downloading packages", func() error {
		for i, chosen := range missing {
			if files[i], err = inv.fetch(ctx, chosen, folder); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return step("Importing packages", func() error {
		for i := range missing {
			if _, err := inv.importPackage(ctx, files[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func plural(count int) string {
	if count == 1 {
		return ""
	}
	return "s"
}

// importFiles imports the package files that a command was given and returns them as origins name them.
func (inv *invocation) importFiles(ctx context.Context, files []string) ([]string, error) {
	var items []string
	for _, file := range files {
		local, err := inv.importPackage(ctx, file)
		if err != nil {
			return nil, err
		}
		items = append(items, local.SHA256+":"+local.NEVRA())
	}
	slices.Sort(items)
	return items, nil
}
