# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the node remembers of a set."""

from __future__ import annotations

from dataclasses import dataclass

ENDING = ".evergreen"
"""Of the file beside the Quadlet files, which no generator reads."""


@dataclass(frozen=True)
class Manifest:
    """What a set consists of on the node. ``restarts`` are units that a run which did not end left to restart."""

    files: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    restarts: tuple[str, ...] = ()

    def text(self) -> bytes:
        lines = ["# Written by evergreen.fleet.quadlet: what belongs to this set. The module removes what it lists."]
        for kind, names in self._lines():
            lines += [f"{kind} {name}" for name in names]
        return "\n".join([*lines, ""]).encode()

    def _lines(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("file", self.files), ("unit", self.units), ("secret", self.secrets), ("restart", self.restarts)

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        found: dict[str, list[str]] = {"file": [], "unit": [], "secret": [], "restart": []}
        for line in content.decode(errors="replace").splitlines():
            kind, _space, name = line.partition(" ")
            if kind in found and name:
                found[kind].append(name)
        return cls(tuple(found["file"]), tuple(found["unit"]), tuple(found["secret"]), tuple(found["restart"]))
