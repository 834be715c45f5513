# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Weekly windows in which a node may reboot, counted as Zincati does: in minutes since Monday 00:00."""

from __future__ import annotations

import datetime
import re
import typing as t
from dataclasses import dataclass

from .errors import FleetError

DAY = 24 * 60
WEEK = 7 * DAY
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

LOCALTIME = "localtime"
"""As a time zone, that of the node."""

ZONES = "/usr/share/zoneinfo/"

WINDOW_OPTIONS: dict[str, dict[str, t.Any]] = {
    "days": {"type": "list", "elements": "str", "required": True},
    "start_time": {"type": "str", "required": True},
    "length_minutes": {"type": "int", "required": True},
}
"""A window as the options of a module."""

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

# A day with daylight saving may lack the hour of a window; a week later it is there.
_HORIZON = 15 * DAY


@dataclass(frozen=True)
class Window:
    """Opens at ``start_time`` (hh:mm) on each of ``days`` (three letters, in the order of the week)."""

    days: tuple[str, ...]
    start_time: str
    length_minutes: int

    def spans(self) -> list[range]:
        """The minutes from each opening on; those past the end of the week are of the next one."""
        hours, _colon, minutes = self.start_time.partition(":")
        start = int(hours) * 60 + int(minutes)
        return [range(at, at + self.length_minutes) for at in (DAYS.index(day) * DAY + start for day in self.days)]

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.start_time} for {self.length_minutes} minutes"


@dataclass(frozen=True)
class Opening:
    """When a node may reboot next, in seconds since 1970. It is open when it began in the past."""

    start: int
    end: int | None
    """None where the windows cover the whole week."""


def minutes(windows: t.Iterable[Window]) -> frozenset[int]:
    """The minutes of the week that the windows cover together."""
    return frozenset(minute % WEEK for window in windows for span in window.spans() for minute in span)


def overlap(windows: t.Iterable[Window]) -> str:
    """Two openings that share minutes, in words; empty when no two do."""
    taken: dict[int, str] = {}
    for window in windows:
        for day, span in zip(window.days, window.spans()):
            opening = f"{day} {window.start_time} for {window.length_minutes} minutes"
            for minute in span:
                if minute % WEEK in taken:
                    return f"{taken[minute % WEEK]} and {opening}"
            taken.update((minute % WEEK, opening) for minute in span)
    return ""


def next_opening(covered: t.Collection[int], now: int, zone: datetime.tzinfo) -> Opening | None:
    """The first minute from now on that is inside a window, and the first one after it that is not.

    Each minute is asked for as the agent does it, so changes of the clock need no rule of their own.
    """

    def inside(at: int) -> bool:
        local = datetime.datetime.fromtimestamp(at, zone)
        return local.weekday() * DAY + local.hour * 60 + local.minute in covered

    this = now - now % 60
    start = next((at for at in range(this, this + _HORIZON * 60, 60) if inside(at)), None)
    if start is None:
        return None
    return Opening(start, next((at for at in range(start, start + _HORIZON * 60, 60) if not inside(at)), None))


def time_zone_complaint(name: str) -> str:
    """Why this is no name of a time zone; empty when it may be one."""
    return "" if _ZONE.fullmatch(name) else f"{name!r} is no name of a time zone such as Europe/Rome, UTC or localtime"


def parse(given: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[Window, ...]:
    """From the option ``windows`` of a module: days, start_time and length_minutes each.

    :raises FleetError: one is malformed or empty, or two overlap.
    """
    windows = tuple(_window(each) for each in given)
    twice = overlap(windows)
    if twice:
        raise FleetError(f"windows: {twice} overlap; make them one window")
    return windows


def _window(given: t.Mapping[str, t.Any]) -> Window:
    if not given["days"]:
        raise FleetError("windows: days is empty, so the window never opens; name at least one day")
    # Zincati takes three letters for every day, and up to 0.0.32 at least not the whole name of Tuesday.
    days = [_day(name) for name in given["days"]]
    start = _TIME.fullmatch(given["start_time"])
    if start is None:
        raise FleetError(f"windows: start_time {given['start_time']!r} is not hh:mm; write it in quotes, as '22:30'")
    length = given["length_minutes"]
    if not 0 < length <= WEEK:
        raise FleetError(f"windows: length_minutes {length} is not from 1 to {WEEK}, the minutes of a week")
    in_order = tuple(sorted(days, key=DAYS.index))
    return Window(in_order, f"{int(start[1]):02}:{start[2]}", length)


def _day(name: str) -> str:
    for day, full in zip(DAYS, FULL_DAYS):
        if name.lower() in (full, day.lower()):
            return day
    raise FleetError(f"windows: {name!r} is no day of the week; write {', '.join(DAYS)}")
