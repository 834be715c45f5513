// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"strings"
	"testing"
)

// As libostree's OstreeKernelArgs does it.
func TestKernelArguments(t *testing.T) {
	const before = "root=LABEL=root rw console=tty0 console=ttyS0 quiet"
	for _, test := range []struct {
		change  func([]string, string) ([]string, error)
		arg     string
		wanted  string
		problem string
	}{
		{deleteKarg, "quiet", "root=LABEL=root rw console=tty0 console=ttyS0", ""},
		{deleteKarg, "root", "rw console=tty0 console=ttyS0 quiet", ""},
		{deleteKarg, "console=tty0", "root=LABEL=root rw console=ttyS0 quiet", ""},
		{deleteKarg, "console", "", "Multiple values for key 'console' found"},
		{deleteKarg, "console=tty9", "", "No karg 'console=tty9' found"},
		{deleteKarg, "nope", "", "No key 'nope' found"},
		{replaceKarg, "console=tty0=tty1", "root=LABEL=root rw console=tty1 console=ttyS0 quiet", ""},
		{replaceKarg, "root=LABEL=root=UUID=1", "root=UUID=1 rw console=tty0 console=ttyS0 quiet", ""},
		{replaceKarg, "root=x", "root=x rw console=tty0 console=ttyS0 quiet", ""},
		{replaceKarg, "console=tty1", "", "Multiple values for key 'console' found"},
		{replaceKarg, "console=tty9=tty1", "", "No karg 'console=tty9' found"},
		{replaceKarg, "nope=1=2", "", "No key 'nope' found"},
	} {
		got, err := test.change(strings.Fields(before), test.arg)
		switch {
		case test.problem != "" && (err == nil || err.Error() != test.problem):
			t.Errorf("%s: %v", test.arg, err)
		case test.problem == "" && (err != nil || strings.Join(got, " ") != test.wanted):
			t.Errorf("%s: %q, %v", test.arg, got, err)
		}
	}
	for arg, wanted := range map[string]bool{"quiet": true, "console": true, "console=tty0": true, "console=tty": false} {
		if hasKarg(strings.Fields(before), arg) != wanted {
			t.Errorf("%s: %v", arg, !wanted)
		}
	}
}
