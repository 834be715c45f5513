# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test within: is a moment inside one of the weekly windows?"""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible.errors import AnsibleFilterError

WEEK = 7 * 24 * 60
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def within(moment: datetime.datetime, windows: t.Sequence[t.Mapping[str, t.Any]]) -> bool:
    """Whether the moment is inside any window; a window may reach over midnight and over the end of the week."""
    if not isinstance(moment, datetime.datetime):
        raise AnsibleFilterError(f"within: {moment!r} is not a date and time; use now(utc=true)")
    now = moment.weekday() * 24 * 60 + moment.hour * 60 + moment.minute
    return any((now - start) % WEEK < length for window in windows for start, length in _spans(window))


def _spans(window: t.Mapping[str, t.Any]) -> list[tuple[int, int]]:
    """Start and length of a window on each of its days, in minutes of the week."""
    if set(window) != {"days", "start_time", "length_minutes"}:
        raise AnsibleFilterError(f"within: a window has days, start_time and length_minutes, this one {sorted(window)}")
    length = window["length_minutes"]
    if not isinstance(length, int) or isinstance(length, bool) or not 0 < length <= WEEK:
        raise AnsibleFilterError(f"within: length_minutes {length!r} is not from 1 to {WEEK}, the minutes of a week")
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(window["start_time"]))
    if not found:
        raise AnsibleFilterError(f"within: start_time {window['start_time']!r} is not hh:mm; write it in quotes")
    minute = int(found[1]) * 60 + int(found[2])
    return [(_day(day) * 24 * 60 + minute, length) for day in window["days"]]


def _day(name: str) -> int:
    """The number of a weekday; the first three letters are enough, as in Zincati's windows."""
    for number, day in enumerate(DAYS):
        if name.lower() in (day, day[:3]):
            return number
    raise AnsibleFilterError(f"within: {name!r} is no day of the week")


class TestModule:
    """What Ansible loads."""

    def tests(self) -> dict[str, t.Callable[..., bool]]:
        return {"within": within}
