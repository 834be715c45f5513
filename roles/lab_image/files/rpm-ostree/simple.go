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
	"strconv"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// Commands that rearrange or remove deployments.

func runRollback(inv *invocation) error {
	before := inv.defaultID()
	if err := inv.transact("Rollback", "rollback", inv.rollback); err != nil {
		return err
	}
	return inv.queued(before, changesQueued)
}

func (inv *invocation) rollback(ctx context.Context) error {
	pending, target := inv.sysroot.Neighbours(inv.osname)
	switch {
	case pending == nil && target == nil:
		return errors.New("No rollback deployment found")
	case pending != nil && pending.Staged:
		return errors.New("Staged deployment (remove with cleanup -p)")
	case target == nil && inv.sysroot.Booted() == nil:
		return errors.New("No rollback deployment found")
	case target == nil:
		// Undo of a rollback: the booted deployment comes first again.
		target = inv.sysroot.Booted()
	}
	fmt.Printf("Moving '%s' to be first deployment\n", target.Name())
	index := strconv.Itoa(inv.sysroot.Index(target))
	if err := ostree.Run(ctx, ostree.Command{Args: inv.sysroot.AdminCommand("set-default", index)}); err != nil {
		return err
	}
	if inv.has("reboot") {
		return inv.reboot(ctx)
	}
	return nil
}

func runCleanup(inv *invocation) error {
	if !inv.hasAny("base", "pending", "rollback", "repomd") {
		return errors.New("At least one cleanup option must be specified")
	}
	return inv.transact("Cleanup", "cleanup", inv.cleanup)
}

func (inv *invocation) cleanup(ctx context.Context) error {
	base := inv.has("base")
	if inv.hasAny("pending", "rollback") {
		doomed := inv.doomed()
		// The last one first, so that the others keep their positions.
		for i := len(doomed) - 1; i >= 0; i-- {
			if err := ostree.Run(ctx, ostree.Command{Args: inv.sysroot.AdminCommand("undeploy", strconv.Itoa(doomed[i]))}); err != nil {
				return err
			}
		}
		if len(doomed) == 0 {
			fmt.Println("Deployments unchanged.")
		} else {
			base = true
		}
	}
	if base {
		if err := inv.tidy(ctx, true); err != nil {
			return err
		}
	}
	if inv.has("repomd") {
		return os.RemoveAll(filepath.Join(inv.root, cacheDir, "repomd"))
	}
	return nil
}

// doomed are the positions of the deployments that cleanup removes: never the booted one, a pinned one or one of another
// stateroot.
func (inv *invocation) doomed() []int {
	var positions []int
	foundBooted := false
	for i, deployment := range inv.sysroot.Deployments {
		switch {
		case deployment.Booted:
			foundBooted = true
		case deployment.OSName != inv.osname || deployment.Origin.Pinned():
		case !foundBooted && inv.has("pending"), foundBooted && inv.has("rollback"):
			positions = append(positions, i)
		}
	}
	return positions
}

func runFinalize(inv *invocation) error {
	return inv.transact("FinalizeDeployment", inv.title, inv.finalize)
}

// finalize unlocks the staged deployment and restarts into it.
func (inv *invocation) finalize(ctx context.Context) error {
	if len(inv.sysroot.Deployments) == 0 {
		return errors.New("No deployments found")
	}
	staged := inv.sysroot.Deployments[0]
	if !staged.Staged {
		return errors.New("No pending staged deployment found")
	}
	if staged.OSName != inv.osname {
		return fmt.Errorf("Staged deployment is not for osname '%s'", inv.osname)
	}
	base, err := inv.base(staged)
	if err != nil {
		return err
	}
	switch {
	case len(inv.positional) == 0 && !inv.has("allow-missing-checksum"):
		return errors.New("Missing expected checksum")
	case len(inv.positional) > 0 && inv.positional[0] != base:
		return fmt.Errorf("Expected staged base checksum %s, but found %s", inv.positional[0], base)
	case !staged.Locked && !inv.has("allow-unlocked"):
		return errors.New("Staged deployment already unlocked")
	}
	if staged.Locked {
		command := inv.sysroot.AdminCommand("lock-finalization", "--unlock")
		if err := ostree.Run(ctx, ostree.Command{Args: command}); err != nil {
			return err
		}
	}
	return inv.reboot(ctx)
}
