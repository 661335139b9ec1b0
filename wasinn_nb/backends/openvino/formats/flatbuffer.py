"""Reads flatbuffers with every offset checked.

See https://flatbuffers.dev/internals/: a table begins with the distance to its vtable, which has
the place of each field; strings, vectors and tables are referred to by their distance.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NoReturn

from wasinn_nb.backends.openvino.formats.part import Part

MAX_TEXT = 1 << 20


class Table:
    """A table at a position of a file.

    Args:
        what: what it is, for messages.

    Raises:
        InvalidArgument: it is not inside the file.
    """

    __slots__ = ("_at", "_fields", "_part", "_size", "what")

    def __init__(self, part: Part, at: int, what: str) -> None:
        self._part = part
        self._at = at
        self.what = what
        vtable = at - part.number("i", at, what)
        if vtable < 0 or vtable % 2 or at % 4:
            self.damaged("has no table of fields")
        length, self._size = part.number("H", vtable, what), part.number("H", vtable + 2, what)
        if length < 4 or length % 2 or self._size < 4 or at + self._size > part.size:
            self.damaged("has a broken table of fields")
        raw = part.read(vtable + 4, length - 4, what)
        self._fields: tuple[int, ...] = struct.unpack(f"<{len(raw) // 2}H", raw)

    def __contains__(self, field: int) -> bool:
        return field < len(self._fields) and self._fields[field] != 0

    def number(self, field: int, code: str, default: int = 0) -> int:
        """A scalar; ``code`` is that of :mod:`struct`."""
        if field not in self:
            return default
        return self._part.number(code, self._place(field, struct.calcsize("<" + code)), self.what)

    def text(self, field: int) -> str:
        """A string, empty if it is not there."""
        start, length = self.vector(field, 1)
        if length > MAX_TEXT:
            self.damaged(f"has a string of {length:,} bytes")
        return self._part.read(start, length, self.what).decode(errors="replace")

    def vector(self, field: int, width: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many they are."""
        if field not in self:
            return 0, 0
        at = self._refer(self._place(field, 4))
        count = self._part.number("I", at, self.what)
        if count * width > self._part.size - at - 4:
            self.damaged(f"has a list of {count:,} elements, more than the file can hold")
        return at + 4, count

    def numbers(self, field: int, code: str, most: int) -> tuple[int, ...]:
        """The elements of a vector of scalars, at most ``most``."""
        width = struct.calcsize("<" + code)
        start, count = self.vector(field, width)
        if count > most:
            self.damaged(f"has a list of {count:,} elements; the most is {most:,}")
        raw = self._part.read(start, count * width, self.what)
        values: tuple[int, ...] = struct.unpack(f"<{count}{code}", raw)
        return values

    def table(self, field: int, what: str) -> Table | None:
        """A table that a field refers to."""
        if field not in self:
            return None
        return Table(self._part, self._refer(self._place(field, 4)), what)

    def tables(self, field: int, what: str) -> Iterator[Table]:
        """The tables of a vector; ``what`` is each one's name, followed by its number."""
        start, count = self.vector(field, 4)
        for index in range(count):
            yield Table(self._part, self._refer(start + 4 * index), f"{what} {index}")

    def damaged(self, what: str) -> NoReturn:
        """Refuse the file.

        Raises:
            InvalidArgument: always.
        """
        self._part.damaged(f"{self.what} {what}", self._at)

    def _place(self, field: int, width: int) -> int:
        place = self._fields[field]
        if place < 4 or place + width > self._size:
            self.damaged(f"has field {field} outside of itself")
        return self._at + place

    def _refer(self, at: int) -> int:
        distance = self._part.number("I", at, self.what)
        if distance == 0 or at + distance > self._part.size - 4:
            self.damaged("refers to something outside the file")
        return at + distance
