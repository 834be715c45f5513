// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package ostree

import (
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

// tree is a directory object. https://ostreedev.github.io/ostree/repo/#dirtree-objects
type tree struct {
	files map[string]string
	dirs  map[string]dir
}

type dir struct {
	tree, meta string
}

func (r Repo) tree(checksum string) (*tree, error) {
	data, err := os.ReadFile(r.object(checksum, "dirtree"))
	if err != nil {
		return nil, err
	}
	value, err := gvariant.Decode("(a(say)a(sayay))", data)
	if err != nil {
		return nil, fmt.Errorf("Directory %s: %w", checksum, err)
	}
	result := &tree{map[string]string{}, map[string]dir{}}
	for _, item := range value.([]any)[0].([]any) {
		member := item.([]any)
		result.files[member[0].(string)] = hex.EncodeToString(member[1].([]byte))
	}
	for _, item := range value.([]any)[1].([]any) {
		member := item.([]any)
		result.dirs[member[0].(string)] = dir{hex.EncodeToString(member[1].([]byte)), hex.EncodeToString(member[2].([]byte))}
	}
	return result, nil
}

// lookup returns the directory object that holds a path, and the path's last part.
func (r Repo) lookup(checksum, name string) (*tree, string, error) {
	commit, err := r.Commit(checksum)
	if err != nil {
		return nil, "", err
	}
	current, err := r.tree(commit.Root)
	if err != nil {
		return nil, "", err
	}
	parts := strings.Split(strings.Trim(name, "/"), "/")
	for _, part := range parts[:len(parts)-1] {
		below, ok := current.dirs[part]
		if !ok {
			return nil, "", fs.ErrNotExist
		}
		if current, err = r.tree(below.tree); err != nil {
			return nil, "", err
		}
	}
	return current, parts[len(parts)-1], nil
}

// ReadFile returns the content of a file of a commit, or fs.ErrNotExist.
func (r Repo) ReadFile(checksum, name string) ([]byte, error) {
	folder, last, err := r.lookup(checksum, name)
	if err != nil {
		return nil, err
	}
	object, ok := folder.files[last]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(r.object(object, "file"))
}

// Exists tells whether a commit has a file at a path.
func (r Repo) Exists(checksum, name string) (bool, error) {
	folder, last, err := r.lookup(checksum, name)
	if err == fs.ErrNotExist {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, ok := folder.files[last]
	return ok, nil
}

// Change is one difference between two trees. Object is the path of the new content: in a bare repository an object is
// the file itself, with its owner and mode. It is empty for what was removed and for directories.
type Change struct {
	Path    string
	Object  string
	Dir     bool
	Removed bool
}

// Diff returns what turns the folder of one commit into that of another, parents before their content.
func (r Repo) Diff(from, to, folder string) ([]Change, error) {
	var changes []Change
	old, err := r.subtree(from, folder)
	if err != nil {
		return nil, err
	}
	wanted, err := r.subtree(to, folder)
	if err != nil {
		return nil, err
	}
	err = r.diff(old, wanted, folder, &changes)
	return changes, err
}

func (r Repo) subtree(checksum, folder string) (string, error) {
	parent, last, err := r.lookup(checksum, folder)
	if err != nil {
		return "", err
	}
	return parent.dirs[last].tree, nil
}

func (r Repo) diff(from, to, folder string, changes *[]Change) error {
	if from == to {
		return nil
	}
	old, wanted := &tree{}, &tree{}
	var err error
	if from != "" {
		if old, err = r.tree(from); err != nil {
			return err
		}
	}
	if to != "" {
		if wanted, err = r.tree(to); err != nil {
			return err
		}
	}
	for name, below := range old.dirs {
		if _, kept := wanted.dirs[name]; !kept {
			if err := r.diff(below.tree, "", path.Join(folder, name), changes); err != nil {
				return err
			}
			*changes = append(*changes, Change{Path: path.Join(folder, name), Dir: true, Removed: true})
		}
	}
	for name := range old.files {
		if _, kept := wanted.files[name]; !kept {
			*changes = append(*changes, Change{Path: path.Join(folder, name), Removed: true})
		}
	}
	for name, below := range wanted.dirs {
		before, known := old.dirs[name]
		if !known {
			*changes = append(*changes, Change{Path: path.Join(folder, name), Dir: true})
		}
		if err := r.diff(before.tree, below.tree, path.Join(folder, name), changes); err != nil {
			return err
		}
	}
	for name, object := range wanted.files {
		if old.files[name] != object {
			*changes = append(*changes, Change{Path: path.Join(folder, name), Object: r.object(object, "file")})
		}
	}
	return nil
}
