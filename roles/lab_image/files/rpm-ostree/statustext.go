// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// The width that the real program gives its longest key.
const keyWidth = len("InactiveBaseReplacements")

func printKey(key, value string) {
	fmt.Printf("  %*s: %s\n", keyWidth, key, value)
}

func timestamp(seconds uint64) string {
	return time.Unix(int64(seconds), 0).UTC().Format("2006-01-02T15:04:05Z")
}

func (inv *invocation) printStatus(shown []*ostree.Deployment, descriptions []gvariant.Dict, cached *cachedUpdate) error {
	if err := inv.printState(); err != nil {
		return err
	}
	if inv.has("booted") {
		fmt.Println("BootedDeployment:")
	} else {
		fmt.Println("Deployments:")
	}
	showsUpdate := false
	for i, deployment := range shown {
		if i > 0 {
			fmt.Println()
		}
		if err := inv.printDeployment(deployment, descriptions[i], i == 0); err != nil {
			return err
		}
		showsUpdate = showsUpdate || cached != nil && gvariant.Dict(*cached).String("deployment") == deployment.ID()
	}
	policy, err := inv.updatePolicy()
	if err != nil {
		return err
	}
	if cached != nil && !showsUpdate && policy != "none" {
		fmt.Println()
		cached.print(inv.has("verbose"))
	}
	return nil
}

func (inv *invocation) printState() error {
	active := inv.folder.Active()
	if active == nil {
		fmt.Println("State: idle")
	} else {
		fmt.Println("State: busy")
	}
	registered, err := inv.driver()
	if err != nil {
		return err
	}
	policy, err := inv.updatePolicy()
	if err != nil {
		return err
	}
	switch {
	case registered != nil:
		printDriver(registered, inv.has("verbose"))
	case policy != "none":
		fmt.Printf("AutomaticUpdates: %s; %s\n", policy, timerState())
	case inv.has("verbose"):
		fmt.Println("AutomaticUpdates: disabled")
	}
	if active != nil {
		fmt.Printf("Transaction: %s\n  Initiator: %s\n", active.Title, active.Client)
	}
	return nil
}

func printDriver(registered *driver, verbose bool) {
	text := registered.Name
	if verbose {
		text += " (" + registered.Unit + ")"
	}
	fmt.Println("AutomaticUpdatesDriver: " + text)
	properties := unitProperties(registered.Unit, "ActiveState", "StatusText")
	state := properties["ActiveState"]
	if properties["StatusText"] != "" {
		state += "; " + properties["StatusText"]
	}
	if state != "" {
		fmt.Println("  DriverState: " + state)
	}
}

func unitProperties(unit string, names ...string) map[string]string {
	output, _ := ostree.Output(context.Background(), "systemctl", "show", "--property="+strings.Join(names, ","), unit)
	properties := map[string]string{}
	for _, line := range strings.Split(output, "\n") {
		if name, value, ok := strings.Cut(line, "="); ok {
			properties[name] = value
		}
	}
	return properties
}

// timerState tells about the last automatic update.
func timerState() string {
	const timer, service = "rpm-ostreed-automatic.timer", "rpm-ostreed-automatic.service"
	if unitProperties(timer, "ActiveState")["ActiveState"] != "active" {
		return timer + ": inactive"
	}
	properties := unitProperties(service, "ActiveState", "ExecMainExitTimestampMonotonic")
	switch properties["ActiveState"] {
	case "failed":
		return service + ": last run failed"
	case "active", "activating":
		return service + ": running"
	}
	var exited uint64
	if _, err := fmt.Sscan(properties["ExecMainExitTimestampMonotonic"], &exited); err != nil || exited == 0 {
		return timer + ": no runs since boot"
	}
	ago := uptime() - time.Duration(exited)*time.Microsecond
	return timer + ": last run " + ago.Truncate(time.Second).String() + " ago"
}

func (inv *invocation) printDeployment(of *ostree.Deployment, description gvariant.Dict, first bool) error {
	marker := " "
	if of.Booted {
		marker = "●"
	}
	name := of.Origin.Ref()
	url, text := of.Origin.Custom()
	if url != "" {
		name = url
	}
	fmt.Printf("%s %s\n", marker, name)
	verbose := inv.has("verbose")
	if text != "" {
		printKey("CustomOrigin", text)
	}
	if remoteError := description.String("remote-error"); remoteError != "" {
		printKey("OstreeRemoteStatus", remoteError)
	}
	inv.printVersion(of, description)
	inv.printCommits(of, description, verbose)
	if verbose && (of.Staged || first) {
		staged := "no"
		if of.Staged {
			staged = "yes"
		}
		printKey("Staged", staged)
	}
	if verbose || inv.severalStateroots() {
		printKey("StateRoot", of.OSName)
	}
	if first && !of.Booted {
		if err := inv.printDiffSummary(of); err != nil {
			return err
		}
	}
	printOverrides(description, verbose)
	printRequests(description, verbose)
	if of.Origin.Initramfs() {
		args := "regenerate"
		if list := of.Origin.InitramfsArgs(); len(list) > 0 {
			args = strings.Join(list, " ") + " "
		}
		printKey("Initramfs", args)
	}
	printList("InitramfsEtc", of.Origin.InitramfsEtc())
	if of.Origin.Pinned() {
		printKey("Pinned", "yes")
	}
	if of.Unlocked != "none" {
		printKey("Unlocked", of.Unlocked)
	}
	if eol := description.String("endoflife"); eol != "" {
		printKey("EndOfLife", eol)
	}
	return nil
}

func (inv *invocation) printVersion(of *ostree.Deployment, description gvariant.Dict) {
	seconds, ok := description.Get("base-timestamp").(uint64)
	if !ok {
		seconds, _ = description.Get("timestamp").(uint64)
	}
	if version := description.String("version"); version != "" {
		printKey("Version", fmt.Sprintf("%s (%s)", version, timestamp(seconds)))
	} else {
		printKey("Timestamp", timestamp(seconds))
	}
}

func (inv *invocation) printCommits(of *ostree.Deployment, description gvariant.Dict, verbose bool) {
	base := description.String("base-checksum")
	inProgress, replaced := description.String("live-inprogress"), description.String("live-replaced")
	live := inProgress != "" || replaced != ""
	prefix := ""
	if live {
		prefix = "Booted"
	}
	switch {
	case base != "":
		printKey(prefix+"BaseCommit", base)
		if verbose || live {
			printKey("Commit", of.Checksum)
		}
	default:
		printKey(prefix+"Commit", of.Checksum)
	}
	if inProgress != "" {
		printKey("InterruptedLiveCommit", inProgress)
	}
	if replaced != "" {
		printKey("LiveCommit", replaced)
	}
}

func (inv *invocation) severalStateroots() bool {
	return slices.ContainsFunc(inv.sysroot.Deployments, func(of *ostree.Deployment) bool { return of.OSName != inv.osname })
}

func printOverrides(description gvariant.Dict, verbose bool) {
	var removed, active []string
	for _, item := range arrayOf(description.Get("base-removals")) {
		removed = append(removed, memberText(item, 1)+" "+evrOf(item))
		active = append(active, memberText(item, 1))
	}
	if len(removed) > 0 {
		printKey("RemovedBasePackages", strings.Join(removed, ", "))
	}
	if verbose {
		printList("InactiveBaseRemovals", minus(description.Strings("requested-base-removals"), active))
	}
	var replaced []string
	active = nil
	for _, pair := range arrayOf(description.Get("base-local-replacements")) {
		items := arrayOf(pair)
		replaced = append(replaced, memberText(items[0], 1)+" "+evrOf(items[1])+" -> "+evrOf(items[0]))
		active = append(active, memberText(items[0], 0))
	}
	if len(replaced) > 0 {
		printKey("LocalOverrides", strings.Join(replaced, ", "))
	}
	if verbose {
		printList("InactiveLocalOverrides", minus(description.Strings("requested-base-local-replacements"), active))
	}
}

func printRequests(description gvariant.Dict, verbose bool) {
	requested, layered := description.Strings("requested-packages"), description.Strings("packages")
	if verbose {
		printList("InactiveRequests", minus(requested, layered))
	}
	local := description.Strings("requested-local-packages")
	var names []string
	for _, nevra := range local {
		names = append(names, ostree.LocalName("x:"+nevra))
	}
	printList("LayeredPackages", minus(layered, names))
	printList("LocalPackages", local)
}

// printList wraps at 80 columns and prints nothing for an empty list.
func printList(key string, items []string) {
	if len(items) == 0 {
		return
	}
	items = slices.Clone(items)
	slices.Sort(items)
	var lines []string
	for _, item := range items {
		last := len(lines) - 1
		if last >= 0 && len(lines[last])+1+len(item) <= 80-keyWidth-4 {
			lines[last] += " " + item
		} else {
			lines = append(lines, item)
		}
	}
	printKey(key, lines[0])
	for _, line := range lines[1:] {
		fmt.Printf("  %*s  %s\n", keyWidth, "", line)
	}
}

func minus(items, unwanted []string) []string {
	return slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(unwanted, item) })
}

func memberText(tuple any, index int) string {
	text, _ := arrayOf(tuple)[index].(string)
	return text
}

// evrOf reads a package tuple: nevra, name, epoch, version, release, architecture.
func evrOf(tuple any) string {
	evr := memberText(tuple, 3) + "-" + memberText(tuple, 4)
	if epoch, _ := arrayOf(tuple)[2].(uint64); epoch > 0 {
		evr = fmt.Sprintf("%d:%s", epoch, evr)
	}
	return evr
}
