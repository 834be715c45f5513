// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"reflect"
	"testing"
	"time"
)

// Printed by ostree 2022.7 for a commit with the signatures of a key that the remote has and of one that it has not.
const shown = `commit 4f1b0d7edf6e7f1fafa727acf7431af99759a2e2044347a972c98e823b276295
ContentChecksum:  595f0b055903654504e4464e4ac96c70be29613fe5ee0e2df92f3caa466af81c
Date:  2026-11-22 08:12:58 +0000
(no subject)

Found 2 signatures:

  Signature made Sun Nov 22 08:12:58 2026 using EdDSA key ID 9D3A81683D101043
  Good signature from "Lab <updates@lab.example>"
  Key expires Tue Nov 21 08:12:58 2028

  Signature made Sun Nov 22 08:12:58 2026 using EdDSA key ID 67266F986AE2B17E
  Can't check signature: public key not found
`

func TestSignatures(t *testing.T) {
	wanted := []any{
		[]any{true, false, false, false, false, "9D3A81683D101043", uint64(1795335178), uint64(0), "EdDSA", "", "Lab",
			"updates@lab.example", "9D3A81683D101043", uint64(1858407178), uint64(0)},
		[]any{false, false, false, false, true, "67266F986AE2B17E", uint64(1795335178), uint64(0), "EdDSA", "", "", "",
			"67266F986AE2B17E", uint64(0), uint64(0)},
	}
	if found := parseSignatures(shown, time.UTC); !reflect.DeepEqual(found, wanted) {
		t.Errorf("%v", found)
	}
	if found := parseSignatures("commit 4f1b\n(no subject)\n", time.UTC); len(found) != 0 {
		t.Errorf("a commit that nobody has signed: %v", found)
	}
}
