// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package debian

import "fmt"

// Universe is what a resolution can choose from.
type Universe struct {
	// Installed packages of the base: they satisfy dependencies and are never replaced.
	Installed map[string]*Package
	// Kept packages come before those of the repositories, whatever their version.
	Kept map[string]*Package
	// Available packages of the repositories, every version.
	Available []*Package
}

// NotFoundError names requested packages that nothing has.
type NotFoundError struct {
	Names []string
}

func (e NotFoundError) Error() string {
	text := "Packages not found: "
	for i, name := range e.Names {
		if i > 0 {
			text += ", "
		}
		text += name
	}
	return text
}

// Providers returns the installed packages that are, or provide, a name.
func (u Universe) Providers(name string) []*Package {
	var providers []*Package
	for _, installed := range Names(u.Installed) {
		if (Alternative{Name: name}).satisfiedBy(u.Installed[installed]) {
			providers = append(providers, u.Installed[installed])
		}
	}
	return providers
}

func (u Universe) isInstalled(alternative Alternative) bool {
	for _, candidate := range u.Installed {
		if alternative.satisfiedBy(candidate) {
			return true
		}
	}
	return false
}

// candidate is the kept package, else the newest of the repositories; one of that name before one that provides it.
func (u Universe) candidate(alternative Alternative) *Package {
	for _, name := range Names(u.Kept) {
		if alternative.satisfiedBy(u.Kept[name]) {
			return u.Kept[name]
		}
	}
	var best *Package
	for _, other := range u.Available {
		if !alternative.satisfiedBy(other) {
			continue
		}
		switch {
		case best == nil:
			best = other
		case (best.Name == alternative.Name) != (other.Name == alternative.Name):
			if other.Name == alternative.Name {
				best = other
			}
		case best.Name == other.Name && Compare(other.Version, best.Version) > 0:
			best = other
		}
	}
	return best
}

// Resolve returns the requested packages with everything they need that is not installed, by name. What is in chosen
// already is part of the result.
func (u Universe) Resolve(requested []string, chosen map[string]*Package) error {
	var missing []string
	var found []*Package
	for _, name := range requested {
		if pick := u.candidate(Alternative{Name: name}); pick != nil {
			found = append(found, pick)
		} else {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return NotFoundError{missing}
	}
	queue := found
	for _, name := range Names(chosen) {
		queue = append(queue, chosen[name])
	}
	for ; len(queue) > 0; queue = queue[1:] {
		next := queue[0]
		chosen[next.Name] = next
		for _, relation := range next.Depends {
			pick, err := u.satisfy(next, relation, chosen)
			if err != nil {
				return err
			}
			if pick != nil {
				chosen[pick.Name] = pick
				queue = append(queue, pick)
			}
		}
	}
	return nil
}

// satisfy returns the package to add for a dependency, or nil when it is satisfied.
func (u Universe) satisfy(needing *Package, relation Relation, chosen map[string]*Package) (*Package, error) {
	for _, alternative := range relation {
		if u.isInstalled(alternative) {
			return nil, nil
		}
		for _, other := range chosen {
			if alternative.satisfiedBy(other) {
				return nil, nil
			}
		}
	}
	for _, alternative := range relation {
		if pick := u.candidate(alternative); pick != nil {
			if _, installed := u.Installed[pick.Name]; installed {
				continue
			}
			if _, taken := chosen[pick.Name]; !taken {
				return pick, nil
			}
		}
	}
	return nil, fmt.Errorf("Could not depsolve transaction; 1 problem detected:\n Problem: conflicting requests\n"+
		"  - nothing provides %s needed by %s", relation, needing.NEVRA())
}

// Broken returns a sentence about the first installed package whose dependency nothing satisfies, but which was
// satisfied before, or "".
func Broken(before, after map[string]*Package) string {
	was, is := Universe{Installed: before}, Universe{Installed: after}
	for _, name := range Names(after) {
		for _, relation := range after[name].Depends {
			if !was.satisfied(relation) || is.satisfied(relation) {
				continue
			}
			return fmt.Sprintf("Could not depsolve transaction; 1 problem detected:\n Problem: problem with installed package %s\n"+
				"  - nothing provides %s needed by %s", after[name].NEVRA(), relation, after[name].NEVRA())
		}
	}
	return ""
}

func (u Universe) satisfied(relation Relation) bool {
	for _, alternative := range relation {
		if u.isInstalled(alternative) {
			return true
		}
	}
	return false
}
