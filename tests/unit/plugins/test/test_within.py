# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.evergreen.fleet.plugins.test.within import within

WEEKEND = {"days": ["Sat", "Sun"], "start_time": "22:30", "length_minutes": 60}
OVER_MIDNIGHT = {"days": ["sunday"], "start_time": "23:30", "length_minutes": 120}
ALWAYS = {"days": ["Wed"], "start_time": "0:00", "length_minutes": 7 * 24 * 60}


@pytest.mark.parametrize(
    ("moment", "windows", "expected"),
    [
        ("2026-11-21 22:29", [WEEKEND], False),
        ("2026-11-21 22:30", [WEEKEND], True),
        ("2026-11-22 23:29", [WEEKEND], True),
        ("2026-11-22 23:30", [WEEKEND], False),
        ("2026-11-20 22:45", [WEEKEND], False),
        ("2026-11-22 23:45", [OVER_MIDNIGHT], True),
        ("2026-11-23 01:29", [OVER_MIDNIGHT], True),
        ("2026-11-23 01:30", [OVER_MIDNIGHT], False),
        ("2026-11-24 12:00", [ALWAYS], True),
        ("2026-11-21 22:45", [], False),
        ("2026-11-23 00:10", [WEEKEND, OVER_MIDNIGHT], True),
    ],
)
def test_within(moment: str, windows: list[dict[str, t.Any]], expected: bool) -> None:
    # 21 November 2026 is a Saturday.
    assert within(datetime.datetime.fromisoformat(moment), windows) is expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"days": ["Caturday"]}, "no day of the week"),
        ({"start_time": "24:00"}, "not hh:mm"),
        ({"start_time": 1350}, "in quotes"),
        ({"length_minutes": 0}, "length_minutes"),
        ({"length_minutes": 10081}, "length_minutes"),
        ({"length_minutes": "60"}, "length_minutes"),
        ({"zone": "UTC"}, "a window has"),
    ],
)
def test_bad_window(change: dict[str, t.Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError, match=message):
        within(datetime.datetime(2026, 11, 21, tzinfo=datetime.timezone.utc), [{**WEEKEND, **change}])


def test_not_a_moment() -> None:
    with pytest.raises(AnsibleFilterError, match="now"):
        within("2026-11-21", [WEEKEND])  # type: ignore[arg-type]
