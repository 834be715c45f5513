// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

func runInitramfs(inv *invocation) error {
	switch {
	case inv.has("enable") && inv.has("disable"):
		return errors.New("Cannot simultaenously specify --enable and --disable")
	case inv.has("disable") && inv.has("arg"):
		return errors.New("Cannot simultaenously specify --disable and --arg")
	case inv.has("reboot") && !inv.hasAny("enable", "disable"):
		return errors.New("--reboot must be used with --enable or --disable")
	case inv.has("arg") && !inv.has("enable"):
		return errors.New("--arg must be used with --enable")
	case !inv.hasAny("enable", "disable"):
		inv.printInitramfs()
		return nil
	}
	before := inv.defaultID()
	if err := inv.transact("SetInitramfsState", inv.title, inv.setInitramfs); err != nil {
		return err
	}
	if inv.has("enable") {
		fmt.Println("Initramfs regeneration is now: enabled")
	} else {
		fmt.Println("Initramfs will be reset to default on next reboot.")
	}
	return inv.queued(before, runReboot)
}

func (inv *invocation) printInitramfs() {
	state := "disabled"
	first := inv.sysroot.First(inv.osname)
	if first != nil && first.Origin.Initramfs() {
		state = "enabled"
	}
	fmt.Println("Initramfs regeneration: " + state)
	if first != nil && len(first.Origin.InitramfsArgs()) > 0 {
		fmt.Println("Initramfs args: " + strings.Join(first.Origin.InitramfsArgs(), " ") + " ")
	}
}

func (inv *invocation) setInitramfs(ctx context.Context) error {
	origin := inv.sysroot.First(inv.osname).Origin.Copy()
	enable := inv.has("enable")
	if enable == origin.Initramfs() && len(origin.InitramfsArgs()) == 0 && !inv.has("arg") {
		state := "disabled"
		if enable {
			state = "enabled"
		}
		return fmt.Errorf("initramfs regeneration state is already %s", state)
	}
	origin.SetInitramfs(enable, inv.list("arg"))
	return inv.redeployAndReboot(ctx, origin)
}

func (inv *invocation) redeployAndReboot(ctx context.Context, origin *ostree.Origin) error {
	if err := inv.redeploy(ctx, origin, inv.sysroot.First(inv.osname).Kargs()); err != nil {
		return err
	}
	if inv.has("reboot") {
		return inv.reboot(ctx)
	}
	return nil
}

func runInitramfsEtc(inv *invocation) error {
	if !inv.hasAny("track", "untrack", "untrack-all", "force-sync") {
		inv.printTracked()
		return nil
	}
	before := inv.defaultID()
	if err := inv.transact("InitramfsEtc", inv.title, inv.trackEtc); err != nil {
		return err
	}
	return inv.queued(before, runReboot)
}

func (inv *invocation) printTracked() {
	var files []string
	if first := inv.sysroot.First(inv.osname); first != nil {
		files = first.Origin.InitramfsEtc()
	}
	if len(files) == 0 {
		fmt.Println("No tracked files.")
		return
	}
	fmt.Println("Tracked files:")
	for _, file := range files {
		fmt.Println("  " + file)
	}
}

func (inv *invocation) trackEtc(ctx context.Context) error {
	origin := inv.sysroot.First(inv.osname).Origin.Copy()
	before := origin.InitramfsEtc()
	var files []string
	if !inv.has("untrack-all") {
		files = slices.Clone(before)
		for _, file := range inv.list("untrack") {
			files = without(files, file)
		}
	}
	for _, file := range inv.list("track") {
		files = append(files, file)
	}
	for _, file := range files {
		if !strings.HasPrefix(file, "/etc/") {
			return fmt.Errorf("Path outside /etc forbidden: %s", file)
		}
	}
	origin.SetInitramfsEtc(files)
	if slices.Equal(origin.InitramfsEtc(), before) && !inv.has("force-sync") {
		fmt.Println("No changes.")
		return nil
	}
	return inv.redeployAndReboot(ctx, origin)
}

// initramfsOverlay writes the tracked files, and what is below tracked folders, as a second initramfs.
func initramfsOverlay(files []string) (string, error) {
	var archive cpio
	for _, file := range files {
		for _, folder := range foldersOf(file) {
			archive.add(strings.TrimPrefix(folder, "/"), 0o40755, nil)
		}
		err := filepath.WalkDir(file, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			inside := strings.TrimPrefix(name, "/")
			switch {
			case entry.IsDir():
				archive.add(inside, 0o40000|uint32(info.Mode().Perm()), nil)
			case info.Mode()&fs.ModeSymlink != 0:
				target, err := os.Readlink(name)
				if err != nil {
					return err
				}
				archive.add(inside, 0o120777, []byte(target))
			default:
				content, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				archive.add(inside, 0o100000|uint32(info.Mode().Perm()), content)
			}
			return nil
		})
		if err != nil {
			return "", fmt.Errorf("Generating initramfs overlay: %w", err)
		}
	}
	overlay, err := os.CreateTemp("", "rpmostree-lab-initramfs-")
	if err != nil {
		return "", err
	}
	defer overlay.Close()
	_, err = overlay.Write(archive.bytes())
	return overlay.Name(), err
}

func foldersOf(file string) []string {
	var folders []string
	for folder := path.Dir(file); folder != "/"; folder = path.Dir(folder) {
		folders = append([]string{folder}, folders...)
	}
	return folders
}

// cpio is an archive in the format "newc". https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
type cpio struct {
	buffer bytes.Buffer
	inode  int
}

func (c *cpio) add(name string, mode uint32, content []byte) {
	c.inode++
	fmt.Fprintf(&c.buffer, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		c.inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0, name)
	c.pad()
	c.buffer.Write(content)
	c.pad()
}

func (c *cpio) pad() {
	for c.buffer.Len()%4 != 0 {
		c.buffer.WriteByte(0)
	}
}

func (c *cpio) bytes() []byte {
	c.add("TRAILER!!!", 0, nil)
	return c.buffer.Bytes()
}

// The tree is never written to: its files are hard links into the repository.
const runDracut = `
mount -t tmpfs -o mode=755 tmpfs "$1/scratch"
mkdir "$1/scratch/upper" "$1/scratch/work"
mount -t overlay -o "lowerdir=$1/tree,upperdir=$1/scratch/upper,workdir=$1/scratch/work" overlay "$1/root"
rm -f "$1/root/usr/lib/modules/$2/initramfs.img"
mkdir -p "$1/root/etc" "$1/root/proc" "$1/root/sys" "$1/root/dev" "$1/root/var/tmp"
mount --bind /etc "$1/root/etc"
mount --bind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t sysfs -o ro sysfs "$1/root/sys"
result=$1 kernel=$2
shift 2
chroot "$result/root" /usr/libexec/evergreen-lab/make-initramfs "$kernel" "$@" >&2
cp "$result/root/usr/lib/modules/$kernel/initramfs.img" "$result/initramfs.img"
`

// generateInitramfs runs dracut in the tree of a commit, as the build of the image does.
func (inv *invocation) generateInitramfs(ctx context.Context, commit string, args []string) ([]byte, string, error) {
	work, err := inv.makeTemporary()
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(work)
	for _, folder := range []string{"root", "scratch"} {
		if err := os.Mkdir(filepath.Join(work, folder), 0o755); err != nil {
			return nil, "", err
		}
	}
	tree := filepath.Join(work, "tree")
	if err := ostree.Run(ctx, ostree.Command{Args: inv.sysroot.RepoCommand("checkout", "--require-hardlinks", commit, tree)}); err != nil {
		return nil, "", err
	}
	kernels, err := filepath.Glob(filepath.Join(tree, "usr/lib/modules/*/vmlinuz"))
	if err != nil || len(kernels) != 1 {
		return nil, "", fmt.Errorf("the tree has %d kernels", len(kernels))
	}
	kernel := filepath.Base(filepath.Dir(kernels[0]))
	var image []byte
	err = step("Generating initramfs", func() error {
		command := []string{"unshare", "--mount", "--propagation", "private", "sh", "-euc", runDracut, "sh", work, kernel}
		if err := ostree.Run(ctx, ostree.Command{Args: append(command, args...)}); err != nil {
			return err
		}
		image, err = os.ReadFile(filepath.Join(work, "initramfs.img"))
		return err
	})
	return image, "usr/lib/modules/" + kernel + "/initramfs.img", err
}
