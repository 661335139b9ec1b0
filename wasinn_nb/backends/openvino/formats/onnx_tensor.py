"""Constant tensors of ONNX (``TensorProto``): their data must be there, and of the right size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NoReturn

from wasinn_nb.backends.openvino.formats.elements import (
    BITS,
    MAX_RANK,
    elements,
    nbytes,
    shape_fault,
)
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.protobuf import (
    BYTES,
    VARINT,
    Field,
    integer,
    integers,
    message,
    text,
)
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound

ELEMENT_TYPES = {
    1: "f32", 2: "u8", 3: "i8", 4: "u16", 5: "i16", 6: "i32", 7: "i64", 8: "string", 9: "boolean",
    10: "f16", 11: "f64", 12: "u32", 13: "u64", 14: "complex64", 15: "complex128", 16: "bf16",
    17: "f8e4m3", 18: "f8e4m3fnuz", 19: "f8e5m2", 20: "f8e5m2fnuz", 21: "u4", 22: "i4",
    23: "f4e2m1", 24: "f8e8m0", 25: "u2", 26: "i2",
}  # fmt: skip
"""``TensorProto.DataType`` by OpenVINO's names, as far as it has them."""

_DIMS, _TYPE, _SEGMENT, _FLOATS, _INT32S, _STRINGS, _INT64S, _NAME, _RAW, _DOUBLES, _UINT64S = (
    range(1, 12)
)
_EXTERNAL, _LOCATION = 13, 14
_WIDTHS = {_FLOATS: 4, _DOUBLES: 8}
_VARINTS = {_INT32S, _INT64S, _UINT64S}


@dataclass(frozen=True, slots=True)
class OnnxTensor:
    """A constant: ``elements`` of a type in ``nbytes`` bytes, here or in another file."""

    name: str
    kind: str
    dims: tuple[int, ...]
    nbytes: int
    external: bool

    @property
    def elements(self) -> int:
        """Number of elements."""
        return elements(self.dims)


def read_tensor(part: Part, field: Field, what: str) -> OnnxTensor:
    """Check a constant without reading its data.

    Raises:
        InvalidArgument: damaged, or its data is outside the model's directory.
        ModelNotFound: the file with its data is missing.
    """
    return _Reader(part, what).read(message(part, field, what))


class _Reader:
    def __init__(self, part: Part, what: str) -> None:
        self._part = part
        self._what = what
        self._name = ""
        self._dims: list[int] = []
        self._type = 0
        self._raw = -1
        self._listed = 0
        self._most_listed = 0
        self._external: dict[str, str] = {}
        self._is_external = False

    def read(self, found: Iterator[Field]) -> OnnxTensor:
        for field in found:
            self._field(field)
        kind = ELEMENT_TYPES.get(self._type, "")
        if not kind:
            self._damaged(f"has the unknown element type {self._type}")
        fault = "a dimension is negative" if -1 in self._dims else shape_fault(self._dims)
        if fault:
            self._damaged(f"has an unusable shape: {fault}")
        dims = tuple(self._dims)
        size = nbytes(dims, kind) if kind in BITS else 0
        if self._is_external:
            self._outside(size)
        elif self._raw >= 0 and kind in BITS and self._raw != size:
            self._damaged(f"has {self._raw:,} bytes; {kind} {list(dims)} takes {size:,}")
        elif self._raw < 0 and kind in BITS:
            self._count(elements(dims), kind)
        return OnnxTensor(self._name, kind, dims, size, self._is_external)

    def _field(self, field: Field) -> None:
        number, part = field.number, self._part
        if number == _DIMS:
            self._dims += integers(part, field, f"the dimensions of {self._what}", MAX_RANK)
            if len(self._dims) > MAX_RANK:
                self._damaged(f"has more than {MAX_RANK} dimensions")
        elif number == _TYPE:
            self._type = integer(part, field, f"the type of {self._what}")
        elif number == _NAME:
            self._name = text(part, field, f"the name of {self._what}")
            self._what = f"the constant {quoted(self._name)}"
        elif number == _RAW:
            if field.wire != BYTES:
                self._damaged("has data that are not bytes")
            self._raw = field.end - field.value
        elif number in _WIDTHS:
            self._listed += (
                (field.end - field.value) // _WIDTHS[number] if field.wire == BYTES else 1
            )
            self._most_listed = self._listed
        elif number in _VARINTS:
            packed = field.wire == BYTES
            # a packed number takes 1 to 10 bytes
            self._listed += -(-(field.end - field.value) // 10) if packed else 1
            self._most_listed += field.end - field.value if packed else 1
        elif number == _EXTERNAL:
            self._entry(field)
        elif number == _LOCATION:
            self._is_external = field.wire == VARINT and field.value == 1
        elif number == _SEGMENT:
            self._damaged("is stored in segments, which OpenVINO does not read")

    def _count(self, wanted: int, kind: str) -> None:
        least = -(-wanted * BITS[kind] // 8) if BITS[kind] < 8 else wanted
        if not self._listed <= wanted or self._most_listed < least:
            there = self._listed if self._listed == self._most_listed else self._most_listed
            self._damaged(f"has {there:,} numbers; {self._dims} takes {wanted:,}")

    def _entry(self, field: Field) -> None:
        what = f"where the data of {self._what} are"
        pair = {f.number: text(self._part, f, what) for f in message(self._part, field, what)}
        self._external[pair.get(1, "")] = pair.get(2, "")

    def _outside(self, size: int) -> None:
        """The data are in another file, which must be in the model's own directory."""
        location = self._external.get("location", "")
        if self._part.path is None:
            raise InvalidArgument(
                f"{self._part.label} keeps the data of {self._what} in another file, "
                f"{quoted(location)}, and was given as bytes.",
                hint="Name the model's file, or save the model with its data in one file.",
            )
        path = self._inside(self._part.path, location)
        if not path.is_file():
            raise ModelNotFound(
                f"{self._part.label} keeps the data of {self._what} in {path}, which is not there.",
                hint="Put all files of the model into one directory.",
            )
        offset, length = (self._number(key) for key in ("offset", "length"))
        if length is not None and length != size and size:
            self._damaged(f"has {length:,} bytes in {location}; {self._dims} takes {size:,}")
        end = (offset or 0) + size
        found = path.stat().st_size
        if end > found:
            raise InvalidArgument(
                f"{path} is cut short or belongs to another model: {self._what} ends at byte "
                f"{end:,}, and there are {found:,} bytes.",
                hint="Download all files of the model again.",
            )

    def _inside(self, model: Path, location: str) -> Path:
        written = PurePosixPath(location), PureWindowsPath(location)
        if not location or any(p.is_absolute() or p.drive or ".." in p.parts for p in written):
            self._escapes(location)
        directory = model.parent.resolve()
        path = directory / location
        if not path.resolve().is_relative_to(directory):
            self._escapes(location)
        return path

    def _escapes(self, location: str) -> NoReturn:
        raise InvalidArgument(
            f"{self._part.label} keeps the data of {self._what} in {quoted(location)}, outside its "
            "own directory.",
            hint="Such a model could read any file; get it from a source that you trust.",
        )

    def _number(self, key: str) -> int | None:
        value = self._external.get(key)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 19):
            self._damaged(f"has the {key} {quoted(value)} in another file")
        return int(value)

    def _damaged(self, what: str) -> NoReturn:
        self._part.damaged(f"{self._what} {what}")
