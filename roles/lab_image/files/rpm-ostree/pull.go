// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// pull gets the newest commit of the origin's branch, or the one that deploy chose, and returns it.
func (u update) pull(ctx context.Context, origin *ostree.Origin, base string) (string, error) {
	ref := origin.Ref()
	remote, branch := ostree.SplitRef(ref)
	override := origin.OverrideCommit()
	switch {
	case ostree.IsChecksum(ref) && override == "":
		override = ref
		fallthrough
	case override != "":
		if u.isComplete(override) || u.cacheOnly {
			break
		}
		if remote == "" {
			return "", fmt.Errorf("No such metadata object %s.commit", override)
		}
		if err := u.pullFrom(ctx, remote, override); err != nil {
			return "", err
		}
	case remote != "" && !u.cacheOnly:
		var check []string
		if !u.allowDowngrade {
			check = []string{"--timestamp-check-from-rev=" + base}
		}
		if err := u.pullFrom(ctx, remote, branch, check...); err != nil {
			return "", err
		}
	}
	target := override
	if target == "" {
		target = u.sysroot.Repo.Resolve(ref)
	}
	if target == "" {
		return "", fmt.Errorf("Refspec '%s' not found", ref)
	}
	return target, u.refuseOlder(base, target)
}

func (u update) pullFrom(ctx context.Context, remote, what string, options ...string) error {
	return ostree.Run(ctx, ostree.Command{
		Args:   u.sysroot.RepoCommand("pull", append(options, remote, what)...),
		Stdout: os.Stdout,
	})
}

// libostree checks this too, but not where nothing is pulled.
func (u update) refuseOlder(base, target string) error {
	if u.allowDowngrade || base == target {
		return nil
	}
	old, err := u.sysroot.Repo.Commit(base)
	if err != nil {
		return err
	}
	wanted, err := u.sysroot.Repo.Commit(target)
	if err != nil {
		return err
	}
	if wanted.Timestamp < old.Timestamp {
		return fmt.Errorf("Upgrade target revision '%s' with timestamp '%s' is chronologically older than current revision '%s' "+
			"with timestamp '%s'; use --allow-downgrade to permit",
			target, timestamp(wanted.Timestamp), base, timestamp(old.Timestamp))
	}
	return nil
}

// isComplete tells a whole commit from one of which only metadata was pulled.
func (u update) isComplete(checksum string) bool {
	if _, err := u.sysroot.Repo.Commit(checksum); err != nil {
		return false
	}
	_, err := os.Stat(u.sysroot.Repo.Path + "/state/" + checksum + ".commitpartial")
	return os.IsNotExist(err)
}

// pin resolves the revision that deploy was given, a version or a commit, in the history of the branch.
func (u update) pin(ctx context.Context, origin *ostree.Origin) error {
	ref := origin.Ref()
	if ostree.IsChecksum(ref) {
		return fmt.Errorf("Cannot look up version while pinned to commit")
	}
	version, commit := parseRevision(u.revision)
	if commit != "" && u.anyBranch {
		origin.SetOverrideCommit(commit)
		return nil
	}
	if remote, branch := ostree.SplitRef(ref); remote != "" && !u.cacheOnly {
		if err := u.pullFrom(ctx, remote, branch, "--commit-metadata-only", "--depth=-1"); err != nil {
			return err
		}
	}
	if version != "" {
		fmt.Printf("Resolving version '%s'\n", version)
	} else {
		fmt.Printf("Validating checksum '%s'\n", commit)
	}
	for checksum := u.sysroot.Repo.Resolve(ref); checksum != ""; {
		found, err := u.sysroot.Repo.Commit(checksum)
		if err != nil {
			break
		}
		if checksum == commit || version != "" && found.Metadata.String("version") == version {
			origin.SetOverrideCommit(checksum)
			return nil
		}
		checksum = found.Parent
	}
	if version != "" {
		return fmt.Errorf("Version %s not found in %s", version, ref)
	}
	return fmt.Errorf("Checksum %s not found in %s", commit, ref)
}

func parseRevision(revision string) (version, commit string) {
	if version, ok := strings.CutPrefix(revision, "version="); ok {
		return version, ""
	}
	revision = strings.TrimPrefix(revision, "revision=")
	if ostree.IsChecksum(revision) {
		return "", revision
	}
	return revision, ""
}
