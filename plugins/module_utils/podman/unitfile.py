# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd's unit file format: sections, keys in their order, lines continued with a backslash, comments."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

_SECTION = re.compile(r"\[([^\[\]]+)\]")
_KEY = re.compile(r"([A-Za-z0-9-]+)\s*=(.*)", re.DOTALL)


class BadLine(ValueError):
    """A line that is no section, no key with a value and no comment."""

    def __init__(self, number: int, line: str) -> None:
        super().__init__(f"line {number}: {line!r} is no section, no key with a value and no comment")


@dataclass(frozen=True)
class Entry:
    section: str
    key: str
    value: str


@dataclass(frozen=True)
class UnitFile:
    """A unit file as it was written. ``sections`` also has those without keys."""

    sections: tuple[str, ...]
    entries: tuple[Entry, ...]

    def values(self, section: str, *keys: str) -> tuple[str, ...]:
        """All the values of keys, in the order of the file. An empty value takes back those before it."""
        found: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry.section == section and entry.key in keys:
                found.setdefault(entry.key, [])
                if entry.value:
                    found[entry.key].append(entry.value)
                else:
                    found[entry.key].clear()
        return tuple(value for key in keys for value in found.get(key, ()))

    def value(self, section: str, key: str) -> str | None:
        """The value of a key that counts once: the last one."""
        return (self.values(section, key) or (None,))[-1]

    def words(self, section: str, *keys: str) -> tuple[str, ...]:
        """All the words of keys that take lists."""
        return tuple(word for value in self.values(section, *keys) for word in value.split())


def parse(text: str) -> UnitFile:
    """Parse the content of a unit file.

    :raises BadLine: it is none.
    """
    sections: list[str] = []
    entries: list[Entry] = []
    for number, line in _lines(text):
        section = _SECTION.fullmatch(line)
        if section:
            sections.append(section[1])
            continue
        key = _KEY.fullmatch(line)
        if key is None or not sections:
            raise BadLine(number, line)
        entries.append(Entry(sections[-1], key[1], key[2].strip()))
    return UnitFile(tuple(dict.fromkeys(sections)), tuple(entries))


def _lines(text: str) -> t.Iterator[tuple[int, str]]:
    """The lines with something in them, continued ones joined, each with the number of its first."""
    held, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        # A comment between continued lines does not end them.
        if line.startswith(("#", ";")) or not (line or held):
            continue
        first = first if held else number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield first, (held + line).strip()
        held = ""
    if held:
        yield first, held.strip()
