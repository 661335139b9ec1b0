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
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.layout import (
    ADDRESS_FORM,
    ENTRY,
    ENTRY_VALUE,
    ENUM_KIND,
    ENUM_TAG,
    LIST_KIND,
    LIST_TAG,
    NAME_FORM,
    NONE,
    NOTHING,
    NOTHING_AT,
    OPTION_KIND,
    PAYLOAD,
    POINTER_FORM,
    RECORD_KIND,
    RECORD_TAG,
    RESULT_FORM,
    RESULT_KIND,
    SIZE,
    STRING_KIND,
    STRING_TAG,
    TUPLE_KIND,
    TUPLE_TAG,
    U8_KIND,
    VARIANT_FORM,
    VARIANT_KIND,
    VARIANT_TAG,
    address_at,
    kind_of,
    mismatch,
    new_list,
    read_name,
    read_pair,
    rows_of,
)
from wasinn_nb.nn.tensor import Buffer

_FEW = 64  # elements that are copied sooner than numpy is asked

_string_at, _memmove = ctypes.string_at, ctypes.memmove

_BYTES = [struct.pack("=B7xB23x", U8_KIND, byte) for byte in range(256)]

_making = threading.Lock()


class Codec(Protocol):
    """How values of one type cross."""

    def read(self, at: int) -> Any:
        """What the value at this address holds; it goes on holding it."""

    def write(self, at: int, value: Any) -> None:
        """Make the value at this address, which holds nothing yet, hold ``value``."""


class Scalar:
    """A number, or true or false.

    Args:
        name: wasmtime's name of the type.
        form: how it lies in memory, as :mod:`struct` writes it.
    """

    def __init__(self, name: str, form: str) -> None:
        self.name = name
        self.kind = kind_of(name)
        self._value = struct.Struct(f"=B7x{form}")

    def read(self, at: int) -> Any:
        """As a Python number."""
        kind, value = self._value.unpack(_string_at(at, self._value.size))
        if kind != self.kind:
            mismatch(self.name)
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
        return read_name(at, STRING_KIND, "STRING")

    def write(self, at: int, value: str) -> None:
        """From str; lone surrogates, which UTF-8 has not, become question marks."""
        data = value.encode("utf-8", "replace")
        native.new_bytes(at + PAYLOAD, len(data), data)
        _memmove(at, STRING_TAG, 1)


class Enum:
    """One of some labels, as a str."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._data = {label: label.encode() for label in labels}

    def read(self, at: int) -> str:
        """The label."""
        label = read_name(at, ENUM_KIND, "ENUM")
        if label not in self._data:
            mismatch(f"ENUM of {', '.join(self.labels)}")
        return label

    def write(self, at: int, value: str) -> None:
        """From a label."""
        data = self._data[value]
        native.new_bytes(at + PAYLOAD, len(data), data)
        _memmove(at, ENUM_TAG, 1)


class Bytes:
    """``list<u8>``, all of it at once."""

    def read(self, at: int) -> bytes:
        """As bytes."""
        size, data = read_pair(at, LIST_KIND, "LIST of U8")
        if not size:
            return b""
        if size <= _FEW:
            raw = _string_at(data, size * SIZE)
            if raw[0] != U8_KIND:
                mismatch("LIST of U8")
            return raw[PAYLOAD::SIZE]
        elements = rows_of(data, size)
        if elements[0, 0] != U8_KIND:
            mismatch("LIST of U8")
        copied: bytes = elements[:, PAYLOAD].tobytes()
        return copied

    def write(self, at: int, value: Buffer) -> None:
        """From anything with a buffer."""
        if type(value) is bytes and len(value) <= _FEW:
            data = new_list(at, len(value))
            _memmove(data, b"".join([_BYTES[byte] for byte in value]), len(value) * SIZE)
        else:
            array = np.frombuffer(value, np.uint8)
            data = new_list(at, array.size)
            if array.size:
                elements = rows_of(data, array.size)
                elements[:, 0] = U8_KIND
                elements[:, PAYLOAD] = array
        _memmove(at, LIST_TAG, 1)


class Floats:
    """``list<f32>``, all of it at once."""

    def read(self, at: int) -> Any:
        """As a float32 array."""
        size, data = read_pair(at, LIST_KIND, "LIST of F32")
        if not size:
            return np.empty(0, np.float32)
        elements = rows_of(data, size)
        if elements[0, 0] != F32.kind:
            mismatch("LIST of F32")
        return elements[:, PAYLOAD : PAYLOAD + 4].copy().view(np.float32)[:, 0]

    def write(self, at: int, value: Sequence[float]) -> None:
        """From numbers, or an array of them."""
        array = np.ascontiguousarray(value, np.float32)
        data = new_list(at, array.size)
        if array.size:
            elements = rows_of(data, array.size)
            elements[:, 0] = F32.kind
            elements[:, PAYLOAD : PAYLOAD + 4] = array.view(np.uint8).reshape(-1, 4)
        _memmove(at, LIST_TAG, 1)


class List:
    """A list of anything else."""

    def __init__(self, item: Codec) -> None:
        self.item = item

    def read(self, at: int) -> list[Any]:
        """As a list."""
        size, data = read_pair(at, LIST_KIND, "LIST")
        return [self.item.read(place) for place in range(data, data + size * SIZE, SIZE)]

    def write(self, at: int, value: Sequence[Any]) -> None:
        """From a sequence."""
        data = new_list(at, len(value))
        _memmove(data, NOTHING * len(value), len(value) * SIZE)
        _memmove(at, LIST_TAG, 1)
        for number, item in enumerate(value):
            self.item.write(data + number * SIZE, item)


class Tuple:
    """A tuple."""

    def __init__(self, *items: Codec) -> None:
        self.items = items

    def read(self, at: int) -> tuple[Any, ...]:
        """As a tuple."""
        size, data = read_pair(at, TUPLE_KIND, "TUPLE")
        if size != len(self.items):
            mismatch(f"TUPLE of {len(self.items)}")
        return tuple(item.read(data + i * SIZE) for i, item in enumerate(self.items))

    def write(self, at: int, value: Sequence[Any]) -> None:
        """From a sequence of as many."""
        size = len(self.items)
        native.new_tuple(at + PAYLOAD, size)
        data = address_at(at + PAYLOAD + 8)
        _memmove(data, NOTHING * size, size * SIZE)
        _memmove(at, TUPLE_TAG, 1)
        for i, (item, part) in enumerate(zip(self.items, value, strict=True)):
            item.write(data + i * SIZE, part)


class Record:
    """A record, as a mapping from field names.

    One with its names, and nothing in it yet, is made once and copied for every value.
    """

    def __init__(self, fields: Mapping[str, Codec]) -> None:
        self.fields = dict(fields)
        self._places = [
            (name, codec, i * ENTRY + ENTRY_VALUE)
            for i, (name, codec) in enumerate(self.fields.items())
        ]
        self._names = [name.encode() for name in self.fields]
        self._blank_at = 0

    def read(self, at: int) -> dict[str, Any]:
        """As a dict."""
        size, data = read_pair(at, RECORD_KIND, "RECORD")
        if size != len(self._places):
            mismatch(f"RECORD of {', '.join(self.fields)}")
        for i, name in enumerate(self._names):
            length, text = NAME_FORM.unpack(_string_at(data + i * ENTRY, NAME_FORM.size))
            if length != len(name) or _string_at(text, length) != name:
                mismatch(f"RECORD of {', '.join(self.fields)}")
        return {name: codec.read(data + place) for name, codec, place in self._places}

    def write(self, at: int, value: Mapping[str, Any]) -> None:
        """From a mapping with every field."""
        native.clone_value(self._blank_at or self._make_blank(), at)
        data = address_at(at + PAYLOAD + 8)
        for name, codec, place in self._places:
            codec.write(data + place, value[name])

    def _make_blank(self) -> int:
        with _making:
            if self._blank_at:
                return self._blank_at
            blank = ctypes.create_string_buffer(NOTHING, SIZE)
            at = ctypes.addressof(blank)
            native.new_record(at + PAYLOAD, len(self._names))
            data = address_at(at + PAYLOAD + 8)
            for i, name in enumerate(self._names):
                native.new_bytes(data + i * ENTRY, len(name), name)
                _memmove(data + i * ENTRY + ENTRY_VALUE, NOTHING, SIZE)
            _memmove(at, RECORD_TAG, 1)
            weakref.finalize(self, _free, blank).atexit = False
            self._blank_at = at
        return at


def _free(blank: Any) -> None:
    native.delete_value(ctypes.addressof(blank))


class Option:
    """Something, or None."""

    def __init__(self, some: Codec) -> None:
        self.some = some

    def read(self, at: int) -> Any:
        """The value, or None."""
        kind, some = POINTER_FORM.unpack(_string_at(at, POINTER_FORM.size))
        if kind != OPTION_KIND:
            mismatch("OPTION")
        return self.some.read(some) if some else None

    def write(self, at: int, value: Any) -> None:
        """From the value, or None."""
        if value is None:
            _memmove(at, NONE, len(NONE))
            return
        box = native.new_value(NOTHING_AT)
        _memmove(at, POINTER_FORM.pack(OPTION_KIND, box), POINTER_FORM.size)
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
        kind, is_ok, box = RESULT_FORM.unpack(_string_at(at, RESULT_FORM.size))
        codec = self.ok if is_ok else self.err
        if kind != RESULT_KIND or bool(box) != (codec is not None):
            mismatch("RESULT")
        value = codec.read(box) if codec else None
        return value if is_ok else Err(value)

    def write(self, at: int, value: Any) -> None:
        """From the value, or an :class:`Err`."""
        failed = type(value) is Err
        codec = self.err if failed else self.ok
        box = native.new_value(NOTHING_AT) if codec else 0
        _memmove(at, RESULT_FORM.pack(RESULT_KIND, not failed, box), RESULT_FORM.size)
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
        kind, size, text, box = VARIANT_FORM.unpack(_string_at(at, VARIANT_FORM.size))
        if kind != VARIANT_KIND:
            mismatch("VARIANT")
        name = _string_at(text, size).decode()
        codec = self.cases.get(name)
        if name not in self.cases or bool(box) != (codec is not None):
            mismatch(f"VARIANT of {', '.join(self.cases)}")
        return Case(name, codec.read(box) if codec else None)

    def write(self, at: int, value: Case) -> None:
        """From a :class:`Case`."""
        codec = self.cases[value.name]
        data = value.name.encode()
        native.new_bytes(at + PAYLOAD, len(data), data)
        box = native.new_value(NOTHING_AT) if codec else 0
        _memmove(at + PAYLOAD + 16, ADDRESS_FORM.pack(box), 8)
        _memmove(at, VARIANT_TAG, 1)
        if codec:
            codec.write(box, value.value)
