// Copyright (c) 2026 evergreen.fleet contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package debian

import (
	"strconv"
	"strings"
)

// Compare orders two versions as dpkg does. https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
func Compare(a, b string) int {
	firstEpoch, firstUpstream, firstRevision := SplitVersion(a)
	secondEpoch, secondUpstream, secondRevision := SplitVersion(b)
	if firstEpoch != secondEpoch {
		return sign(firstEpoch - secondEpoch)
	}
	if order := compareParts(firstUpstream, secondUpstream); order != 0 {
		return order
	}
	return compareParts(firstRevision, secondRevision)
}

// SplitVersion returns epoch, upstream version and revision; a native package has the revision "0", which compares as
// none.
func SplitVersion(version string) (epoch int, upstream, revision string) {
	if before, after, ok := strings.Cut(version, ":"); ok {
		if number, err := strconv.Atoi(before); err == nil {
			epoch, version = number, after
		}
	}
	if at := strings.LastIndex(version, "-"); at >= 0 {
		return epoch, version[:at], version[at+1:]
	}
	return epoch, version, "0"
}

func compareParts(a, b string) int {
	for a != "" || b != "" {
		firstText, firstRest := cutText(a)
		secondText, secondRest := cutText(b)
		if order := compareText(firstText, secondText); order != 0 {
			return order
		}
		firstNumber, rest := cutNumber(firstRest)
		a = rest
		secondNumber, rest := cutNumber(secondRest)
		b = rest
		if len(firstNumber) != len(secondNumber) {
			return sign(len(firstNumber) - len(secondNumber))
		}
		if order := strings.Compare(firstNumber, secondNumber); order != 0 {
			return order
		}
	}
	return 0
}

func isDigit(c byte) bool {
	return '0' <= c && c <= '9'
}

func cutText(text string) (string, string) {
	end := 0
	for end < len(text) && !isDigit(text[end]) {
		end++
	}
	return text[:end], text[end:]
}

func cutNumber(text string) (string, string) {
	end := 0
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return strings.TrimLeft(text[:end], "0"), text[end:]
}

// A tilde sorts before the end, letters before everything else.
func compareText(a, b string) int {
	for i := 0; i < len(a) || i < len(b); i++ {
		if order := sign(weight(a, i) - weight(b, i)); order != 0 {
			return order
		}
	}
	return 0
}

func weight(text string, at int) int {
	if at >= len(text) {
		return 0
	}
	c := text[at]
	switch {
	case c == '~':
		return -1
	case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return int(c)
	default:
		return int(c) + 256
	}
}

func sign(number int) int {
	switch {
	case number < 0:
		return -1
	case number > 0:
		return 1
	}
	return 0
}

// rpm-ostree shows packages as RPM names them. A version has no dash there.

// VersionRelease returns the parts of the version in RPM's sense.
func (p *Package) VersionRelease() (epoch int, version, release string) {
	epoch, version, release = SplitVersion(p.Version)
	return epoch, strings.ReplaceAll(version, "-", "_"), release
}

// EVR is [epoch:]version-release.
func (p *Package) EVR() string {
	epoch, version, release := p.VersionRelease()
	evr := version + "-" + release
	if epoch > 0 {
		evr = strconv.Itoa(epoch) + ":" + evr
	}
	return evr
}

// NEVRA is name-[epoch:]version-release.architecture.
func (p *Package) NEVRA() string {
	return p.Name + "-" + p.EVR() + "." + p.Architecture
}
