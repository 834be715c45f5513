// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"regexp"
	"strings"
	"time"

	"evergreen.fleet/lab/rpm-ostree/internal/ostree"
)

var (
	signatureMade = regexp.MustCompile(`Signature made (.+) using (\S+) key ID (\S+)`)
	signedBy      = regexp.MustCompile(`(?:Good|BAD) signature from "(.*?) ?<?([^ <>]+@[^ <>]+)?>?"`)
	keyEnds       = regexp.MustCompile(`Key expire(?:s|d) (.+)`)
)

// signatures are those of a commit, as libostree finds them with the keys of a remote.
func (inv *invocation) signatures(remote, checksum string) ([]any, error) {
	shown, err := ostree.Output(context.Background(), inv.sysroot.RepoCommand("show", "--gpg-verify-remote="+remote, checksum)...)
	if err != nil {
		return nil, err
	}
	return parseSignatures(shown, time.Local), nil
}

// parseSignatures makes the 15 members that "status --json" has for each signature out of the text of "ostree show".
// That has the last 16 digits of a fingerprint only, and no name of the digest.
func parseSignatures(shown string, zone *time.Location) []any {
	found := []any{}
	blocks := strings.Split(shown, "Signature made ")
	for _, block := range blocks[1:] {
		block = "Signature made " + block
		made := signatureMade.FindStringSubmatch(block)
		if made == nil {
			continue
		}
		signatureExpired := strings.Contains(block, "Signature expired")
		keyExpired := strings.Contains(block, "Key expired")
		keyRevoked := strings.Contains(block, "Key revoked")
		keyMissing := strings.Contains(block, "public key not found")
		valid := strings.Contains(block, "Good signature") && !signatureExpired && !keyExpired && !keyRevoked
		name, email := "", ""
		if user := signedBy.FindStringSubmatch(block); user != nil {
			name, email = user[1], user[2]
		}
		var ends uint64
		if text := keyEnds.FindStringSubmatch(block); text != nil {
			ends = secondsOf(text[1], zone)
		}
		found = append(found, []any{valid, signatureExpired, keyExpired, keyRevoked, keyMissing,
			made[3], secondsOf(made[1], zone), uint64(0), made[2], "", name, email, made[3], ends, uint64(0)})
	}
	return found
}

// secondsOf reads a time as "%c" writes it in the locale C; 0 for none.
func secondsOf(text string, zone *time.Location) uint64 {
	at, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", strings.TrimSpace(text), zone)
	if err != nil {
		return 0
	}
	return uint64(at.Unix())
}
