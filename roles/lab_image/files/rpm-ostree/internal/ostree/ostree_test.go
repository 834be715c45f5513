// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package ostree

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func origin(t *testing.T, text string) *Origin {
	t.Helper()
	return &Origin{ParseKeyFile(text)}
}

func TestOriginOfLayeredDeployment(t *testing.T) {
	start := origin(t, "[origin]\nrefspec=lab:lab/x86_64/stable\n\n[libostree-transient]\npinned=true\n")
	if !start.Pinned() {
		t.Error("the pin is not seen")
	}
	layered := start.Copy()
	layered.SetPackages([]string{"zsh", "strace", "zsh"})
	path := filepath.Join(t.TempDir(), "origin")
	if err := layered.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := ReadOrigin(path)
	if err != nil {
		t.Fatal(err)
	}
	// The file that the real rpm-ostree writes; the pin was the old deployment's.
	wanted := "[packages]\nrequested=strace;zsh;\n\n[origin]\nbaserefspec=lab:lab/x86_64/stable\n"
	if read.file.String() != wanted {
		t.Errorf("origin:\n%s", read.file)
	}
	if read.Ref() != "lab:lab/x86_64/stable" || !reflect.DeepEqual(read.Packages(), []string{"strace", "zsh"}) {
		t.Errorf("%s %v", read.Ref(), read.Packages())
	}
	read.SetPackages(nil)
	if !read.Equal(origin(t, "[origin]\nrefspec=lab:lab/x86_64/stable\n")) {
		t.Errorf("without packages:\n%s", read.file)
	}
}

func TestRebaseDropsWhatDescribedTheOldRef(t *testing.T) {
	custom := origin(t, "[origin]\nrefspec="+strings.Repeat("a", 64)+"\ncustom-url=https://x.example\ncustom-description=x\n")
	custom.SetRef("lab:stable", "", "")
	if custom.file.String() != "[origin]\nrefspec=lab:stable\n" {
		t.Errorf("origin:\n%s", custom.file)
	}
}

func TestLocalName(t *testing.T) {
	for item, wanted := range map[string]string{
		"abc:hello-lab-1.0-0.all":       "hello-lab",
		"abc:bind9-libs-1:9.20-1.amd64": "bind9-libs",
		"abc:x":                         "x",
	} {
		if got := LocalName(item); got != wanted {
			t.Errorf("%s: %s", item, got)
		}
	}
}

func TestChecksum(t *testing.T) {
	for text, wanted := range map[string]bool{
		strings.Repeat("0f", 32): true, strings.Repeat("0F", 32): false, strings.Repeat("0f", 31): false, "13.1": false,
	} {
		if IsChecksum(text) != wanted {
			t.Errorf("%s: %v", text, !wanted)
		}
	}
}

// An error is the sentence of the program, without its prefix and without the warnings before it.
func TestCommandErrors(t *testing.T) {
	for script, wanted := range map[string]string{
		"echo 'warning: x' >&2; echo 'error: While pulling: no' >&2; exit 1": "While pulling: no",
		"echo 'curl: (22) 404' >&2; exit 22":                                 "curl: (22) 404",
		"exit 3":                                                             "sh: exit status 3",
	} {
		err := Run(context.Background(), Command{Args: []string{"sh", "-c", script}})
		if err == nil || err.Error() != wanted {
			t.Errorf("%s: %v", script, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Run(ctx, Command{Args: []string{"true"}}); err == nil || err.Error() != "Operation was cancelled" {
		t.Errorf("cancelled: %v", err)
	}
}
