# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a line that butane names back to the fragment it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .document import Mapping, Node, Scalar, Sequence
from .model import Entry, Place


@dataclass(frozen=True)
class Mark:
    """A node that begins in a certain column of a line of the text that butane reads."""

    column: int
    node: Node


# Under the number of the line, in the order of the text.
Marks = dict[int, list[Mark]]


def marks(root: Mapping) -> Marks:
    """The marks of a document in the text it was parsed from."""
    found: Marks = {}

    def visit(node: Node) -> None:
        found.setdefault(node.place.line, []).append(Mark(node.place.column, node))
        if isinstance(node, Mapping):
            for name, value in node.items:
                visit(name)
                visit(value)
        elif isinstance(node, Sequence):
            for item in node.items:
                visit(item)

    visit(root)
    return found


def origin(entry: Entry, found: Marks, root: Mapping) -> Entry:
    """The entry with the place in a fragment that it speaks of; unchanged when there is none."""
    place = None
    if entry.line is not None:
        place = _choose(found.get(entry.line, []), entry)
    elif entry.path is not None:
        place = _follow(root, entry.path)
    if place is None:
        return entry
    return replace(entry, file=place.file, line=place.line, column=place.column)


def _follow(root: Mapping, path: str) -> Place:
    """The place of the node at the end of a JSON path, or of the last one on the way that exists."""
    node: Node | None = root
    place = root.place
    for part in path.split(".")[1:]:
        if isinstance(node, Mapping):
            node = node.get(part)
        elif isinstance(node, Sequence) and part.isdigit() and int(part) < len(node.items):
            node = node.items[int(part)]
        else:
            node = None
        if node is None:
            break
        place = node.place
    return place


def _choose(candidates: list[Mark], entry: Entry) -> Place | None:
    if entry.column is not None:
        fitting = [mark for mark in candidates if mark.column == entry.column]
    # The YAML decoder names only a line; what it says of the node tells which one it means.
    elif "!!map" in entry.message:
        fitting = [mark for mark in candidates if isinstance(mark.node, Mapping)]
    elif "!!seq" in entry.message:
        fitting = [mark for mark in candidates if isinstance(mark.node, Sequence)]
    else:
        fitting = [mark for mark in candidates if isinstance(mark.node, Scalar)]
    # A key comes before its value.
    chosen = fitting or candidates
    return chosen[-1].node.place if chosen else None
