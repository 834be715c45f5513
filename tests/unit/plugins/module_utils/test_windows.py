# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a node may reboot next, by the clock of its own time zone."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest
from ansible_collections.evergreen.fleet.plugins.module_utils.windows import (
    Window,
    minutes,
    next_opening,
    overlap,
)

WEEKEND = Window(("Sat", "Sun"), "22:30", 60)


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("window", "zone", "now", "start", "end"),
    [
        (WEEKEND, "UTC", "2026-11-19 12:00", "2026-11-21 22:30", "2026-11-21 23:30"),
        (WEEKEND, "UTC", "2026-11-21 23:29", "2026-11-21 23:29", "2026-11-21 23:30"),
        (WEEKEND, "UTC", "2026-11-21 23:30", "2026-11-22 22:30", "2026-11-22 23:30"),
        (WEEKEND, "UTC", "2026-11-22 23:30", "2026-11-28 22:30", "2026-11-28 23:30"),
        (WEEKEND, "America/Toronto", "2026-11-19 12:00", "2026-11-21 22:30", "2026-11-21 23:30"),
        # Over midnight, and over the end of the week.
        (Window(("Sun",), "23:30", 60), "UTC", "2026-11-23 00:10", "2026-11-23 00:10", "2026-11-23 00:30"),
        (Window(("Fri",), "00:00", 2880), "UTC", "2026-11-21 12:00", "2026-11-21 12:00", "2026-11-22 00:00"),
        # The hour that spring leaves out, and the one that autumn has twice.
        (Window(("Sun",), "02:00", 60), "Europe/Rome", "2026-03-29 00:00", "2026-04-05 02:00", "2026-04-05 03:00"),
        (Window(("Sun",), "01:30", 60), "Europe/Rome", "2026-03-29 00:00", "2026-03-29 01:30", "2026-03-29 03:00"),
    ],
)
def test_next_opening(window: Window, zone: str, now: str, start: str, end: str) -> None:
    found = next_opening(minutes([window]), at(now, zone) + 7, zoneinfo.ZoneInfo(zone))
    assert found is not None
    assert (found.start, found.end) == (at(start, zone), at(end, zone))


def test_an_hour_that_is_there_twice_is_open_twice() -> None:
    found = next_opening(
        minutes([Window(("Sun",), "02:00", 60)]), at("2026-10-25 00:00"), zoneinfo.ZoneInfo("Europe/Rome")
    )
    assert found is not None
    assert found.end == found.start + 2 * 3600


def test_always_and_never() -> None:
    always = next_opening(minutes([Window(("Wed",), "12:00", 10080)]), at("2026-11-21 12:00"), datetime.timezone.utc)
    assert always is not None
    assert (always.start, always.end) == (at("2026-11-21 12:00"), None)
    assert next_opening(minutes([]), 0, datetime.timezone.utc) is None


def test_minutes_of_a_week() -> None:
    assert minutes([Window(("Sun",), "23:59", 2)]) == {10079, 0}
    assert len(minutes([WEEKEND, Window(("Sat",), "23:00", 60)])) == 150


def test_openings_that_share_minutes() -> None:
    assert overlap([WEEKEND, Window(("Mon",), "00:00", 5)]) == ""
    assert overlap([WEEKEND, Window(("Sun",), "23:29", 1)]) == "Sun 22:30 for 60 minutes and Sun 23:29 for 1 minutes"
