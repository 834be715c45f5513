// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

// liveState says which commit the running file system was changed to. It lasts until the next boot, as the change does.
type liveState struct {
	InProgress string `json:"inprogress"`
	Replaced   string `json:"replaced"`
}

const liveVariable = "RPM_OSTREE_LAB_LIVE"

func (inv *invocation) livePath() string {
	return filepath.Join(inv.root, "run/rpm-ostree/live.json")
}

func (inv *invocation) liveState() liveState {
	var state liveState
	if data, err := os.ReadFile(inv.livePath()); err == nil {
		_ = json.Unmarshal(data, &state)
	}
	return state
}

func (inv *invocation) writeLiveState(state liveState) error {
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(inv.livePath()+".new", data, 0o644); err != nil {
		return err
	}
	return os.Rename(inv.livePath()+".new", inv.livePath())
}

func (inv *invocation) describeLive(add func(string, any)) {
	state := inv.liveState()
	if state.InProgress != "" {
		add("live-inprogress", state.InProgress)
	}
	if state.Replaced != "" {
		add("live-replaced", state.Replaced)
	}
}

// liveRequest is what to change the running file system to.
type liveRequest struct {
	target           string
	reset            bool
	allowReplacement bool
}

func runApplyLive(inv *invocation) error {
	if os.Getenv(liveVariable) != "" {
		return inv.copyLive()
	}
	request := liveRequest{inv.text("target"), inv.has("reset"), inv.has("allow-replacement")}
	return inv.transact("LiveFs", inv.title, func(ctx context.Context) error { return inv.applyLive(ctx, request) })
}

func (inv *invocation) applyLive(ctx context.Context, request liveRequest) error {
	booted := inv.sysroot.Booted()
	if booted == nil {
		return errors.New("Not booted into any deployment")
	}
	if booted.Unlocked != "none" && booted.Unlocked != "transient" {
		return fmt.Errorf("apply-live is incompatible with unlock state: %s%s", strings.ToUpper(booted.Unlocked[:1]), booted.Unlocked[1:])
	}
	target := request.target
	switch pending, _ := inv.sysroot.Neighbours(inv.osname); {
	case request.reset:
		target = booted.Checksum
	case target != "":
	case pending == nil:
		return errors.New("No target commit specified and no pending deployment")
	default:
		target = pending.Checksum
	}
	diff, err := inv.diffCommits(booted.Checksum, target)
	if err != nil {
		return err
	}
	if !request.allowReplacement {
		if count := len(diff.removed); count > 0 {
			return fmt.Errorf("packages would be removed: %d, allow replacement to override", count)
		}
		if count := len(diff.upgraded) + len(diff.downgraded); count > 0 {
			return fmt.Errorf("packages would be changed: %d, allow replacement to override", count)
		}
	}
	if err := inv.changeLive(ctx, booted, target); err != nil {
		return err
	}
	fmt.Println("Successfully updated running filesystem tree.")
	return nil
}

// changeLive puts a writable layer over the running /usr, which must be seen by everybody and so is mounted outside the
// transaction's own view, and has the files changed by a process that joins that view.
func (inv *invocation) changeLive(ctx context.Context, booted *ostree.Deployment, to string) error {
	before := inv.liveState()
	current := []string{booted.Checksum}
	if before.Replaced != "" {
		current = []string{before.Replaced}
	}
	if before.InProgress != "" {
		// That run was killed: any of its files may be there.
		current = append(current, before.InProgress)
	}
	outside := []string{"nsenter", "--mount=/proc/1/ns/mnt", "--"}
	if booted.Unlocked == "none" {
		command := append(outside, "ostree", "admin", "unlock", "--transient")
		if err := ostree.Run(ctx, ostree.Command{Args: command, Stdout: io.Discard}); err != nil {
			return err
		}
	}
	if err := inv.writeLiveState(liveState{InProgress: to, Replaced: before.Replaced}); err != nil {
		return err
	}
	if err := inv.setRef(ctx, liveRef, to); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := append(outside, "unshare", "--mount", "--propagation", "private", "env",
		liveVariable+"="+strings.Join(append(current, to), " "), self, "apply-live")
	if err := ostree.Run(ctx, ostree.Command{Args: command, Stdout: os.Stdout}); err != nil {
		return err
	}
	state := liveState{Replaced: to}
	if to == booted.Checksum {
		state.Replaced = ""
	}
	return inv.writeLiveState(state)
}

// copyLive is the part that writes to /usr and, for new files only, to /etc.
func (inv *invocation) copyLive() error {
	commits := strings.Fields(os.Getenv(liveVariable))
	if err := syscall.Mount("", "/usr", "", syscall.MS_REMOUNT, ""); err != nil {
		return fmt.Errorf("Remounting /usr read-write: %w", err)
	}
	last := len(commits) - 1
	for _, from := range commits[:last] {
		if err := inv.copyChanges(from, commits[last]); err != nil {
			return err
		}
	}
	return nil
}

func (inv *invocation) copyChanges(from, to string) error {
	changes, err := inv.sysroot.Repo.Diff(from, to, "usr")
	if err != nil {
		return err
	}
	var folders []string
	for _, change := range changes {
		if err := applyChange(change, "/"+change.Path); err != nil {
			return err
		}
		if path.Dir(change.Path) == "usr/lib/tmpfiles.d" && !change.Removed {
			folders = append(folders, "/"+change.Path)
		}
		if rest, ok := strings.CutPrefix(change.Path, "usr/etc/"); ok && !change.Removed {
			target := "/etc/" + rest
			if _, err := os.Lstat(target); errors.Is(err, fs.ErrNotExist) {
				if err := applyChange(change, target); err != nil {
					return err
				}
			}
		}
	}
	if len(folders) == 0 {
		return nil
	}
	return ostree.Run(context.Background(), ostree.Command{Args: append([]string{"systemd-tmpfiles", "--create"}, folders...)})
}

func applyChange(change ostree.Change, target string) error {
	switch {
	case change.Removed:
		err := os.Remove(target)
		// A folder that holds other things stays.
		if errors.Is(err, fs.ErrNotExist) || change.Dir {
			return nil
		}
		return err
	case change.Dir:
		return os.MkdirAll(target, 0o755)
	}
	return copyObject(change.Object, target)
}

// copyObject copies a file of a bare repository: content, owner and mode are its own.
func copyObject(object, target string) error {
	info, err := os.Lstat(object)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	temporary := path.Join(path.Dir(target), ".rpm-ostree-live-"+path.Base(target))
	if info.Mode()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(object)
		if err != nil {
			return err
		}
		if err := os.Symlink(link, temporary); err != nil {
			return err
		}
	} else if err := copyContent(object, temporary); err != nil {
		return err
	}
	if err := os.Lchown(temporary, int(owner.Uid), int(owner.Gid)); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		if err := syscall.Chmod(temporary, owner.Mode&0o7777); err != nil {
			return err
		}
	}
	return os.Rename(temporary, target)
}

func copyContent(from, to string) error {
	input, err := os.Open(from)
	if err != nil {
		return err
	}
	defer input.Close()
	output, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(output, input); err != nil {
		output.Close()
		return err
	}
	return output.Close()
}

// uptime is the age of the monotonic clock that systemd's timestamps count from.
func uptime() time.Duration {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0
	}
	var seconds float64
	if _, err := fmt.Sscan(string(text), &seconds); err != nil {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}
