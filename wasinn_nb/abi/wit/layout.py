"""How values of the component model lie in wasmtime's memory.

A value is a tag and a union: ``wasmtime_component_val_t`` of its C API. :mod:`probe` checks that
the installed package has this layout.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy as np
from wasmtime import _ffi as ffi

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native

SIZE = 32
"""Bytes of a value: a tag, and at :data:`PAYLOAD` a union."""

PAYLOAD = 8

ENTRY, ENTRY_VALUE = 48, 16
"""Bytes of a field of a record: a name, and from the second on its value."""

PAIR_FORM = struct.Struct("=B7xQQ")  # tag, size, address: of text, lists, records, tuples
POINTER_FORM = struct.Struct("=B7xQ")
RESULT_FORM = struct.Struct("=B7x?7xQ")
VARIANT_FORM = struct.Struct("=B7xQQQ")  # tag, size and address of the case's name, value
NAME_FORM = struct.Struct("=QQ")  # size, address
ADDRESS_FORM = struct.Struct("=Q")

_string_at, _memmove = ctypes.string_at, ctypes.memmove


def kind_of(name: str) -> int:
    """The tag of a type, by wasmtime's name for it."""
    value: int = getattr(ffi, f"WASMTIME_COMPONENT_{name}").value
    return value


BOOL_KIND, U8_KIND, STRING_KIND = kind_of("BOOL"), kind_of("U8"), kind_of("STRING")
LIST_KIND, RECORD_KIND, TUPLE_KIND = kind_of("LIST"), kind_of("RECORD"), kind_of("TUPLE")
VARIANT_KIND, ENUM_KIND, OPTION_KIND = kind_of("VARIANT"), kind_of("ENUM"), kind_of("OPTION")
RESULT_KIND = kind_of("RESULT")

STRING_TAG, ENUM_TAG, LIST_TAG = bytes([STRING_KIND]), bytes([ENUM_KIND]), bytes([LIST_KIND])
TUPLE_TAG, RECORD_TAG = bytes([TUPLE_KIND]), bytes([RECORD_KIND])
VARIANT_TAG = bytes([VARIANT_KIND])

NOTHING = bytes([BOOL_KIND]) + bytes(SIZE - 1)
"""A value that may be freed: false."""

_nothing = ctypes.create_string_buffer(NOTHING, SIZE)
NOTHING_AT = ctypes.addressof(_nothing)
"""Where such a value is, to be copied from."""

NONE = POINTER_FORM.pack(OPTION_KIND, 0)
"""An option without a value."""


def mismatch(what: str) -> None:
    """Raise :class:`MustTrap`: what lies there is of another type."""
    raise MustTrap(f"The guest declares the function with another type: no {what} was given.")


def read_pair(at: int, kind: int, what: str) -> tuple[int, int]:
    """Size and address of what a value holds; ``what`` it ought to be, for the message."""
    tag, size, data = PAIR_FORM.unpack(_string_at(at, PAIR_FORM.size))
    if tag != kind:
        mismatch(what)
    return size, data


def read_name(at: int, kind: int, what: str) -> str:
    """Text, or the label of an enum."""
    size, data = read_pair(at, kind, what)
    return _string_at(data, size).decode() if size else ""


def address_at(at: int) -> int:
    """The address that is written at an address."""
    value: int = ADDRESS_FORM.unpack(_string_at(at, 8))[0]
    return value


def new_list(at: int, size: int) -> int:
    """Place for so many values; returns where."""
    native.new_list(at + PAYLOAD, size)
    return address_at(at + PAYLOAD + 8)


def rows_of(data: int, size: int) -> Any:
    """The elements of a list as rows of bytes."""
    memory: Any = (ctypes.c_uint8 * (size * SIZE)).from_address(data)
    return np.ndarray((size, SIZE), np.uint8, buffer=memory)
