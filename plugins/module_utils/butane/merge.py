# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several documents to one.

Mappings merge, lists append. What may exist only once on a node (a file, a user, a unit and so on) and a single value
may be set by one fragment only; a later one that sets it again must say so with a tag: ``!override`` replaces the
earlier node in its place, ``!merge`` on the entry of a list merges it into the earlier entry.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .document import Mapping, Node, Scalar, Sequence, kind
from .model import refused

Keys = tuple[str, ...]


class _Rule(t.NamedTuple):
    """What tells the entries of a list apart. Lists with the same noun below one mapping share one namespace."""

    noun: str
    keys: Keys  # the first of them that is set identifies the entry


# The keys by which Ignition itself tells them apart: Key() and MergedKeys() in config/v3_*/types of coreos/ignition.
# storage.trees is not here: several trees may fill one folder, and butane itself refuses two contents for one file.
_RULES: dict[Keys, _Rule] = {
    ("storage", "files"): _Rule("path", ("path",)),
    ("storage", "directories"): _Rule("path", ("path",)),
    ("storage", "links"): _Rule("path", ("path",)),
    ("storage", "disks"): _Rule("disk", ("device",)),
    ("storage", "disks", "partitions"): _Rule("partition", ("number", "label")),
    ("storage", "filesystems"): _Rule("filesystem on", ("device",)),
    ("storage", "luks"): _Rule("LUKS volume", ("name",)),
    ("storage", "raid"): _Rule("RAID array", ("name",)),
    ("passwd", "users"): _Rule("user", ("name",)),
    ("passwd", "groups"): _Rule("group", ("name",)),
    ("grub", "users"): _Rule("GRUB user", ("name",)),
    ("systemd", "units"): _Rule("unit", ("name",)),
    ("systemd", "units", "dropins"): _Rule("drop-in", ("name",)),
    ("systemd", "quadlets"): _Rule("quadlet", ("name",)),
    ("systemd", "quadlets", "dropins"): _Rule("drop-in", ("name",)),
}

Identity = tuple[str, str, str]


def merge(documents: t.Sequence[Mapping]) -> Mapping:
    """Merge documents in order.

    :raises ConfigError: two of them set the same thing and the later one does not say what shall happen.
    """
    merged = documents[0]
    for later in documents[1:]:
        merged = _mappings(merged, later, ())
    return merged


def _nodes(base: Node, later: Node, keys: Keys) -> Node:
    if keys in {("variant",), ("version",)}:
        return _header(base, later, keys[0])
    if later.word == "override" or _null(base):
        return later
    if _null(later):
        return base
    if isinstance(base, Mapping) and isinstance(later, Mapping):
        return _mappings(base, later, keys)
    if isinstance(base, Sequence) and isinstance(later, Sequence):
        return replace(base, items=base.items + later.items)
    name = ".".join(keys)
    if not isinstance(base, Scalar) or not isinstance(later, Scalar):
        raise refused(later.place, f"{name} is {kind(later)} here, but {kind(base)} in {base.place}")
    if base.text != later.text:
        raise refused(
            later.place, f"{name} already has another value in {base.place}; tag this one !override to replace that"
        )
    return base


def _header(base: Node, later: Node, name: str) -> Node:
    if isinstance(base, Scalar) and isinstance(later, Scalar) and base.text != later.text:
        raise refused(
            later.place,
            f"{name} {later.text}, but {base.text} in {base.place}: fragments that are merged must be written for the"
            " same variant and version",
        )
    return base


def _mappings(base: Mapping, later: Mapping, keys: Keys) -> Mapping:
    merged = {name.text: (name, value) for name, value in base.items}
    lists = _Lists(base, keys)
    for name, value in later.items:
        if value.word == "override":
            lists.drop(name.text)
    for name, value in later.items:
        here = (*keys, name.text)
        before = merged.get(name.text, (name, value))[1]
        mergeable = isinstance(before, Sequence) or _null(before) or value.word == "override"
        if here in _RULES and isinstance(value, Sequence) and mergeable:
            lists.add(name.text, value)
            merged.setdefault(name.text, (name, value))
        elif name.text in merged:
            merged[name.text] = (merged[name.text][0], _nodes(before, value, here))
        else:
            merged[name.text] = (name, value)
    # Only now: an entry of one list can replace one of another.
    for text, items in lists.items.items():
        name, value = merged[text]
        merged[text] = (name, Sequence(tuple(items), value.place))
    return replace(base, items=tuple(merged.values()))


class _Lists:
    """The lists below one mapping whose entries have an identity, while later entries are added to them."""

    def __init__(self, base: Mapping, keys: Keys) -> None:
        self.items: dict[str, list[Node]] = {}
        self._keys = keys
        self._taken: dict[Identity, tuple[str, Node]] = {}
        for name, value in base.items:
            if (*keys, name.text) in _RULES and isinstance(value, Sequence):
                self.items[name.text] = list(value.items)
                for item in value.items:
                    identity = self._identity(name.text, item)
                    if identity is not None:
                        self._taken[identity] = (name.text, item)

    def drop(self, name: str) -> None:
        """Forget a list that a later fragment replaces."""
        self.items.pop(name, None)
        self._taken = {key: value for key, value in self._taken.items() if value[0] != name}

    def add(self, name: str, later: Sequence) -> None:
        """Add the entries of a later fragment to the list of that name."""
        items = self.items.setdefault(name, [])
        for item in later.items:
            identity = self._identity(name, item)
            if identity is None or identity not in self._taken:
                items.append(item)
                continue
            # The same thing twice in one fragment is for butane to refuse.
            where, earlier = self._taken.pop(identity)
            if item.word == "override":
                if where == name:
                    _exchange(items, earlier, item)
                else:
                    _exchange(self.items[where], earlier)
                    items.append(item)
            elif item.word == "merge" and where == name and isinstance(earlier, Mapping) and isinstance(item, Mapping):
                _exchange(items, earlier, _mappings(earlier, item, (*self._keys, name)))
            else:
                noun, _key, text = identity
                raise refused(
                    item.place,
                    f"the {noun} {text} is already set in {earlier.place}; tag this entry !override to replace that"
                    " one, or !merge to add to it",
                )

    def _identity(self, name: str, item: Node) -> Identity | None:
        rule = _RULES[(*self._keys, name)]
        for key in rule.keys:
            value = item.get(key) if isinstance(item, Mapping) else None
            # Ignition takes number 0 as "the next free one".
            if isinstance(value, Scalar) and not value.null and (key, value.text) != ("number", "0"):
                return rule.noun, key, value.text
        return None


def _exchange(items: list[Node], earlier: Node, *instead: Node) -> None:
    index = next(number for number, item in enumerate(items) if item is earlier)
    items[index : index + 1] = instead


def _null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.null
