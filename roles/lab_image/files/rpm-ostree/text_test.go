// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"archive/tar"
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"evergreen.fleet/lab/rpm-ostree/internal/debian"
	"evergreen.fleet/lab/rpm-ostree/internal/gvariant"
)

func TestArguments(t *testing.T) {
	known := append(flags("cache-only|C", "reboot|r"), values("install", "branch|b")...)
	got, err := parseArguments([]string{"-Cr", "one", "--install=a", "--install", "b", "-bx", "two", "--", "-C"}, known)
	if err != nil {
		t.Fatal(err)
	}
	if !got.has("cache-only") || !got.has("reboot") || got.text("branch") != "x" {
		t.Errorf("options: %v", got.set)
	}
	if !reflect.DeepEqual(got.list("install"), []string{"a", "b"}) || !reflect.DeepEqual(got.positional, []string{"one", "two", "-C"}) {
		t.Errorf("%v %v", got.list("install"), got.positional)
	}
	for args, wanted := range map[string]string{
		"--nope": "Unknown option --nope", "-x": "Unknown option -x", "--install": "Missing argument for --install",
		"--cache-only=1": "Unknown option --cache-only",
	} {
		if _, err := parseArguments([]string{args}, known); err == nil || err.Error() != wanted {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestFullRef(t *testing.T) {
	const current = "lab:lab/x86_64/stable"
	commit := strings.Repeat("ab", 32)
	for given, wanted := range map[string]string{
		"lab:lab/x86_64/testing": "lab:lab/x86_64/testing",
		"lab/x86_64/testing":     "lab:lab/x86_64/testing",
		"other:":                 "other:lab/x86_64/stable",
		":lab/x86_64/local":      "lab/x86_64/local",
		"ostree://lab:lab/x/y":   "lab:lab/x/y",
		commit:                   commit,
		":" + commit:             commit,
		"lab:lab/x86_64/stable":  current,
	} {
		if got := fullRef(given, current); got != wanted {
			t.Errorf("%s: %s", given, got)
		}
	}
}

func TestRevision(t *testing.T) {
	commit := strings.Repeat("ab", 32)
	for given, wanted := range map[string][2]string{
		"13.2": {"13.2", ""}, "version=13.2": {"13.2", ""}, commit: {"", commit}, "revision=" + commit: {"", commit},
	} {
		if version, checksum := parseRevision(given); version != wanted[0] || checksum != wanted[1] {
			t.Errorf("%s: %q %q", given, version, checksum)
		}
	}
}

func TestPackageRef(t *testing.T) {
	if got := packageRef("g++-12-1:12.2~x+b1-4.amd64"); got != "rpmostree/pkg/g_2B_2B-12/1_3A12.2_7Ex_2Bb1-4.amd64" {
		t.Error(got)
	}
}

func TestJSONFormat(t *testing.T) {
	got := formatJSON(gvariant.Dict{
		{Key: "list", Value: []any{"a<b", uint64(1)}},
		{Key: "none", Value: []any{}},
		{Key: "inner", Value: gvariant.Dict{{Key: "empty", Value: gvariant.Dict{}}, {Key: "bytes", Value: []byte{7}}}},
		{Key: "null"},
	}, 0)
	// As json-glib prints it.
	wanted := `{
  "list" : [
    "a<b",
    1
  ],
  "none" : [],
  "inner" : {
    "empty" : {    },
    "bytes" : [
      7
    ]
  },
  "null" : null
}`
	if got != wanted {
		t.Errorf("%s", got)
	}
}

func archive(t *testing.T, headers []tar.Header) io.Reader {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, header := range headers {
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func TestConvertLayout(t *testing.T) {
	source := &debian.Package{Name: "tool", Version: "1", Architecture: "all"}
	input := archive(t, []tar.Header{
		{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./etc/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./etc/tool.conf", Typeflag: tar.TypeReg, Mode: 0o640, Gid: 4},
		{Name: "./bin/tool", Typeflag: tar.TypeReg, Mode: 0o4755},
		{Name: "./usr/bin/alias", Typeflag: tar.TypeLink, Linkname: "./bin/tool"},
		{Name: "./usr/share/doc/tool/copyright", Typeflag: tar.TypeReg},
		{Name: "./var/lib/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "./var/lib/tool/", Typeflag: tar.TypeDir, Mode: 0o750, Uid: 1, Gid: 2},
	})
	var output bytes.Buffer
	if err := convertLayout(source, input, &output); err != nil {
		t.Fatal(err)
	}
	var names []string
	content := map[string]string{}
	reader := tar.NewReader(&output)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		content[header.Name] = string(text)
		if header.Name == "usr/bin/tool" && header.Mode != 0o4755 || header.Name == "usr/etc/tool.conf" && header.Gid != 4 {
			t.Errorf("mode and owner: %+v", header)
		}
		if header.Name == "usr/bin/alias" && header.Linkname != "usr/bin/tool" {
			t.Errorf("hard link to %s", header.Linkname)
		}
	}
	wanted := []string{"usr/etc", "usr/etc/tool.conf", "usr/bin/tool", "usr/bin/alias",
		"usr/lib/sysimage/dpkg/info/tool.list", "usr/lib/tmpfiles.d/pkg-tool.conf"}
	if !reflect.DeepEqual(names, wanted) {
		t.Errorf("files: %v", names)
	}
	if content["usr/lib/tmpfiles.d/pkg-tool.conf"] != "d /var/lib/tool 0750 1 2 - -\n" {
		t.Errorf("tmpfiles.d: %q", content["usr/lib/tmpfiles.d/pkg-tool.conf"])
	}
	// dpkg -L and dpkg -S look there.
	if !strings.Contains(content["usr/lib/sysimage/dpkg/info/tool.list"], "\n/usr/share/doc/tool/copyright\n") {
		t.Errorf("list: %q", content["usr/lib/sysimage/dpkg/info/tool.list"])
	}
}

func TestContentOutsideTheDeployment(t *testing.T) {
	for _, name := range []string{"opt/tool/bin", "usr/local/bin/tool", "home/x"} {
		input := archive(t, []tar.Header{{Name: "./" + name, Typeflag: tar.TypeReg}})
		err := convertLayout(&debian.Package{Name: "tool", Version: "1"}, input, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "/"+name+" is not part of a deployment") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPackageDiff(t *testing.T) {
	of := func(versions ...string) map[string]*debian.Package {
		packages := map[string]*debian.Package{}
		for _, item := range versions {
			name, version, _ := strings.Cut(item, "=")
			packages[name] = &debian.Package{Name: name, Version: version, Architecture: "amd64"}
		}
		return packages
	}
	diff := diffPackages(of("a=1", "b=2", "c=1", "d=1"), of("a=1", "b=1.10", "c=1.9", "e=1"))
	if got := diff.summary(); got != "1 upgraded, 1 downgraded, 1 removed, 1 added" {
		t.Error(got)
	}
	if diff.downgraded[0][1].Name != "b" || diff.removed[0].Name != "d" || diff.added[0].Name != "e" {
		t.Errorf("%+v", diff)
	}
}

func TestInitramfsOverlay(t *testing.T) {
	var whole cpio
	whole.add("etc/x", 0o100644, []byte("hi"))
	data := whole.bytes()
	// A header of 110 bytes, the name with its end, padding; then the content, padded too.
	if string(data[:6]) != "070701" || string(data[110:116]) != "etc/x\x00" || string(data[116:120]) != "hi\x00\x00" {
		t.Errorf("%q", data[:124])
	}
	if !bytes.Contains(data, []byte("TRAILER!!!\x00")) || len(data)%4 != 0 {
		t.Error("no end")
	}
}
