"""Values of the component model, between wasmtime's C structures and Python.

The package's own conversion asks for the type of every value of every call, and takes bytes one by
one through ctypes: 0.7 us each. Ours is told the types once, and takes a list of bytes as what it
is in memory: one byte in every element of an array.

wasmtime links a function whatever type the guest declares for it, so a value is what its tag says
and not what it ought to be: every read looks at the tag first.

Who owns what (wasmtime's crates/c-api/src/component): arguments stay wasmtime's, which frees them
after the call; results are ours to allocate, with its functions, and wasmtime's from then on. A
value is made such that it can be freed before what is in it is written.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from wasmtime import _ffi as ffi

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native
from wasinn_nb.nn.tensor import Buffer

SIZE = 32
"""Bytes of a value: a tag, and at :data:`_PAYLOAD` a union. :mod:`probe` checks the layout."""

_PAYLOAD = 8
_ENTRY = 48  # of a record: a name (size, address), then the value
_ENTRY_VALUE = 16
_FEW = 64  # elements that are copied sooner than numpy is asked

_PAIR = struct.Struct("=B7xQQ")  # tag, size, address: of text, lists, records, tuples
_POINTER = struct.Struct("=B7xQ")
_RESULT = struct.Struct("=B7x?7xQ")
_VARIANT = struct.Struct("=B7xQQQ")  # tag, size and address of the case's name, value
_ADDRESS = struct.Struct("=Q")

_string_at, _memmove = ctypes.string_at, ctypes.memmove


def _kind(name: str) -> int:
    value: int = getattr(ffi, f"WASMTIME_COMPONENT_{name}").value
    return value


_BOOL, _U8_KIND, _STRING, _LIST = _kind("BOOL"), _kind("U8"), _kind("STRING"), _kind("LIST")
_RECORD, _TUPLE, _VARIANT_KIND = _kind("RECORD"), _kind("TUPLE"), _kind("VARIANT")
_ENUM, _OPTION, _RESULT_KIND = _kind("ENUM"), _kind("OPTION"), _kind("RESULT")

_NOTHING = bytes([_BOOL]) + bytes(SIZE - 1)
"""A value that may be freed: false."""

_nothing = ctypes.create_string_buffer(_NOTHING, SIZE)
_NOTHING_AT = ctypes.addressof(_nothing)

_BYTES = [struct.pack("=B7xB23x", _U8_KIND, byte) for byte in range(256)]


class Codec(Protocol):
    """How values of one type cross."""

    def read(self, at: int) -> Any:
        """What the value at this address holds; it goes on holding it."""

    def write(self, at: int, value: Any) -> None:
        """Make the value at this address, which holds nothing yet, hold ``value``."""


def address(value: Any) -> int:
    """Where a value of the package's structures is."""
    return ctypes.addressof(value)


class Scalar:
    """A number, or true or false.

    Args:
        name: wasmtime's name of the type.
        form: how it lies in memory, as :mod:`struct` writes it.
    """

    def __init__(self, name: str, form: str) -> None:
        self.name = name
        self.kind = _kind(name)
        self._value = struct.Struct(f"=B7x{form}")

    def read(self, at: int) -> Any:
        """As a Python number."""
        kind, value = self._value.unpack(_string_at(at, self._value.size))
        if kind != self.kind:
            _mismatch(self.name)
        return value

    def write(self, at: int, value: Any) -> None:
        """From a Python number, which is in range."""
        _memmove(at, self._value.pack(self.kind, value), self._value.size)


BOOL = Scalar("BOOL", "?")
U8 = Scalar("U8", "B")
U32 = Scalar("U32", "I")
S32 = Scalar("S32", "i")
U64 = Scalar("U64", "Q")
F32 = Scalar("F32", "f")
F64 = Scalar("F64", "d")


class String:
    """Text, UTF-8 on wasmtime's side."""

    def read(self, at: int) -> str:
        """As str."""
        return _read_name(at, _STRING, "STRING")

    def write(self, at: int, value: str) -> None:
        """From str; lone surrogates, which UTF-8 has not, become question marks."""
        data = value.encode("utf-8", "replace")
        native.new_bytes(at + _PAYLOAD, len(data), data)
        _memmove(at, _STRING_TAG, 1)


class Enum:
    """One of some labels, as a str."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._data = {label: label.encode() for label in labels}

    def read(self, at: int) -> str:
        """The label."""
        label = _read_name(at, _ENUM, "ENUM")
        if label not in self._data:
            _mismatch(f"ENUM of {', '.join(self.labels)}")
        return label

    def write(self, at: int, value: str) -> None:
        """From a label."""
        data = self._data[value]
        native.new_bytes(at + _PAYLOAD, len(data), data)
        _memmove(at, _ENUM_TAG, 1)


class Bytes:
    """``list<u8>``, all of it at once."""

    def read(self, at: int) -> bytes:
        """As bytes."""
        size, data = _read_pair(at, _LIST, "LIST of U8")
        if not size:
            return b""
        if size <= _FEW:
            raw = _string_at(data, size * SIZE)
            if raw[0] != _U8_KIND:
                _mismatch("LIST of U8")
            return raw[_PAYLOAD::SIZE]
        elements = _elements(data, size)
        if elements[0, 0] != _U8_KIND:
            _mismatch("LIST of U8")
        copied: bytes = elements[:, _PAYLOAD].tobytes()
        return copied

    def write(self, at: int, value: Buffer) -> None:
        """From anything with a buffer."""
        if type(value) is bytes and len(value) <= _FEW:
            data = _new_list(at, len(value))
            _memmove(data, b"".join([_BYTES[byte] for byte in value]), len(value) * SIZE)
        else:
            array = np.frombuffer(value, np.uint8)
            data = _new_list(at, array.size)
            if array.size:
                elements = _elements(data, array.size)
                elements[:, 0] = _U8_KIND
                elements[:, _PAYLOAD] = array
        _memmove(at, _LIST_TAG, 1)


class Floats:
    """``list<f32>``, all of it at once."""

    def read(self, at: int) -> Any:
        """As a float32 array."""
        size, data = _read_pair(at, _LIST, "LIST of F32")
        if not size:
            return np.empty(0, np.float32)
        elements = _elements(data, size)
        if elements[0, 0] != F32.kind:
            _mismatch("LIST of F32")
        return elements[:, _PAYLOAD : _PAYLOAD + 4].copy().view(np.float32)[:, 0]

    def write(self, at: int, value: Sequence[float]) -> None:
        """From numbers, or an array of them."""
        array = np.ascontiguousarray(value, np.float32)
        data = _new_list(at, array.size)
        if array.size:
            elements = _elements(data, array.size)
            elements[:, 0] = F32.kind
            elements[:, _PAYLOAD : _PAYLOAD + 4] = array.view(np.uint8).reshape(-1, 4)
        _memmove(at, _LIST_TAG, 1)


class List:
    """A list of anything else."""

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, at: int) -> list[Any]:
        """As a list."""
        size, data = _read_pair(at, _LIST, "LIST")
        read = self.item.read
        return [read(place) for place in range(data, data + size * SIZE, SIZE)]

    def write(self, at: int, value: Sequence[Any]) -> None:
        """From a sequence."""
        data = _new_list(at, len(value))
        _memmove(data, _NOTHING * len(value), len(value) * SIZE)
        _memmove(at, _LIST_TAG, 1)
        write = self.item.write
        for number, item in enumerate(value):
            write(data + number * SIZE, item)


class Tuple:
    """A tuple."""

    def __init__(self, *items: Codec) -> None:
        self.items = items

    def read(self, at: int) -> tuple[Any, ...]:
        """As a tuple."""
        size, data = _read_pair(at, _TUPLE, "TUPLE")
        if size != len(self.items):
            _mismatch(f"TUPLE of {len(self.items)}")
        return tuple(item.read(data + i * SIZE) for i, item in enumerate(self.items))

    def write(self, at: int, value: Sequence[Any]) -> None:
        """From a sequence of as many."""
        size = len(self.items)
        native.new_tuple(at + _PAYLOAD, size)
        data = _address_at(at + _PAYLOAD + 8)
        _memmove(data, _NOTHING * size, size * SIZE)
        _memmove(at, _TUPLE_TAG, 1)
        for i, (item, part) in enumerate(zip(self.items, value, strict=True)):
            item.write(data + i * SIZE, part)


class Record:
    """A record, as a mapping from field names.

    One with its names, and nothing in it yet, is made once and copied for every value.
    """

    def __init__(self, fields: Mapping[str, Codec]) -> None:
        self.fields = dict(fields)
        self._places = [
            (name, codec, i * _ENTRY + _ENTRY_VALUE)
            for i, (name, codec) in enumerate(self.fields.items())
        ]
        self._names = [name.encode() for name in self.fields]
        self._blank: Any = None  # of wasmtime's memory for as long as this lives
        self._blank_at = 0

    def read(self, at: int) -> dict[str, Any]:
        """As a dict."""
        size, data = _read_pair(at, _RECORD, "RECORD")
        if size != len(self._places):
            _mismatch(f"RECORD of {', '.join(self.fields)}")
        for i, name in enumerate(self._names):
            length, text = _NAME.unpack(_string_at(data + i * _ENTRY, _NAME.size))
            if length != len(name) or _string_at(text, length) != name:
                _mismatch(f"RECORD of {', '.join(self.fields)}")
        return {name: codec.read(data + place) for name, codec, place in self._places}

    def write(self, at: int, value: Mapping[str, Any]) -> None:
        """From a mapping with every field."""
        native.clone_value(self._blank_at or self._make_blank(), at)
        data = _address_at(at + _PAYLOAD + 8)
        for name, codec, place in self._places:
            codec.write(data + place, value[name])

    def _make_blank(self) -> int:
        blank = ctypes.create_string_buffer(_NOTHING, SIZE)
        at = ctypes.addressof(blank)
        native.new_record(at + _PAYLOAD, len(self._names))
        data = _address_at(at + _PAYLOAD + 8)
        for i, name in enumerate(self._names):
            native.new_bytes(data + i * _ENTRY, len(name), name)
            _memmove(data + i * _ENTRY + _ENTRY_VALUE, _NOTHING, SIZE)
        _memmove(at, _RECORD_TAG, 1)
        self._blank = blank
        self._blank_at = at
        return at

    def __del__(self) -> None:
        if self._blank_at:
            native.delete_value(self._blank_at)


class Option:
    """Something, or None."""

    def __init__(self, some: Codec) -> None:
        self.some = some

    def read(self, at: int) -> Any:
        """The value, or None."""
        kind, some = _POINTER.unpack(_string_at(at, _POINTER.size))
        if kind != _OPTION:
            _mismatch("OPTION")
        return self.some.read(some) if some else None

    def write(self, at: int, value: Any) -> None:
        """From the value, or None."""
        if value is None:
            _memmove(at, _NONE, len(_NONE))
            return
        box = native.new_value(_NOTHING_AT)
        _memmove(at, _POINTER.pack(_OPTION, box), _POINTER.size)
        self.some.write(box, value)


@dataclass(frozen=True, slots=True)
class Err:
    """What a function returns in place of its value to say that it failed."""

    value: Any = None


class Result:
    """A value, or an :class:`Err`; a side without a value is None."""

    def __init__(self, ok: Codec | None, err: Codec | None) -> None:
        self.ok = ok
        self.err = err

    def read(self, at: int) -> Any:
        """The value, or an :class:`Err`."""
        kind, is_ok, box = _RESULT.unpack(_string_at(at, _RESULT.size))
        codec = self.ok if is_ok else self.err
        if kind != _RESULT_KIND or bool(box) != (codec is not None):
            _mismatch("RESULT")
        value = codec.read(box) if codec else None
        return value if is_ok else Err(value)

    def write(self, at: int, value: Any) -> None:
        """From the value, or an :class:`Err`."""
        failed = type(value) is Err
        codec = self.err if failed else self.ok
        box = native.new_value(_NOTHING_AT) if codec else 0
        _memmove(at, _RESULT.pack(_RESULT_KIND, not failed, box), _RESULT.size)
        if codec:
            codec.write(box, value.value if failed else value)


@dataclass(frozen=True, slots=True)
class Case:
    """A value of a variant: its case, and what that carries."""

    name: str
    value: Any = None


@dataclass(frozen=True)
class Variant:
    """One of some cases, each with a value or without."""

    cases: Mapping[str, Codec | None] = field(default_factory=dict)

    def read(self, at: int) -> Case:
        """As a :class:`Case`."""
        kind, size, text, box = _VARIANT.unpack(_string_at(at, _VARIANT.size))
        if kind != _VARIANT_KIND:
            _mismatch("VARIANT")
        name = _string_at(text, size).decode()
        codec = self.cases.get(name)
        if name not in self.cases or bool(box) != (codec is not None):
            _mismatch(f"VARIANT of {', '.join(self.cases)}")
        return Case(name, codec.read(box) if codec else None)

    def write(self, at: int, value: Case) -> None:
        """From a :class:`Case`."""
        codec = self.cases[value.name]
        data = value.name.encode()
        native.new_bytes(at + _PAYLOAD, len(data), data)
        box = native.new_value(_NOTHING_AT) if codec else 0
        _memmove(at + _PAYLOAD + 16, _ADDRESS.pack(box), 8)
        _memmove(at, _VARIANT_TAG, 1)
        if codec:
            codec.write(box, value.value)


_NAME = struct.Struct("=QQ")
_STRING_TAG, _ENUM_TAG, _LIST_TAG = bytes([_STRING]), bytes([_ENUM]), bytes([_LIST])
_TUPLE_TAG, _RECORD_TAG, _VARIANT_TAG = bytes([_TUPLE]), bytes([_RECORD]), bytes([_VARIANT_KIND])
_NONE = _POINTER.pack(_OPTION, 0)


def _mismatch(what: str) -> None:
    raise MustTrap(f"The guest declares the function with another type: no {what} was given.")


def _read_pair(at: int, kind: int, what: str) -> tuple[int, int]:
    tag, size, data = _PAIR.unpack(_string_at(at, _PAIR.size))
    if tag != kind:
        _mismatch(what)
    return size, data


def _read_name(at: int, kind: int, what: str) -> str:
    size, data = _read_pair(at, kind, what)
    return _string_at(data, size).decode() if size else ""


def _address_at(at: int) -> int:
    value: int = _ADDRESS.unpack(_string_at(at, 8))[0]
    return value


def _new_list(at: int, size: int) -> int:
    """Place for so many values; returns where."""
    native.new_list(at + _PAYLOAD, size)
    return _address_at(at + _PAYLOAD + 8)


def _elements(data: int, size: int) -> Any:
    """The elements of a list as rows of bytes."""
    memory: Any = (ctypes.c_uint8 * (size * SIZE)).from_address(data)
    return np.ndarray((size, SIZE), np.uint8, buffer=memory)
