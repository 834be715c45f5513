// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package ostree

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

// Sysroot is the state of the deployments at one moment.
type Sysroot struct {
	Root        string
	Repo        Repo
	Deployments []*Deployment
}

// Deployment is one bootable root. The first one is the default of the next boot.
type Deployment struct {
	OSName   string
	Checksum string
	Serial   int
	Booted   bool
	Staged   bool
	// Locked says that a staged deployment waits for finalize-deployment.
	Locked bool
	// Unlocked is "none", "development", "hotfix" or "transient".
	Unlocked string
	// Options is the kernel command line, with ostree= unless it is staged.
	Options string
	Origin  *Origin
	// Dir is the root folder of the deployment.
	Dir string
}

// Name is how libostree names the folder.
func (d *Deployment) Name() string {
	return fmt.Sprintf("%s.%d", d.Checksum, d.Serial)
}

// ID is how rpm-ostree names the deployment.
func (d *Deployment) ID() string {
	return d.OSName + "-" + d.Name()
}

// Kargs are the kernel arguments without the one that libostree sets.
func (d *Deployment) Kargs() []string {
	var kargs []string
	for _, arg := range strings.Fields(d.Options) {
		if !strings.HasPrefix(arg, "ostree=") {
			kargs = append(kargs, arg)
		}
	}
	return kargs
}

const stagedLock = "run/ostree/staged-deployment-locked"

// Load reads the deployments as libostree does: boot loader entries, newest first, after what is staged.
func Load(root string) (*Sysroot, error) {
	sysroot := &Sysroot{Root: root, Repo: Repo{filepath.Join(root, "ostree/repo")}}
	entries, err := readEntries(filepath.Join(root, "boot/loader/entries"))
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		deployment, err := sysroot.fromEntry(entry)
		if err != nil {
			return nil, err
		}
		sysroot.Deployments = append(sysroot.Deployments, deployment)
	}
	staged, err := sysroot.staged()
	if err != nil {
		return nil, err
	}
	if staged != nil {
		sysroot.Deployments = append([]*Deployment{staged}, sysroot.Deployments...)
	}
	for _, deployment := range sysroot.Deployments {
		if err := sysroot.complete(deployment); err != nil {
			return nil, err
		}
	}
	return sysroot, nil
}

// Live says whether this is the running system and not a folder given with --sysroot.
func (s *Sysroot) Live() bool {
	return s.Root == "/"
}

// Booted returns the running deployment, or nil.
func (s *Sysroot) Booted() *Deployment {
	for _, deployment := range s.Deployments {
		if deployment.Booted {
			return deployment
		}
	}
	return nil
}

// First returns the first deployment of a stateroot, or nil.
func (s *Sysroot) First(osname string) *Deployment {
	for _, deployment := range s.Deployments {
		if deployment.OSName == osname {
			return deployment
		}
	}
	return nil
}

// Index is the position of a deployment, as the ostree program counts.
func (s *Sysroot) Index(deployment *Deployment) int {
	for i, other := range s.Deployments {
		if other == deployment {
			return i
		}
	}
	return -1
}

// Neighbours returns the deployment of a stateroot that is next at boot and the one behind the booted one.
func (s *Sysroot) Neighbours(osname string) (pending, rollback *Deployment) {
	foundBooted := false
	for _, deployment := range s.Deployments {
		switch {
		case deployment.Booted:
			foundBooted = true
		case deployment.OSName != osname:
		case !foundBooted && pending == nil:
			pending = deployment
		case foundBooted && rollback == nil:
			rollback = deployment
		}
	}
	return pending, rollback
}

type entry map[string]string

// readEntries sorts by the version, highest first. https://uapi-group.org/specifications/specs/boot_loader_specification
func readEntries(folder string) ([]entry, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "ostree-*.conf"))
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		fields := entry{}
		for _, line := range strings.Split(string(text), "\n") {
			if name, value, ok := strings.Cut(line, " "); ok {
				fields[name] = strings.TrimSpace(value)
			}
		}
		entries = append(entries, fields)
	}
	version := func(i int) int {
		number, _ := strconv.Atoi(entries[i]["version"])
		return number
	}
	sort.SliceStable(entries, func(i, j int) bool { return version(i) > version(j) })
	return entries, nil
}

// The argument ostree= names a link such as /ostree/boot.1/lab/<boot checksum>/0 to the deployment.
func (s *Sysroot) fromEntry(fields entry) (*Deployment, error) {
	for _, arg := range strings.Fields(fields["options"]) {
		link, ok := strings.CutPrefix(arg, "ostree=")
		if !ok {
			continue
		}
		target, err := os.Readlink(filepath.Join(s.Root, link))
		if err != nil {
			return nil, err
		}
		deployment, err := s.named(filepath.Base(filepath.Dir(filepath.Dir(link))), filepath.Base(target))
		if err != nil {
			return nil, err
		}
		deployment.Options = fields["options"]
		return deployment, nil
	}
	return nil, fmt.Errorf("A boot loader entry has no ostree= argument")
}

func (s *Sysroot) named(osname, name string) (*Deployment, error) {
	checksum, serial, _ := strings.Cut(name, ".")
	number, err := strconv.Atoi(serial)
	if err != nil || !IsChecksum(checksum) {
		return nil, fmt.Errorf("%q is no deployment's name", name)
	}
	return &Deployment{
		OSName:   osname,
		Checksum: checksum,
		Serial:   number,
		Dir:      filepath.Join(s.Root, "ostree/deploy", osname, "deploy", name),
	}, nil
}

// What is staged is in a file of /run: a dictionary with the target and its kernel arguments.
func (s *Sysroot) staged() (*Deployment, error) {
	if !s.Live() {
		return nil, nil
	}
	data, err := os.ReadFile("/run/ostree/staged-deployment")
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value, err := gvariant.Decode("a{sv}", data)
	if err != nil {
		return nil, fmt.Errorf("Staged deployment: %w", err)
	}
	dict := value.(gvariant.Dict)
	target, _ := dict.Get("target").(gvariant.Dict)
	deployment, err := s.named(target.String("osname"), target.String("name"))
	if err != nil {
		return nil, err
	}
	deployment.Staged = true
	deployment.Options = strings.Join(dict.Strings("kargs"), " ")
	_, err = os.Stat(filepath.Join(s.Root, stagedLock))
	deployment.Locked = err == nil
	return deployment, nil
}

func (s *Sysroot) complete(deployment *Deployment) error {
	origin, err := ReadOrigin(deployment.Dir + ".origin")
	if err != nil {
		return err
	}
	deployment.Origin = origin
	deployment.Unlocked = "none"
	if state, ok := origin.file.Get("origin", "unlocked"); ok {
		deployment.Unlocked = state
	}
	if !s.Live() {
		return nil
	}
	for _, state := range []string{"development", "transient"} {
		if _, err := os.Stat("/run/ostree/deployment-state/" + deployment.Name() + "/unlocked-" + state); err == nil {
			deployment.Unlocked = state
		}
	}
	deployment.Booted = !deployment.Staged && sameFile("/", deployment.Dir)
	return nil
}

func sameFile(a, b string) bool {
	var first, second syscall.Stat_t
	return syscall.Stat(a, &first) == nil && syscall.Stat(b, &second) == nil &&
		first.Dev == second.Dev && first.Ino == second.Ino
}
