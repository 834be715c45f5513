# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What butane reads, made of one fragment or several, and the way back from its findings to the fragments.

The modules that take a document apart are imported where that begins: for the usual task, one fragment that butane
accepts, importing them would take longer than butane does.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace

from ..errors import FleetError
from .model import WORDS, ConfigError, Entry, Fragment, place_at, refused

if t.TYPE_CHECKING:
    from .document import Mapping
    from .origin import Marks


class Source(t.Protocol):
    """A document for butane."""

    @property
    def text(self) -> str:
        """What butane reads."""

    def header(self) -> tuple[str | None, str | None]:
        """Variant and version."""

    def locate(self, entries: t.Iterable[Entry]) -> list[Entry]:
        """The same findings, with places in fragments instead of places in ``text``."""


@dataclass(frozen=True)
class Single:
    """One fragment: butane reads the document itself, and its positions are those of the author."""

    fragment: Fragment

    @property
    def text(self) -> str:
        return self.fragment.text

    def header(self) -> tuple[str | None, str | None]:
        found = [
            re.findall(rf"^{key}:[ \t]+[\"']?([\w.+-]+)", self.text, re.MULTILINE) for key in ("variant", "version")
        ]
        if all(len(values) == 1 for values in found):
            return found[0][0], found[1][0]
        from .document import parse

        return _header(parse(self.fragment))

    def locate(self, entries: t.Iterable[Entry]) -> list[Entry]:
        placed = [replace(entry, file=self.fragment.name) if entry.path or entry.line else entry for entry in entries]
        vague = [entry for entry in placed if entry.file and entry.column is None]
        if not vague:
            return placed
        from .document import parse
        from .origin import marks, origin

        try:
            root = parse(self.fragment)
        except ConfigError as exc:
            if all(entry.severity != "error" for entry in vague):
                return placed
            # butane's decoder gives at best a line, and that often one too low.
            return [*(entry for entry in placed if entry not in vague), *exc.entries]
        except FleetError:
            # No ruamel.yaml here: then the line has to do.
            return placed
        found = marks(root)
        return [origin(entry, found, root) if entry in vague else entry for entry in placed]


@dataclass(frozen=True)
class Merged:
    """A document made of fragments."""

    root: Mapping
    text: str
    marks: Marks

    def header(self) -> tuple[str | None, str | None]:
        return _header(self.root)

    def locate(self, entries: t.Iterable[Entry]) -> list[Entry]:
        from .origin import origin

        return [origin(entry, self.marks, self.root) for entry in entries]


def decode(name: str, content: bytes) -> Fragment:
    """A fragment from the bytes of a file.

    :raises ConfigError: they are not UTF-8.
    """
    try:
        # Windows editors put a byte order mark in front.
        return Fragment(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        _codec, octets, start, _end, _reason = exc.args
        before = octets[:start].decode()
        raise refused(place_at(name, before, len(before)), "not UTF-8 text") from exc


def compose(fragments: t.Sequence[Fragment]) -> Source:
    """Make one document of fragments, the later ones merged into the earlier ones.

    A single fragment is not taken apart unless it must be: parsing costs more than butane itself.

    :raises ConfigError: a fragment is no Butane document, or two of them contradict each other.
    """
    first = fragments[0]
    if len(fragments) == 1 and not any(word in first.text for word in WORDS):
        _one_document(first)
        return Single(first)
    from .document import parse
    from .emit import emit
    from .merge import merge

    root = merge([parse(fragment) for fragment in fragments])
    text, found = emit(root)
    return Merged(root, text, found)


def _one_document(fragment: Fragment) -> None:
    """butane translates the first document of a file and ignores all others."""
    if "\n---" not in fragment.text:
        return
    begun = False
    for found in re.finditer(r"^(?:---(?=\s|$)|[ \t]*[^\s#%])", fragment.text, re.MULTILINE):
        if begun and found[0] == "---":
            raise refused(
                place_at(fragment.name, fragment.text, found.start()),
                "a second YAML document begins here; butane would read only the first",
            )
        begun = True


def _header(root: Mapping) -> tuple[str | None, str | None]:
    return root.text("variant"), root.text("version")
