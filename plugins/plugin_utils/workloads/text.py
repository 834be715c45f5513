# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of unit files: sections, lines, and what a user's value must become to arrive as it is."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.evergreen.fleet.plugins.module_utils.errors import FleetError

Options = t.Mapping[str, t.Any]

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_SECTION = re.compile(r"[A-Za-z][A-Za-z-]*")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9@%_+=:,./$-]+")


class UnitText:
    """The sections of a unit file, in the order in which they are first named."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._sections: dict[str, list[str]] = {}

    def add(self, section: str, **values: t.Any) -> None:
        """Add ``Key=value``; of a list each element, and nothing for None."""
        lines = self._sections.setdefault(section, [])
        for key, value in values.items():
            for each in value if isinstance(value, list | tuple) else [value]:
                if each is not None:
                    lines.append(f"{key}={one_line(f'{self._where}: {key}=', each)}")

    def extend(self, extra: Options) -> None:
        """Add the lines of the user's own. Of a key that counts once, podman and systemd take the last one."""
        for section, values in extra.items():
            if not _SECTION.fullmatch(str(section)) or not isinstance(values, dict):
                raise FleetError(f"{self._where}: extra is sections, and in them keys with values, not {section!r}")
            for key, value in values.items():
                if not _KEY.fullmatch(str(key)):
                    raise FleetError(f"{self._where}: extra: {key!r} is no key of a unit file")
                self.add(section, **{key: value})

    def __str__(self) -> str:
        return "\n".join("\n".join([f"[{name}]", *lines, ""]) for name, lines in self._sections.items())


def one_line(where: str, value: t.Any) -> str:
    """The text of a value. What YAML reads as true and false is written in lower case, as programs take it.

    :raises FleetError: it has several lines, or is none.
    """
    if isinstance(value, dict | list | tuple) or value is None:
        raise FleetError(f"{where} must be one value")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\n" in text or "\r" in text or "\0" in text:
        raise FleetError(f"{where} must be one line; put longer texts into files")
    return text


def literal(text: str) -> str:
    """A text in which systemd finds no variable and no specifier."""
    return text.replace("%", "%%").replace("$", "$$")


def word(text: str) -> str:
    """One argument in systemd's quoting, taken as it is."""
    text = literal(text)
    if _PLAIN_WORD.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
