// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package debian

import (
	"reflect"
	"strings"
	"testing"
)

// From the rules of Debian's policy, and pairs that dpkg --compare-versions was asked about.
func TestCompare(t *testing.T) {
	ascending := []string{
		"0~~", "0~~a", "0~", "0", "0a", "0+", "1.0~rc1-1", "1.0-0.1", "1.0-1", "1.0-1+b1", "1.0-1.1", "1.0-9", "1.0-10",
		"1.0+ds-1", "1.0.1-1", "1.9-1", "1.10-1", "1:0.1-1", "2:0",
	}
	for i, low := range ascending {
		for j, high := range ascending {
			if order := Compare(low, high); order != sign(i-j) {
				t.Errorf("Compare(%q, %q) is %d", low, high, order)
			}
		}
	}
	for _, pair := range [][2]string{{"1.0", "1.0-0"}, {"0:1", "1"}, {"1.01", "1.1"}} {
		if Compare(pair[0], pair[1]) != 0 {
			t.Errorf("%q and %q differ", pair[0], pair[1])
		}
	}
}

func TestRPMNames(t *testing.T) {
	for version, wanted := range map[string]string{
		"6.13+ds-1":    "p-6.13+ds-1.amd64",
		"1:2.72-0.1":   "p-1:2.72-0.1.amd64",
		"20240901":     "p-20240901-0.amd64",
		"1.2-rc1-3":    "p-1.2_rc1-3.amd64",
		"257.9-1~bpo1": "p-257.9-1~bpo1.amd64",
	} {
		if got := (&Package{Name: "p", Version: version, Architecture: "amd64"}).NEVRA(); got != wanted {
			t.Errorf("%s: %s", version, got)
		}
	}
}

const index = `Package: tool
Version: 2.0-1
Architecture: amd64
Depends: lib (>= 2), editor | vi,
 libc6 (>= 2.38)
Filename: ./tool_2.0-1_amd64.deb
SHA256: aa

Package: tool
Version: 1.0-1
Architecture: amd64

Package: lib
Version: 2.5
Architecture: amd64
Pre-Depends: base:any

Package: nano
Version: 8
Architecture: amd64
Provides: editor (= 1), pico

Package: needy
Version: 1
Architecture: all
Depends: nothing-has-this (<< 3)

Package: virtual-user
Version: 1
Architecture: all
Depends: editor (>= 2)
`

const status = `Package: libc6
Status: install ok installed
Version: 2.41-12
Architecture: amd64

Package: base
Status: install ok installed
Version: 1
Architecture: amd64
Depends: libc6
Provides: base-api (= 3)

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: amd64
`

func universe(t *testing.T) Universe {
	t.Helper()
	installed, err := Installed(status)
	if err != nil {
		t.Fatal(err)
	}
	result := Universe{Installed: installed}
	for _, paragraph := range Paragraphs(index) {
		parsed, err := ParsePackage(paragraph)
		if err != nil {
			t.Fatal(err)
		}
		result.Available = append(result.Available, parsed)
	}
	return result
}

func TestInstalled(t *testing.T) {
	if names := Names(universe(t).Installed); !reflect.DeepEqual(names, []string{"base", "libc6"}) {
		t.Errorf("installed: %v", names)
	}
	if providers := universe(t).Providers("base-api"); len(providers) != 1 || providers[0].Name != "base" {
		t.Errorf("base-api: %v", providers)
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		name      string
		requested []string
		kept      []string
		wanted    []string
		problem   string
	}{
		{"newest, with dependencies and an alternative", []string{"tool"}, nil, []string{"lib 2.5", "nano 8", "tool 2.0-1"}, ""},
		{"what is layered keeps its version", []string{"tool"}, []string{"1.0-1"}, []string{"tool 1.0-1"}, ""},
		{"nothing requested", nil, nil, nil, ""},
		{"a virtual package", []string{"pico"}, nil, []string{"nano 8"}, ""},
		{"nobody has it", []string{"foo", "tool", "bar"}, nil, nil, "Packages not found: foo, bar"},
		{"a dependency that nobody has", []string{"needy"}, nil, nil,
			"nothing provides nothing-has-this (<< 3) needed by needy-1-0.all"},
		{"a version that nobody provides", []string{"virtual-user"}, nil, nil,
			"nothing provides editor (>= 2) needed by virtual-user-1-0.all"},
	} {
		from := universe(t)
		from.Kept = map[string]*Package{}
		for _, version := range test.kept {
			from.Kept["tool"] = &Package{Name: "tool", Version: version}
		}
		chosen := map[string]*Package{}
		err := from.Resolve(test.requested, chosen)
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		var got []string
		for _, name := range Names(chosen) {
			got = append(got, name+" "+chosen[name].Version)
		}
		if err != nil || !reflect.DeepEqual(got, test.wanted) {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

func TestBroken(t *testing.T) {
	before := universe(t).Installed
	after := universe(t).Installed
	delete(after, "libc6")
	if problem := Broken(before, after); !strings.Contains(problem, "nothing provides libc6 needed by base-1-0.amd64") {
		t.Errorf("problem: %q", problem)
	}
	delete(after, "base")
	if problem := Broken(before, after); problem != "" {
		t.Errorf("problem: %q", problem)
	}
}

func TestStatusDatabase(t *testing.T) {
	added, err := ParsePackage(Paragraphs(index)[0])
	if err != nil {
		t.Fatal(err)
	}
	packages := universe(t).Installed
	packages["tool"] = added.AsInstalled()
	text := Status(packages)
	if strings.Contains(text, "Filename") || !strings.Contains(text, "Package: tool\nStatus: install ok installed\nVersion: 2.0-1") {
		t.Errorf("database:\n%s", text)
	}
	again, err := Installed(text)
	if err != nil || len(again) != 3 || len(again["tool"].Depends) != 3 {
		t.Errorf("read again: %v, %v", again, err)
	}
}
