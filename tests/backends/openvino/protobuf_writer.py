"""Writes protocol buffers from ``(field, value)`` pairs, valid ones and others.

An int is a varint, a float 32 bits wide, a string or bytes are themselves, a list is a message.
"""

from __future__ import annotations

import struct


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes((number,))


def message(pairs) -> bytes:
    out = bytearray()
    for number, value in pairs:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            raw = value.encode() if isinstance(value, str) else value
            raw = message(raw) if isinstance(raw, list) else raw
            out += varint(number << 3 | 2) + varint(len(raw)) + raw
    return bytes(out)
