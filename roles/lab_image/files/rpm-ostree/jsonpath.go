// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"fmt"
	"regexp"
	"strconv"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

// Of json-glib's JSONPath those parts that name members and elements: $.a, $['a'], $.*, $[0], $[-1] and $[*].
var pathStep = regexp.MustCompile(`^(?:\.([\w-]+|\*)|\['([^']+)'\]|\[(-?\d+|\*)\])`)

// jsonPath returns what an expression matches, in the order of the document.
func jsonPath(expression string, document any) ([]any, error) {
	if expression == "" || expression[0] != '$' {
		return nil, fmt.Errorf("While compiling jsonpath: %s does not begin with $", expression)
	}
	nodes := []any{document}
	for rest := expression[1:]; rest != ""; {
		step := pathStep.FindStringSubmatch(rest)
		if step == nil {
			return nil, fmt.Errorf("While compiling jsonpath: this stand-in does not know %s", rest)
		}
		matched := []any{}
		for _, node := range nodes {
			matched = append(matched, children(node, step[1]+step[2], step[3])...)
		}
		nodes = matched
		rest = rest[len(step[0]):]
	}
	return nodes, nil
}

// children are those of a member's name, or of an element's place; "*" is all of them.
func children(node any, name, place string) []any {
	matched := []any{}
	switch typed := node.(type) {
	case gvariant.Dict:
		for _, entry := range typed {
			if name == "*" || place == "*" || name != "" && entry.Key == name {
				matched = append(matched, entry.Value)
			}
		}
	case []any:
		if name == "*" || place == "*" {
			return typed
		}
		at, err := strconv.Atoi(place)
		if at < 0 {
			at += len(typed)
		}
		if err == nil && at >= 0 && at < len(typed) {
			matched = append(matched, typed[at])
		}
	}
	return matched
}
