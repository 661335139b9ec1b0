"""What the header of a GGUF file says, as plain data."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from wasinn_nb.backends.ggml.gguf_tables import SCALARS, TensorKind, ValueType
from wasinn_nb.nn.errors import ModelNotFound

_U64 = struct.Struct("<Q")


def open_model(path: Path) -> BinaryIO:
    """Open a model file for reading.

    Raises:
        ModelNotFound: missing, a directory, or not readable.
    """
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ModelNotFound(f"There is no file {path}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise ModelNotFound(f"{path} is a directory.", hint="Name the .gguf file in it.") from None
    except OSError as error:
        raise ModelNotFound(f"{path} cannot be read: {error.strerror}.") from None


def label(source: Path | bytes) -> str:
    """What to call a model in a message."""
    return str(source) if isinstance(source, Path) else "The model given as bytes"


@dataclass(frozen=True, slots=True)
class GGUFArray:
    """An array in the metadata: where it is, and its elements when asked for.

    ``inline`` holds the bytes of a small one; a large one (a tokenizer's) is read again from
    ``source``, so that a header kept in a cache stays small. ``items`` are the inner arrays, if
    any.
    """

    type: ValueType
    count: int
    offset: int
    nbytes: int
    source: Path | bytes = field(repr=False)
    inline: bytes | None = field(default=None, repr=False)
    items: tuple[GGUFArray, ...] = ()

    def raw(self) -> bytes:
        """The elements as stored.

        Raises:
            ModelNotFound: the file has gone or changed since its header was read.
        """
        if self.inline is not None:
            return self.inline
        if isinstance(self.source, bytes):
            return self.source[self.offset : self.offset + self.nbytes]
        with open_model(self.source) as file:
            file.seek(self.offset)
            data = file.read(self.nbytes)
        if len(data) != self.nbytes:
            raise ModelNotFound(f"{self.source} changed while it was being read.")
        return data

    def numbers(self) -> array[int] | array[float]:
        """The elements of an array of numbers or booleans."""
        values: array[int] | array[float] = array(SCALARS[self.type])
        values.frombytes(self.raw())
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def strings(self) -> list[bytes]:
        """The elements of an array of strings, as bytes (tokens need not be UTF-8)."""
        data, position, strings = self.raw(), 0, []
        unpack = _U64.unpack_from
        for _ in range(self.count):
            start = position + 8
            position = start + unpack(data, position)[0]
            strings.append(data[start:position])
        return strings


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """One tensor: ``dims`` fastest first, as ggml counts; ``offset`` within the data section."""

    name: str
    dims: tuple[int, ...]
    kind: TensorKind
    offset: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        total = 1
        for dim in self.dims:
            total *= dim
        return total

    @property
    def nbytes(self) -> int:
        """Size of the data in bytes, without padding."""
        return self.elements // self.kind.block * self.kind.nbytes


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class GGUFHeader:
    """Everything in a GGUF file but the weights.

    ``types`` has the stored type of every metadata value. ``splits`` are the headers of the other
    parts of a split model, in order; ``tensors`` are this file's own.
    """

    version: int
    metadata: dict[str, int | float | bool | str | GGUFArray]
    types: dict[str, ValueType]
    tensors: tuple[TensorInfo, ...]
    alignment: int
    data_offset: int
    file_size: int
    source: Path | bytes = field(repr=False)
    splits: tuple[GGUFHeader, ...] = ()

    @property
    def label(self) -> str:
        """What to call the file in a message."""
        return label(self.source)

    @property
    def all_tensors(self) -> tuple[TensorInfo, ...]:
        """The tensors of all parts."""
        return self.tensors + tuple(t for split in self.splits for t in split.tensors)

    @property
    def nbytes(self) -> int:
        """Size of all parts on disk, in bytes."""
        return self.file_size + sum(split.file_size for split in self.splits)


Metadata = dict[str, int | float | bool | str | GGUFArray]
"""Metadata by key. A boolean is a ``bool``, a string is text, an array knows its element type."""
