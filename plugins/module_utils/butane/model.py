# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rest of the package talks about: fragments, places in them, and report entries."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ..errors import FleetError

# Our two YAML tags; what they do is in merge.py.
WORDS = {"!override": "override", "!merge": "merge"}


@dataclass(frozen=True)
class Place:
    """Where something stands in a fragment. Line and column count from 1; columns are characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


def place_at(name: str, text: str, index: int) -> Place:
    """The place of a character, counted the way editors do."""
    return Place(name, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


@dataclass(frozen=True)
class Fragment:
    """A Butane document, or a part of one. ``name`` is what messages call it: a path, or the name of an inline text."""

    name: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One finding about the configuration.

    ``path`` is the JSON path that the tool gave, ``$`` for the document as a whole. ``file`` names a fragment; in
    entries of ignition-validate it is None and the position counts in the Ignition text.
    """

    severity: str  # error, warning or info
    message: str
    path: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    tool: str = "butane"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        # Without a fragment a bare "1:61" would read like one.
        where = place if self.file else self.tool
        first_line = self.message.partition("\n")[0]
        path = f" ({self.path})" if self.path not in (None, "$") else ""
        return f"{where}: {first_line}{path}"


class ConfigError(FleetError):
    """The configuration is refused. The sentence is the first error; ``entries`` holds all of them as data."""

    def __init__(self, entries: t.Sequence[Entry]) -> None:
        self.entries = tuple(entries)
        first = next((entry for entry in entries if entry.severity == "error"), self.entries[0])
        others = len(self.entries) - 1
        more = "" if not others else f" (and {others} more, see entries)"
        super().__init__(f"{first}{more}", entries=[asdict(entry) for entry in self.entries])


def refused(place: Place, message: str) -> ConfigError:
    """The error for one thing at one place that this package finds itself."""
    return ConfigError([Entry("error", message, None, place.file, place.line, place.column, tool="evergreen.fleet")])
