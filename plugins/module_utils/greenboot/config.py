# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""greenboot.conf: shell assignments for one generation, INI for the other.

What both read alike is one assignment a line, without spaces and quotes, an array with its items in double quotes.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

MAX_BOOT_ATTEMPTS = "GREENBOOT_MAX_BOOT_ATTEMPTS"
WATCHDOG_ENABLED = "GREENBOOT_WATCHDOG_CHECK_ENABLED"
WATCHDOG_GRACE_PERIOD = "GREENBOOT_WATCHDOG_GRACE_PERIOD"
DISABLED = "DISABLED_HEALTHCHECKS"

_ASSIGNMENT = re.compile(r"[ \t]*(?:export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)(?P<more>\+?)=")
_WORD = re.compile(r"""(?:[^\s"'()#]|"[^"]*"|'[^']*')+""")


@dataclass(frozen=True)
class Statement:
    """A line, or the several lines of one assignment. ``key`` is None for whatever is no assignment."""

    text: str
    key: str | None = None
    value: str = ""
    more: bool = False
    comment: str = ""
    """What follows the value on a single line."""


def scalar_line(key: str, value: str) -> str:
    return f"{key}={value}"


def list_line(key: str, items: t.Iterable[str]) -> str:
    return "{}=({})".format(key, " ".join(f'"{item}"' for item in items))


def edited(text: str, lines: t.Mapping[str, str]) -> str:
    """The file with these lines for these keys, everything else byte for byte as it is.

    A line takes the place of the key's first assignment; further ones go. A new key is appended.
    """
    missing = dict(lines)
    result = []
    for statement in statements(text):
        if statement.key not in lines:
            result.append(statement.text)
            continue
        line = missing.pop(t.cast(str, statement.key), None)
        if line is not None and statement.text.rstrip("\n") == line:
            result.append(statement.text)
            continue
        # The comment may be somebody's, and neither generation of greenboot is sure to take it for one there.
        result += [f"{statement.comment}\n"] if statement.comment else []
        result += [f"{line}\n"] if line is not None else []
    if missing and result and not result[-1].endswith("\n"):
        result.append("\n")
    return "".join([*result, *(f"{line}\n" for line in missing.values())])


def shown(text: str, keys: t.Iterable[str]) -> dict[str, str | None]:
    """What the file says for each key, as text; None where it does not."""
    found: dict[str, str | None] = dict.fromkeys(keys)
    for statement in statements(text):
        if statement.key in found:
            found[statement.key] = statement.text.strip().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return found


def values(text: str) -> dict[str, tuple[str, ...]]:
    """The words of each key as a shell takes them."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in statements(text):
        if statement.key is not None:
            words = tuple(_WORD.findall(_without_comments(statement.value)))
            before = found.get(statement.key, ()) if statement.more else ()
            found[statement.key] = before + tuple(re.sub("[\"']", "", word) for word in words)
    return found


def on_one_line(text: str, key: str) -> bool:
    """Whether the last assignment of a key is one line, which is all that the Rust generation reads."""
    found = [statement for statement in statements(text) if statement.key == key]
    return bool(found) and "\n" not in found[-1].text.strip("\n")


def statements(text: str) -> list[Statement]:
    """The file in pieces that joined are the file again."""
    found = []
    at = 0
    while at < len(text):
        line_end = _after(text, at)
        match = _ASSIGNMENT.match(text, at, line_end)
        if match is None:
            found.append(Statement(text[at:line_end]))
            at = line_end
            continue
        value_end, comment_at = _end_of_value(text, match.end())
        piece = text[at:value_end]
        several = "\n" in piece.rstrip("\n")
        comment = "" if several or comment_at is None else text[comment_at:value_end].strip()
        value = text[match.end() : value_end if several or comment_at is None else comment_at].strip()
        found.append(Statement(piece, match["key"], value, bool(match["more"]), comment))
        at = value_end
    return found


def _end_of_value(text: str, begin: int) -> tuple[int, int | None]:
    """After the line end that ends the value, and where the first comment in it begins.

    A quote or a parenthesis that is never closed ends with its line, so that a broken file is not taken for one value.
    """
    quote, depth, comment_at = "", 0, None
    at = begin
    while at < len(text):
        char = text[at]
        if quote:
            at += 1 if char == "\\" and quote == '"' else 0
            quote = "" if char == quote else quote
        elif char == "\\":
            at += 1
        elif char in "\"'":
            quote = char
        elif char == "#" and text[at - 1] in " \t\n(":
            comment_at = at if comment_at is None else comment_at
            at = _after(text, at) - 2 if "\n" in text[at:] else len(text)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "\n" and depth <= 0:
            return at + 1, comment_at
        at += 1
    if quote or depth > 0:
        return _after(text, begin), None
    return len(text), comment_at


def _without_comments(value: str) -> str:
    return re.sub(r"(?m)(^|(?<=[\s(]))#.*$", "", value)


def _after(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
