// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

func runKargs(inv *invocation) error {
	changes := inv.hasAny("append", "delete", "replace", "append-if-missing", "delete-if-present")
	switch {
	case inv.has("delete") && inv.has("replace"):
		return errors.New("Cannot specify both --delete and --replace")
	case inv.has("import-proc-cmdline") && inv.has("deploy-index"):
		return errors.New("Cannot specify both --import-from-proc-cmdline and --deploy-index")
	case inv.has("reboot") && !changes:
		return errors.New("Cannot reboot when kernel arguments not changed")
	}
	current, err := inv.currentOptions()
	if err != nil {
		return err
	}
	if !changes {
		fmt.Println(current)
		return nil
	}
	before := inv.defaultID()
	err = inv.transact("KernelArgs", inv.title, func(ctx context.Context) error { return inv.changeKargs(ctx, current) })
	if err != nil {
		return err
	}
	return inv.queued(before, changesQueued)
}

// currentOptions are the kernel arguments to start from: those of the default deployment unless told otherwise.
func (inv *invocation) currentOptions() (string, error) {
	if inv.has("import-proc-cmdline") {
		cmdline, err := os.ReadFile("/proc/cmdline")
		return strings.TrimSpace(string(cmdline)), err
	}
	deployment := inv.sysroot.First(inv.osname)
	if inv.has("deploy-index") {
		index, err := strconv.Atoi(inv.text("deploy-index"))
		if err != nil || index < 0 || index >= len(inv.sysroot.Deployments) {
			return "", fmt.Errorf("Out of range deployment index %s, expected < %d", inv.text("deploy-index"), len(inv.sysroot.Deployments))
		}
		deployment = inv.sysroot.Deployments[index]
	}
	if deployment == nil {
		return "", errors.New("No deployments found")
	}
	return deployment.Options, nil
}

func (inv *invocation) changeKargs(ctx context.Context, current string) error {
	var kargs []string
	for _, arg := range strings.Fields(current) {
		if !strings.HasPrefix(arg, "ostree=") && !strings.HasPrefix(arg, "BOOT_IMAGE=") {
			kargs = append(kargs, arg)
		}
	}
	// What is asked for without a condition counts as a change even if it is none.
	changed := inv.hasAny("append", "delete", "replace")
	var err error
	for _, arg := range inv.list("delete") {
		if kargs, err = deleteKarg(kargs, arg); err != nil {
			return err
		}
	}
	for _, arg := range inv.list("replace") {
		if kargs, err = replaceKarg(kargs, arg); err != nil {
			return err
		}
	}
	kargs = append(kargs, inv.list("append")...)
	for _, arg := range inv.list("delete-if-present") {
		if !hasKarg(kargs, arg) {
			continue
		}
		changed = true
		if kargs, err = deleteKarg(kargs, arg); err != nil {
			return err
		}
	}
	for _, arg := range inv.list("append-if-missing") {
		if !slices.Contains(kargs, arg) {
			changed = true
			kargs = append(kargs, arg)
		}
	}
	if !changed {
		fmt.Println("No changes.")
		return nil
	}
	if err := inv.redeploy(ctx, inv.sysroot.First(inv.osname).Origin.Copy(), kargs); err != nil {
		return err
	}
	if inv.has("reboot") {
		return inv.reboot(ctx)
	}
	return nil
}

func kargKey(arg string) string {
	key, _, _ := strings.Cut(arg, "=")
	return key
}

// hasKarg looks for a whole argument; a key alone stands for any value.
func hasKarg(kargs []string, arg string) bool {
	return slices.ContainsFunc(kargs, func(other string) bool {
		return other == arg || !strings.Contains(arg, "=") && kargKey(other) == arg
	})
}

func positionsOf(kargs []string, key string) []int {
	var positions []int
	for i, other := range kargs {
		if kargKey(other) == key {
			positions = append(positions, i)
		}
	}
	return positions
}

// deleteKarg removes "key=value", or "key" when it has one value.
func deleteKarg(kargs []string, arg string) ([]string, error) {
	positions := positionsOf(kargs, kargKey(arg))
	if len(positions) == 0 {
		return nil, fmt.Errorf("No key '%s' found", kargKey(arg))
	}
	at := slices.Index(kargs, arg)
	if at < 0 && !strings.Contains(arg, "=") {
		if len(positions) > 1 {
			return nil, fmt.Errorf("Multiple values for key '%s' found", arg)
		}
		at = positions[0]
	}
	if at < 0 {
		return nil, fmt.Errorf("No karg '%s' found", arg)
	}
	return slices.Delete(slices.Clone(kargs), at, at+1), nil
}

// replaceKarg takes "key=old=new", or "key=new" when the key has one value.
func replaceKarg(kargs []string, arg string) ([]string, error) {
	key, value, _ := strings.Cut(arg, "=")
	positions := positionsOf(kargs, key)
	if len(positions) == 0 {
		return nil, fmt.Errorf("No key '%s' found", key)
	}
	kargs = slices.Clone(kargs)
	for _, at := range positions {
		_, old, _ := strings.Cut(kargs[at], "=")
		if replacement, ok := strings.CutPrefix(value, old+"="); ok {
			kargs[at] = key + "=" + replacement
			return kargs, nil
		}
	}
	if old, _, hasOld := strings.Cut(value, "="); hasOld {
		return nil, fmt.Errorf("No karg '%s=%s' found", key, old)
	}
	if len(positions) > 1 {
		return nil, fmt.Errorf("Multiple values for key '%s' found", key)
	}
	kargs[positions[0]] = key + "=" + value
	return kargs, nil
}
