# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a repository consists of, as far as the module declares it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import gvariant
from .keyfile import keys

SUMMARY = "summary"
"""Stands beside commits where something is signed."""

REF_BINDING = "ostree.ref-binding"
COLLECTION_BINDING = "ostree.collection-binding"
BINDINGS = (REF_BINDING, COLLECTION_BINDING)

# libostree's default for min-free-space-percent
_MIN_FREE_PERCENT = 3
_UNITS = {"MB": 1 << 10, "GB": 1 << 20, "TB": 1 << 30}


@dataclass(frozen=True)
class Commit:
    """A commit object. ``metadata`` holds the type and the bytes of each value."""

    checksum: str
    parent: str | None
    timestamp: int
    subject: str
    body: str
    tree: tuple[str, str]
    """The checksums of the root folder's contents and of its own metadata."""
    metadata: dict[str, tuple[str, bytes]]

    def text(self, key: str) -> str | None:
        kind, value = self.metadata.get(key, ("", b""))
        return gvariant.string(value) if kind == "s" else None

    @property
    def bindings(self) -> tuple[str, ...] | None:
        """The refs that clients accept it under; None for a commit that any ref may have."""
        kind, value = self.metadata.get(REF_BINDING, ("", b""))
        return gvariant.strings(value) if kind == "as" else None

    def fits(self, ref: str, collection: str | None) -> bool:
        """Whether clients take it for this ref. libostree checks the bindings that there are, and with a collection
        ID wants both."""
        bindings = self.bindings
        if collection is None:
            return bindings is None or ref in bindings
        return bindings is not None and ref in bindings and self.text(COLLECTION_BINDING) == collection

    def says_the_same(self, other: Commit) -> bool:
        """Whether both have the same tree and the same metadata but for what they are bound to."""
        return self.tree == other.tree and _unbound(self) == _unbound(other)


def _unbound(commit: Commit) -> dict[str, tuple[str, bytes]]:
    return {key: value for key, value in commit.metadata.items() if key not in BINDINGS}


@dataclass(frozen=True)
class Summary:
    """What the summary file tells clients."""

    refs: dict[str, str]
    deltas: frozenset[str]
    collection: str | None


@dataclass(frozen=True)
class Garbage:
    """What no ref reaches within the depth that is kept."""

    commits: int
    objects: int
    size: int
    """In bytes, as the objects are stored."""


@dataclass(frozen=True)
class Repository:
    """``signed`` says by commit, or SUMMARY, which of the wanted keys have signed it.

    Keys are GPG fingerprints and the paths of Ed25519 keys.
    """

    config: str
    refs: dict[str, str] = field(default_factory=dict)
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of the refs that are asked for: the commits that are whole, from the tip backwards without a gap."""
    commits: dict[str, Commit] = field(default_factory=dict)
    """The tips of the chains."""
    signed: dict[str, frozenset[str]] = field(default_factory=dict)
    deltas: frozenset[str] = frozenset()
    """``to``, or ``from-to``, as libostree lists them."""
    summary: Summary | None = None
    public_keys: dict[str, str] = field(default_factory=dict)
    room: tuple[int, int] | None = None
    """Of its file system in KiB: all, and what is free."""
    garbage: Garbage | None = None
    config_file: tuple[int, str, str] = (0o644, "", "")
    """Mode, owner and group."""
    new: bool = False

    @property
    def mode(self) -> str:
        mode = keys(self.config, "core").get("mode", "")
        return "archive" if mode == "archive-z2" else mode

    @property
    def collection(self) -> str | None:
        return keys(self.config, "core").get("collection-id")

    @property
    def reserved(self) -> int:
        """KiB that libostree keeps free: it refuses to write objects beyond."""
        core = keys(self.config, "core")
        size = core.get("min-free-space-size", "")
        if size[-2:] in _UNITS and size[:-2].isdigit() and int(size[:-2]):
            return int(size[:-2]) * _UNITS[size[-2:]]
        percent = core.get("min-free-space-percent", "")
        return (self.room or (0, 0))[0] * (int(percent) if percent.isdigit() else _MIN_FREE_PERCENT) // 100

    def tip(self, revision: str) -> Commit | None:
        """The commit of a ref, or a commit itself; None when the repository does not have all of it."""
        chain = self.chains.get(revision, ())
        return self.commits.get(chain[0]) if chain else None


def delta_target(name: str) -> str:
    """The commit that a delta leads to."""
    return name.rpartition("-")[2]


def delta_name(origin: str | None, target: str) -> str:
    return target if origin is None else f"{origin}-{target}"


def summary_is_current(repository: Repository) -> bool:
    summary = repository.summary
    return (
        summary is not None
        and summary.refs == repository.refs
        and summary.collection == repository.collection
        and (summary.deltas == repository.deltas or not _lists_deltas(repository))
    )


def _lists_deltas(repository: Repository) -> bool:
    return keys(repository.config, "core").get("no-deltas-in-summary") != "true"
