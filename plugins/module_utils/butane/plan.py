# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to the Ignition file, and the same as a difference."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..errors import FleetError
from ..node import File
from ..outcome import Plan, Write
from .output import load

if t.TYPE_CHECKING:
    from .view import Hidden


@dataclass(frozen=True)
class Wanted:
    """The Ignition file as it shall be. ``owner`` and ``group`` None: any; a written file gets those of the process."""

    dest: str
    content: bytes
    mode: int
    owner: str | None = None
    group: str | None = None
    secret_files: tuple[str, ...] = ()


def plan(current: File | None, wanted: Wanted) -> Plan:
    """The step that makes the file what it shall be; none when it is."""
    after = _attributes(wanted.dest, wanted.mode, wanted.owner, wanted.group)
    before: dict[str, t.Any] = {}
    reasons = ["it does not exist"]
    if current is not None:
        now = _attributes(wanted.dest, current.mode, current.owner, current.group)
        before = {name: now[name] for name in after}
        reasons = ["the config differs"] if current.content != wanted.content else []
        reasons += [f"{name} is {before[name]}, not {after[name]}" for name in after if before[name] != after[name]]
    if not reasons:
        return Plan()
    if current is None or current.content != wanted.content:
        from .view import Hidden  # not for an unchanged file: see source.py

        hidden = Hidden()
        if current is not None:
            before["ignition"] = _view(current.content, wanted.secret_files, hidden)
        after["ignition"] = _view(wanted.content, wanted.secret_files, hidden)
        if before.get("ignition") == after["ignition"]:
            after["note"] = "the same config in other bytes"
    step = Write(wanted.dest, wanted.content, "; ".join(reasons), wanted.mode, wanted.owner, wanted.group)
    return Plan((step,), before, after)


def _attributes(path: str, mode: int, owner: str | None, group: str | None) -> dict[str, t.Any]:
    given = {"path": path, "mode": f"{mode:04o}", "owner": owner, "group": group}
    return {name: value for name, value in given.items() if value is not None}


def _view(content: bytes, secret_files: tuple[str, ...], hidden: Hidden) -> t.Any:
    from .view import view

    try:
        return view(load(content.decode()).whole, secret_files, hidden)
    except (FleetError, UnicodeDecodeError, RecursionError):
        return f"no Ignition config, {len(content)} bytes: {hidden(content.decode('latin-1'))}"
