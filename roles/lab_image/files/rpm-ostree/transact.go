// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
	"evergreen.fleet/lab/rpm-ostree/internal/transaction"
)

// transact runs the work of a command as the one transaction of the system. In the worker it does not return.
func (inv *invocation) transact(method, title string, work func(context.Context) error) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("rpmostreed OS operation %s not allowed for user", method)
	}
	if transaction.IsWorker {
		if err := inv.folder.Work(func(ctx context.Context) error { return inv.prepared(ctx, work) }); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if inv.sysroot.First(inv.osname) == nil {
		return errors.New("No deployments found")
	}
	request := transaction.Request{Method: method, Title: title, Client: transaction.Describe()}
	if err := inv.folder.Run(request, os.Stdout, inv.sysroot.Live()); err != nil {
		return err
	}
	return inv.load()
}

// prepared makes the system writable in the worker's own mount namespace and removes what a killed transaction left.
func (inv *invocation) prepared(ctx context.Context, work func(context.Context) error) error {
	if transaction.SystemBusy(inv.root) {
		return errors.New("System transaction in progress")
	}
	if inv.sysroot.Live() {
		if err := remountWritable("/sysroot"); err != nil {
			return err
		}
	}
	leftovers, err := filepath.Glob(inv.temporary("*"))
	if err != nil {
		return err
	}
	for _, leftover := range leftovers {
		if err := os.RemoveAll(leftover); err != nil {
			return err
		}
	}
	if err := inv.protectBases(ctx); err != nil {
		return err
	}
	return work(ctx)
}

// temporary names a folder that only a transaction needs. It is in the repository, for hard links between them.
func (inv *invocation) temporary(name string) string {
	return filepath.Join(inv.sysroot.Repo.Path, "tmp", "rpmostree-lab-"+name)
}

func (inv *invocation) makeTemporary() (string, error) {
	return os.MkdirTemp(filepath.Dir(inv.temporary("")), filepath.Base(inv.temporary("*")))
}

func remountWritable(path string) error {
	if err := syscall.Mount("", path, "", syscall.MS_REMOUNT|syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("Remounting %s read-write: %w", path, err)
	}
	return nil
}

// reboot restarts the system when the command asked for it.
func (inv *invocation) reboot(ctx context.Context) error {
	if err := inv.folder.MarkReboot(); err != nil {
		return err
	}
	return ostree.Run(ctx, ostree.Command{Args: []string{"systemctl", "reboot"}})
}

// step prints what is being done, and that it is done.
func step(name string, work func() error) error {
	fmt.Print(name + "... ")
	if err := work(); err != nil {
		fmt.Println("failed")
		return err
	}
	fmt.Println("done")
	return nil
}
