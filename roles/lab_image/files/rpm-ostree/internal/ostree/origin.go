// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package ostree

import (
	"os"
	"slices"
	"strings"
)

// Origin says what a deployment was asked to be. It is the file beside the deployment, in rpm-ostree's own format.
type Origin struct {
	file *KeyFile
}

// ReadOrigin reads an origin file; without one the origin is empty.
func ReadOrigin(path string) (*Origin, error) {
	file, err := ReadKeyFile(path)
	if err != nil {
		return nil, err
	}
	return &Origin{file}, nil
}

// Copy is an origin for a new deployment: what belongs to the old one alone (a pin, an unlocked /usr) stays behind.
func (o *Origin) Copy() *Origin {
	copied := ParseKeyFile(o.file.String())
	copied.RemoveGroup("libostree-transient")
	copied.Set("origin", "unlocked", "")
	return &Origin{copied}
}

// Save writes the file.
func (o *Origin) Save(path string) error {
	o.nameBase()
	return os.WriteFile(path, []byte(o.file.String()), 0o644)
}

// Equal compares the requests, not where they came from.
func (o *Origin) Equal(other *Origin) bool {
	o.nameBase()
	other.nameBase()
	return o.file.String() == other.file.String()
}

// A ref that is only the base of what is deployed has another key.
func (o *Origin) nameBase() {
	ref := o.Ref()
	o.file.Set("origin", "refspec", "")
	o.file.Set("origin", "baserefspec", "")
	if o.NeedsAssembly() {
		o.file.Set("origin", "baserefspec", ref)
	} else {
		o.file.Set("origin", "refspec", ref)
	}
}

// NeedsAssembly says whether a request may change the content of the base.
func (o *Origin) NeedsAssembly() bool {
	return len(o.Packages()) > 0 || len(o.LocalPackages()) > 0 || len(o.Removals()) > 0 ||
		len(o.LocalReplacements()) > 0 || o.Initramfs()
}

// Ref is the branch with its remote, or a checksum.
func (o *Origin) Ref() string {
	if ref, ok := o.file.Get("origin", "baserefspec"); ok {
		return ref
	}
	ref, _ := o.file.Get("origin", "refspec")
	return ref
}

// SetRef changes the branch; what described the old one goes with it.
func (o *Origin) SetRef(ref, customURL, customDescription string) {
	o.file.Set("origin", "baserefspec", "")
	o.file.Set("origin", "refspec", ref)
	o.file.Set("origin", "custom-url", customURL)
	o.file.Set("origin", "custom-description", customDescription)
	o.nameBase()
}

// Custom returns the URL and the description that rebase was given for a checksum.
func (o *Origin) Custom() (url, description string) {
	url, _ = o.file.Get("origin", "custom-url")
	description, _ = o.file.Get("origin", "custom-description")
	return url, description
}

// OverrideCommit is the commit that deploy chose instead of the newest, or "".
func (o *Origin) OverrideCommit() string {
	commit, _ := o.file.Get("origin", "override-commit")
	return commit
}

// SetOverrideCommit keeps to one commit of the branch, or with "" follows it again.
func (o *Origin) SetOverrideCommit(commit string) {
	o.file.Set("origin", "override-commit", commit)
}

// Pinned says whether the deployment is kept until it is unpinned.
func (o *Origin) Pinned() bool {
	return o.file.GetBool("libostree-transient", "pinned")
}

// Packages are the requested packages by name.
func (o *Origin) Packages() []string { return o.file.GetList("packages", "requested") }

// LocalPackages are the requested package files, as "sha256:nevra".
func (o *Origin) LocalPackages() []string { return o.file.GetList("packages", "requested-local") }

// Removals are the packages of the base to leave out.
func (o *Origin) Removals() []string { return o.file.GetList("overrides", "remove") }

// LocalReplacements are package files that replace packages of the base, as "sha256:nevra".
func (o *Origin) LocalReplacements() []string { return o.file.GetList("overrides", "replace-local") }

// Initramfs says whether the initramfs is generated on this machine.
func (o *Origin) Initramfs() bool { return o.file.GetBool("rpmostree", "regenerate-initramfs") }

// InitramfsArgs are the arguments for dracut.
func (o *Origin) InitramfsArgs() []string { return o.file.GetList("rpmostree", "initramfs-args") }

// InitramfsEtc are the files of /etc that are added to the initramfs.
func (o *Origin) InitramfsEtc() []string { return o.file.GetList("rpmostree", "initramfs-etc") }

// SetPackages replaces the requested packages.
func (o *Origin) SetPackages(names []string) { o.file.SetList("packages", "requested", sorted(names)) }

// SetLocalPackages replaces the requested package files.
func (o *Origin) SetLocalPackages(items []string) {
	o.file.SetList("packages", "requested-local", sorted(items))
}

// SetRemovals replaces the packages to leave out.
func (o *Origin) SetRemovals(names []string) { o.file.SetList("overrides", "remove", sorted(names)) }

// SetLocalReplacements replaces the package files that replace packages of the base.
func (o *Origin) SetLocalReplacements(items []string) {
	o.file.SetList("overrides", "replace-local", sorted(items))
}

// SetInitramfs turns the local initramfs on or off.
func (o *Origin) SetInitramfs(enabled bool, args []string) {
	value := ""
	if enabled {
		value = "true"
	} else {
		args = nil
	}
	o.file.Set("rpmostree", "regenerate-initramfs", value)
	o.file.SetList("rpmostree", "initramfs-args", args)
}

// SetInitramfsEtc replaces the files of /etc in the initramfs.
func (o *Origin) SetInitramfsEtc(files []string) {
	o.file.SetList("rpmostree", "initramfs-etc", sorted(files))
}

func sorted(items []string) []string {
	items = slices.Clone(items)
	slices.Sort(items)
	return slices.Compact(items)
}

// LocalName is the package's name in "sha256:name-version-release.arch".
func LocalName(item string) string {
	_, nevra, _ := strings.Cut(item, ":")
	for i := 0; i < 2; i++ {
		cut := strings.LastIndex(nevra, "-")
		if cut < 0 {
			break
		}
		nevra = nevra[:cut]
	}
	return nevra
}
