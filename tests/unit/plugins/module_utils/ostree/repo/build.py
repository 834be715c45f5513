# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""libostree's objects, written by hand: GVariant structures whose parts the tests choose."""

from __future__ import annotations

import hashlib
import typing as t

from ansible_collections.evergreen.fleet.plugins.module_utils.ostree import gvariant


def commit_object(tree: str, timestamp: int = 1, bindings: t.Sequence[str] | None = None) -> bytes:
    """A commit whose tree is known by a word."""
    metadata = {} if bindings is None else {"ostree.ref-binding": ("as", _array([_text(name) for name in bindings]))}
    contents, meta = (hashlib.sha256(f"{tree}{part}".encode()).digest() for part in ("contents", "meta"))
    members = [gvariant.dump_dictionary(metadata), b"", b"", b"\0", b"\0"]
    body, ends = b"", []
    for member in members:
        body += member
        ends.append(len(body))
    body = body.ljust(-(-len(body) // 8) * 8, b"\0") + timestamp.to_bytes(8, "big") + contents
    ends.append(len(body))
    return _with_ends(body + meta, list(reversed(ends)))


def signatures_file(*signatures: bytes) -> bytes:
    content = gvariant.dump_byte_strings(signatures)
    return gvariant.dump_dictionary({"ostree.sign.ed25519": ("aay", content)})


def summary_file(refs: t.Mapping[str, str], deltas: t.Sequence[str], collection: str | None) -> bytes:
    entries = []
    for name, commit in sorted(refs.items()):
        target = _with_ends((7).to_bytes(8, "big") + bytes.fromhex(commit), [40])
        text = _text(name)
        entries.append(_with_ends(text.ljust(-(-len(text) // 8) * 8, b"\0") + target, [len(text)]))
    metadata = {
        "ostree.static-deltas": (
            "a{sv}",
            gvariant.dump_dictionary(dict.fromkeys(deltas, ("ay", b"d" * 32))),
        )
    }
    if collection is not None:
        metadata["ostree.summary.collection-id"] = ("s", _text(collection))
    body = _array(entries, alignment=8)
    end = len(body)
    return _with_ends(body.ljust(-(-end // 8) * 8, b"\0") + gvariant.dump_dictionary(metadata), [end])


def _text(text: str) -> bytes:
    return text.encode() + b"\0"


def _array(elements: t.Sequence[bytes], alignment: int = 1) -> bytes:
    body, ends = b"", []
    for element in elements:
        body = body.ljust(-(-len(body) // alignment) * alignment, b"\0") + element
        ends.append(len(body))
    return _with_ends(body, ends) if ends else b""


def _with_ends(body: bytes, ends: t.Sequence[int]) -> bytes:
    width = next(size for size in (1, 2, 4) if len(body) + size * len(ends) < 1 << (8 * size))
    return body + b"".join(end.to_bytes(width, "little") for end in ends)
