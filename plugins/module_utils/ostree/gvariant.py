# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read one GVariant file: /run/ostree/staged-deployment, which libostree writes for a staged deployment.

The serialisation is that of the GVariant specification, little endian. Only the types that the file has are read.
"""

from __future__ import annotations

import typing as t


class NotVariant(ValueError):
    """The bytes are no such variant."""


def dictionary(data: bytes) -> dict[str, tuple[str, bytes]]:
    """Read an ``a{sv}``.

    :returns: for each key the type string of its value and the value's bytes.
    :raises NotVariant: the bytes do not fit together.
    """
    entries: dict[str, tuple[str, bytes]] = {}
    start = 0
    for end in _ends(data):
        # Entries start at multiples of 8, the alignment of a variant.
        entry = data[_aligned(start) : end]
        key, value = _entry(entry)
        # The type string follows the last zero byte.
        content, separator, signature = value.rpartition(b"\0")
        if not separator:
            raise NotVariant("a value without a type")
        entries[key] = (signature.decode("ascii", "replace"), content)
        start = end
    return entries


def strings(data: bytes) -> tuple[str, ...]:
    """Read an ``as``.

    :raises NotVariant: the bytes do not fit together.
    """
    texts = []
    start = 0
    for end in _ends(data):
        texts.append(_string(data[start:end]))
        start = end
    return tuple(texts)


def _entry(entry: bytes) -> tuple[str, bytes]:
    size = _offset_size(len(entry))
    end = _number(entry[len(entry) - size :])
    if not 0 < end <= len(entry) - size:
        raise NotVariant("a key that ends outside its entry")
    return _string(entry[:end]), entry[_aligned(end) : len(entry) - size]


def _ends(data: bytes) -> t.Iterator[int]:
    """Where the elements of an array of variable size end: the numbers at its own end."""
    if not data:
        return
    size = _offset_size(len(data))
    table = _number(data[len(data) - size :])
    count, rest = divmod(len(data) - table, size)
    if rest or count < 1 or table > len(data):
        raise NotVariant("an array without a table of its elements")
    last = 0
    for index in range(count):
        at = table + index * size
        end = _number(data[at : at + size])
        if not last <= end <= table:
            raise NotVariant("an element that ends outside its array")
        yield end
        last = end


def _offset_size(length: int) -> int:
    return next(size for size in (1, 2, 4, 8) if length < 1 << (8 * size))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _aligned(offset: int) -> int:
    return (offset + 7) & ~7


def _string(data: bytes) -> str:
    if not data.endswith(b"\0"):
        raise NotVariant("a string without an end")
    return data[:-1].decode("utf-8", "replace")
