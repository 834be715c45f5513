// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

func runStatus(inv *invocation) error {
	descriptions := []gvariant.Dict{}
	shown := []*ostree.Deployment{}
	for _, deployment := range inv.sysroot.Deployments {
		if inv.has("booted") && !deployment.Booted {
			continue
		}
		description, err := inv.describe(deployment)
		if err != nil {
			return err
		}
		descriptions = append(descriptions, description)
		shown = append(shown, deployment)
	}
	cached, err := inv.cachedUpdate()
	if err != nil {
		return err
	}
	if inv.hasAny("json", "jsonpath") {
		err = inv.printStatusJSON(descriptions, cached)
	} else {
		err = inv.printStatus(shown, descriptions, cached)
	}
	if err != nil {
		return err
	}
	all := inv.sysroot.Deployments
	if inv.has("pending-exit-77") && len(all) > 1 && !all[0].Booted {
		return unchanged
	}
	return nil
}

func (inv *invocation) printStatusJSON(descriptions []gvariant.Dict, cached *cachedUpdate) error {
	deployments := []any{}
	for _, description := range descriptions {
		deployments = append(deployments, description)
	}
	document := gvariant.Dict{{Key: "deployments", Value: deployments}, {Key: "transaction"}, {Key: "cached-update"}, {Key: "update-driver"}}
	if active := inv.folder.Active(); active != nil {
		document[1].Value = []any{active.Method, fmt.Sprintf(":1.%d", active.PID), objectPath(inv.osname)}
	}
	if cached != nil {
		document[2].Value = gvariant.Dict(*cached)
	}
	registered, err := inv.driver()
	if err != nil {
		return err
	}
	if registered != nil {
		document[3].Value = gvariant.Dict{
			{Key: "driver-name", Value: registered.Name},
			{Key: "driver-sd-unit", Value: registered.Unit},
		}
	}
	var printed any = document
	if inv.has("jsonpath") {
		if printed, err = jsonPath(inv.text("jsonpath"), document); err != nil {
			return err
		}
	}
	if err := writeJSON(os.Stdout, printed); err != nil {
		return err
	}
	fmt.Println()
	return nil
}

func objectPath(osname string) string {
	name := strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' {
			return c
		}
		return '_'
	}, osname)
	return "/org/projectatomic/rpmostree1/" + name
}

// The real program prints the members in the order of a hash table. These are the orders that recorded documents have;
// what they do not show comes last.
var (
	plainOrder = []string{
		"unlocked", "requested-local-packages", "base-commit-meta", "base-removals", "custom-origin", "pinned", "osname",
		"base-remote-replacements", "origin", "regenerate-initramfs", "checksum", "gpg-enabled",
		"requested-base-local-replacements", "id", "version", "requested-local-fileoverride-packages",
		"requested-base-removals", "signatures", "requested-packages", "serial", "timestamp", "staged", "booted", "packages",
		"base-local-replacements",
	}
	layeredOrder = []string{
		"requested-packages", "requested-base-local-replacements", "signatures", "regenerate-initramfs", "version",
		"requested-local-fileoverride-packages", "base-commit-meta", "base-remote-replacements", "layered-commit-meta",
		"timestamp", "packages", "base-local-replacements", "osname", "pinned", "booted", "base-removals", "unlocked",
		"requested-base-removals", "base-checksum", "id", "origin", "serial", "base-version", "gpg-enabled",
		"base-timestamp", "requested-local-packages", "checksum", "staged",
	}
)

func inOrder(description gvariant.Dict, order []string) {
	position := func(key string) int {
		if at := slices.Index(order, key); at >= 0 {
			return at
		}
		return len(order)
	}
	slices.SortStableFunc(description, func(a, b gvariant.Entry) int { return position(a.Key) - position(b.Key) })
}

// Lists that status shows on their own, and those of this program.
var hiddenMetadata = []string{metaPackages, metaRemoved, metaReplaced, metaLayered}

func visible(metadata gvariant.Dict) gvariant.Dict {
	shown := gvariant.Dict{}
	for _, entry := range metadata {
		if !slices.Contains(hiddenMetadata, entry.Key) {
			shown = append(shown, entry)
		}
	}
	return shown
}

// describe is the deployment as "status --json" shows it.
func (inv *invocation) describe(of *ostree.Deployment) (gvariant.Dict, error) {
	repo := inv.sysroot.Repo
	commit, err := repo.Commit(of.Checksum)
	if err != nil {
		return nil, err
	}
	origin := of.Origin
	description := gvariant.Dict{}
	add := func(key string, value any) { description = append(description, gvariant.Entry{Key: key, Value: value}) }
	add("id", of.ID())
	add("osname", of.OSName)
	add("checksum", of.Checksum)
	add("serial", of.Serial)
	add("booted", of.Booted)
	add("pinned", origin.Pinned())
	add("unlocked", of.Unlocked)
	add("staged", of.Staged)
	if of.Locked {
		add("finalization-locked", true)
	}
	add("requested-packages", stringArray(origin.Packages()))
	add("requested-local-packages", stringArray(namesOnly(origin.LocalPackages())))
	add("requested-local-fileoverride-packages", []any{})
	add("requested-base-removals", stringArray(origin.Removals()))
	add("requested-base-local-replacements", stringArray(namesOnly(origin.LocalReplacements())))
	add("regenerate-initramfs", origin.Initramfs())
	if args := origin.InitramfsArgs(); len(args) > 0 {
		add("initramfs-args", stringArray(args))
	}
	if files := origin.InitramfsEtc(); len(files) > 0 {
		add("initramfs-etc", stringArray(files))
	}
	add("packages", stringArray(commit.Metadata.Strings(metaPackages)))
	add("base-removals", arrayOf(commit.Metadata.Get(metaRemoved)))
	add("base-local-replacements", arrayOf(commit.Metadata.Get(metaReplaced)))
	add("base-remote-replacements", gvariant.Dict{})
	add("timestamp", commit.Timestamp)
	if version := commit.Metadata.String("version"); version != "" {
		add("version", version)
	}
	order := plainOrder
	base, baseChecksum := commit, of.Checksum
	if isLayered(commit) {
		order = layeredOrder
		baseChecksum = commit.Parent
		if base, err = repo.Commit(baseChecksum); err != nil {
			return nil, err
		}
		add("layered-commit-meta", visible(commit.Metadata))
		add("base-checksum", baseChecksum)
		if version := base.Metadata.String("version"); version != "" {
			add("base-version", version)
		}
		add("base-timestamp", base.Timestamp)
	}
	add("base-commit-meta", visible(base.Metadata))
	if eol := base.Metadata.String("ostree.endoflife"); eol != "" {
		add("endoflife", eol)
	}
	add("origin", origin.Ref())
	if url, text := origin.Custom(); url != "" {
		add("custom-origin", []any{url, text})
	}
	if err := inv.describeRemote(origin, baseChecksum, add); err != nil {
		return nil, err
	}
	if of.Booted {
		inv.describeLive(add)
	}
	inOrder(description, order)
	return description, nil
}

// describeRemote adds what the remote of the origin says, and the commit that its branch has got to.
func (inv *invocation) describeRemote(origin *ostree.Origin, base string, add func(string, any)) error {
	ref := origin.Ref()
	if ostree.IsChecksum(ref) {
		return nil
	}
	if remote, _ := ostree.SplitRef(ref); remote == "" {
		add("gpg-enabled", false)
	} else {
		config, group, err := inv.sysroot.Repo.Remote(remote)
		if err != nil {
			return err
		}
		if config == nil {
			add("remote-error", fmt.Sprintf("Remote \"%s\" not found", remote))
		} else {
			value, set := config.Get(group, "gpg-verify")
			enabled := !set || value == "true"
			add("gpg-enabled", enabled)
			if enabled {
				found, err := inv.signatures(remote, base)
				if err != nil {
					return err
				}
				add("signatures", found)
			}
		}
	}
	pending := inv.sysroot.Repo.Resolve(ref)
	if pending == "" || pending == base {
		return nil
	}
	commit, err := inv.sysroot.Repo.Commit(pending)
	if err != nil {
		// The branch was moved by a pull that did not get any further.
		return nil
	}
	add("pending-base-checksum", pending)
	if version := commit.Metadata.String("version"); version != "" {
		add("pending-base-version", version)
	}
	add("pending-base-timestamp", commit.Timestamp)
	return nil
}

// namesOnly removes the checksums that an origin has before the names of package files.
func namesOnly(items []string) []string {
	var names []string
	for _, item := range items {
		_, nevra, _ := strings.Cut(item, ":")
		names = append(names, nevra)
	}
	return names
}

func arrayOf(value any) []any {
	if items, ok := value.([]any); ok {
		return items
	}
	return []any{}
}
