# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""YAML text to nodes that know their place.

Nodes keep what the author wrote and not what it means: ``0644``, ``yes`` and ``1.10`` stay text until butane reads
them by its own rules. ruamel.yaml delivers the events; it is imported only when a document must be taken apart.
"""

from __future__ import annotations

import sys
import typing as t
from dataclasses import dataclass, field

from ..errors import FleetError
from .model import WORDS, Fragment, Place, place_at, refused

# Butane needs about ten levels. The limits stop documents that are made to exhaust memory or the stack.
MAX_DEPTH = 100
MAX_NODES = 1_000_000


@dataclass(frozen=True)
class Scalar:
    """A single value. ``tag`` is an explicit YAML tag other than ours."""

    text: str
    plain: bool
    place: Place
    tag: str = ""
    word: str = ""
    size: int = field(default=1, repr=False, compare=False)
    depth: int = field(default=0, repr=False, compare=False)

    @property
    def null(self) -> bool:
        return self.plain and not self.tag and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Sequence:
    """A list. ``size`` counts the nodes below with every alias written out."""

    items: tuple[Node, ...]
    place: Place
    word: str = ""
    size: int = field(default=1, repr=False, compare=False)
    depth: int = field(default=0, repr=False, compare=False)


@dataclass(frozen=True)
class Mapping:
    """A mapping, in the order of the document, merge keys (``<<``) written out."""

    items: tuple[tuple[Scalar, Node], ...]
    place: Place
    word: str = ""
    size: int = field(default=1, repr=False, compare=False)
    depth: int = field(default=0, repr=False, compare=False)

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.items if name.text == key), None)

    def text(self, key: str) -> str | None:
        """The value of a key when it is a single one."""
        value = self.get(key)
        return value.text if isinstance(value, Scalar) else None


Node = t.Union[Scalar, Sequence, Mapping]


def kind(node: Node) -> str:
    """What the node is, in words for the user."""
    if isinstance(node, Mapping):
        return "a mapping"
    return "a list" if isinstance(node, Sequence) else "a single value"


def parse(fragment: Fragment) -> Mapping:
    """Take a fragment apart.

    :raises ConfigError: it is no YAML, not one document, not a mapping at the top, or has a key twice.
    :raises FleetError: ruamel.yaml is not installed.
    """
    ruamel = library()
    builder = _Builder(fragment.name, ruamel.events)
    try:
        for event in ruamel.YAML(typ="safe", pure=True).parse(fragment.text):
            builder.add(event)
    except ruamel.error.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        place = _top(fragment) if mark is None else Place(fragment.name, mark.line + 1, mark.column + 1)
        context = f" {exc.context}" if exc.context else ""
        raise refused(place, f"not valid YAML: {exc.problem}{context}") from exc
    except ruamel.reader.ReaderError as exc:
        place = place_at(fragment.name, fragment.text, exc.position)
        code = ord(fragment.text[exc.position])
        raise refused(place, f"not valid YAML: the control character {code:#04x} is not allowed") from exc
    except (ValueError, OverflowError) as exc:
        # Escapes such as "\UFFFFFFFF": the scanner converts them without a check.
        raise refused(builder.last, f"not valid YAML after this place: {exc}") from exc
    root = builder.root
    if root is None or (isinstance(root, Scalar) and root.null):
        raise refused(_top(fragment), "the document is empty; a Butane document begins with its variant and version")
    if not isinstance(root, Mapping):
        raise refused(root.place, f"a Butane document is a mapping with variant and version, and this is {kind(root)}")
    return root


def library() -> t.Any:
    """The module ruamel.yaml.

    :raises FleetError: it is not installed.
    """
    try:
        import ruamel.yaml
    except ImportError as exc:
        raise FleetError(
            f"this configuration needs the Python library ruamel.yaml in {sys.executable}:"
            " install it with pip, or as the package python3-ruamel-yaml of the distribution"
        ) from exc
    return ruamel.yaml


def _top(fragment: Fragment) -> Place:
    return Place(fragment.name, 1, 1)


@dataclass
class _Open:
    """A collection whose end has not come yet."""

    place: Place
    word: str
    anchor: str | None
    mapping: bool
    nodes: list[Node] = field(default_factory=list)


class _Builder:
    """Events in, one tree out; never recursive, so that no document can exhaust the stack."""

    def __init__(self, name: str, events: t.Any) -> None:
        self._events = events
        self.root: Node | None = None
        self.last = Place(name, 1, 1)
        self._documents = 0
        self._stack: list[_Open] = []
        # None: defined, but not complete yet.
        self._anchors: dict[str, Node | None] = {}

    def add(self, event: t.Any) -> None:
        events = self._events
        place = Place(self.last.file, event.start_mark.line + 1, event.start_mark.column + 1)
        self.last = place
        if isinstance(event, events.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise refused(place, "a second YAML document begins here; butane would read only the first")
        elif isinstance(event, events.AliasEvent):
            node = self._anchors.get(event.anchor)
            if node is None:
                problem = "contains itself" if event.anchor in self._anchors else "is not defined before this place"
                raise refused(place, f"the anchor {event.anchor} {problem}")
            self._put(node)
        elif isinstance(event, events.ScalarEvent):
            word = WORDS.get(event.tag or "", "")
            # The tag "!" alone means nothing to butane.
            tag = "" if word or event.tag in (None, "!") else event.tag
            node = Scalar(event.value, event.style in (None, "") and not tag, place, tag, word)
            if event.anchor:
                self._anchors[event.anchor] = node
            self._put(node)
        elif isinstance(event, (events.MappingStartEvent, events.SequenceStartEvent)):
            if len(self._stack) == MAX_DEPTH:
                raise refused(place, f"nested more than {MAX_DEPTH} levels deep")
            word = WORDS.get(event.tag or "", "")
            self._stack.append(_Open(place, word, event.anchor, isinstance(event, events.MappingStartEvent)))
            if event.anchor:
                self._anchors[event.anchor] = None
        elif isinstance(event, (events.MappingEndEvent, events.SequenceEndEvent)):
            self._close(self._stack.pop())

    def _close(self, done: _Open) -> None:
        size = 1 + sum(node.size for node in done.nodes)
        depth = 1 + max((node.depth for node in done.nodes), default=0)
        if size > MAX_NODES or depth > MAX_DEPTH:
            raise refused(done.place, "too large with every alias written out")
        node: Node
        if done.mapping:
            node = Mapping(_pairs(done.nodes), done.place, done.word, size, depth)
        else:
            node = Sequence(tuple(done.nodes), done.place, done.word, size, depth)
        if done.anchor:
            self._anchors[done.anchor] = node
        self._put(node)

    def _put(self, node: Node) -> None:
        if self._stack:
            self._stack[-1].nodes.append(node)
        else:
            self.root = node


def _pairs(nodes: list[Node]) -> tuple[tuple[Scalar, Node], ...]:
    """Keys and values of a mapping, with those of its merge keys where it does not set them itself."""
    pairs: dict[str, tuple[Scalar, Node]] = {}
    inherited: list[Mapping] = []
    for key, value in zip(nodes[::2], nodes[1::2]):
        if not isinstance(key, Scalar):
            raise refused(key.place, f"a key must be text, and this is {kind(key)}")
        if key.plain and key.text == "<<":
            inherited += _parents(value)
        elif key.text in pairs:
            first = pairs[key.text][0].place
            raise refused(key.place, f"the key {key.text} is already set in line {first.line} of the same mapping")
        else:
            pairs[key.text] = (key, value)
    for parent in inherited:
        for key, value in parent.items:
            pairs.setdefault(key.text, (key, value))
    return tuple(pairs.values())


def _parents(value: Node) -> list[Mapping]:
    parents = value.items if isinstance(value, Sequence) else (value,)
    mappings = [parent for parent in parents if isinstance(parent, Mapping)]
    if len(mappings) != len(parents):
        raise refused(value.place, "a merge key (<<) takes a mapping or a list of mappings")
    return mappings
