# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of a Flatcar node, checked as far as it can be without looking at the node."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from .conf import DISABLED

Params = t.Mapping[str, t.Any]

_WORD = re.compile(r"[A-Za-z0-9._:@/-]+")
_URL = re.compile(r"https?://[^\s\"'`$\\/]+(/[^\s\"'`$\\]*)?")
_VERSION = re.compile(r"\d+\.\d+\.\d+(\+\S+)?")
_START = re.compile(r"(?:(?P<day>[A-Za-z]+) +)?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|m|s))+")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Window:
    """When locksmithd may reboot; without a start, always."""

    start: str | None = None
    length: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What is None stays as it is. An empty text takes the key out, so that the default of the system applies."""

    group: str | None = None
    server: str | None = None
    reboot_strategy: str | None = None
    window: Window | None = None
    held: bool | None = None
    version: str | None = None
    upgrade: bool = False
    rolled_back: bool = False
    timeout: int = 3600

    @classmethod
    def from_params(cls, params: Params) -> Wanted:
        """:raises FleetError: options that are malformed or contradict each other."""
        window = params.get("reboot_window")
        wanted = cls(
            group=_group(params.get("group")),
            server=_server(params.get("server")),
            reboot_strategy=params.get("reboot_strategy"),
            window=None if window is None else _window(window),
            held=params.get("held"),
            version=_version(params.get("version")),
            upgrade=bool(params.get("upgrade")),
            rolled_back=params.get("state") == "rolled_back",
            timeout=params["timeout"],
        )
        _check(wanted)
        return wanted


def _check(wanted: Wanted) -> None:
    if wanted.timeout < 1:
        raise FleetError(f"timeout: {wanted.timeout} is no time; give at least 1 second")
    if wanted.rolled_back and wanted.upgrade:
        raise FleetError("upgrade and state: rolled_back exclude each other: one goes forward, the other back")
    if wanted.version is not None and wanted.upgrade:
        raise FleetError("version and upgrade exclude each other: version holds the node where upgrade would move it")
    if wanted.version is not None and not wanted.rolled_back and wanted.held is False:
        raise FleetError("version holds the node at that version, so held cannot be false; leave one of them out")
    if wanted.held and wanted.upgrade:
        raise FleetError("held and upgrade exclude each other: a held node takes no updates")


def _group(group: str | None) -> str | None:
    if group and not _WORD.fullmatch(group):
        raise FleetError(
            f"group: {group!r} is no group; write stable, beta, alpha, lts, or the name that the server has"
        )
    return group


def _server(server: str | None) -> str | None:
    if server == DISABLED:
        raise FleetError("server: disabled stops updates; write held: true, which remembers the server")
    if server and not _URL.fullmatch(server):
        raise FleetError(f"server: {server!r} is no http or https address")
    return server


def _version(version: str | None) -> str | None:
    if version is not None and not _VERSION.fullmatch(version):
        raise FleetError(f"version: {version!r} is no version of Flatcar; write it as 3815.2.1")
    return version


def _window(given: Params) -> Window:
    start, length = given.get("start"), given.get("length")
    if start is None and length is None:
        return Window()
    if start is None or length is None:
        raise FleetError("reboot_window: locksmithd does not start with one of start and length; give both, or {}")
    found = _START.fullmatch(start)
    if found is None:
        raise FleetError(f"reboot_window: start {start!r} is neither hh:mm nor Thu hh:mm; write it in quotes")
    if not _DURATION.fullmatch(length) or not re.search("[1-9]", length):
        raise FleetError(f"reboot_window: length {length!r} is no duration; write it as 1h30m")
    day = f"{_day(found['day'])} " if found["day"] else ""
    return Window(f"{day}{int(found['hour']):02}:{found['minute']}", length)


def _day(name: str) -> str:
    day = name[:3].capitalize()
    full = {"Mon": "day", "Tue": "sday", "Wed": "nesday", "Thu": "rsday", "Fri": "day", "Sat": "urday", "Sun": "day"}
    if day not in _DAYS or name[3:].lower() not in ("", full[day]):
        raise FleetError(f"reboot_window: {name!r} is no day of the week; write {', '.join(_DAYS)}")
    return day
