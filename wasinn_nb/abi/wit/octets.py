"""Bytes that cross as text: every character is one, and they cross as a whole.

A list crosses element by element, in structures of 32 bytes; a text is copied. In the encoding
``latin1+utf16`` of the canonical ABI it even is the bytes themselves on the guest's side.
"""

from __future__ import annotations

import ctypes

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.layout import PAYLOAD, STRING_KIND, STRING_TAG, read_pair
from wasinn_nb.nn.tensor import Buffer

_string_at, _memmove = ctypes.string_at, ctypes.memmove


class Octets:
    """``string``, of which every character is a byte: it crosses as a whole."""

    def read(self, at: int) -> bytes:
        """As bytes."""
        size, data = read_pair(at, STRING_KIND, "STRING")
        text = _string_at(data, size) if size else b""
        return text if text.isascii() else octets(text.decode())

    def write(self, at: int, value: Buffer) -> None:
        """From anything with a buffer."""
        data = bytes(value)
        if not data.isascii():
            data = data.decode("latin-1").encode()
        native.new_bytes(at + PAYLOAD, len(data), data)
        _memmove(at, STRING_TAG, 1)


def octets(text: str) -> bytes:
    """The bytes that the characters of a text stand for."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise MustTrap("The guest gave characters that are no bytes (above U+00FF).") from None
