"""Numbers in a shape, as models take and give them."""

from __future__ import annotations

import array
import math
import struct
from collections.abc import Buffer, Iterable, Iterator, Sequence
from typing import Any

from wit_world.imports.tensor import Tensor as HostTensor
from wit_world.imports.tensor import TensorType

from wasi_nn._errors import TooLarge

# as the struct module writes them; there is none for BF16
_FORMATS = {
    TensorType.FP16: "e",
    TensorType.FP32: "f",
    TensorType.FP64: "d",
    TensorType.BF16: "H",
    TensorType.U8: "B",
    TensorType.I32: "i",
    TensorType.I64: "q",
}
_SIZES = {kind: struct.calcsize(form) for kind, form in _FORMATS.items()}
_OF_FORMATS = {form: kind for kind, form in _FORMATS.items() if kind is not TensorType.BF16} | {
    "l": TensorType.I32,
    "?": TensorType.U8,
    "c": TensorType.U8,
}
DTYPES = {
    TensorType.FP16: "float16",
    TensorType.FP32: "float32",
    TensorType.FP64: "float64",
    TensorType.U8: "uint8",
    TensorType.I32: "int32",
    TensorType.I64: "int64",
}
# the most that WebAssembly components can be handed in one call here
_LARGEST = 2_796_202


class Tensor:
    """Numbers in a shape.

    Args:
        data: numbers, nested lists of them, or anything with a buffer: an ``array.array``, a
            ``memoryview``, bytes. A buffer is copied as it is, whatever its size.
        shape: by default the data's own.
        type: of the elements: a :class:`TensorType` or its name. By default the buffer's own; FP32
            for numbers. Bytes with a type are its elements as they lie in memory.

    Attributes:
        shape: the dimensions.
        type: the type of its elements.
    """

    __slots__ = ("_bytes", "shape", "type")

    shape: tuple[int, ...]
    type: TensorType

    def __init__(
        self,
        data: Buffer | Iterable[Any] | float | Tensor,
        shape: Sequence[int] | int | None = None,
        type: TensorType | str | None = None,  # noqa: A002 - as wasi-nn calls it
    ) -> None:
        kind = None if type is None else type_of(type)
        if isinstance(data, Buffer):
            self._bytes, self.type, own = _of_buffer(data, kind)
        else:
            self.type = kind or TensorType.FP32
            self._bytes, own = _of_numbers(data, self.type)
        if shape is None:
            self.shape = own
        else:
            self.shape = (shape,) if isinstance(shape, int) else tuple(map(int, shape))
        count = len(self._bytes) // _SIZES[self.type]
        if any(size < 0 for size in self.shape) or math.prod(self.shape) != count:
            raise ValueError(f"{count} elements cannot have the shape {list(self.shape)}")
        if any(size >= 2**32 for size in self.shape):  # of no elements
            raise ValueError(f"the shape {list(self.shape)} has a dimension beyond {2**32 - 1:,}")

    @property
    def data(self) -> memoryview:
        """The elements, without a copy: of the tensor's shape where it has one.

        Those of BF16, which Python has not, are their bits.
        """
        flat = memoryview(self._bytes).cast(_FORMATS[self.type])
        if len(self.shape) < 2 or not all(self.shape):
            return flat
        return memoryview(self._bytes).cast(_FORMATS[self.type], self.shape)

    def tobytes(self) -> bytes:
        """The elements as they lie in memory."""
        return self._bytes

    def tolist(self) -> Any:
        """The elements in lists, nested as the shape is; one number for a tensor without one."""
        return _nested(self._numbers(), self.shape)

    def reshape(self, *shape: int) -> Tensor:
        """The same elements in another shape; -1 stands for what is left."""
        wanted = list(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else [*shape]
        if wanted.count(-1) == 1:
            place = wanted.index(-1)
            wanted[place] = 1
            wanted[place] = len(self) // max(1, math.prod(wanted))
        return Tensor(self._bytes, wanted, self.type)

    def argmax(self) -> int:
        """The place of the largest element, among all in a row."""
        numbers = self._numbers()
        return max(range(len(numbers)), key=numbers.__getitem__)

    def item(self) -> float | int:
        """The one element of a tensor that has one."""
        (number,) = self._numbers()
        return number

    def _numbers(self) -> Sequence[float | int]:
        """All elements in a row."""
        numbers = memoryview(self._bytes).cast(_FORMATS[self.type])
        if self.type is TensorType.BF16:
            bits = b"".join(b"\0\0" + struct.pack("<H", bit) for bit in numbers)
            return memoryview(bits).cast("f")
        return numbers

    def __len__(self) -> int:
        return len(self._bytes) // _SIZES[self.type]

    def __iter__(self) -> Iterator[float | int]:
        return iter(self._numbers())

    def __getitem__(self, at: int | slice | tuple[int, ...]) -> Any:
        """One element by all its indices, a row of the first dimension by one, some by a slice."""
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(self.shape[0] if self.shape else 0))]
        indices = at if isinstance(at, tuple) else (at,)
        if len(indices) > len(self.shape):
            raise IndexError(f"a tensor of shape {list(self.shape)} has no place {list(indices)}")
        place = 0
        for index, size in zip(indices, self.shape, strict=False):
            if not -size <= index < size:
                raise IndexError(f"{index} is out of range: the dimension has {size}")
            place = place * size + index % size
        rest = self.shape[len(indices) :]
        if not rest:
            return self._numbers()[place]
        width = math.prod(rest) * _SIZES[self.type]
        return Tensor(self._bytes[place * width : (place + 1) * width], rest, self.type)

    def __buffer__(self, flags: int) -> memoryview:
        return self.data

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
            return NotImplemented
        mine = (self.type, self.shape, self._bytes)
        return mine == (other.type, other.shape, other._bytes)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        numbers = self._numbers()
        shown = ", ".join(f"{number:g}" for number in numbers[:8])
        more = ", ..." if len(numbers) > 8 else ""
        return f"Tensor([{shown}{more}], shape={self.shape}, type={self.type.name})"


def type_of(name: TensorType | str) -> TensorType:
    """A type by its name; numpy's names do as well."""
    if isinstance(name, TensorType):
        return name
    for kind in TensorType:
        if name.upper() == kind.name or name == DTYPES.get(kind):
            return kind
    known = ", ".join(kind.name for kind in TensorType)
    raise ValueError(f"there is no type {name!r}; there are {known}")


def given(value: Any) -> HostTensor:
    """What the host is given: a handle for this call, which takes it."""
    tensor = value if type(value) is Tensor else Tensor(value)
    if len(tensor._bytes) > _LARGEST:
        raise TooLarge(
            f"A tensor of {len(tensor._bytes):,} bytes cannot be given to a model from here; "
            f"the most is {_LARGEST:,}. Give it in parts, or from a C, Zig or Rust cell."
        )
    return HostTensor(list(tensor.shape), tensor.type, tensor._bytes)


def taken(handle: HostTensor) -> Tensor:
    """What the host has given; its handle is not needed any more."""
    with handle:
        return Tensor(handle.data(), handle.dimensions(), handle.ty())


def _of_buffer(data: Buffer, kind: TensorType | None) -> tuple[bytes, TensorType, tuple[int, ...]]:
    view = memoryview(data)
    form = view.format.lstrip("@=<")
    own = _OF_FORMATS.get(form)
    if isinstance(data, Tensor):
        own = data.type
    raw = isinstance(data, (bytes, bytearray)) or own is TensorType.U8
    if own is kind or (kind is None and own is not None):
        return view.tobytes(), own, view.shape
    if kind is not None and (raw or (kind is TensorType.BF16 and form == "H")):
        return _elements(view.tobytes(), kind)
    if kind is None:
        raise TypeError(
            f"elements of the format {form!r} are none of a tensor's; give their type, and they "
            "are converted"
        )
    data, shape = _of_numbers(view.tolist(), kind)
    return data, kind, shape


def _elements(data: bytes, kind: TensorType) -> tuple[bytes, TensorType, tuple[int, ...]]:
    count, rest = divmod(len(data), _SIZES[kind])
    if rest:
        raise ValueError(
            f"{len(data)} bytes are no whole number of elements of {kind.name}, "
            f"of {_SIZES[kind]} each"
        )
    return data, kind, (count,)


def _of_numbers(data: Any, kind: TensorType) -> tuple[bytes, tuple[int, ...]]:
    shape: list[int] = []
    numbers: list[Any] = [data]
    while True:
        nested = [hasattr(item, "__iter__") for item in numbers]
        if not any(nested):
            break
        if wrong := [item for item in numbers if isinstance(item, (str, dict))]:
            raise TypeError(f"a tensor is made of numbers, and not of {wrong[0]!r}")
        rows = [list(item) for item in numbers] if all(nested) else []
        if len({len(row) for row in rows}) != 1:
            raise ValueError("the rows of a tensor have the same length")
        shape.append(len(rows[0]))
        numbers = [item for row in rows for item in row]
        if not numbers:
            break
    return _packed(numbers, kind), tuple(shape)


def _packed(numbers: list[Any], kind: TensorType) -> bytes:
    try:
        if kind is TensorType.BF16:
            bits = memoryview(array.array("f", numbers)).cast("B").cast("I")
            # to the nearest, and to even in the middle
            rounded = [(bit + 0x7FFF + ((bit >> 16) & 1)) >> 16 for bit in bits]
            return struct.pack(f"<{len(rounded)}H", *(min(one, 0xFFFF) for one in rounded))
        if kind is TensorType.FP16:
            return struct.pack(f"<{len(numbers)}e", *numbers)
        return array.array(_FORMATS[kind], numbers).tobytes()
    except TypeError:
        what = next((n for n in numbers if not isinstance(n, (int, float))), numbers)
        if isinstance(what, (int, float)) or what is numbers:
            raise TypeError(f"elements of {kind.name} are whole numbers") from None
        raise TypeError(f"a tensor is made of numbers, and not of {what!r}") from None
    except (OverflowError, struct.error) as error:
        raise OverflowError(f"not all of these numbers fit {kind.name}: {error}") from None


def _nested(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    if not shape:
        return numbers[0]
    if len(shape) == 1:
        return list(numbers)
    width = math.prod(shape[1:])
    return [_nested(numbers[i * width : (i + 1) * width], shape[1:]) for i in range(shape[0])]
