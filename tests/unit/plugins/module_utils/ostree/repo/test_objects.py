# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Key files, and the objects that the module writes itself."""

from __future__ import annotations

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import gvariant
from ansible_collections.evergreen.fleet.plugins.module_utils.ostree.repo import keyfile, objects

from .build import commit_object, signatures_file, summary_file

CONFIG = """\
# ours
[core]
repo_version=1
mode = archive-z2

[remote "up"]
url=https://old.example
proxy=http://user:secret@proxy.example

[remote "other"]
url=https://other.example
"""

CHANGES = {
    "nothing": ("core", {"mode": "archive-z2"}, CONFIG),
    "another value": ('remote "up"', {"url": "https://new"}, CONFIG.replace("https://old.example", "https://new")),
    "a key more, behind the others of its group": (
        'remote "up"',
        {"gpg-verify": "true"},
        CONFIG.replace("proxy.example\n", "proxy.example\ngpg-verify=true\n"),
    ),
    "a key less": ('remote "up"', {"url": None}, CONFIG.replace("url=https://old.example\n", "")),
    "a key that is not there": ('remote "up"', {"tls-ca-path": None}, CONFIG),
    "a new group": ('remote "new"', {"url": "x"}, CONFIG + '\n[remote "new"]\nurl=x\n'),
}


@pytest.mark.parametrize(("group", "wanted", "expected"), CHANGES.values(), ids=CHANGES)
def test_change(group: str, wanted: dict[str, str | None], expected: str) -> None:
    assert keyfile.change(CONFIG, group, wanted) == expected
    assert keyfile.change(expected, group, wanted) == expected


def test_an_empty_file() -> None:
    assert keyfile.change("", "core", {"mode": "bare"}) == "[core]\nmode=bare\n"
    assert keyfile.keys("", "core") == {}


@pytest.mark.parametrize("length", [0, 1, 64, 200, 250, 251, 252, 253, 254, 300, 65_300])
def test_signatures_are_added_to_what_is_there(length: int) -> None:
    other = gvariant.dump_dictionary({"ostree.gpgsigs": ("aay", gvariant.dump_byte_strings([b"g" * length]))})
    signed = objects.with_signature(objects.with_signature(other, b"1" * 64), b"2" * 64)
    assert objects.signatures(signed, objects.GPG) == (b"g" * length,)
    assert objects.signatures(signed, objects.ED25519) == (b"1" * 64, b"2" * 64)
    assert objects.with_signature(b"", b"1" * 64) == signatures_file(b"1" * 64)


def test_a_commit_and_a_summary() -> None:
    commit = objects.commit("c" * 64, commit_object("tree", 1700000000, ["a", "b"]))
    assert (commit.timestamp, commit.bindings, commit.parent) == (1700000000, ("a", "b"), None)
    assert commit.fits("a", None)
    assert not commit.fits("x", None)
    # Both bindings count where there is a collection ID.
    assert not commit.fits("a", "org.example.Fleet")
    summary = objects.summary(summary_file({"a": "1" * 64, "b/c": "2" * 64}, ["3" * 64], "org.example.Fleet"))
    assert summary.refs == {"a": "1" * 64, "b/c": "2" * 64}
    assert (summary.deltas, summary.collection) == (frozenset(["3" * 64]), "org.example.Fleet")
    assert objects.summary(summary_file({}, [], None)).refs == {}


@pytest.mark.parametrize("read", [lambda data: objects.commit("c" * 64, data), objects.summary])
def test_half_an_object_is_an_error(read: object) -> None:
    assert callable(read)
    whole = (
        commit_object("tree", bindings=["a"])
        if read is not objects.summary
        else summary_file({"a": "1" * 64}, [], None)
    )
    with pytest.raises(gvariant.NotVariant):
        read(whole[: len(whole) // 2])
