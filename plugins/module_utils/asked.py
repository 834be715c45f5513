# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node that was asked everything at once, for a module that brings several domains together."""

from __future__ import annotations

import typing as t

from .node import Completed, File, Node, Source


class Asked:
    """Answers gather() and read() from one round trip, until something is done on the node."""

    def __init__(self, node: Node, sources: t.Iterable[Source]) -> None:
        self.name = node.name
        self._node = node
        wanted = {_key(source): source for source in sources}
        self._known = node.gather({str(key): source for key, source in wanted.items()})

    def gather(self, wanted: t.Mapping[str, Source]) -> dict[str, Completed | File | None]:
        if not all(str(_key(source)) in self._known for source in wanted.values()):
            return self._node.gather(wanted)
        return {name: self._known[str(_key(source))] for name, source in wanted.items()}

    def read(self, paths: t.Iterable[str]) -> dict[str, File | None]:
        found = self.gather({path: path for path in paths})
        return {path: file for path, file in found.items() if not isinstance(file, Completed)}

    def run(
        self,
        argv: t.Sequence[str],
        stdin: bytes | None = None,
        ok: t.Collection[int] = (0,),
        timeout: float | None = None,
    ) -> Completed:
        self._known = {}
        return self._node.run(argv, stdin=stdin, ok=ok, timeout=timeout)

    def write(
        self, path: str, content: bytes, mode: int = 0o644, owner: str | None = None, group: str | None = None
    ) -> None:
        self._known = {}
        self._node.write(path, content, mode, owner, group)

    def remove(self, path: str) -> None:
        self._known = {}
        self._node.remove(path)


def _key(source: Source) -> tuple[str, ...] | str:
    return source if isinstance(source, str) else tuple(source)
