# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The merged document as a text for butane, and a mark for everything in it.

One line holds at most one key and the beginning of its value, so that even an error with nothing but a line number
leads back to one place. Butane reads YAML by rules of its own (``0644`` is octal, ``yes`` can be a boolean): plain
values that it could take for anything but text go out as the author wrote them, all others as quoted text.
"""

from __future__ import annotations

import json
import re

from .document import Mapping, Node, Scalar, Sequence
from .origin import Mark, Marks

# Numbers, booleans, dates and null are made of these characters; nothing in them has a meaning in a flow collection.
_VERBATIM = re.compile(r"~|[-+.]?[0-9A-Za-z_][-+.0-9A-Za-z_]*")

# Not printable for YAML, or a line break to it: json.dumps leaves them as they are.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def emit(root: Mapping) -> tuple[str, Marks]:
    """The text, and the marks in it."""
    lines: list[str] = []
    marks: Marks = {}

    def mark(column: int, node: Node) -> None:
        marks.setdefault(len(lines) + 1, []).append(Mark(column, node))

    def put(node: Node, before: str, after: str) -> None:
        mark(len(before) + 1, node)
        if isinstance(node, Scalar):
            lines.append(f"{before}{_scalar(node)}{after}")
            return
        opening, closing = ("{", "}") if isinstance(node, Mapping) else ("[", "]")
        lines.append(before + opening)
        if isinstance(node, Mapping):
            for name, value in node.items:
                mark(1, name)
                put(value, f"{_quoted(name.text)}: ", ",")
        elif isinstance(node, Sequence):
            for item in node.items:
                put(item, "", ",")
        lines.append(closing + after)

    put(root, "", "")
    return "\n".join(lines) + "\n", marks


def _scalar(node: Scalar) -> str:
    if node.tag:
        return f"!<{node.tag}> {_quoted(node.text)}"
    if node.null:
        return "null"
    if node.plain and _VERBATIM.fullmatch(node.text):
        return node.text
    return _quoted(node.text)


def _quoted(text: str) -> str:
    """A double-quoted YAML scalar. Pairs of surrogates are no YAML, so other characters stay as they are."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
