"""Reads the header of a GGUF file without any model library.

The layout (``ggml/include/gguf.h``): magic, version, counts, key-value pairs, tensor infos,
padding, data. Everything is checked against the file's size before memory is taken for it, and
only the header is read, with plain reads: a mapping would kill the process if somebody truncates
the file meanwhile.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import BinaryIO, NoReturn

from wasinn_nb.backends.ggml.gguf_header import (
    GGUFArray,
    GGUFHeader,
    Metadata,
    TensorInfo,
    label,
    open_model,
)
from wasinn_nb.backends.ggml.gguf_tables import (
    REMOVED_KINDS,
    SCALARS,
    TENSOR_KINDS,
    ValueType,
)
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound

MAX_KEYS = 1 << 16
MAX_TENSORS = 1 << 17
MAX_KEY = (1 << 16) - 1
MAX_STRING = 1 << 28
MAX_ITEMS = 1 << 24
MAX_DEPTH = 4
MAX_NAME = 63
MAX_DIMS = 4
DEFAULT_ALIGNMENT = 32
AGAIN = "The file is damaged; download or convert it again."

_CHUNK = 1 << 20
_INLINE = 4096
_U64 = struct.Struct("<Q")


def parse(source: Path | bytes) -> GGUFHeader:
    """Read the header of one file (a split model's other parts are not looked at).

    Raises:
        ModelNotFound: no such file.
        InvalidEncoding: not a GGUF, or a version or byte order that llama.cpp does not read.
        InvalidArgument: damaged; the message says what, at which byte, and what to do.
    """
    if isinstance(source, bytes):
        return _Parser(io.BytesIO(source), len(source), source).parse()
    with open_model(source) as file:
        return _Parser(file, os.fstat(file.fileno()).st_size, source).parse()


class _Parser:
    """A window over the start of the file that grows as the header turns out to be longer."""

    def __init__(self, file: BinaryIO, size: int, source: Path | bytes) -> None:
        self._file = file
        self._size = size
        self._source = source
        self._name = label(source)
        self._buffer = bytearray()
        self._at = 0
        self._doing = "the header"

    def parse(self) -> GGUFHeader:
        version = self._preamble()
        n_tensors, n_keys = self._counts()
        metadata: Metadata = {}
        types: dict[str, ValueType] = {}
        for index in range(n_keys):
            self._doing = f"metadata entry {index + 1} of {n_keys}"
            self._entry(metadata, types)
        alignment = self._alignment(metadata, types)
        tensors = []
        names: set[str] = set()
        for index in range(n_tensors):
            self._doing = f"tensor {index + 1} of {n_tensors}"
            tensors.append(self._tensor(names))
        data = -(-self._at // alignment) * alignment if tensors else self._at
        self._layout(tensors, data, alignment)
        return GGUFHeader(
            version, metadata, types, tuple(tensors), alignment, data, self._size, self._source
        )

    # ------------------------------------------------------------------ sections

    def _preamble(self) -> int:
        self._fill(min(8, self._size))
        magic = bytes(self._buffer[:4])
        if magic != b"GGUF":
            seen = "an empty file" if not self._size else f"one that begins with {magic!r}"
            does = "Name" if isinstance(self._source, Path) else "Give the bytes of"
            hint = f"{does} a .gguf file."
            if magic == b"FUGG":
                hint = "It was written for a big-endian machine; convert it for this one."
            elif magic.lower().startswith((b"<!do", b"<htm")):
                hint = "It looks like a web page: the download address was not that of the file."
            elif magic == b"vers":
                hint = "It looks like a Git LFS pointer: run `git lfs pull` to get the real file."
            raise InvalidEncoding(f"{self._name} is not a GGUF file but {seen}.", hint=hint)
        self._at = 4
        version = self._u32()
        if version & 0xFFFF == 0:
            raise InvalidEncoding(
                f"{self._name} is a big-endian GGUF (version word {version:#010x} at byte 4).",
                hint="Only little-endian files can be read; convert it again without --bigendian.",
            )
        if version not in {2, 3}:
            raise InvalidEncoding(
                f"{self._name} is a GGUF of version {version}; versions 2 and 3 can be read.",
                hint="Convert the model again with a current llama.cpp.",
            )
        return version

    def _counts(self) -> tuple[int, int]:
        n_tensors, n_keys = self._u64(), self._u64()
        left = self._size - self._at
        for count, most, least, what, at in (
            (n_tensors, MAX_TENSORS, 24, "tensors", 8),
            (n_keys, MAX_KEYS, 13, "metadata entries", 16),
        ):
            if count > most:
                self._damaged(f"it claims {count:,} {what}; the most is {most:,}", at)
            if count * least > left:
                self._damaged(f"it claims {count:,} {what}, more than {left:,} bytes can hold", at)
        return n_tensors, n_keys

    def _entry(
        self,
        metadata: Metadata,
        types: dict[str, ValueType],
    ) -> None:
        at = self._at
        raw = self._string(MAX_KEY, "a key")
        try:
            key = raw.decode()
        except UnicodeDecodeError:
            self._damaged(f"the key {raw[:40]!r} is not UTF-8", at)
        if not key or "\0" in key:
            self._damaged(f"the key {key[:40]!r} is empty or holds a zero byte", at)
        if key in metadata:
            self._damaged(f"the key {key!r} occurs twice", at)
        self._doing = f"the value of {key!r}"
        types[key] = kind = self._value_type(self._u32())
        if kind is ValueType.ARRAY:
            metadata[key] = self._array(0)
        elif kind is ValueType.STRING:
            metadata[key] = self._string(MAX_STRING, "a string").decode(errors="replace")
        else:
            value = self._unpack(SCALARS[kind])
            metadata[key] = bool(value) if kind is ValueType.BOOL else value

    def _array(self, depth: int) -> GGUFArray:
        kind, count, start = self._value_type(self._u32()), self._u64(), self._at
        if count > MAX_ITEMS:
            self._damaged(f"{self._doing} has {count:,} elements; the most is {MAX_ITEMS:,}", start)
        items: tuple[GGUFArray, ...] = ()
        if kind is ValueType.ARRAY:
            if depth == MAX_DEPTH or count * 12 > self._size - start:
                self._damaged(f"{self._doing} nests arrays too deeply", start)
            items = tuple(self._array(depth + 1) for _ in range(count))
        elif kind is ValueType.STRING:
            self._skip_strings(count)
        else:
            self._skip(count * struct.calcsize(SCALARS[kind]))
        nbytes = self._at - start
        inline = bytes(self._buffer[start : self._at]) if nbytes <= _INLINE else None
        return GGUFArray(kind, count, start, nbytes, self._source, inline, items)

    def _skip_strings(self, count: int) -> None:
        at, have, unpack, buffer = self._at, len(self._buffer), _U64.unpack_from, self._buffer
        for index in range(count):
            if at + 8 > have:
                have = self._fill(at + 8)
            length = unpack(buffer, at)[0]
            if length > MAX_STRING:
                self._damaged(f"string {index} of {self._doing} claims {length:,} bytes", at)
            at += 8 + length
        self._fill(at)
        self._at = at

    def _alignment(
        self,
        metadata: Metadata,
        types: dict[str, ValueType],
    ) -> int:
        value = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
        kind = types.get("general.alignment", ValueType.UINT32)
        if kind is not ValueType.UINT32 or not isinstance(value, int):
            self._damaged("general.alignment is not a 32-bit unsigned number", self._at)
        if value < 1 or value & (value - 1) or value > _CHUNK:
            self._damaged(f"general.alignment is {value}, not a power of two up to 1 MiB", self._at)
        return value

    def _tensor(self, names: set[str]) -> TensorInfo:
        at = self._at
        raw = self._string(MAX_NAME, "a tensor's name")
        name = raw.decode(errors="replace")
        if not raw or b"\0" in raw:
            self._damaged(f"the tensor's name {name!r} is empty or holds a zero byte", at)
        if name in names:
            self._damaged(f"the tensor {name!r} occurs twice", at)
        names.add(name)
        n_dims = self._u32()
        if not 1 <= n_dims <= MAX_DIMS:
            self._damaged(f"the tensor {name!r} has {n_dims} dimensions; 1 to 4 can be", at)
        dims = tuple(self._u64() for _ in range(n_dims))
        number = self._u32()
        kind = TENSOR_KINDS.get(number)
        if kind is None:
            known = REMOVED_KINDS.get(number)
            hint = "Quantize the model again with a current llama.cpp." if known else AGAIN
            text = f"the tensor {name!r} has type {known or number}, which llama.cpp cannot read"
            self._damaged(text, at, hint)
        info = TensorInfo(name, dims, kind, self._u64())
        if min(dims) < 1 or info.elements > (1 << 63) - 1 or info.nbytes > (1 << 63) - 1:
            self._damaged(f"the tensor {name!r} has the impossible shape {list(dims)}", at)
        if dims[0] % kind.block:
            rows = (
                f"rows of {dims[0]} elements, not a multiple of {kind.block} as {kind.name} needs"
            )
            self._damaged(f"the tensor {name!r} has {rows}", at)
        return info

    def _layout(self, tensors: list[TensorInfo], data: int, alignment: int) -> None:
        expected = end = 0
        for tensor in tensors:
            if tensor.offset != expected:
                what = "overlaps the one before" if tensor.offset < expected else "leaves a gap"
                self._damaged(
                    f"the data of tensor {tensor.name!r} begins at {tensor.offset:,} of the data "
                    f"section instead of {expected:,}, so it {what}",
                    data,
                )
            end = expected + tensor.nbytes
            expected = -(-end // alignment) * alignment
        if data + end > self._size:
            raise InvalidArgument(
                f"{self._name} is cut short: expected {data + end:,} bytes, found {self._size:,}.",
                hint="The download is probably incomplete; download it again.",
            )

    # ------------------------------------------------------------------ primitives

    def _value_type(self, number: int) -> ValueType:
        if number > ValueType.FLOAT64:
            self._damaged(f"{self._doing} has the unknown type {number}", self._at - 4)
        return ValueType(number)

    def _string(self, most: int, what: str) -> bytes:
        at, length = self._at, self._u64()
        if length > most:
            text = f"{what} in {self._doing} claims {length:,} bytes; the most is {most:,}"
            self._damaged(text, at)
        start = self._at
        self._skip(length)
        return bytes(self._buffer[start : self._at])

    def _u32(self) -> int:
        return int(self._unpack("I"))

    def _u64(self) -> int:
        return int(self._unpack("Q"))

    def _unpack(self, code: str) -> int | float:
        start = self._at
        self._skip(struct.calcsize("<" + code))
        value: int | float = struct.unpack_from("<" + code, self._buffer, start)[0]
        return value

    def _skip(self, count: int) -> None:
        self._fill(self._at + count)
        self._at += count

    def _fill(self, upto: int) -> int:
        """Have the file in the buffer up to ``upto`` at least; returns how much there is."""
        if upto > self._size:
            raise InvalidArgument(
                f"{self._name} ends in {self._doing}: expected at least {upto:,} bytes, found "
                f"{self._size:,} (byte {self._at:,}).",
                hint="The download is probably incomplete, or the file is damaged; get it again.",
            )
        while len(self._buffer) < upto:
            chunk = self._file.read(max(_CHUNK, upto - len(self._buffer)))
            if not chunk:
                raise ModelNotFound(f"{self._name} changed while it was being read.")
            self._buffer += chunk
        return len(self._buffer)

    def _damaged(self, what: str, at: int, hint: str = AGAIN) -> NoReturn:
        raise InvalidArgument(f"{self._name} cannot be loaded: {what} (byte {at:,}).", hint=hint)
