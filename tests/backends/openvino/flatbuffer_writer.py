"""Writes flatbuffers, valid ones and others."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field


@dataclass
class Scalar:
    code: str
    value: int | float


@dataclass
class Vector:
    """Scalars of a type of ``struct``, or other objects if there is no code.

    ``shared``: all items are the first one, written once.
    """

    items: list
    code: str = ""
    raw: bytes | None = None
    shared: bool = False


@dataclass
class Table:
    """Fields by number: a :class:`Scalar`, a string, a :class:`Vector` or another table."""

    fields: dict = field(default_factory=dict)

    def __getitem__(self, number):
        return self.fields[number]

    def __setitem__(self, number, value):
        self.fields[number] = value


def write(root: Table, identifier: bytes) -> bytes:
    out = bytearray(struct.pack("<I", 0) + identifier)
    _place(out, root, 0)
    return bytes(out)


def _place(out: bytearray, item, refer: int) -> None:
    """Append an object and point the offset at ``refer`` to it."""
    at = _table(out, item) if isinstance(item, Table) else _vector(out, item)
    struct.pack_into("<I", out, refer, at - refer)


def _table(out: bytearray, table: Table) -> int:
    places, size = {}, 4
    ordered = sorted(table.fields.items(), key=lambda pair: -_width(pair[1]))
    for number, value in ordered:
        width = _width(value)
        size = -(-size // width) * width
        places[number] = size
        size += width
    count = max(table.fields, default=-1) + 1
    _pad(out, 8)
    vtable = len(out)
    out += struct.pack("<HH", 4 + 2 * count, size)
    out += b"".join(struct.pack("<H", places.get(number, 0)) for number in range(count))
    _pad(out, 8)
    at = len(out)
    out += struct.pack("<i", at - vtable) + bytes(size - 4)
    for number, value in ordered:
        if isinstance(value, Scalar):
            struct.pack_into("<" + value.code, out, at + places[number], value.value)
    for number, value in table.fields.items():
        if not isinstance(value, Scalar):
            _place(out, value, at + places[number])
    return at


def _vector(out: bytearray, item) -> int:
    if isinstance(item, str):
        text = item.encode()
        _pad(out, 4)
        at = len(out)
        out += struct.pack("<I", len(text)) + text + b"\0"
        return at
    width = struct.calcsize("<" + item.code) if item.code else 4
    raw = item.raw if item.raw is not None else b""
    if item.code and item.raw is None:
        raw = struct.pack(f"<{len(item.items)}{item.code}", *item.items)
    _pad(out, 16, 4)
    at = len(out)
    out += struct.pack("<I", len(raw) // width if item.code else len(item.items))
    if item.code:
        out += raw
        return at
    out += bytes(4 * len(item.items))
    for index, each in enumerate(item.items[:1] if item.shared else item.items):
        _place(out, each, at + 4 + 4 * index)
    if item.shared:
        first = at + 4 + struct.unpack_from("<I", out, at + 4)[0]
        for place in range(at + 8, at + 4 + 4 * len(item.items), 4):
            struct.pack_into("<I", out, place, first - place)
    return at


def _width(value) -> int:
    return struct.calcsize("<" + value.code) if isinstance(value, Scalar) else 4


def _pad(out: bytearray, to: int, before: int = 0) -> None:
    out += bytes(-(len(out) + before) % to)
