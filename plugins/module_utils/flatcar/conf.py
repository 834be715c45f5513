# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""update.conf: lines of KEY=VALUE that update-engine, locksmithd and shell scripts read, each in a way of its own."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

DISABLED = "disabled"
"""As the SERVER, it stops updates."""

# Where a held node keeps the server that it goes back to.
_HELD = "# evergreen.fleet.flatcar_update goes back to SERVER="


@dataclass(frozen=True)
class Conf:
    """The lines of a file."""

    lines: tuple[str, ...] = ()

    @classmethod
    def parse(cls, content: bytes | None) -> Conf:
        text = (content or b"").decode(errors="surrogateescape")
        lines = text.split("\n")
        # What follows the last line end is no line.
        return cls(tuple(lines[:-1] if lines[-1] == "" else lines))

    def render(self) -> bytes:
        return "".join(f"{line}\n" for line in self.lines).encode(errors="surrogateescape")

    def get(self, key: str) -> str | None:
        """As update-engine reads it: what stands behind the sign of equality, quotes and all. The last one counts."""
        found = [value for name, value in map(_pair, self.lines) if name == key]
        return found[-1] if found else None

    def unquoted(self, key: str) -> str | None:
        """As systemd and shells read it."""
        value = self.get(key)
        if value is None:
            return None
        value = value.strip()
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value

    @property
    def held(self) -> bool:
        return self.get("SERVER") == DISABLED

    @property
    def server_before(self) -> str | None:
        """Where a held node goes back to."""
        return next((line[len(_HELD) :] for line in self.lines if line.startswith(_HELD)), None)

    def put(self, key: str, value: str | None) -> Conf:
        """With this value, in the place where the key first stands, else at the end. None takes the key out."""
        lines: list[str] = []
        new = None if value is None else f"{key}={value}"
        for line in self.lines:
            if _pair(line)[0] != key:
                lines.append(line)
            elif new is not None:
                lines.append(new)
                new = None
        return Conf((*lines, *([] if new is None else [new])))

    def hold(self, server: str | None) -> Conf:
        """Without updates.

        :arg server: where to go back to; None for the server of the system.
        """
        if self.held and self.server_before == server:
            return self
        note = [] if server is None else [f"{_HELD}{server}"]
        return Conf((*self._without_note().lines, *note)).put("SERVER", DISABLED)

    def release(self, server: str | None) -> Conf:
        """With updates from this server; None for that of the system."""
        return self._without_note().put("SERVER", server)

    def _without_note(self) -> Conf:
        return Conf(tuple(line for line in self.lines if not line.startswith(_HELD)))


def quoted(value: str) -> str:
    """For systemd and for shells that source the file; update-engine, which takes quotes as they are, has no blanks."""
    return f'"{value}"' if " " in value else value


def _pair(line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    return (key.strip(), value) if equals else ("", "")


def effective(confs: t.Sequence[Conf], key: str, *, unquoted: bool = False) -> str | None:
    """What the first file that has the key says."""
    values = (conf.unquoted(key) if unquoted else conf.get(key) for conf in confs)
    return next((value for value in values if value is not None), None)
