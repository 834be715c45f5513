# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the file that is there and the config that is wanted to what has to be done."""

from __future__ import annotations

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.butane.plan import Wanted, plan
from ansible_collections.evergreen.fleet.plugins.module_utils.node import File
from ansible_collections.evergreen.fleet.plugins.module_utils.outcome import Write

OLD = b'{"ignition":{"version":"3.4.0"}}\n'
NEW = b'{"ignition":{"version":"3.5.0"}}\n'


@pytest.mark.parametrize(
    ("current", "wanted", "reason"),
    [
        (None, {}, "it does not exist"),
        (File(NEW, 0o600, "root", "root"), {}, None),
        (File(NEW, 0o600, "core", "wheel"), {}, None),
        (File(NEW, 0o600, "core", "wheel"), {"owner": "core", "group": "wheel"}, None),
        (File(OLD, 0o600, "root", "root"), {}, "the config differs"),
        (File(NEW, 0o644, "root", "root"), {}, "mode is 0644, not 0600"),
        (File(NEW, 0o4600, "root", "root"), {}, "mode is 4600, not 0600"),
        (File(NEW, 0o600, "root", "root"), {"owner": "core"}, "owner is root, not core"),
        (
            File(OLD, 0o640, "a", "b"),
            {"mode": 0o600, "owner": "c", "group": "d"},
            "the config differs; mode is 0640, not 0600; owner is a, not c; group is b, not d",
        ),
    ],
)
def test_plan(current: File | None, wanted: dict[str, object], reason: str | None) -> None:
    arguments = {"mode": 0o600, "owner": None, "group": None, **wanted}
    steps = plan(current, Wanted("/x/a.ign", NEW, **arguments)).steps
    assert steps == (() if reason is None else (Write("/x/a.ign", NEW, reason, **arguments),))


def test_the_difference() -> None:
    made = plan(File(OLD, 0o644, "root", "root"), Wanted("/x/a.ign", NEW, 0o600, group="wheel"))
    attributes = {"path": "/x/a.ign", "mode": "0644", "group": "root"}
    assert made.before == {**attributes, "ignition": {"ignition": {"version": "3.4.0"}}}
    assert made.after == {
        **attributes,
        "mode": "0600",
        "group": "wheel",
        "ignition": {"ignition": {"version": "3.5.0"}},
    }


def test_a_new_file_has_no_before() -> None:
    assert plan(None, Wanted("/x/a.ign", NEW, 0o600)).before == {}


def test_other_bytes_of_the_same_config_are_said() -> None:
    made = plan(File(NEW.replace(b":", b": "), 0o600, "root", "root"), Wanted("/x/a.ign", NEW, 0o600))
    assert made.before["ignition"] == made.after["ignition"]
    assert made.after["note"] == "the same config in other bytes"


@pytest.mark.parametrize(
    "content", [b"", b"password=1", b"\xff\xfe", b"{}", b'{"ignition": 1}', b"- a", b"a: [", b"null", b'{"a":' * 5000]
)
def test_what_is_no_config_is_not_shown(content: bytes) -> None:
    before = plan(File(content, 0o600, "root", "root"), Wanted("/x/a.ign", NEW, 0o600)).before
    assert before["ignition"] == f"no Ignition config, {len(content)} bytes: hidden value 1"
