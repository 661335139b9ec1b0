"""The values that binaries are made of, being written."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

# valtypes of core modules
I32, I64, F32, F64 = 0x7F, 0x7E, 0x7D, 0x7C
VALTYPES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", 0x7B: "v128", 0x70: "funcref"}

CORE_HEADER = b"\0asm\x01\0\0\0"
COMPONENT_HEADER = b"\0asm\x0d\0\x01\0"


class Section(IntEnum):
    """The sections of a component."""

    CUSTOM = 0
    CORE_MODULE = 1
    CORE_INSTANCE = 2
    CORE_TYPE = 3
    COMPONENT = 4
    INSTANCE = 5
    ALIAS = 6
    TYPE = 7
    CANON = 8
    IMPORT = 10
    EXPORT = 11


def unsigned(value: int) -> bytes:
    """An unsigned LEB128 integer."""
    if value < 0x80:
        return bytes((value,))
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def index(value: int) -> bytes:
    """A signed LEB128 integer that is not negative: an index where a type might stand as well."""
    found = bytearray()
    while value >= 0x40:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def name(text: str) -> bytes:
    """A text with its length before it."""
    data = text.encode()
    return unsigned(len(data)) + data


def vector(items: Iterable[bytes]) -> bytes:
    """Things with their number before them."""
    found = list(items)
    return unsigned(len(found)) + b"".join(found)


def section(kind: int, content: bytes) -> bytes:
    """A section."""
    return bytes((kind,)) + unsigned(len(content)) + content
