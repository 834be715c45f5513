# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found beside what is wanted, line by line."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass

from .model import Setting, Value

# Lines that are the same on both sides are left out, but for so many around a difference.
_AROUND = 3


@dataclass(frozen=True)
class Line:
    """A line of a value. ``mark`` is - where only the node has it, + where only the repository has, else a space."""

    mark: str
    text: str


@dataclass(frozen=True)
class Row:
    """A setting for the table of a node. The last two say what there is instead of lines."""

    name: str
    found: tuple[Line, ...]
    wanted: tuple[Line, ...]
    no_found: str
    no_wanted: str


def row(setting: Setting) -> Row:
    """Lists and texts of several lines are shown by line, each marked if the other side has it not."""
    found, wanted = _lines(setting.found), _lines(setting.wanted)
    left: list[Line] = []
    right: list[Line] = []
    for verb, a, b, c, d in difflib.SequenceMatcher(None, found, wanted, autojunk=False).get_opcodes():
        if verb == "equal":
            both = _shortened(found[a:b])
            left.extend(both)
            right.extend(both)
        else:
            left.extend(Line("-", text) for text in found[a:b])
            right.extend(Line("+", text) for text in wanted[c:d])
    return Row(setting.name, tuple(left), tuple(right), _blank(setting.found), _blank(setting.wanted))


def _shortened(same: list[str]) -> list[Line]:
    lines = [Line(" ", text) for text in same]
    left_out = len(lines) - 2 * _AROUND
    if left_out <= 1:
        return lines
    return [*lines[:_AROUND], Line(" ", f"… {left_out} lines …"), *lines[-_AROUND:]]


def _lines(value: Value) -> list[str]:
    if value is None:
        return []
    if isinstance(value, list):
        return [_text(each) for each in value]
    return _text(value).splitlines()


def _blank(value: Value) -> str:
    return "not there" if value is None else "empty"


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
