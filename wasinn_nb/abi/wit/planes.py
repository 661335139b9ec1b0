"""Bytes that cross as ASCII: a text is copied as a whole, and one in ASCII is not even looked at.

Bytes that are ASCII cross as they are, with the character 7 behind them. Others lie in seven rows
of the same length, zeros filling the last ones up. Each byte leaves its low seven bits in its
place; the eighth row holds the high bits: bit ``i`` of its ``j``-th character is that of the
``j``-th byte of row ``i``. The character behind all tells how many bytes are filled up (0 to 6).

On the guest's side that is done by ``guest/octets/arena.wat``.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.layout import (
    PAYLOAD,
    STRING_KIND,
    STRING_TAG,
    address_at,
    mismatch,
    read_pair,
)
from wasinn_nb.nn.tensor import Buffer

if TYPE_CHECKING:
    import numpy.typing as npt

    Octets = npt.NDArray[np.uint8]

_ROWS = 7
_ASCII = bytes([_ROWS])
_LOW, _HIGH = np.uint8(0x7F), np.uint8(0x80)
_SHIFTS = np.arange(_ROWS, 0, -1, dtype=np.uint8).reshape(_ROWS, 1)

_string_at, _memmove = ctypes.string_at, ctypes.memmove


class Planes:
    """``string`` that stands for any bytes."""

    def read(self, at: int) -> bytes:
        """As bytes."""
        size, data = read_pair(at, STRING_KIND, "STRING")
        if size and _string_at(data + size - 1, 1) == _ASCII:
            return _string_at(data, size - 1)
        return _unpacked(_memory(data, size))

    def write(self, at: int, value: Buffer) -> None:
        """From anything with a buffer."""
        source = np.frombuffer(value, np.uint8)
        if not source.size or (type(value) is bytes and value.isascii()):
            size = source.size
            data = _room(at, size + 1)
            _memmove(data, bytes(value), size)
            _memmove(data + size, _ASCII, 1)
        else:
            size = _packed_size(source.size)
            _pack(source, _memory(_room(at, size), size))
        _memmove(at, STRING_TAG, 1)


def unpacked(text: str) -> bytes:
    """The bytes that a text stands for."""
    data = text.encode()
    if data.endswith(_ASCII):
        return data[:-1]
    return _unpacked(np.frombuffer(data, np.uint8))


def packed(value: Buffer) -> str:
    """The text for some bytes."""
    data = bytes(value)
    if data.isascii():
        return (data + _ASCII).decode()
    target = np.empty(_packed_size(len(data)), np.uint8)
    _pack(np.frombuffer(data, np.uint8), target)
    return target.tobytes().decode()


def _room(at: int, size: int) -> int:
    native.new_room(at + PAYLOAD, size)
    return address_at(at + PAYLOAD + 8)


def _memory(data: int, size: int) -> Octets:
    memory: Any = (ctypes.c_uint8 * size).from_address(data) if size else b""
    return np.frombuffer(memory, np.uint8)


def _packed_size(size: int) -> int:
    return (_ROWS + 1) * -(-size // _ROWS) + 1


def _unpacked(source: Octets) -> bytes:
    if source.size % (_ROWS + 1) != 1 or source[-1] >= _ROWS or source.size == 1:
        mismatch("packed bytes")
    rows = source[:-1].reshape(_ROWS + 1, -1)
    found = rows[_ROWS] << _SHIFTS
    found &= _HIGH
    found |= rows[:_ROWS]
    data: bytes = found.reshape(-1)[: found.size - int(source[-1])].tobytes()
    return data


def _pack(source: Octets, target: Octets) -> None:
    rows = target[:-1].reshape(_ROWS + 1, -1)
    low = rows[:_ROWS]
    flat = low.reshape(-1)
    flat[: source.size] = source
    flat[source.size :] = 0
    marks = low & _HIGH
    marks >>= _SHIFTS
    np.bitwise_or.reduce(marks, axis=0, out=rows[_ROWS])
    low &= _LOW
    target[-1] = flat.size - source.size
