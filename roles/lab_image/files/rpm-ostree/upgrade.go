// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"evergreen.fleet/lab/rpm-ostree/internal/transaction"
)

// Commands that move to another base.

func runUpgrade(inv *invocation) error {
	if inv.has("reboot") && inv.hasAny("preview", "check") {
		mode := "check"
		if inv.has("preview") {
			mode = "preview"
		}
		return fmt.Errorf("Cannot specify both --reboot and --%s", mode)
	}
	wanted := newUpdate(inv)
	wanted.pullBase = true
	wanted.allowDowngrade = inv.has("allow-downgrade")
	policy, err := inv.updatePolicy()
	if err != nil {
		return err
	}
	automatic := inv.has("trigger-automatic-update-policy")
	if !transaction.IsWorker {
		if policy == "stage" && !automatic {
			fmt.Printf("note: automatic updates (%s) are enabled\n", policy)
		}
		if err := inv.refuseDriven(); err != nil {
			return err
		}
	}
	if inv.hasAny("check", "preview") {
		return wanted.check(inv.title)
	}
	if automatic {
		switch policy {
		case "none":
			fmt.Println("Automatic updates are not enabled; exiting...")
			return nil
		case "check":
			return inv.transact("AutomaticUpdateTrigger", "automatic (check)", wanted.checkOnly)
		}
		wanted.rebootIfChanged = policy == "apply"
	}
	return wanted.changeBase(automatic)
}

func (u update) changeBase(automatic bool) error {
	method, title := "Upgrade", u.title
	if automatic {
		method, title = "AutomaticUpdateTrigger", "automatic (stage)"
	} else if len(u.install)+len(u.uninstall) > 0 {
		method = "UpdateDeployment"
	}
	if u.has("upgrade-unchanged-exit-77") {
		u.force("unchanged-exit-77")
	}
	before := u.defaultID()
	if err := u.start(method, title); err != nil {
		return err
	}
	if u.has("download-only") {
		return nil
	}
	return u.queued(before, runReboot)
}

func runDeploy(inv *invocation) error {
	if len(inv.positional) == 0 && !inv.has("register-driver") {
		return errors.New("REVISION must be specified")
	}
	if !transaction.IsWorker {
		if inv.has("register-driver") {
			if err := inv.registerDriver(inv.text("register-driver")); err != nil {
				return err
			}
		} else if err := inv.refuseDriven(); err != nil {
			return err
		}
	}
	if len(inv.positional) == 0 || inv.positional[0] == "" {
		return nil
	}
	wanted := newUpdate(inv)
	wanted.revision = inv.positional[0]
	wanted.pullBase = true
	wanted.allowDowngrade = !inv.has("disallow-downgrade")
	wanted.anyBranch = inv.has("skip-branch-check")
	method := "Deploy"
	if len(wanted.install)+len(wanted.uninstall) > 0 {
		method = "UpdateDeployment"
	}
	before := inv.defaultID()
	if err := wanted.start(method, inv.title); err != nil {
		return err
	}
	if inv.has("download-only") {
		return nil
	}
	return inv.queued(before, runReboot)
}

func runRebase(inv *invocation) error {
	wanted := newUpdate(inv)
	switch {
	case inv.hasAny("branch", "remote"):
		if len(inv.positional) > 0 {
			return errors.New("Only one of REFSPEC or --branch/--remote may be specified")
		}
		wanted.ref = inv.text("branch")
		if inv.has("remote") {
			wanted.ref = inv.text("remote") + ":" + wanted.ref
		}
	case len(inv.positional) == 0:
		return errors.New("Refspec must be specified")
	default:
		wanted.ref = inv.positional[0]
		if len(inv.positional) > 1 {
			wanted.revision = inv.positional[1]
		}
	}
	wanted.pullBase = true
	wanted.allowDowngrade = !inv.has("disallow-downgrade")
	wanted.keepOldRef = inv.has("skip-purge")
	wanted.customURL = inv.text("custom-origin-url")
	wanted.customText = inv.text("custom-origin-description")
	if (wanted.customURL == "") != (wanted.customText == "") {
		return errors.New("--custom-origin-url and --custom-origin-description must be specified together")
	}
	if !transaction.IsWorker {
		if err := inv.refuseDriven(); err != nil {
			return err
		}
	}
	method := "Rebase"
	if len(wanted.install)+len(wanted.uninstall) > 0 {
		method = "UpdateDeployment"
	}
	before := inv.defaultID()
	if err := wanted.start(method, inv.title); err != nil {
		return err
	}
	if inv.has("download-only") {
		return nil
	}
	return inv.queued(before, changesQueued)
}

func (inv *invocation) updatePolicy() (string, error) {
	config, err := inv.daemonConfig()
	if err != nil {
		return "", err
	}
	policy, _ := config.Get("Daemon", "AutomaticUpdatePolicy")
	switch {
	case policy == "":
		return "none", nil
	case policy == "ex-stage":
		return "stage", nil
	case slices.Contains([]string{"none", "check", "stage", "apply"}, policy):
		return policy, nil
	}
	return "", fmt.Errorf("Invalid value for AutomaticUpdatePolicy: '%s'", policy)
}

// check reports an upgrade that there is; without one it ends with 77.
func (u update) check(title string) error {
	if err := u.transact("AutomaticUpdateTrigger", title, u.checkOnly); err != nil {
		return err
	}
	cached, err := u.cachedUpdate()
	if err != nil {
		return err
	}
	if cached == nil {
		fmt.Println("No updates available.")
		return unchanged
	}
	cached.print(u.has("preview"))
	return nil
}

// checkOnly pulls the commit and the package database in it, and compares.
func (u update) checkOnly(ctx context.Context) error {
	merge := u.sysroot.First(u.osname)
	if err := u.pullMetadata(ctx, merge.Origin); err != nil {
		return err
	}
	if err := u.load(); err != nil {
		return err
	}
	if len(merge.Origin.Packages()) > 0 {
		if err := u.refreshMetadata(ctx); err != nil {
			return err
		}
	}
	return u.writeCachedUpdate()
}
