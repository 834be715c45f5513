// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Package ostree reads an OSTree repository and sysroot directly, which costs a fraction of a call to the ostree
// program, and changes them through that program only.
package ostree

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

// Repo is a repository in the mode "bare".
type Repo struct {
	Path string
}

// Commit is a commit object. https://ostreedev.github.io/ostree/repo/#the-commit-object
type Commit struct {
	Metadata  gvariant.Dict
	Parent    string
	Timestamp uint64
	Root      string
}

func (r Repo) object(checksum, kind string) string {
	return filepath.Join(r.Path, "objects", checksum[:2], checksum[2:]+"."+kind)
}

// Commit reads a commit object.
func (r Repo) Commit(checksum string) (*Commit, error) {
	if !IsChecksum(checksum) {
		return nil, fmt.Errorf("Invalid checksum %q", checksum)
	}
	data, err := os.ReadFile(r.object(checksum, "commit"))
	if err != nil {
		return nil, fmt.Errorf("No such metadata object %s.commit", checksum)
	}
	value, err := gvariant.Decode("(a{sv}aya(say)sstayay)", data)
	if err != nil {
		return nil, fmt.Errorf("Commit %s: %w", checksum, err)
	}
	members := value.([]any)
	return &Commit{
		Metadata: members[0].(gvariant.Dict),
		Parent:   hex.EncodeToString(members[1].([]byte)),
		// The one number that is stored big endian.
		Timestamp: bits.ReverseBytes64(members[5].(uint64)),
		Root:      hex.EncodeToString(members[6].([]byte)),
	}, nil
}

// IsChecksum tells a commit's checksum from a ref or a version.
func IsChecksum(text string) bool {
	decoded, err := hex.DecodeString(text)
	return err == nil && len(decoded) == 32 && strings.ToLower(text) == text
}

// SplitRef splits "remote:branch"; the remote of a local branch is empty.
func SplitRef(ref string) (remote, branch string) {
	if remote, branch, ok := strings.Cut(ref, ":"); ok {
		return remote, branch
	}
	return "", ref
}

func (r Repo) refPath(ref string) string {
	remote, branch := SplitRef(ref)
	if remote == "" {
		return filepath.Join(r.Path, "refs/heads", branch)
	}
	return filepath.Join(r.Path, "refs/remotes", remote, branch)
}

// Resolve returns the commit of a ref, or "".
func (r Repo) Resolve(ref string) string {
	if IsChecksum(ref) {
		return ref
	}
	data, err := os.ReadFile(r.refPath(ref))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// LocalRefs returns the local refs below a prefix, with their commits.
func (r Repo) LocalRefs(prefix string) (map[string]string, error) {
	refs := map[string]string{}
	heads := filepath.Join(r.Path, "refs/heads")
	err := filepath.WalkDir(filepath.Join(heads, prefix), func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(heads, path)
		if err == nil {
			refs[name] = r.Resolve(name)
		}
		return err
	})
	return refs, err
}

// Remote returns the configuration of a remote: the group of the repository's own file or of a drop-in.
func (r Repo) Remote(name string) (config *KeyFile, groupName string, err error) {
	groupName = `remote "` + name + `"`
	files, _ := filepath.Glob("/etc/ostree/remotes.d/*.conf")
	for _, path := range append([]string{filepath.Join(r.Path, "config")}, files...) {
		config, err := ReadKeyFile(path)
		if err != nil {
			return nil, groupName, err
		}
		if config.Has(groupName) {
			return config, groupName, nil
		}
	}
	return nil, groupName, nil
}
