// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

// writeJSON prints as json-glib does: a space before the colon, members in the given order. A Dict is an object, and
// []byte an array of numbers.
func writeJSON(output io.Writer, value any) error {
	_, err := io.WriteString(output, formatJSON(value, 0))
	return err
}

func formatJSON(value any, level int) string {
	inner := strings.Repeat("  ", level+1)
	outer := strings.Repeat("  ", level)
	var parts []string
	opening, closing := "[", "]"
	switch typed := value.(type) {
	case gvariant.Dict:
		if len(typed) == 0 {
			return "{" + outer + "}"
		}
		opening, closing = "{", "}"
		for _, entry := range typed {
			parts = append(parts, inner+formatJSON(entry.Key, 0)+" : "+formatJSON(entry.Value, level+1))
		}
	case []any:
		for _, item := range typed {
			parts = append(parts, inner+formatJSON(item, level+1))
		}
	case []byte:
		for _, item := range typed {
			parts = append(parts, fmt.Sprintf("%s%d", inner, item))
		}
	default:
		return formatScalar(value)
	}
	if len(parts) == 0 {
		return opening + closing
	}
	return opening + "\n" + strings.Join(parts, ",\n") + "\n" + outer + closing
}

func formatScalar(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "null"
	}
	return strings.TrimSpace(text.String())
}

// stringArray is an array of texts, never null.
func stringArray(items []string) []any {
	array := []any{}
	for _, item := range items {
		array = append(array, item)
	}
	return array
}
