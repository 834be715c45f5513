// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"testing"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

func TestJSONPath(t *testing.T) {
	document := gvariant.Dict{{Key: "deployments", Value: []any{
		gvariant.Dict{{Key: "booted", Value: false}, {Key: "gpg-enabled", Value: false}},
		gvariant.Dict{{Key: "booted", Value: true}, {Key: "signatures", Value: []any{[]any{true, "one"}, []any{false, "two"}}}},
	}}}
	for expression, wanted := range map[string]string{
		"$.deployments[*].booted":             "[\n  false,\n  true\n]",
		"$.deployments[0].gpg-enabled":        "[\n  false\n]",
		"$['deployments'][0]['gpg-enabled']":  "[\n  false\n]",
		"$.deployments[1].signatures[*][0]":   "[\n  true,\n  false\n]",
		"$.deployments[-1].signatures[-1][1]": "[\n  \"two\"\n]",
		"$.deployments[1].gpg-enabled":        "[]",
		"$.deployments[7].booted":             "[]",
		"$.deployments.booted":                "[]",
		"$.deployments[0].*":                  "[\n  false,\n  false\n]",
	} {
		found, err := jsonPath(expression, document)
		if got := formatJSON(found, 0); err != nil || got != wanted {
			t.Errorf("%s: %s %v", expression, got, err)
		}
	}
	for _, expression := range []string{"", "deployments", "$..booted", "$.deployments[?(@.booted)]", "$.deployments[0"} {
		if found, err := jsonPath(expression, document); err == nil {
			t.Errorf("%s: %v", expression, found)
		}
	}
}
