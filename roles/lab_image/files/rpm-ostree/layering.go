// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
	"evergreen.fleet/lab/rpm-ostree/internal/transaction"
)

// Commands that change packages on the base that there is.

func runInstall(inv *invocation) error {
	if len(inv.positional) == 0 {
		return errors.New("At least one PACKAGE must be specified")
	}
	if inv.has("apply-live") && !inv.has("assumeyes") && !transaction.IsWorker {
		fmt.Println("notice: auto-inferring -y/--assumeyes when not run interactively; this will change in the future")
	}
	wanted := newUpdate(inv)
	wanted.install = append(inv.positional, wanted.install...)
	method := "PkgChange"
	if _, files := splitFiles(wanted.install); len(files) > 0 || inv.hasAny("apply-live", "force-replacefiles") {
		method = "UpdateDeployment"
	}
	return wanted.changePackagesOnly(method)
}

func runUninstall(inv *invocation) error {
	if len(inv.positional) == 0 && !inv.has("all") {
		return errors.New("At least one PACKAGE must be specified")
	}
	wanted := newUpdate(inv)
	wanted.uninstall = append(inv.positional, wanted.uninstall...)
	wanted.uninstallAll = inv.has("all")
	wanted.cacheOnly = len(wanted.install) == 0
	return wanted.changePackagesOnly("PkgChange")
}

func (u update) changePackagesOnly(method string) error {
	before := u.defaultID()
	if err := u.start(method, u.title); err != nil {
		return err
	}
	if u.has("dry-run") {
		fmt.Println("Exiting because of '--dry-run' option")
		return nil
	}
	if u.has("download-only") {
		return nil
	}
	if u.apply && u.defaultID() != before {
		return u.printPendingDiff()
	}
	return u.queued(before, changesQueued)
}

func runOverride(inv *invocation) error {
	if len(inv.positional) == 0 {
		return errors.New("No command specified")
	}
	verb, packages := inv.positional[0], inv.positional[1:]
	wanted := newUpdate(inv)
	wanted.remove = inv.list("remove")
	wanted.replace = inv.list("replace")
	switch verb {
	case "remove":
		wanted.remove = append(packages, wanted.remove...)
	case "replace":
		wanted.replace = append(packages, wanted.replace...)
	case "reset":
		wanted.resetOverrides = packages
		wanted.resetAll = inv.has("all")
	default:
		return fmt.Errorf("Unknown command 'override %s'", verb)
	}
	if len(packages) == 0 && !wanted.resetAll {
		return errors.New("At least one PACKAGE must be specified")
	}
	for i, file := range wanted.replace {
		if _, files := splitFiles([]string{file}); len(files) == 0 {
			return fmt.Errorf("Not a package file: %s", file)
		}
		absolute, err := filepath.Abs(file)
		if err != nil {
			return err
		}
		wanted.replace[i] = absolute
	}
	before := inv.defaultID()
	if err := wanted.start("UpdateDeployment", inv.title); err != nil {
		return err
	}
	if inv.has("dry-run") {
		fmt.Println("Exiting because of '--dry-run' option")
		return nil
	}
	if verb != "reset" && inv.defaultID() != before {
		fmt.Println(`Use "rpm-ostree override reset" to undo overrides`)
	}
	return inv.queued(before, runReboot)
}

func runReset(inv *invocation) error {
	all := !inv.hasAny("overlays", "overrides", "initramfs")
	wanted := newUpdate(inv)
	wanted.uninstallAll = all || inv.has("overlays")
	wanted.resetAll = all || inv.has("overrides")
	wanted.resetInitramfs = all || inv.has("initramfs")
	wanted.cacheOnly = len(wanted.install) == 0
	before := inv.defaultID()
	if err := wanted.start("UpdateDeployment", inv.title); err != nil {
		return err
	}
	return inv.queued(before, changesQueued)
}

// start runs the transaction unless the configuration forbids it.
func (u update) start(method, title string) error {
	config, err := u.daemonConfig()
	if err != nil {
		return err
	}
	requests := len(u.install) + len(u.uninstall) + len(u.replace) + len(u.remove) + len(u.resetOverrides)
	if (requests > 0 || u.uninstallAll || u.resetAll) && config.GetBool("Daemon", "LockLayering") {
		return errors.New("Cannot operate; `LockLayering=true` in configuration.")
	}
	return u.transact(method, title, u.execute)
}

// daemonConfig is read at every call: there is no daemon that would have to be told.
func (inv *invocation) daemonConfig() (*ostree.KeyFile, error) {
	return ostree.ReadKeyFile(filepath.Join(inv.root, "etc/rpm-ostreed.conf"))
}

func providersOf(installed map[string]*debian.Package, name string) string {
	return nevras(debian.Universe{Installed: installed}.Providers(name))
}

func printPlan(wanted *layer) {
	if len(wanted.chosen) > 0 {
		fmt.Printf("Installing %d package%s:\n", len(wanted.chosen), plural(len(wanted.chosen)))
		for _, name := range debian.Names(wanted.chosen) {
			fmt.Printf("  %s (%s)\n", wanted.chosen[name].NEVRA(), wanted.chosen[name].Repository)
		}
	}
	if len(wanted.removed) > 0 {
		fmt.Printf("Removing %d package%s:\n", len(wanted.removed), plural(len(wanted.removed)))
		for _, removed := range wanted.removed {
			fmt.Println("  " + removed.NEVRA())
		}
	}
}

func runRefreshMD(inv *invocation) error {
	title := "refresh-md"
	if inv.has("force") {
		title += " (force)"
	}
	return inv.transact("RefreshMd", title, inv.refreshMetadata)
}

func runCancel(inv *invocation) error {
	return inv.folder.Cancel(os.Stdout)
}

// Nothing is cached in memory, so that there is nothing to read again.
func runReload(*invocation) error {
	return nil
}
