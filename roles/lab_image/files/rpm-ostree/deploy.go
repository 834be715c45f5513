// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// deployment is what to boot next.
type deployment struct {
	commit string
	origin *ostree.Origin
	kargs  []string
	lock   bool
}

// base is the commit that a deployment's own packages are layered on.
func (inv *invocation) base(of *ostree.Deployment) (string, error) {
	commit, err := inv.sysroot.Repo.Commit(of.Checksum)
	if err != nil {
		return "", err
	}
	if isLayered(commit) {
		return commit.Parent, nil
	}
	return of.Checksum, nil
}

// deploy makes the new default. On a running system it is staged: libostree finishes it at shutdown, and until then a
// power cut loses it and nothing else.
func (inv *invocation) deploy(ctx context.Context, wanted deployment) error {
	origin, err := os.CreateTemp("", "rpmostree-lab-origin-")
	if err != nil {
		return err
	}
	defer os.Remove(origin.Name())
	origin.Close()
	if err := wanted.origin.Save(origin.Name()); err != nil {
		return err
	}
	commit, err := inv.sysroot.Repo.Commit(wanted.commit)
	if err != nil {
		return err
	}
	if isLayered(commit) {
		if err := inv.setRef(ctx, tmpBase, commit.Parent); err != nil {
			return err
		}
	}
	args := []string{"--no-prune", "--os=" + inv.osname, "--origin-file=" + origin.Name(), "--karg-none"}
	for _, karg := range wanted.kargs {
		args = append(args, "--karg-append="+karg)
	}
	title := "Deploying"
	if inv.sysroot.Booted() != nil {
		title = "Staging deployment"
		args = append(args, "--stage")
		if wanted.lock {
			args = append(args, "--lock-finalization")
		}
	}
	if files := wanted.origin.InitramfsEtc(); len(files) > 0 {
		overlay, err := initramfsOverlay(files)
		if err != nil {
			return err
		}
		defer os.Remove(overlay)
		args = append(args, "--overlay-initrd="+overlay)
	}
	before := inv.names()
	err = step(title, func() error {
		return ostree.Run(ctx, ostree.Command{Args: inv.sysroot.AdminCommand("deploy", append(args, wanted.commit)...)})
	})
	if err != nil {
		return err
	}
	if err := inv.load(); err != nil {
		return err
	}
	after := inv.names()
	dropped := slices.ContainsFunc(before, func(name string) bool { return !slices.Contains(after, name) })
	return inv.tidy(ctx, dropped)
}

func (inv *invocation) names() []string {
	var names []string
	for _, deployment := range inv.sysroot.Deployments {
		names = append(names, deployment.Name())
	}
	return names
}

// queued is how most commands end: what the new deployment changes, and that a reboot makes it so.
func (inv *invocation) queued(before string, message string) error {
	if inv.has("reboot") {
		return nil
	}
	if inv.defaultID() == before {
		if inv.has("unchanged-exit-77") {
			return unchanged
		}
		return nil
	}
	if err := inv.printPendingDiff(); err != nil {
		return err
	}
	fmt.Println(message)
	return nil
}

const (
	runReboot     = `Run "systemctl reboot" to start a reboot`
	changesQueued = "Changes queued for next boot. " + runReboot
)
