// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"slices"
	"strings"
)

// option is one that a command knows. Names are without dashes; all names mean the same option.
type option struct {
	names []string
	value bool
}

func flags(names ...string) []option {
	var options []option
	for _, name := range names {
		options = append(options, option{names: strings.Split(name, "|")})
	}
	return options
}

func values(names ...string) []option {
	var options []option
	for _, name := range names {
		options = append(options, option{names: strings.Split(name, "|"), value: true})
	}
	return options
}

// arguments are the parsed command line of a command. An option is stored under its first name.
type arguments struct {
	set        map[string][]string
	positional []string
}

func (a *arguments) has(name string) bool        { return len(a.set[name]) > 0 }
func (a *arguments) list(name string) []string   { return a.set[name] }
func (a *arguments) force(name string)           { a.set[name] = []string{""} }
func (a *arguments) hasAny(names ...string) bool { return slices.ContainsFunc(names, a.has) }

func (a *arguments) text(name string) string {
	if !a.has(name) {
		return ""
	}
	return a.set[name][len(a.set[name])-1]
}

// parseArguments accepts what GLib's option parser accepts: "--name value", "--name=value", "-n value", "-nvalue",
// bundled flags, options after positional arguments, and "--" to end them.
func parseArguments(args []string, known []option) (*arguments, error) {
	parsed := &arguments{set: map[string][]string{}}
	find := func(name string) *option {
		for i := range known {
			if slices.Contains(known[i].names, name) {
				return &known[i]
			}
		}
		return nil
	}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		take := func(found *option, inline string, hasInline bool) error {
			name := found.names[0]
			switch {
			case !found.value:
				parsed.set[name] = append(parsed.set[name], "")
			case hasInline:
				parsed.set[name] = append(parsed.set[name], inline)
			case len(args) == 0:
				return fmt.Errorf("Missing argument for %s", arg)
			default:
				parsed.set[name] = append(parsed.set[name], args[0])
				args = args[1:]
			}
			return nil
		}
		switch {
		case arg == "--":
			parsed.positional = append(parsed.positional, args...)
			return parsed, nil
		case strings.HasPrefix(arg, "--"):
			name, inline, hasInline := strings.Cut(arg[2:], "=")
			found := find(name)
			if found == nil || hasInline && !found.value {
				return nil, fmt.Errorf("Unknown option --%s", name)
			}
			if err := take(found, inline, hasInline); err != nil {
				return nil, err
			}
		case strings.HasPrefix(arg, "-") && arg != "-":
			for letters := arg[1:]; letters != ""; {
				found := find(letters[:1])
				if found == nil {
					return nil, fmt.Errorf("Unknown option -%s", letters[:1])
				}
				letters = letters[1:]
				if found.value {
					if err := take(found, letters, letters != ""); err != nil {
						return nil, err
					}
					break
				}
				if err := take(found, "", false); err != nil {
					return nil, err
				}
			}
		default:
			parsed.positional = append(parsed.positional, arg)
		}
	}
	return parsed, nil
}
