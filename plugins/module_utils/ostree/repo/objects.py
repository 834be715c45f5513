# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read libostree's objects: commits, their signatures, the summary."""

from __future__ import annotations

from .. import gvariant
from .model import Commit, Summary

GPG = "ostree.gpgsigs"
ED25519 = "ostree.sign.ed25519"

_COMMIT = "a{sv}aya(say)sstayay"
_REF = "(s(taya{sv}))"


def commit(checksum: str, data: bytes) -> Commit:
    """:raises NotVariant: it is no commit object."""
    metadata, parent, _related, subject, body, timestamp, contents, meta = gvariant.structure(_COMMIT, data)
    return Commit(
        checksum,
        parent.hex() or None,
        # Numbers of objects are stored big endian.
        int.from_bytes(timestamp, "big"),
        gvariant.string(subject),
        gvariant.string(body),
        (contents.hex(), meta.hex()),
        gvariant.dictionary(metadata),
    )


def signatures(data: bytes, kind: str) -> tuple[bytes, ...]:
    """The signatures of one kind, GPG or ED25519, in a commit's detached metadata or a summary.sig.

    :raises NotVariant: the bytes do not fit together.
    """
    signature, content = gvariant.dictionary(data).get(kind, ("", b""))
    return gvariant.array("ay", content) if signature == "aay" else ()


def with_signature(data: bytes, added: bytes) -> bytes:
    """The same file with one more Ed25519 signature; everything else in it stays.

    :raises NotVariant: the bytes do not fit together.
    """
    entries = gvariant.dictionary(data)
    elements = (*signatures(data, ED25519), added)
    return gvariant.dump_dictionary({**entries, ED25519: ("aay", gvariant.dump_byte_strings(elements))})


def summary(data: bytes) -> Summary:
    """:raises NotVariant: it is no summary."""
    entries, metadata = gvariant.structure("a(s(taya{sv}))a{sv}", data)
    refs = {}
    for entry in gvariant.array(_REF, entries):
        name, target = gvariant.structure("s(taya{sv})", entry)
        refs[gvariant.string(name)] = gvariant.structure("taya{sv}", target)[1].hex()
    more = gvariant.dictionary(metadata)
    _kind, deltas = more.get("ostree.static-deltas", ("a{sv}", b""))
    collection = more.get("ostree.summary.collection-id")
    return Summary(refs, frozenset(gvariant.dictionary(deltas)), collection and gvariant.string(collection[1]))
