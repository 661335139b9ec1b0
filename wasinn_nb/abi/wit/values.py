"""Codecs for what only calls from Python need: all numbers, lists of them, flags, guests' handles.

As in :mod:`codec`, a value is checked before it is written; every read looks at the tag first.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.codec import BOOL, F32, F64, S32, U8, U32, U64, Option, Scalar
from wasinn_nb.abi.wit.layout import (
    LIST_KIND,
    LIST_TAG,
    NAME_FORM,
    NONE,
    NOTHING,
    NOTHING_AT,
    OPTION_KIND,
    PAYLOAD,
    POINTER_FORM,
    SIZE,
    address_at,
    kind_of,
    mismatch,
    new_list,
    read_pair,
)

_string_at, _memmove = ctypes.string_at, ctypes.memmove

S8 = Scalar("S8", "b")
S16, U16 = Scalar("S16", "h"), Scalar("U16", "H")
S64 = Scalar("S64", "q")
CHAR = Scalar("CHAR", "I")

SCALARS = {
    "bool": BOOL,
    "s8": S8,
    "u8": U8,
    "s16": S16,
    "u16": U16,
    "s32": S32,
    "u32": U32,
    "s64": S64,
    "u64": U64,
    "f32": F32,
    "f64": F64,
    "char": CHAR,
}
"""By their names in WIT."""

DTYPES: dict[str, Any] = {
    "s8": np.int8,
    "u8": np.uint8,
    "s16": np.int16,
    "u16": np.uint16,
    "s32": np.int32,
    "u32": np.uint32,
    "s64": np.int64,
    "u64": np.uint64,
    "f32": np.float32,
    "f64": np.float64,
}
"""What the elements of a list of numbers are to numpy."""

_FLAGS_KIND, _RESOURCE_KIND = kind_of("FLAGS"), kind_of("RESOURCE")
_FLAGS_TAG = bytes([_FLAGS_KIND])


class Numbers:
    """A list of numbers, all of it at once: a column in the elements' memory.

    Args:
        name: of the element's type in WIT.
    """

    def __init__(self, name: str) -> None:
        self.scalar = SCALARS[name]
        self.dtype = np.dtype(DTYPES[name])

    def read(self, at: int) -> Any:
        """As an array."""
        size, data = read_pair(at, LIST_KIND, f"LIST of {self.scalar.name}")
        if not size:
            return np.empty(0, self.dtype)
        if _string_at(data, 1)[0] != self.scalar.kind:
            mismatch(f"LIST of {self.scalar.name}")
        return self._column(data, size).copy()

    def write(self, at: int, value: Any) -> None:
        """From an array of one dimension."""
        size = len(value)
        data = new_list(at, size)
        if size:
            memory: Any = (ctypes.c_uint8 * (size * SIZE)).from_address(data)
            np.ndarray((size,), np.uint8, memory, 0, (SIZE,))[:] = self.scalar.kind
            self._column(data, size)[:] = value
        _memmove(at, LIST_TAG, 1)

    def _column(self, data: int, size: int) -> Any:
        memory: Any = (ctypes.c_uint8 * (size * SIZE)).from_address(data)
        return np.ndarray((size,), self.dtype, memory, PAYLOAD, (SIZE,))


class Flags:
    """Some of some labels, as a list of str."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self._data = {label: label.encode() for label in labels}

    def read(self, at: int) -> list[str]:
        """The labels."""
        size, data = read_pair(at, _FLAGS_KIND, "FLAGS")
        found = []
        for place in range(data, data + size * NAME_FORM.size, NAME_FORM.size):
            length, text = NAME_FORM.unpack(_string_at(place, NAME_FORM.size))
            label = _string_at(text, length).decode()
            if label not in self._data:
                mismatch(f"FLAGS of {', '.join(self.labels)}")
            found.append(label)
        return found

    def write(self, at: int, value: Sequence[str]) -> None:
        """From labels."""
        native.new_flags(at + PAYLOAD, len(value))
        data = address_at(at + PAYLOAD + 8)
        for number, label in enumerate(value):
            name = self._data[label]
            native.new_bytes(data + number * NAME_FORM.size, len(name), name)
        _memmove(at, _FLAGS_TAG, 1)


class Some:
    """A value that is there, where the value itself may be None: an option in an option.

    Attributes:
        value: what is there.
    """

    __match_args__ = ("value",)
    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Some({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Some) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash((Some, self.value))


class OuterOption(Option):
    """An option of what may be None itself: :class:`Some`, or None."""

    def read(self, at: int) -> Some | None:
        """The value, or None."""
        kind, some = POINTER_FORM.unpack(_string_at(at, POINTER_FORM.size))
        if kind != OPTION_KIND:
            mismatch("OPTION")
        return Some(self.some.read(some)) if some else None

    def write(self, at: int, value: Some | None) -> None:
        """From the value, or None."""
        if value is None:
            _memmove(at, NONE, len(NONE))
            return
        box = native.new_value(NOTHING_AT)
        _memmove(at, POINTER_FORM.pack(OPTION_KIND, box), POINTER_FORM.size)
        self.some.write(box, value.value)


class GuestHandle:
    """A handle of a resource that the guest has, as the address of wasmtime's object for it.

    Args:
        own: who gets it is its owner from then on; else it is lent for the call.
    """

    def __init__(self, *, own: bool) -> None:
        self.own = own

    def read(self, at: int) -> int:
        """The address, which is the caller's to free."""
        kind, address = POINTER_FORM.unpack(_string_at(at, POINTER_FORM.size))
        if kind != _RESOURCE_KIND:
            mismatch("handle")
        _memmove(at, NOTHING, SIZE)
        found: int = address
        return found

    def write(self, at: int, value: int) -> None:
        """From an address; one that is owned is wasmtime's from now on."""
        address = value if self.own else native.clone_any(value)
        _memmove(at, POINTER_FORM.pack(_RESOURCE_KIND, address), POINTER_FORM.size)
