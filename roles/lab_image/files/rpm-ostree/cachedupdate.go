// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// cachedUpdate is what the last look for an update found, with the members that "status --json" has.
type cachedUpdate gvariant.Dict

// storedUpdate is its file: the members are worked out anew when they are shown.
type storedUpdate struct {
	Booted string `json:"booted"`
	Target string `json:"target"`
}

func (inv *invocation) cachedUpdatePath() string {
	return filepath.Join(inv.root, cacheDir, "cached-update.json")
}

// Values of RpmOstreePkgTypes.
const (
	packageOfBase = 1 << iota
	packageLayered
)

// writeCachedUpdate remembers the commit to update to, or that there is none. It is compared with the booted deployment.
func (inv *invocation) writeCachedUpdate() error {
	booted := inv.sysroot.Booted()
	first := inv.sysroot.First(inv.osname)
	if booted == nil {
		booted = first
	}
	path := inv.cachedUpdatePath()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	target := inv.sysroot.Repo.Resolve(first.Origin.Ref())
	base, err := inv.base(booted)
	if err != nil {
		return err
	}
	layered, err := inv.layeredUpdates(booted)
	if err != nil {
		return err
	}
	if (target == "" || target == base) && layered.empty() {
		return nil
	}
	data, err := json.Marshal(storedUpdate{Booted: booted.Checksum, Target: target})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// layeredUpdates compares the layered packages with the index of the repositories as it was last fetched.
func (inv *invocation) layeredUpdates(booted *ostree.Deployment) (packageDiff, error) {
	old, wanted := map[string]*debian.Package{}, map[string]*debian.Package{}
	for _, ref := range inv.layeredRefs(booted) {
		if cached := inv.cachedPackage(ref); cached != nil {
			old[cached.Name] = cached
			wanted[cached.Name] = cached
		}
	}
	if len(old) == 0 {
		return packageDiff{}, nil
	}
	repositories, err := inv.repositories()
	if err != nil {
		return packageDiff{}, err
	}
	for _, repo := range repositories {
		index, err := os.ReadFile(inv.cachedIndex(repo))
		if err != nil {
			continue
		}
		for _, paragraph := range debian.Paragraphs(string(index)) {
			parsed, err := debian.ParsePackage(paragraph)
			if err != nil {
				return packageDiff{}, err
			}
			if known, layered := wanted[parsed.Name]; layered && debian.Compare(parsed.Version, known.Version) > 0 {
				wanted[parsed.Name] = parsed
			}
		}
	}
	return diffPackages(old, wanted), nil
}

// cachedUpdate returns nil when there is no update, or what was found was for another deployment.
func (inv *invocation) cachedUpdate() (*cachedUpdate, error) {
	data, err := os.ReadFile(inv.cachedUpdatePath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var stored storedUpdate
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, err
	}
	booted := inv.sysroot.Booted()
	if booted == nil {
		booted = inv.sysroot.First(inv.osname)
	}
	if booted == nil || booted.Checksum != stored.Booted {
		return nil, nil
	}
	return inv.describeUpdate(booted, stored.Target)
}

func (inv *invocation) describeUpdate(booted *ostree.Deployment, target string) (*cachedUpdate, error) {
	commit, err := inv.sysroot.Repo.Commit(target)
	if err != nil {
		// It was pruned: the next look finds it again.
		return nil, nil
	}
	base, err := inv.base(booted)
	if err != nil {
		return nil, err
	}
	first := inv.sysroot.First(inv.osname)
	update := gvariant.Dict{{Key: "osname", Value: inv.osname}, {Key: "checksum", Value: target}}
	add := func(key string, value any) { update = append(update, gvariant.Entry{Key: key, Value: value}) }
	if version := commit.Metadata.String("version"); version != "" {
		add("version", version)
	}
	add("timestamp", commit.Timestamp)
	add("origin", first.Origin.Ref())
	if err := inv.describeRemote(first.Origin, target, add); err != nil {
		return nil, err
	}
	add("ref-has-new-commit", target != base)
	diff, err := inv.diffCommits(base, target)
	if err != nil {
		return nil, err
	}
	layered, err := inv.layeredUpdates(booted)
	if err != nil {
		return nil, err
	}
	add("rpm-diff", typedDiff(diff, layered))
	add("advisories", []any{})
	add("update-sha256", booted.Checksum)
	if first.Staged {
		if staged, err := inv.base(first); err == nil && staged == target {
			add("deployment", first.ID())
		}
	}
	cached := cachedUpdate(update)
	return &cached, nil
}

func typedDiff(base, layered packageDiff) gvariant.Dict {
	evr := func(item *debian.Package) []any { return []any{item.EVR(), item.Architecture} }
	pairs := func(choose func(packageDiff) [][2]*debian.Package) []any {
		items := []any{}
		for _, pair := range choose(base) {
			items = append(items, []any{packageOfBase, pair[0].Name, evr(pair[0]), evr(pair[1])})
		}
		for _, pair := range choose(layered) {
			items = append(items, []any{packageLayered, pair[0].Name, evr(pair[0]), evr(pair[1])})
		}
		return items
	}
	single := func(packages []*debian.Package) []any {
		items := []any{}
		for _, item := range packages {
			items = append(items, []any{packageOfBase, item.Name, item.EVR(), item.Architecture})
		}
		return items
	}
	return gvariant.Dict{
		{Key: "upgraded", Value: pairs(func(d packageDiff) [][2]*debian.Package { return d.upgraded })},
		{Key: "downgraded", Value: pairs(func(d packageDiff) [][2]*debian.Package { return d.downgraded })},
		{Key: "removed", Value: single(base.removed)},
		{Key: "added", Value: single(base.added)},
	}
}

// print is what "upgrade --check" shows; the list of packages only when it was asked for.
func (c cachedUpdate) print(everything bool) {
	fmt.Println("AvailableUpdate:")
	dict := gvariant.Dict(c)
	show := func(key, value string) { fmt.Printf("  %*s: %s\n", len("SecAdvisories"), key, value) }
	seconds, _ := dict.Get("timestamp").(uint64)
	if version := dict.String("version"); version != "" {
		show("Version", fmt.Sprintf("%s (%s)", version, timestamp(seconds)))
	} else {
		show("Timestamp", timestamp(seconds))
	}
	show("Commit", dict.String("checksum"))
	diff, _ := dict.Get("rpm-diff").(gvariant.Dict)
	summary := ""
	for _, entry := range diff {
		if items := arrayOf(entry.Value); len(items) > 0 {
			if summary != "" {
				summary += ", "
			}
			summary += fmt.Sprintf("%d %s", len(items), entry.Key)
		}
	}
	if summary != "" {
		show("Diff", summary)
	}
	if !everything {
		return
	}
	for _, entry := range diff {
		for _, item := range arrayOf(entry.Value) {
			members := arrayOf(item)
			text := memberText(item, 1)
			for _, member := range members[2:] {
				text += " " + fmt.Sprint(member)
			}
			show(entry.Key, text)
		}
	}
}

// pullMetadata gets the newest commit of the branch and the package database in it, but no other content.
func (inv *invocation) pullMetadata(ctx context.Context, origin *ostree.Origin) error {
	remote, branch := ostree.SplitRef(origin.Ref())
	if remote == "" {
		return nil
	}
	return ostree.Run(ctx, ostree.Command{
		Args:   inv.sysroot.RepoCommand("pull", "--subpath=/"+dpkgFolder, remote, branch),
		Stdout: os.Stdout,
	})
}

func (inv *invocation) refreshMetadata(ctx context.Context) error {
	_, err := inv.available(ctx, false)
	return err
}
