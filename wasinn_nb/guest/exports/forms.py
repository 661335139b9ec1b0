"""How values of WIT's types look in Python: what is taken for them, and what they become.

A form checks what a caller gives before anything is called, and makes of it what its codec writes
(:mod:`wasinn_nb.abi.wit.codec`). What a codec has read it makes into what the caller gets.
"""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Iterable, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from wasinn_nb.abi.wit.codec import Bytes, Codec, List, String
from wasinn_nb.abi.wit.values import SCALARS, Numbers

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.resources import Passing

_LARGEST_F32 = 3.4028235677973366e38  # from here on, rounding makes infinity of it
_RANGES = {
    "s8": (-(1 << 7), (1 << 7) - 1),
    "u8": (0, (1 << 8) - 1),
    "s16": (-(1 << 15), (1 << 15) - 1),
    "u16": (0, (1 << 16) - 1),
    "s32": (-(1 << 31), (1 << 31) - 1),
    "u32": (0, (1 << 32) - 1),
    "s64": (-(1 << 63), (1 << 63) - 1),
    "u64": (0, (1 << 64) - 1),
}
_NOTHING: Any = None  # numbers need to know nothing of the call
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60


class Mismatch(Exception):  # noqa: N818 - never leaves this package
    """A value is not of a type.

    Attributes:
        path: where in the argument it stands, outermost first, as in ``.points[2]``.
        wit: the type that it should have.
        given: what it is, in words.
    """

    def __init__(self, wit: str, value: object, why: str = "") -> None:
        super().__init__()
        self.path = ""
        self.wit = wit
        self.given = described(value)
        self.why = why

    def inside(self, step: str) -> Mismatch:
        """The same, seen from the value that this one is in."""
        self.path = step + self.path
        return self


class Form(Protocol):
    """One type."""

    @property
    def wit(self) -> str:
        """The type as WIT writes it."""

    @property
    def annotation(self) -> Any:
        """The type as Python writes it."""

    @property
    def codec(self) -> Codec:
        """How its values cross."""

    def lower(self, value: Any, passing: Passing) -> Any:
        """What the codec writes for ``value``; raises :class:`Mismatch`."""

    def lift(self, value: Any, passing: Passing) -> Any:
        """What a caller gets for what the codec has read."""


def described(value: object) -> str:
    """A value in a few words."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    if value is None:
        return "None"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{type(value).__name__} of {len(value)} bytes"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"{_short.repr(value)} ({type(value).__name__})"


class Plain:
    """What a value is given for it, and got: the codec's own."""

    def lift(self, value: Any, _passing: Passing) -> Any:
        """As it is."""
        return value


class Whole(Plain):
    """A whole number."""

    def __init__(self, name: str) -> None:
        self.wit = name
        self.annotation = int
        self.codec = SCALARS[name]
        self._low, self._high = _RANGES[name]

    def lower(self, value: Any, _passing: Passing) -> int:
        """From anything that is a whole number, and no truth value."""
        if isinstance(value, (bool, np.bool_)):
            raise Mismatch(self.wit, value)
        try:
            number = operator.index(value)
        except TypeError:
            raise Mismatch(self.wit, value) from None
        if not self._low <= number <= self._high:
            raise Mismatch(self.wit, value, f"it can be {self._low} to {self._high}")
        return number


class Real(Plain):
    """A number with a fraction."""

    def __init__(self, name: str) -> None:
        self.wit = name
        self.annotation = float
        self.codec = SCALARS[name]

    def lower(self, value: Any, _passing: Passing) -> float:
        """From a real number, and no truth value or text."""
        is_number = isinstance(value, (float, int, np.floating, np.integer))
        if not (is_number or hasattr(value, "__float__")) or isinstance(value, (bool, np.bool_)):
            raise Mismatch(self.wit, value)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise Mismatch(self.wit, value) from None
        if self.wit == "f32" and _LARGEST_F32 <= abs(number) < math.inf:
            raise Mismatch(self.wit, value, "it is too large")
        return number


class Truth(Plain):
    """True or false."""

    wit = "bool"
    annotation = bool
    codec = SCALARS["bool"]

    def lower(self, value: Any, _passing: Passing) -> bool:
        """From True or False."""
        if not isinstance(value, (bool, np.bool_)):
            raise Mismatch(self.wit, value)
        return bool(value)


class Character:
    """One character."""

    wit = "char"
    annotation = str
    codec = SCALARS["char"]

    def lower(self, value: Any, _passing: Passing) -> int:
        """From a str of one character."""
        if not isinstance(value, str):
            raise Mismatch(self.wit, value)
        if len(value) != 1 or "\ud800" <= value <= "\udfff":
            raise Mismatch(self.wit, value, "it is one character")
        return ord(value)

    def lift(self, value: int, _passing: Passing) -> str:
        """As a str."""
        return chr(value)


class Text(Plain):
    """Text."""

    wit = "string"
    annotation = str
    codec = String()

    def lower(self, value: Any, _passing: Passing) -> str:
        """From str."""
        if not isinstance(value, str):
            raise Mismatch(self.wit, value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Mismatch(self.wit, value, "it has a lone surrogate, which UTF-8 lacks") from None
        return value


class Blob(Plain):
    """A list of bytes."""

    wit = "list<u8>"
    annotation = bytes
    codec = Bytes()

    def __init__(self) -> None:
        self._numbers = Vector("u8")

    def lower(self, value: Any, passing: Passing) -> Any:
        """From anything with a buffer of bytes, or from numbers."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, (bytearray, memoryview)):
            return bytes(value)
        return np.ascontiguousarray(self._numbers.lower(value, passing))


class Vector(Plain):
    """A list of numbers."""

    annotation = np.ndarray

    def __init__(self, name: str) -> None:
        self.wit = f"list<{name}>"
        self.codec = Numbers(name)
        self._name = name
        self._dtype = self.codec.dtype

    def lower(self, value: Any, _passing: Passing) -> Any:
        """From an array of one dimension, or a sequence of numbers."""
        if isinstance(value, np.ndarray) and value.dtype == self._dtype and value.ndim == 1:
            return value
        if isinstance(value, (str, bytes, dict, set)) or not _is_series(value):
            raise Mismatch(self.wit, value)
        array = self._array(value)
        if array.ndim != 1:
            if array.size and array.ndim:
                raise Mismatch(self.wit, array, "it has one dimension; give array.ravel()")
            raise Mismatch(self.wit, value)
        if not array.size:
            return np.empty(0, self._dtype)
        return self._cast(array, value)

    def _array(self, value: Any) -> Any:
        try:
            return np.asarray(value)
        except (ValueError, TypeError, OverflowError):
            raise Mismatch(self.wit, value) from None

    def _cast(self, array: Any, value: Any) -> Any:
        wanted, kind = self._dtype, array.dtype.kind
        if kind not in "iuf" or (kind == "f" and wanted.kind != "f"):
            return self._one_by_one(array, value)
        if wanted.kind == "f":
            if wanted.itemsize == 4 and array.dtype.itemsize > 4:
                large = np.abs(array) >= _LARGEST_F32
                if np.any(large & np.isfinite(array)):
                    raise Mismatch(self.wit, value, "a number in it is too large for f32")
            return array.astype(wanted)
        low, high = _RANGES[self._name]
        if int(array.min()) < low or int(array.max()) > high:
            at = int(np.argmax((array < low) | (array > high)))
            why = f"it can be {low} to {high}"
            raise Mismatch(self._name, array[at].item(), why).inside(f"[{at}]")
        return array.astype(wanted)

    def _one_by_one(self, array: Any, value: Any) -> Any:
        """From a sequence that is no array of numbers to numpy; says which element is none."""
        if array is value or not isinstance(value, Sequence):
            raise Mismatch(self.wit, array)
        form: Form = (Real if self._dtype.kind == "f" else Whole)(self._name)
        made = []
        for at, item in enumerate(value):
            try:
                made.append(form.lower(item, _NOTHING))
            except Mismatch as mismatch:
                raise mismatch.inside(f"[{at}]") from None
        return np.array(made, self._dtype)


class Series:
    """A list of anything else."""

    def __init__(self, item: Form) -> None:
        self.item = item
        self.wit = f"list<{item.wit}>"
        self.annotation: Any = GenericAlias(list, (item.annotation,))
        self.codec: Codec = List(item.codec)

    def lower(self, value: Any, passing: Passing) -> list[Any]:
        """From anything that has some order and an end."""
        if isinstance(value, (str, bytes, dict, set)) or not _is_series(value):
            raise Mismatch(self.wit, value)
        made = []
        for at, item in enumerate(value):
            try:
                made.append(self.item.lower(item, passing))
            except Mismatch as mismatch:
                raise mismatch.inside(f"[{at}]") from None
        return made

    def lift(self, value: list[Any], passing: Passing) -> list[Any]:
        """As a list."""
        return [self.item.lift(item, passing) for item in value]


def _is_series(value: object) -> bool:
    return isinstance(value, Iterable) and hasattr(value, "__len__")


def scalar(name: str) -> Form:
    """The form of a type of WIT that is just a name."""
    if name in _RANGES:
        return Whole(name)
    if name in ("f32", "f64"):
        return Real(name)
    others: dict[str, Form] = {"bool": Truth(), "char": Character(), "string": Text()}
    return others[name]


def listed(item: Form) -> Form:
    """The form of a list."""
    if item.wit == "u8":
        return Blob()
    if item.wit in _RANGES or item.wit in ("f32", "f64"):
        return Vector(item.wit)
    return Series(item)
