# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What real nodes have printed."""

from __future__ import annotations

import re

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.flatcar import slots, status
from ansible_collections.evergreen.fleet.plugins.module_utils.node import Completed

from .build import FIXTURES

recorded = pytest.mark.skipif(not FIXTURES.is_dir(), reason=f"no recorded outputs in {FIXTURES}")


def outputs() -> dict[str, str]:
    """The outputs in the document, by their number; the lines on stderr among them are noise."""
    text = (FIXTURES / "update_engine_client-status.md").read_text(encoding="utf-8")
    return {part[0]: part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part[0].isdigit()}


@recorded
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("1", [status.Status("UPDATE_STATUS_IDLE", 0, None, 0, 1712854417)]),
        ("2", [status.Status("UPDATE_STATUS_UPDATED_NEED_REBOOT", 0, None, 193158430, 1457200669)]),
        ("3", [status.Status("UPDATE_STATUS_DOWNLOADING", 0.080264, "1284.0.0", 267797159, 1483651389)]),
        (
            "4",
            [
                status.Status("UPDATE_STATUS_UPDATE_AVAILABLE", 0, "3815.2.1", 458234665, 1712854417),
                status.Status("UPDATE_STATUS_DOWNLOADING", 0.160216, "3815.2.1", 458234665, 1712854417),
            ],
        ),
        ("5", []),
        ("6", []),
    ],
)
def test_status(number: str, expected: list[status.Status]) -> None:
    assert status.parse(outputs()[number]) == expected


@recorded
def test_an_answer_to_somebody_who_is_not_root() -> None:
    answer = status.read(Completed((), 0, outputs()["5"], ""))
    assert answer.status is None
    assert "run the task with become" in answer.missing


@recorded
@pytest.mark.parametrize(
    ("name", "following", "bootable"),
    [
        ("disk-usr-a-active", "USR-A", ["USR-A"]),
        ("1-fresh", "USR-A", ["USR-A"]),
        ("2-update-staged", "USR-B", ["USR-A", "USR-B"]),
        # Its one try is used up, and nobody has marked it as good: the next boot is the old system again.
        ("3-booted-new-not-marked", "USR-A", ["USR-A"]),
        ("4-booted-new-marked", "USR-B", ["USR-A", "USR-B"]),
        ("5-rolled-back", "USR-A", ["USR-A", "USR-B"]),
    ],
)
def test_slots(name: str, following: str, bootable: list[str]) -> None:
    (path,) = FIXTURES.glob(f"cgpt-*{name}.txt")
    found = slots.parse(f"booted 3\ndevice 3 /dev/sda3\n{path.read_text(encoding='utf-8')}", "3760.2.0")
    assert [(slot.label, slot.number, slot.device) for slot in found] == [("USR-A", 3, "/dev/sda3"), ("USR-B", 4, "")]
    assert [slot.version for slot in found] == ["3760.2.0", None]
    assert [slot.booted for slot in found] == [True, False]
    boots_next = slots.following(found)
    assert boots_next is not None
    assert boots_next.label == following
    assert [slot.label for slot in found if slot.bootable] == bootable


def test_no_slots() -> None:
    assert slots.parse("", "3760.2.0") == ()
    assert slots.following([]) is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [("3760.2.0", "3815.2.1"), ("999.0.0", "1284.0.0"), ("3815.2.1+nightly-20240101", "3815.2.10")],
)
def test_versions(older: str, newer: str) -> None:
    assert slots.order(older) < slots.order(newer)
