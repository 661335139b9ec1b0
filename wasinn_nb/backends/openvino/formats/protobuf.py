"""Reads protocol buffers field by field, without a schema and without copying large fields.

See https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from wasinn_nb.backends.openvino.formats.part import Part

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MAX_TEXT = 1 << 20
_LOOK = 24
_SIGN = 1 << 63


class Field(NamedTuple):
    """One field: ``value`` is a number, or where its bytes begin; ``end`` is where they end."""

    number: int
    wire: int
    value: int
    end: int


def fields(part: Part, start: int, end: int, what: str) -> Iterator[Field]:
    """The fields of the message at ``start`` to ``end``, in order.

    Args:
        what: what the message is, for errors.

    Raises:
        InvalidArgument: it is not a message, or a field leads out of it.
    """
    at = start
    while at < end:
        data, offset = part.window(at)
        stop = min(len(data), offset + _LOOK, offset + end - at)
        tag, index = _varint(data, offset, stop)
        number, wire = tag >> 3, tag & 7
        if index == 0 or number == 0:
            part.damaged(f"{what} is not a protocol buffer", at)
        if wire == BYTES:
            length, index = _varint(data, index, stop)
            begin = at + index - offset
            if index == 0 or begin + length > end:
                part.damaged(f"field {number} of {what} leads out of it", at)
            yield Field(number, wire, begin, begin + length)
            at = begin + length
        elif wire == VARINT:
            value, index = _varint(data, index, stop)
            if index == 0:
                part.damaged(f"field {number} of {what} is not a number", at)
            at += index - offset
            yield Field(number, wire, value, at)
        elif wire in {FIXED32, FIXED64}:
            width = 4 if wire == FIXED32 else 8
            if index + width > stop:
                part.damaged(f"field {number} of {what} leads out of it", at)
            value = int.from_bytes(data[index : index + width], "little")
            at += index + width - offset
            yield Field(number, wire, value, at)
        else:
            part.damaged(f"field {number} of {what} has the unknown wire type {wire}", at)


def text(part: Part, field: Field, what: str) -> str:
    """A string.

    Raises:
        InvalidArgument: it is not a string of at most 1 MiB in UTF-8.
    """
    if field.wire != BYTES:
        part.damaged(f"{what} is not text", field.end)
    if field.end - field.value > _MAX_TEXT:
        part.damaged(f"{what} has {field.end - field.value:,} bytes", field.value)
    try:
        return part.read(field.value, field.end - field.value, what).decode()
    except UnicodeDecodeError:
        part.damaged(f"{what} is not UTF-8", field.value)


def message(part: Part, field: Field, what: str) -> Iterator[Field]:
    """The fields of a message that is itself a field."""
    if field.wire != BYTES:
        part.damaged(f"{what} is not a message", field.end)
    return fields(part, field.value, field.end, what)


def integer(part: Part, field: Field, what: str) -> int:
    """A signed 64-bit number (``int32``, ``int64``, ``enum``)."""
    if field.wire != VARINT:
        part.damaged(f"{what} is not a number", field.end)
    return field.value - (field.value & _SIGN) * 2


def integers(part: Part, field: Field, what: str, most: int) -> list[int]:
    """Signed numbers of a repeated field: one, or several packed.

    Raises:
        InvalidArgument: also if there are more than ``most``.
    """
    if field.wire == VARINT:
        return [field.value - (field.value & _SIGN) * 2]
    if field.wire != BYTES:
        part.damaged(f"{what} are not numbers", field.end)
    size = field.end - field.value
    if size > most * 10:
        part.damaged(f"{what} take {size:,} bytes", field.value)
    data, index = part.read(field.value, size, what), 0
    values: list[int] = []
    while index < size:
        value, after = _varint(data, index, min(size, index + 10))
        if after == 0 or len(values) == most:
            part.damaged(f"{what} are not at most {most:,} numbers", field.value + index)
        values.append(value - (value & _SIGN) * 2)
        index = after
    return values


def real(field: Field) -> float:
    """A 32-bit floating-point number."""
    value: float = struct.unpack("<f", (field.value & 0xFFFFFFFF).to_bytes(4, "little"))[0]
    return value


def _varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """A number and the index after it; index 0 if it is broken."""
    value = shift = 0
    while at < stop and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value, at) if value < 1 << 64 else (0, 0)
        shift += 7
    return 0, 0
