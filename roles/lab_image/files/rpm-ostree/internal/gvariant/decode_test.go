// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package gvariant

import (
	"encoding/hex"
	"os"
	"reflect"
	"testing"
)

// The files in testdata were written by ostree 2025.2.
func decodeFile(t *testing.T, name, signature string) any {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	value, err := Decode(signature, data)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestCommitObject(t *testing.T) {
	members := decodeFile(t, "commit", "(a{sv}aya(say)sstayay)").([]any)
	wanted := Dict{
		{"ostree.linux", "6.12.117+deb13-cloud-amd64"},
		{"version", "13.2"},
		{"ostree.bootable", true},
		{"ostree.ref-binding", []any{"lab/x86_64/stable"}},
	}
	if !reflect.DeepEqual(members[0], wanted) {
		t.Errorf("metadata: %v", members[0])
	}
	parent := hex.EncodeToString(members[1].([]byte))
	if parent != "f744580d63344e5e7027b790a10848bd46155d000ad698b1e1afc773a212576f" {
		t.Errorf("parent: %s", parent)
	}
	if members[3] != "13.2" || members[4] != "" {
		t.Errorf("subject %q, body %q", members[3], members[4])
	}
	root := hex.EncodeToString(members[6].([]byte))
	if root != "4e2abbbe0d48d366cb629f91ef41ca6117465501a0551b75a5d767e920dc3ae0" {
		t.Errorf("root: %s", root)
	}
}

func TestDirectoryObject(t *testing.T) {
	members := decodeFile(t, "dirtree", "(a(say)a(sayay))").([]any)
	files := members[0].([]any)
	if len(files) != 2 || len(members[1].([]any)) != 0 {
		t.Fatalf("%d files, %d folders", len(files), len(members[1].([]any)))
	}
	second := files[1].([]any)
	if second[0] != "ostree-remount" {
		t.Errorf("second file: %v", second[0])
	}
	if object := hex.EncodeToString(second[1].([]byte)); object[:8] != "453e90fe" {
		t.Errorf("its object: %s", object)
	}
}

func TestStagedDeployment(t *testing.T) {
	dict := decodeFile(t, "staged-deployment", "a{sv}").(Dict)
	target := dict.Get("target").(Dict)
	if target.String("osname") != "lab" || target.String("name")[:8] != "b16c0a73" {
		t.Errorf("target: %v", target)
	}
	if kargs := dict.Strings("kargs"); !reflect.DeepEqual(kargs, []string{"root=LABEL=root", "rw", "console=ttyS0,115200n8"}) {
		t.Errorf("kernel arguments: %q", kargs)
	}
}

// Values as the specification writes them out.
func TestSpecification(t *testing.T) {
	for _, test := range []struct {
		signature, data string
		wanted          any
	}{
		{"s", "68656c6c6f20776f726c6400", "hello world"},
		{"(si)", "666f6f00ffffffff04", []any{"foo", int64(-1)}},
		{"a(si)", "68690000feffffff0300000062796500ffffffff04" + "0915", []any{[]any{"hi", int64(-2)}, []any{"bye", int64(-1)}}},
		{"as", "690063616e006861730073747269" + "6e67733f00" + "02060a13", []any{"i", "can", "has", "strings?"}},
		{"ay", "04050607", []byte{4, 5, 6, 7}},
		{"(iy)", "6000000070000000", []any{int64(96), byte(0x70)}},
		{"a(iy)", "600000007000000088020000f7000000", []any{[]any{int64(96), byte(0x70)}, []any{int64(648), byte(0xf7)}}},
		{"ai", "0400000002010000", []any{int64(4), int64(258)}},
		{"v", "0500000000" + "69", int64(5)},
		{"as", "", []any{}},
	} {
		data, err := hex.DecodeString(test.data)
		if err != nil {
			t.Fatal(err)
		}
		value, err := Decode(test.signature, data)
		if err != nil || !reflect.DeepEqual(value, test.wanted) {
			t.Errorf("%s: %#v, %v", test.signature, value, err)
		}
	}
}

func TestDamagedData(t *testing.T) {
	whole, err := os.ReadFile("testdata/commit")
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{nil, whole[:1], whole[:len(whole)-1], append([]byte{0xff}, whole...)} {
		if value, err := Decode("(a{sv}aya(say)sstayay)", data); err == nil {
			t.Errorf("%d bytes give %v", len(data), value)
		}
	}
	for _, signature := range []string{"", "a", "(s", "ss", "z"} {
		if _, err := Decode(signature, whole); err == nil {
			t.Errorf("type %q is accepted", signature)
		}
	}
}
