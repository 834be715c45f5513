# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TOML as far as Zincati's drop-ins need it."""

from __future__ import annotations

import json
import typing as t

from ..errors import FleetError
from ..windows import Window


class Malformed(Exception):
    """The text is not TOML."""


def parse(content: bytes) -> dict[str, t.Any]:
    """The tables of a document.

    :raises Malformed: it is not TOML.
    :raises FleetError: this Python has no TOML parser.
    """
    try:
        import tomllib
    except ImportError as exc:
        raise FleetError(
            "reading Zincati's configuration needs Python 3.11 where the module runs; without async it runs on the "
            "controller, which has that"
        ) from exc
    try:
        return tomllib.loads(content.decode())
    except ValueError as exc:
        raise Malformed(str(exc)) from exc


def render(settings: t.Mapping[tuple[str, ...], t.Any], windows: t.Sequence[Window]) -> bytes:
    """A drop-in. The keys of ``settings`` are paths of TOML keys; those of one table stand together."""
    lines = ["# Written by Ansible, module evergreen.fleet.zincati: changes made here are lost."]
    table: tuple[str, ...] = ()
    for path, value in sorted(settings.items(), key=lambda item: (item[0][:-1], item[0])):
        if path[:-1] != table:
            table = path[:-1]
            lines += ["", f"[{'.'.join(table)}]"]
        lines.append(f"{path[-1]} = {_value(value)}")
    for window in windows:
        lines += ["", "[[updates.periodic.window]]"]
        lines.append(f"days = {_value(list(window.days))}")
        lines.append(f"start_time = {_value(window.start_time)}")
        lines.append(f"length_minutes = {window.length_minutes}")
    return ("\n".join(lines) + "\n").encode()


def _value(value: t.Any) -> str:
    # JSON is TOML for what there is here: booleans, integers, floats with a point, strings without control characters.
    return json.dumps(value, ensure_ascii=False)
