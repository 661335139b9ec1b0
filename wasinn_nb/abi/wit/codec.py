"""Values of the component model, between wasmtime's C structures and Python.

The package's own conversion asks for the type of every value of every call, and takes bytes one by
one through ctypes: 0.7 us each. Ours is told the types once, and takes a list of bytes as what it
is in memory: one byte in every element of an array.

Who owns what (wasmtime's crates/c-api/src/component): arguments stay wasmtime's, which frees them
after the call; results are ours to allocate, with its functions, and wasmtime's from then on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from wasmtime import _ffi as ffi

from wasinn_nb.nn.tensor import Buffer

Val = ffi.wasmtime_component_val_t
_Val_p = ctypes.POINTER(Val)
_SIZE = ctypes.sizeof(Val)
_PAYLOAD = Val.of.offset
_U8 = ffi.WASMTIME_COMPONENT_U8.value


class Codec(Protocol):
    """How values of one type cross."""

    def read(self, val: Any) -> Any:
        """What ``val`` holds; it goes on holding it."""

    def write(self, val: Any, value: Any) -> None:
        """Make ``val``, which holds nothing yet, hold ``value``."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number, or true or false.

    Attributes:
        member: of the union that holds it.
        kind: the tag beside the union.
    """

    member: str
    kind: int

    def read(self, val: Any) -> Any:
        """As a Python number."""
        return getattr(val.of, self.member)

    def write(self, val: Any, value: Any) -> None:
        """From a Python number, which is in range."""
        setattr(val.of, self.member, value)
        val.kind = self.kind


BOOL = Scalar("boolean", ffi.WASMTIME_COMPONENT_BOOL.value)
U8 = Scalar("u8", _U8)
U32 = Scalar("u32", ffi.WASMTIME_COMPONENT_U32.value)
S32 = Scalar("s32", ffi.WASMTIME_COMPONENT_S32.value)
U64 = Scalar("u64", ffi.WASMTIME_COMPONENT_U64.value)
F32 = Scalar("f32", ffi.WASMTIME_COMPONENT_F32.value)
F64 = Scalar("f64", ffi.WASMTIME_COMPONENT_F64.value)


@dataclass(frozen=True, slots=True)
class String:
    """Text, UTF-8 on wasmtime's side."""

    def read(self, val: Any) -> str:
        """As str."""
        return _text(val.of.string)

    def write(self, val: Any, value: str) -> None:
        """From str; lone surrogates, which UTF-8 has not, become question marks."""
        _set_name(val.of.string, value)
        val.kind = ffi.WASMTIME_COMPONENT_STRING.value


@dataclass(frozen=True, slots=True)
class Enum:
    """One of some labels, as a str."""

    labels: tuple[str, ...]

    def read(self, val: Any) -> str:
        """The label."""
        return _text(val.of.enumeration)

    def write(self, val: Any, value: str) -> None:
        """From a label."""
        _set_name(val.of.enumeration, value)
        val.kind = ffi.WASMTIME_COMPONENT_ENUM.value


@dataclass(frozen=True, slots=True)
class Bytes:
    """``list<u8>``, all of it at once."""

    def read(self, val: Any) -> bytes:
        """As bytes."""
        items = val.of.list
        return _elements(items)[:, _PAYLOAD].tobytes() if items.size else b""

    def write(self, val: Any, value: Buffer) -> None:
        """From anything with a buffer."""
        data = np.frombuffer(value, np.uint8)
        items = val.of.list
        ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(items), data.size)
        if data.size:
            elements = _elements(items)
            elements[:, Val.kind.offset] = _U8
            elements[:, _PAYLOAD] = data
        val.kind = ffi.WASMTIME_COMPONENT_LIST.value


@dataclass(frozen=True, slots=True)
class List:
    """A list of anything else."""

    item: Codec

    def read(self, val: Any) -> list[Any]:
        """As a list."""
        items = val.of.list
        return [self.item.read(items.data[i]) for i in range(items.size)]

    def write(self, val: Any, value: Sequence[Any]) -> None:
        """From a sequence."""
        items = val.of.list
        ffi.wasmtime_component_vallist_new_uninit(ctypes.byref(items), len(value))
        _write_all(items, [self.item] * len(value), value)
        val.kind = ffi.WASMTIME_COMPONENT_LIST.value


@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple."""

    items: tuple[Codec, ...]

    def read(self, val: Any) -> tuple[Any, ...]:
        """As a tuple."""
        data = val.of.tuple.data
        return tuple(item.read(data[i]) for i, item in enumerate(self.items))

    def write(self, val: Any, value: Sequence[Any]) -> None:
        """From a sequence of as many."""
        items = val.of.tuple
        ffi.wasmtime_component_valtuple_new_uninit(ctypes.byref(items), len(self.items))
        _write_all(items, self.items, value)
        val.kind = ffi.WASMTIME_COMPONENT_TUPLE.value


@dataclass(frozen=True, slots=True)
class Record:
    """A record, as a mapping from field names."""

    fields: Mapping[str, Codec]

    def read(self, val: Any) -> dict[str, Any]:
        """As a dict."""
        data = val.of.record.data
        return {
            name: codec.read(data[i].val) for i, (name, codec) in enumerate(self.fields.items())
        }

    def write(self, val: Any, value: Mapping[str, Any]) -> None:
        """From a mapping with every field."""
        entries = val.of.record
        ffi.wasmtime_component_valrecord_new_uninit(ctypes.byref(entries), len(self.fields))
        for i in range(len(self.fields)):
            _set_nothing(entries.data[i].val)
        for i, (name, codec) in enumerate(self.fields.items()):
            entry = entries.data[i]
            _set_name(entry.name, name)
            codec.write(entry.val, value[name])
        val.kind = ffi.WASMTIME_COMPONENT_RECORD.value


@dataclass(frozen=True, slots=True)
class Option:
    """Something, or None."""

    some: Codec

    def read(self, val: Any) -> Any:
        """The value, or None."""
        some = val.of.option
        return self.some.read(some[0]) if some else None

    def write(self, val: Any, value: Any) -> None:
        """From the value, or None."""
        val.of.option = None if value is None else _boxed(self.some, value)
        val.kind = ffi.WASMTIME_COMPONENT_OPTION.value


@dataclass(frozen=True, slots=True)
class Err:
    """What a function returns in place of its value to say that it failed."""

    value: Any


@dataclass(frozen=True, slots=True)
class Result:
    """A value, or an :class:`Err`; a side without a value is None."""

    ok: Codec | None
    err: Codec | None

    def read(self, val: Any) -> Any:
        """The value, or an :class:`Err`."""
        result = val.of.result
        codec = self.ok if result.is_ok else self.err
        value = codec.read(result.val[0]) if codec else None
        return value if result.is_ok else Err(value)

    def write(self, val: Any, value: Any) -> None:
        """From the value, or an :class:`Err`."""
        failed = isinstance(value, Err)
        codec = self.err if failed else self.ok
        payload = value.value if failed else value
        val.of.result.val = _boxed(codec, payload) if codec else None
        val.of.result.is_ok = not failed
        val.kind = ffi.WASMTIME_COMPONENT_RESULT.value


@dataclass(frozen=True, slots=True)
class Case:
    """A value of a variant: its case, and what that carries."""

    name: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One of some cases, each with a value or without."""

    cases: Mapping[str, Codec | None] = field(default_factory=dict)

    def read(self, val: Any) -> Case:
        """As a :class:`Case`."""
        variant = val.of.variant
        name = _text(variant.discriminant)
        codec = self.cases[name]
        return Case(name, codec.read(variant.val[0]) if codec else None)

    def write(self, val: Any, value: Case) -> None:
        """From a :class:`Case`."""
        variant = val.of.variant
        codec = self.cases[value.name]
        variant.val = _boxed(codec, value.value) if codec else None
        _set_name(variant.discriminant, value.name)
        val.kind = ffi.WASMTIME_COMPONENT_VARIANT.value


def _text(name: Any) -> str:
    return ctypes.string_at(name.data, name.size).decode() if name.size else ""


def _set_name(name: Any, text: str) -> None:
    data = text.encode("utf-8", "replace")
    ffi.wasm_byte_vec_new_uninitialized(ctypes.byref(name), len(data))
    ctypes.memmove(name.data, data, len(data))


def _set_nothing(val: Any) -> None:
    """Make a value one that may be freed, before it is written."""
    val.kind = ffi.WASMTIME_COMPONENT_BOOL.value
    val.of.boolean = False


def _boxed(codec: Codec, value: Any) -> Any:
    val = Val()
    codec.write(val, value)
    return ffi.wasmtime_component_val_new(ctypes.byref(val))


def _write_all(items: Any, codecs: Sequence[Codec], values: Sequence[Any]) -> None:
    for i in range(len(codecs)):
        _set_nothing(items.data[i])
    for i, (codec, value) in enumerate(zip(codecs, values, strict=True)):
        codec.write(items.data[i], value)


def _elements(items: Any) -> Any:
    """The elements of a list as rows of bytes."""
    address = ctypes.cast(items.data, ctypes.c_void_p).value
    memory = (ctypes.c_uint8 * (items.size * _SIZE)).from_address(address)
    return np.frombuffer(memory, np.uint8).reshape(items.size, _SIZE)
