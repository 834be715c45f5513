// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// packageDiff is what one package database has that another has not. Pairs are old and new.
type packageDiff struct {
	upgraded, downgraded [][2]*debian.Package
	removed, added       []*debian.Package
}

func (inv *invocation) diffCommits(from, to string) (packageDiff, error) {
	old, err := inv.installedIn(from)
	if err != nil {
		return packageDiff{}, err
	}
	wanted, err := inv.installedIn(to)
	if err != nil {
		return packageDiff{}, err
	}
	return diffPackages(old, wanted), nil
}

func diffPackages(old, wanted map[string]*debian.Package) packageDiff {
	var diff packageDiff
	for _, name := range debian.Names(wanted) {
		before, known := old[name]
		switch {
		case !known:
			diff.added = append(diff.added, wanted[name])
		case debian.Compare(wanted[name].Version, before.Version) > 0:
			diff.upgraded = append(diff.upgraded, [2]*debian.Package{before, wanted[name]})
		case debian.Compare(wanted[name].Version, before.Version) < 0:
			diff.downgraded = append(diff.downgraded, [2]*debian.Package{before, wanted[name]})
		}
	}
	for _, name := range debian.Names(old) {
		if _, kept := wanted[name]; !kept {
			diff.removed = append(diff.removed, old[name])
		}
	}
	return diff
}

func (d packageDiff) empty() bool {
	return len(d.upgraded)+len(d.downgraded)+len(d.removed)+len(d.added) == 0
}

func (d packageDiff) print() {
	printPairs := func(title string, pairs [][2]*debian.Package) {
		if len(pairs) > 0 {
			fmt.Println(title)
		}
		for _, pair := range pairs {
			fmt.Printf("  %s %s -> %s\n", pair[0].Name, pair[0].EVR(), pair[1].EVR())
		}
	}
	printSingle := func(title string, packages []*debian.Package) {
		if len(packages) > 0 {
			fmt.Println(title)
		}
		for _, item := range packages {
			fmt.Println("  " + item.NEVRA())
		}
	}
	printPairs("Upgraded:", d.upgraded)
	printPairs("Downgraded:", d.downgraded)
	printSingle("Removed:", d.removed)
	printSingle("Added:", d.added)
}

func (d packageDiff) summary() string {
	var parts []string
	for _, part := range []struct {
		count int
		name  string
	}{{len(d.upgraded), "upgraded"}, {len(d.downgraded), "downgraded"}, {len(d.removed), "removed"}, {len(d.added), "added"}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.name))
		}
	}
	return strings.Join(parts, ", ")
}

// printPendingDiff compares the default deployment with the booted one, or with what is behind it.
func (inv *invocation) printPendingDiff() error {
	first := inv.sysroot.First(inv.osname)
	reference := inv.sysroot.Booted()
	if reference == nil && len(inv.sysroot.Deployments) > 1 {
		reference = inv.sysroot.Deployments[1]
	}
	if reference == nil || reference == first {
		return nil
	}
	diff, err := inv.diffCommits(reference.Checksum, first.Checksum)
	if err != nil {
		return err
	}
	diff.print()
	return nil
}

func (inv *invocation) printDiffSummary(of *ostree.Deployment) error {
	booted := inv.sysroot.Booted()
	if booted == nil {
		return nil
	}
	diff, err := inv.diffCommits(booted.Checksum, of.Checksum)
	if err != nil {
		return err
	}
	if !diff.empty() {
		printKey("Diff", diff.summary())
	}
	return nil
}

// runDB has "diff" and "list".
func runDB(inv *invocation) error {
	if len(inv.positional) == 0 {
		return errors.New("No command specified")
	}
	verb, revisions := inv.positional[0], inv.positional[1:]
	switch verb {
	case "diff":
		return inv.printDBDiff(revisions)
	case "list":
		return inv.printDBList(revisions)
	}
	return fmt.Errorf("Unknown command 'db %s'", verb)
}

func (inv *invocation) printDBList(revisions []string) error {
	if len(revisions) == 0 {
		return errors.New("At least one REV must be specified")
	}
	checksum, err := inv.resolveRevision(revisions[0])
	if err != nil {
		return err
	}
	packages, err := inv.installedIn(checksum)
	if err != nil {
		return err
	}
	fmt.Printf("ostree commit: %s (%s)\n", revisions[0], checksum)
	for _, name := range debian.Names(packages) {
		if len(revisions) == 1 || strings.Contains(strings.Join(revisions[1:], " "), name) {
			fmt.Println(" " + packages[name].NEVRA())
		}
	}
	return nil
}

// printDBDiff compares two commits; without any the booted deployment and the pending or the rollback one.
func (inv *invocation) printDBDiff(revisions []string) error {
	from, to, err := inv.diffRange(revisions)
	if err != nil {
		return err
	}
	diff, err := inv.diffCommits(from, to)
	if err != nil {
		return err
	}
	switch format := inv.text("format"); format {
	case "json":
		return diff.printJSON(from, to)
	case "", "block", "diff":
		fmt.Printf("ostree diff commit from: %s\nostree diff commit to:   %s\n", from, to)
		diff.print()
		return nil
	default:
		return fmt.Errorf("Format argument is invalid, pick one of: diff, block, json")
	}
}

func (inv *invocation) diffRange(revisions []string) (from, to string, err error) {
	booted := inv.sysroot.Booted()
	if len(revisions) < 2 && booted == nil {
		return "", "", errors.New("Not booted into any deployment")
	}
	switch len(revisions) {
	case 0:
		pending, rollback := inv.sysroot.Neighbours(inv.osname)
		switch {
		case pending != nil:
			return inv.diffBases(booted, pending)
		case rollback != nil:
			return inv.diffBases(rollback, booted)
		}
		return "", "", errors.New("No pending or rollback deployment to diff against")
	case 1:
		to, err = inv.resolveRevision(revisions[0])
		return booted.Checksum, to, err
	}
	if from, err = inv.resolveRevision(revisions[0]); err != nil {
		return "", "", err
	}
	to, err = inv.resolveRevision(revisions[1])
	return from, to, err
}

func (inv *invocation) diffBases(from, to *ostree.Deployment) (string, string, error) {
	if !inv.has("base") {
		return from.Checksum, to.Checksum, nil
	}
	old, err := inv.base(from)
	if err != nil {
		return "", "", err
	}
	wanted, err := inv.base(to)
	return old, wanted, err
}

func (inv *invocation) resolveRevision(revision string) (string, error) {
	if checksum := inv.sysroot.Repo.Resolve(revision); checksum != "" {
		return checksum, nil
	}
	return "", fmt.Errorf("Refspec '%s' not found", revision)
}

// The numbers that the real program gives the kinds of changes.
const (
	diffAdded = iota
	diffRemoved
	diffUpgraded
	diffDowngraded
)

func (d packageDiff) printJSON(from, to string) error {
	changes := []any{}
	add := func(name string, kind int, old, wanted *debian.Package) {
		details := gvariant.Dict{}
		if old != nil {
			details = append(details, gvariant.Entry{Key: "PreviousPackage", Value: nameTuple(old)})
		}
		if wanted != nil {
			details = append(details, gvariant.Entry{Key: "NewPackage", Value: nameTuple(wanted)})
		}
		changes = append(changes, []any{name, kind, details})
	}
	for _, pair := range d.upgraded {
		add(pair[0].Name, diffUpgraded, pair[0], pair[1])
	}
	for _, pair := range d.downgraded {
		add(pair[0].Name, diffDowngraded, pair[0], pair[1])
	}
	for _, removed := range d.removed {
		add(removed.Name, diffRemoved, removed, nil)
	}
	for _, added := range d.added {
		add(added.Name, diffAdded, nil, added)
	}
	fmt.Println(formatJSON(gvariant.Dict{
		{Key: "ostree-commit-from", Value: from},
		{Key: "ostree-commit-to", Value: to},
		{Key: "pkgdiff", Value: changes},
		{Key: "advisories", Value: []any{}},
	}, 0))
	return nil
}

func nameTuple(item *debian.Package) []any {
	return []any{item.Name, item.EVR(), item.Architecture}
}
