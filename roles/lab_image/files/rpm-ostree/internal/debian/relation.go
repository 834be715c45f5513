// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package debian

import "strings"

// Relation is one dependency: any of its alternatives satisfies it.
type Relation []Alternative

// Alternative names a package, with a constraint on its version when the operator is not empty.
type Alternative struct {
	Name, Operator, Version string
}

// Provided is a virtual package; the version is empty when it has none.
type Provided struct {
	Name, Version string
}

// String writes a dependency as the control file has it.
func (r Relation) String() string {
	var parts []string
	for _, alternative := range r {
		text := alternative.Name
		if alternative.Operator != "" {
			text += " (" + alternative.Operator + " " + alternative.Version + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " | ")
}

func parseRelations(field string) []Relation {
	var relations []Relation
	for _, part := range strings.Split(field, ",") {
		var relation Relation
		for _, text := range strings.Split(part, "|") {
			if name, operator, version := parseName(text); name != "" {
				relation = append(relation, Alternative{name, operator, version})
			}
		}
		if len(relation) > 0 {
			relations = append(relations, relation)
		}
	}
	return relations
}

func parseProvides(field string) []Provided {
	var provided []Provided
	for _, text := range strings.Split(field, ",") {
		if name, _, version := parseName(text); name != "" {
			provided = append(provided, Provided{name, version})
		}
	}
	return provided
}

// parseName reads "name:any (>= 1.0)"; the architecture does not matter on a guest that has one.
func parseName(text string) (name, operator, version string) {
	name, constraint, _ := strings.Cut(text, "(")
	name, _, _ = strings.Cut(strings.TrimSpace(name), ":")
	constraint = strings.TrimSuffix(strings.TrimSpace(constraint), ")")
	version = strings.TrimSpace(strings.TrimLeft(constraint, "<=> "))
	operator = strings.TrimSpace(strings.TrimSuffix(constraint, version))
	return name, operator, version
}

// satisfiedBy tells whether a package is, or provides, what the alternative names.
func (a Alternative) satisfiedBy(candidate *Package) bool {
	if candidate.Name == a.Name && a.accepts(candidate.Version) {
		return true
	}
	for _, provided := range candidate.Provides {
		if provided.Name == a.Name && (a.Operator == "" || provided.Version != "" && a.accepts(provided.Version)) {
			return true
		}
	}
	return false
}

func (a Alternative) accepts(version string) bool {
	order := Compare(version, a.Version)
	switch a.Operator {
	case "":
		return true
	case "<<":
		return order < 0
	case "<=", "<":
		return order <= 0
	case "=":
		return order == 0
	case ">=", ">":
		return order >= 0
	case ">>":
		return order > 0
	}
	return false
}
