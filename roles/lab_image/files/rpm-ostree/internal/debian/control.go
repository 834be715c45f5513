// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Package debian reads Debian packages, their indexes and the database of installed packages, and chooses what to
// install. https://www.debian.org/doc/debian-policy/ch-controlfields.html
package debian

import (
	"fmt"
	"sort"
	"strings"
)

// Package is a paragraph of an index, of the status database or of a package file.
type Package struct {
	Name         string
	Version      string
	Architecture string
	Depends      []Relation
	Provides     []Provided
	// Filename and SHA256 are set in an index.
	Filename string
	SHA256   string
	// Repository is the name of the repository whose index has it.
	Repository string
	// Control is the paragraph itself.
	Control string
}

// Paragraphs splits a control file into its paragraphs.
func Paragraphs(text string) []string {
	var paragraphs []string
	for _, paragraph := range strings.Split(text, "\n\n") {
		if paragraph = strings.Trim(paragraph, "\n"); paragraph != "" {
			paragraphs = append(paragraphs, paragraph)
		}
	}
	return paragraphs
}

// ParsePackage reads one paragraph.
func ParsePackage(paragraph string) (*Package, error) {
	fields := parseFields(paragraph)
	result := &Package{
		Name:         fields["package"],
		Version:      fields["version"],
		Architecture: fields["architecture"],
		Depends:      append(parseRelations(fields["pre-depends"]), parseRelations(fields["depends"])...),
		Provides:     parseProvides(fields["provides"]),
		Filename:     fields["filename"],
		SHA256:       fields["sha256"],
		Control:      paragraph,
	}
	if result.Name == "" || result.Version == "" {
		return nil, fmt.Errorf("a paragraph has no package name or no version")
	}
	return result, nil
}

func parseFields(paragraph string) map[string]string {
	fields := map[string]string{}
	last := ""
	for _, line := range strings.Split(paragraph, "\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			fields[last] += " " + strings.TrimSpace(line)
		} else if name, value, ok := strings.Cut(line, ":"); ok {
			last = strings.ToLower(name)
			fields[last] = strings.TrimSpace(value)
		}
	}
	return fields
}

// Installed reads the status database: the packages that are installed, by name.
func Installed(status string) (map[string]*Package, error) {
	packages := map[string]*Package{}
	for _, paragraph := range Paragraphs(status) {
		if !strings.HasSuffix(parseFields(paragraph)["status"], " installed") {
			continue
		}
		parsed, err := ParsePackage(paragraph)
		if err != nil {
			return nil, err
		}
		packages[parsed.Name] = parsed
	}
	return packages, nil
}

// Status writes the database of installed packages.
func Status(packages map[string]*Package) string {
	var text strings.Builder
	for _, name := range Names(packages) {
		text.WriteString(packages[name].Control)
		text.WriteString("\n\n")
	}
	return text.String()
}

// AsInstalled is a package with the paragraph that the status database has of it.
func (p *Package) AsInstalled() *Package {
	installed := *p
	lines := []string{}
	for _, line := range strings.Split(p.Control, "\n") {
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		// They describe the file, not the package.
		case "filename", "size", "md5sum", "sha1", "sha256", "sha512", "description-md5", "status":
			continue
		}
		lines = append(lines, line)
		if strings.EqualFold(name, "Package") {
			lines = append(lines, "Status: install ok installed")
		}
	}
	installed.Control = strings.Join(lines, "\n")
	return &installed
}

// Names are the sorted keys.
func Names[T any](packages map[string]T) []string {
	names := make([]string, 0, len(packages))
	for name := range packages {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
