// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package ostree

import (
	"os"
	"strings"
)

// KeyFile is a file of [groups] with key=value lines, as GLib's GKeyFile: origin files, repository configuration.
type KeyFile struct {
	groups []group
}

type group struct {
	name string
	keys []key
}

type key struct {
	name, value string
}

// ParseKeyFile reads what GLib wrote; lines that are neither groups nor keys are dropped.
func ParseKeyFile(text string) *KeyFile {
	file := &KeyFile{}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			file.groups = append(file.groups, group{name: line[1 : len(line)-1]})
		} else if name, value, ok := strings.Cut(line, "="); ok && len(file.groups) > 0 {
			last := &file.groups[len(file.groups)-1]
			last.keys = append(last.keys, key{strings.TrimSpace(name), strings.TrimSpace(value)})
		}
	}
	return file
}

// ReadKeyFile is an empty file when the path does not exist.
func ReadKeyFile(path string) (*KeyFile, error) {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return ParseKeyFile(string(text)), nil
}

// Groups lists the names of the groups.
func (f *KeyFile) Groups() []string {
	var names []string
	for _, group := range f.groups {
		names = append(names, group.name)
	}
	return names
}

// Has tells whether there is a group.
func (f *KeyFile) Has(groupName string) bool {
	for _, group := range f.groups {
		if group.name == groupName {
			return true
		}
	}
	return false
}

// Get returns a value and whether there is one.
func (f *KeyFile) Get(groupName, keyName string) (string, bool) {
	for _, group := range f.groups {
		for _, key := range group.keys {
			if group.name == groupName && key.name == keyName {
				return key.value, true
			}
		}
	}
	return "", false
}

// GetBool is true for "true" and "1".
func (f *KeyFile) GetBool(groupName, keyName string) bool {
	value, _ := f.Get(groupName, keyName)
	return value == "true" || value == "1"
}

// GetList splits a value at its semicolons.
func (f *KeyFile) GetList(groupName, keyName string) []string {
	value, _ := f.Get(groupName, keyName)
	var items []string
	for _, item := range strings.Split(value, ";") {
		if item != "" {
			items = append(items, item)
		}
	}
	return items
}

// Set writes a value; an empty one removes the key, and the group when it was the last.
func (f *KeyFile) Set(groupName, keyName, value string) {
	if value == "" {
		f.remove(groupName, keyName)
		return
	}
	for g := range f.groups {
		if f.groups[g].name != groupName {
			continue
		}
		for k := range f.groups[g].keys {
			if f.groups[g].keys[k].name == keyName {
				f.groups[g].keys[k].value = value
				return
			}
		}
		f.groups[g].keys = append(f.groups[g].keys, key{keyName, value})
		return
	}
	f.groups = append(f.groups, group{groupName, []key{{keyName, value}}})
}

// SetList writes a list, or removes the key when the list is empty.
func (f *KeyFile) SetList(groupName, keyName string, items []string) {
	if len(items) == 0 {
		f.remove(groupName, keyName)
		return
	}
	f.Set(groupName, keyName, strings.Join(items, ";")+";")
}

// RemoveGroup removes a group with its keys.
func (f *KeyFile) RemoveGroup(groupName string) {
	var kept []group
	for _, group := range f.groups {
		if group.name != groupName {
			kept = append(kept, group)
		}
	}
	f.groups = kept
}

func (f *KeyFile) remove(groupName, keyName string) {
	var groups []group
	for _, g := range f.groups {
		if g.name == groupName {
			var keys []key
			for _, key := range g.keys {
				if key.name != keyName {
					keys = append(keys, key)
				}
			}
			if len(keys) == 0 {
				continue
			}
			g.keys = keys
		}
		groups = append(groups, g)
	}
	f.groups = groups
}

// String is the text of the file.
func (f *KeyFile) String() string {
	var text strings.Builder
	for i, group := range f.groups {
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString("[" + group.name + "]\n")
		for _, key := range group.keys {
			text.WriteString(key.name + "=" + key.value + "\n")
		}
	}
	return text.String()
}
