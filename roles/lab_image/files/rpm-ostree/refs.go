// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// Refs keep commits from being pruned. As in rpm-ostree: rpmostree/base/N for what layered deployments are based on,
// rpmostree/pkg/NAME/VERSION for the content of layered packages, rpmostree/live-apply for what the running file system
// was changed to, and rpmostree/base/tmp for a base on its way.
const (
	baseRefs = "rpmostree/base"
	pkgRefs  = "rpmostree/pkg"
	liveRef  = "rpmostree/live-apply"
	tmpBase  = baseRefs + "/tmp"
)

// packageRef names the cached content of a package.
func packageRef(nevra string) string {
	name := ostree.LocalName("x:" + nevra)
	return pkgRefs + "/" + escapeRef(name) + "/" + escapeRef(strings.TrimPrefix(nevra, name+"-"))
}

// What a ref cannot hold is written as _XX.
func escapeRef(text string) string {
	var escaped strings.Builder
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-':
			escaped.WriteByte(c)
		default:
			fmt.Fprintf(&escaped, "_%02X", c)
		}
	}
	return escaped.String()
}

// protectBases writes the base refs of the deployments that there are. It comes first in every transaction: one that was
// killed may have left a deployment whose base only the temporary ref holds.
func (inv *invocation) protectBases(ctx context.Context) error {
	_, err := inv.syncRefs(ctx, baseRefs, inv.wantedBaseRefs())
	return err
}

func (inv *invocation) wantedBaseRefs() map[string]string {
	var bases []string
	for _, deployment := range inv.sysroot.Deployments {
		if commit, err := inv.sysroot.Repo.Commit(deployment.Checksum); err == nil && isLayered(commit) {
			bases = append(bases, commit.Parent)
		}
	}
	slices.Sort(bases)
	wanted := map[string]string{}
	for i, base := range slices.Compact(bases) {
		wanted[fmt.Sprintf("%s/%d", baseRefs, i)] = base
	}
	return wanted
}

func (inv *invocation) wantedPackageRefs() map[string]string {
	repo := inv.sysroot.Repo
	wanted := map[string]string{}
	for _, deployment := range inv.sysroot.Deployments {
		if commit, err := repo.Commit(deployment.Checksum); err == nil {
			for _, ref := range commit.Metadata.Strings(metaLayered) {
				wanted[ref] = repo.Resolve(ref)
			}
		}
		for _, item := range deployment.Origin.LocalReplacements() {
			_, nevra, _ := strings.Cut(item, ":")
			wanted[packageRef(nevra)] = repo.Resolve(packageRef(nevra))
		}
	}
	return wanted
}

func (inv *invocation) wantedLiveRef() map[string]string {
	wanted := map[string]string{}
	if state := inv.liveState(); state.InProgress != "" {
		wanted[liveRef] = state.InProgress
	} else if state.Replaced != "" {
		wanted[liveRef] = state.Replaced
	}
	return wanted
}

// syncRefs creates what is missing before it deletes what is too much, and says whether it deleted anything.
func (inv *invocation) syncRefs(ctx context.Context, prefix string, wanted map[string]string) (bool, error) {
	present, err := inv.sysroot.Repo.LocalRefs(prefix)
	if err != nil {
		return false, err
	}
	for _, ref := range debian.Names(wanted) {
		if commit := wanted[ref]; commit != "" && present[ref] != commit {
			if err := inv.setRef(ctx, ref, commit); err != nil {
				return false, err
			}
		}
	}
	deleted := false
	for _, ref := range debian.Names(present) {
		if _, kept := wanted[ref]; !kept {
			if err := inv.deleteRef(ctx, ref); err != nil {
				return false, err
			}
			deleted = true
		}
	}
	return deleted, nil
}

func (inv *invocation) setRef(ctx context.Context, ref, commit string) error {
	return ostree.Run(ctx, ostree.Command{Args: inv.sysroot.RepoCommand("refs", "--force", "--create="+ref, commit)})
}

func (inv *invocation) deleteRef(ctx context.Context, ref string) error {
	return ostree.Run(ctx, ostree.Command{Args: inv.sysroot.RepoCommand("refs", "--delete", ref)})
}

// tidy brings the refs in line with the deployments and removes what nothing refers to any more. Pruning reads the whole
// repository, so it is left out when nothing can be freed.
func (inv *invocation) tidy(ctx context.Context, mustPrune bool) error {
	if err := inv.load(); err != nil {
		return err
	}
	deletedBases, err := inv.syncRefs(ctx, baseRefs, inv.wantedBaseRefs())
	if err != nil {
		return err
	}
	deletedPackages, err := inv.syncRefs(ctx, pkgRefs, inv.wantedPackageRefs())
	if err != nil {
		return err
	}
	deletedLive, err := inv.syncRefs(ctx, liveRef, inv.wantedLiveRef())
	if err != nil {
		return err
	}
	if !mustPrune && !deletedBases && !deletedPackages && !deletedLive {
		return nil
	}
	return ostree.Run(ctx, ostree.Command{Args: inv.sysroot.AdminCommand("cleanup")})
}
