# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of Zincati, checked as far as it can be without looking at the node."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from . import rules
from .configuration import KEYS
from .drop_ins import SUFFIX
from .toml import render
from .windows import DAYS, FULL_DAYS, WEEK, Window, overlap

Params = t.Mapping[str, t.Any]

RUNNING = "running"
MASKED = "masked"

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Wanted:
    """``settings`` are those that were given, by name. Without any there is to be no drop-in of ours."""

    drop_in: str
    settings: t.Mapping[str, t.Any]
    windows: tuple[Window, ...] = ()
    absent_drop_ins: tuple[str, ...] = ()
    service: str | None = None

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        settings = {name: params[name] for name in KEYS if params.get(name) is not None}
        windows = _windows(params.get("windows"))
        wanted = cls(
            drop_in=_file_name("drop_in", params["drop_in"]),
            settings={name: _valid(name, value) for name, value in settings.items()},
            windows=windows,
            absent_drop_ins=tuple(_file_name("absent_drop_ins", name) for name in params.get("absent_drop_ins") or ()),
            service=params.get("service"),
        )
        _check_strategy(wanted, params)
        _check_state(wanted, params)
        return wanted

    @property
    def content(self) -> bytes | None:
        """Of the drop-in; None when there shall be none."""
        if not self.settings:
            return None
        return render({KEYS[name]: value for name, value in self.settings.items()}, self.windows)


def _file_name(option: str, name: str) -> str:
    if not name.endswith(SUFFIX):
        raise FleetError(f"{option}: {name!r} does not end in {SUFFIX}, and Zincati ignores every other file")
    if "/" in name or name.startswith("."):
        raise FleetError(f"{option}: {name!r} is no name of a drop-in; write it without a folder, as 60-example.toml")
    return name


def _valid(name: str, value: t.Any) -> t.Any:
    check = rules.url if name.endswith("_url") else rules.RULES.get(name)
    wrong = check(value) if check else ""
    if wrong:
        raise FleetError(f"{name}: {wrong}")
    return value.replace("-", "").lower() if name == "node_uuid" else value


def _check_state(wanted: Wanted, params: Params) -> None:
    if wanted.drop_in in wanted.absent_drop_ins:
        raise FleetError(
            f"absent_drop_ins: {wanted.drop_in} is the module's own drop-in; use state: absent to remove it"
        )
    if params.get("state") == "absent":
        for given in wanted.settings:
            raise FleetError(f"state: absent removes the drop-in, so {given} cannot be given with it")
    elif not wanted.settings:
        raise FleetError("give at least one setting for the drop-in to have, or state: absent")


def _check_strategy(wanted: Wanted, params: Params) -> None:
    strategy = wanted.settings.get("strategy")
    if strategy == rules.PERIODIC and not wanted.windows:
        raise FleetError("windows: strategy periodic needs at least one, for without a window the node never updates")
    if strategy != rules.PERIODIC:
        for option in ("windows", "time_zone"):
            if params.get(option) is not None:
                raise FleetError(f"{option} is for strategy periodic only; set strategy to periodic, or leave it out")
    if (strategy == rules.FLEET_LOCK) != ("fleet_lock_url" in wanted.settings):
        raise FleetError("strategy fleet_lock and fleet_lock_url, the address of the lock server, go together")


def _windows(given: t.Sequence[Params] | None) -> tuple[Window, ...]:
    windows = tuple(_window(each) for each in given or ())
    twice = overlap(windows)
    if twice:
        raise FleetError(f"windows: {twice} overlap; make them one window")
    return windows


def _window(given: Params) -> Window:
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
