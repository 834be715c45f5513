// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package gvariant

import "fmt"

// skipType returns what follows the first complete type of a signature.
func skipType(signature string) (string, error) {
	if signature == "" {
		return "", fmt.Errorf("gvariant: a type is missing")
	}
	switch signature[0] {
	case 'b', 'y', 'n', 'q', 'i', 'u', 'x', 't', 'h', 'd', 's', 'o', 'g', 'v':
		return signature[1:], nil
	case 'a':
		return skipType(signature[1:])
	case '(', '{':
		closing := byte(')')
		if signature[0] == '{' {
			closing = '}'
		}
		rest := signature[1:]
		for rest != "" && rest[0] != closing {
			var err error
			if rest, err = skipType(rest); err != nil {
				return "", err
			}
		}
		if rest == "" {
			return "", fmt.Errorf("gvariant: %q is not closed", signature)
		}
		return rest[1:], nil
	}
	return "", fmt.Errorf("gvariant: type %q is not supported", signature)
}

func alignment(signature string) int {
	switch signature[0] {
	case 'n', 'q':
		return 2
	case 'i', 'u', 'h':
		return 4
	case 'x', 't', 'd', 'v':
		return 8
	case 'a':
		return alignment(signature[1:])
	case '(', '{':
		most := 1
		eachMember(signature, func(member string) { most = max(most, alignment(member)) })
		return most
	}
	return 1
}

// fixedSize is 0 for types whose values differ in length.
func fixedSize(signature string) int {
	switch signature[0] {
	case 'b', 'y':
		return 1
	case 'n', 'q':
		return 2
	case 'i', 'u', 'h':
		return 4
	case 'x', 't', 'd':
		return 8
	case '(', '{':
		size := 0
		variable := false
		eachMember(signature, func(member string) {
			part := fixedSize(member)
			variable = variable || part == 0
			size = align(size, alignment(member)) + part
		})
		if variable {
			return 0
		}
		// The unit type "()" is one byte.
		return max(1, align(size, alignment(signature)))
	}
	return 0
}

func eachMember(signature string, use func(string)) {
	for members := signature[1 : len(signature)-1]; members != ""; {
		rest, err := skipType(members)
		if err != nil {
			return
		}
		use(members[:len(members)-len(rest)])
		members = rest
	}
}
