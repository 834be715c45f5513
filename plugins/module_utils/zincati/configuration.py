# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all drop-ins say together, and what the agent would not take of it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ..windows import DAYS, FULL_DAYS, WEEK, Window
from . import rules, toml
from .drop_ins import DropIn

KEYS: t.Mapping[str, tuple[str, ...]] = {
    "enabled": ("updates", "enabled"),
    "allow_downgrade": ("updates", "allow_downgrade"),
    "strategy": ("updates", "strategy"),
    "group": ("identity", "group"),
    "node_uuid": ("identity", "node_uuid"),
    "rollout_wariness": ("identity", "rollout_wariness"),
    "cincinnati_url": ("cincinnati", "base_url"),
    "fleet_lock_url": ("updates", "fleet_lock", "base_url"),
    "time_zone": ("updates", "periodic", "time_zone"),
    "steady_interval_secs": ("agent", "timing", "steady_interval_secs"),
}
"""Where a drop-in has each setting."""

DEFAULTS: t.Mapping[str, t.Any] = {
    "enabled": True,
    "allow_downgrade": False,
    "strategy": rules.IMMEDIATE,
    "group": "default",
    "node_uuid": None,
    "rollout_wariness": None,
    "cincinnati_url": None,
    "fleet_lock_url": None,
    "time_zone": "UTC",
    "steady_interval_secs": 300,
}
"""What the agent takes without any drop-in. Its UUID then comes from the machine id, its wariness from the server."""

_TYPES: t.Mapping[str, tuple[type, ...]] = {
    "enabled": (bool,),
    "allow_downgrade": (bool,),
    "rollout_wariness": (float, int),
    "steady_interval_secs": (int,),
}

# As the agent takes them: up to 0.0.32 at least, it misses "tuesday".
_DAYS = {name: DAYS[at] for at, day in enumerate(FULL_DAYS) for name in (day, day[:3]) if name != "tuesday"}


@dataclass(frozen=True)
class Setting:
    value: t.Any
    path: str
    """The drop-in that says so."""


@dataclass(frozen=True)
class Configuration:
    """The merged drop-ins. ``complaints`` are why the agent would not start with them."""

    settings: t.Mapping[str, Setting] = field(default_factory=dict)
    windows: tuple[tuple[Window, str], ...] = ()
    """With the path of the drop-in. The agent adds up those of all."""
    complaints: tuple[str, ...] = ()

    def value(self, name: str) -> t.Any:
        return self.settings[name].value if name in self.settings else DEFAULTS[name]

    @property
    def schedule(self) -> tuple[Window, ...]:
        return tuple(window for window, _path in self.windows)


def merge(drop_ins: t.Iterable[DropIn]) -> Configuration:
    """Of drop-ins in the order of ranked(), those that the agent reads. A later one overrides single settings."""
    settings: dict[str, Setting] = {}
    windows: list[tuple[Window, str]] = []
    complaints: list[str] = []
    for drop_in in drop_ins:
        if drop_in.ignored:
            continue
        if not drop_in.readable:
            complaints.append(f"{drop_in.path}: the user zincati may not read it; it needs mode 0644")
            continue
        try:
            document = toml.parse(drop_in.content)
        except toml.Malformed as exc:
            complaints.append(f"{drop_in.path}: {exc}")
            continue
        reader = _Reader(drop_in.path, document)
        settings.update(reader.settings())
        windows += ((window, drop_in.path) for window in reader.windows())
        complaints += reader.complaints
    merged = Configuration(settings, tuple(windows))
    return replace(merged, complaints=(*complaints, *_missing(merged)))


class _Reader:
    """One drop-in. Keys that the agent does not know, it ignores."""

    def __init__(self, path: str, document: dict[str, t.Any]) -> None:
        self.complaints: list[str] = []
        self._path = path
        self._document = document

    def settings(self) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for name, keys in KEYS.items():
            value = self._find(keys)
            if value is None:
                continue
            if value == "" and name != "time_zone":
                # The agent's own default, whatever drop-ins before say.
                found[name] = Setting(DEFAULTS[name], self._path)
                continue
            types = _TYPES.get(name, (str,))
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                self._complain(keys, f"{value!r} is of the wrong type")
                continue
            wrong = rules.RULES[name](value) if name in rules.RULES else ""
            if wrong:
                self._complain(keys, wrong)
                continue
            found[name] = Setting(value, self._path)
        return found

    def windows(self) -> list[Window]:
        keys = ("updates", "periodic", "window")
        tables = self._find(keys)
        if tables is None:
            return []
        if not isinstance(tables, list):
            self._complain(keys, "it is no list of tables")
            return []
        found = []
        for table in tables:
            wrong = _window_complaint(table)
            if wrong:
                self._complain(keys, wrong)
            else:
                days = {_DAYS[day.lower()] for day in table["days"]}
                hours, minutes = (int(part) for part in table["start_time"].split(":"))
                ordered = tuple(day for day in DAYS if day in days)
                found.append(Window(ordered, f"{hours:02}:{minutes:02}", table["length_minutes"]))
        return found

    def _find(self, keys: t.Sequence[str]) -> t.Any:
        at: t.Any = self._document
        for depth, key in enumerate(keys):
            if not isinstance(at, dict):
                self._complain(keys[:depth], "it is no table")
                return None
            at = at.get(key, {} if depth < len(keys) - 1 else None)
        return at

    def _complain(self, keys: t.Sequence[str], wrong: str) -> None:
        complaint = f"{self._path}: {'.'.join(keys)}: {wrong}"
        if complaint not in self.complaints:
            self.complaints.append(complaint)


def _window_complaint(table: t.Any) -> str:
    if not isinstance(table, dict) or not {"days", "start_time", "length_minutes"} <= set(table):
        return "a window has days, start_time and length_minutes"
    days, start, length = table["days"], table["start_time"], table["length_minutes"]
    if not isinstance(days, list) or not all(isinstance(day, str) for day in days):
        return f"days: {days!r} is no list of texts"
    unknown = [day for day in days if day.lower() not in _DAYS]
    if unknown:
        return f"days: {unknown[0]!r} is none of {', '.join(DAYS)}"
    parts = start.split(":") if isinstance(start, str) else ()
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        return f"start_time: {start!r} is not hh:mm"
    if int(parts[0]) > 23 or int(parts[1]) > 59:
        return f"start_time: {start!r} is no time of the day"
    if not isinstance(length, int) or isinstance(length, bool) or not 0 < length <= WEEK:
        return f"length_minutes: {length!r} is not from 1 to {WEEK}, the minutes of a week"
    return ""


def _missing(merged: Configuration) -> list[str]:
    """What the agent must be told and is not."""
    strategy = merged.value("strategy")
    missing = []
    if not merged.value("cincinnati_url"):
        missing.append("no drop-in has cincinnati.base_url, the address of the update graph")
    if strategy == rules.FLEET_LOCK and not merged.value("fleet_lock_url"):
        missing.append("the strategy is fleet_lock and no drop-in has updates.fleet_lock.base_url")
    # A window without days never opens.
    if strategy == rules.PERIODIC and not any(window.days for window in merged.schedule):
        missing.append("the strategy is periodic and no drop-in has a window")
    return missing
