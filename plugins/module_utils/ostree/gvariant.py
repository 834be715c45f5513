# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read GVariants, the serialisation of libostree's objects and files, and write a dictionary of them.

The serialisation is that of the GVariant specification, little endian. Types are its type strings.
"""

from __future__ import annotations

import typing as t

_FIXED = {"b": 1, "y": 1, "n": 2, "q": 2, "i": 4, "u": 4, "h": 4, "x": 8, "t": 8, "d": 8}
_OPENING = {"(": ")", "{": "}"}


class NotVariant(ValueError):
    """The bytes are no such variant."""


def dictionary(data: bytes) -> dict[str, tuple[str, bytes]]:
    """Read an ``a{sv}``.

    :returns: for each key the type string of its value and the value's bytes.
    :raises NotVariant: the bytes do not fit together.
    """
    entries = (structure("sv", entry) for entry in array("{sv}", data))
    return {string(key): variant(value) for key, value in entries}


def strings(data: bytes) -> tuple[str, ...]:
    """Read an ``as``.

    :raises NotVariant: the bytes do not fit together.
    """
    return tuple(string(text) for text in array("s", data))


def string(data: bytes) -> str:
    """Read an ``s``.

    :raises NotVariant: it does not end.
    """
    if not data.endswith(b"\0"):
        raise NotVariant("a string without an end")
    return data[:-1].decode("utf-8", "replace")


def variant(data: bytes) -> tuple[str, bytes]:
    """Read a ``v``: the type string of what is in it, and its bytes.

    :raises NotVariant: there is no type string.
    """
    # It follows the last zero byte.
    content, separator, signature = data.rpartition(b"\0")
    if not separator:
        raise NotVariant("a value without a type")
    return signature.decode("ascii", "replace"), content


def array(element: str, data: bytes) -> tuple[bytes, ...]:
    """The elements of an array, each of this one type.

    :raises NotVariant: the bytes do not fit together.
    """
    size = _fixed_size(element)
    if size is not None:
        if len(data) % size:
            raise NotVariant("an array that ends inside an element")
        return tuple(data[at : at + size] for at in range(0, len(data), size))
    elements = []
    start = 0
    for end in _ends(data):
        elements.append(data[_aligned(start, _alignment(element)) : end])
        start = end
    return tuple(elements)


def structure(members: str, data: bytes) -> tuple[bytes, ...]:
    """The members of a tuple or dictionary entry. ``members`` are their types without the parentheses.

    :raises NotVariant: the bytes do not fit together.
    """
    types = _types(members)
    width = _offset_size(len(data))
    found = []
    start, table = 0, len(data)
    for number, each in enumerate(types, start=1):
        start = _aligned(start, _alignment(each))
        size = _fixed_size(each)
        if size is not None:
            end = start + size
        elif number == len(types):
            # The last one ends where the table begins.
            end = table
        else:
            table -= width
            end = _number(data[max(table, 0) : table + width])
        if not start <= end <= table:
            raise NotVariant("a member that ends outside its structure")
        found.append(data[start:end])
        start = end
    return tuple(found)


def dump_dictionary(entries: t.Mapping[str, tuple[str, bytes]]) -> bytes:
    """Write an ``a{sv}`` from what dictionary() gives."""
    return _dump_array([_dump_entry(key, *value) for key, value in entries.items()], alignment=8)


def dump_byte_strings(elements: t.Sequence[bytes]) -> bytes:
    """Write an ``aay``."""
    return _dump_array(elements, alignment=1)


def _dump_entry(key: str, signature: str, content: bytes) -> bytes:
    name = key.encode() + b"\0"
    return _with_offsets(_padded(name, 8) + content + b"\0" + signature.encode(), [len(name)])


def _dump_array(elements: t.Sequence[bytes], alignment: int) -> bytes:
    body, ends = b"", []
    for element in elements:
        body = _padded(body, alignment) + element
        ends.append(len(body))
    return _with_offsets(body, ends) if ends else b""


def _with_offsets(body: bytes, ends: t.Sequence[int]) -> bytes:
    """The width of the table's numbers depends on the length with the table."""
    width = next(size for size in (1, 2, 4, 8) if len(body) + size * len(ends) < 1 << (8 * size))
    return body + b"".join(end.to_bytes(width, "little") for end in ends)


def _padded(data: bytes, alignment: int) -> bytes:
    return data.ljust(_aligned(len(data), alignment), b"\0")


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


def _types(signature: str) -> tuple[str, ...]:
    """The complete types that stand side by side in a type string."""
    found = []
    rest = signature
    while rest:
        length = _first_type(rest)
        found.append(rest[:length])
        rest = rest[length:]
    return tuple(found)


def _first_type(signature: str) -> int:
    if signature[0] in "am":
        return 1 + _first_type(signature[1:])
    if signature[0] not in _OPENING:
        return 1
    end = 1
    while signature[end] != _OPENING[signature[0]]:
        end += _first_type(signature[end:])
    return end + 1


def _alignment(signature: str) -> int:
    first = signature[0]
    if first in "({":
        return max(_alignment(each) for each in _types(signature[1:-1]))
    if first in "am":
        return _alignment(signature[1:])
    return 8 if first == "v" else _FIXED.get(first, 1)


def _fixed_size(signature: str) -> int | None:
    if signature[0] not in _OPENING:
        return _FIXED.get(signature)
    end = 0
    for each in _types(signature[1:-1]):
        size = _fixed_size(each)
        if size is None:
            return None
        end = _aligned(end, _alignment(each)) + size
    return _aligned(end, _alignment(signature))


def _offset_size(length: int) -> int:
    return next(size for size in (1, 2, 4, 8) if length < 1 << (8 * size))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
