"""Reading the values that WebAssembly binaries are made of.

Sections 5.1 and 5.2 of the core specification: bytes, LEB128 integers, vectors, names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wasinn_nb.guest.build.model import InvalidWasm

T = TypeVar("T")


class Reader:
    """A place in a part of a binary.

    A read takes at least one byte or fails, so whoever reads in a loop comes to an end.

    Args:
        data: the whole binary.
        at: where to begin.
        end: where this part ends.
    """

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def __bool__(self) -> bool:
        """Whether something is left."""
        return self.at < self.end

    def __len__(self) -> int:
        """How many bytes are left."""
        return self.end - self.at

    def failure(self, message: str, at: int | None = None) -> InvalidWasm:
        """An error that says where, to be raised."""
        where = self.at if at is None else at
        return InvalidWasm(f"The WebAssembly binary is damaged at byte {where:#x}: {message}.")

    def byte(self) -> int:
        """One byte."""
        if self.at >= self.end:
            raise self.failure("it ends too early")
        value = self.data[self.at]
        self.at += 1
        return value

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if size > self.end - self.at:
            raise self.failure(f"{size} bytes should follow, {len(self)} are left")
        start = self.at
        self.at += size
        return self.data[start : self.at]

    def part(self) -> Reader:
        """What a length stands before, as a reader of its own; this one goes on behind it."""
        size = self.unsigned()
        if size > self.end - self.at:
            raise self.failure(f"a part of {size} bytes begins, {len(self)} are left")
        start = self.at
        self.at += size
        return Reader(self.data, start, self.at)

    def unsigned(self, bits: int = 32) -> int:
        """An unsigned LEB128 integer."""
        value = self.byte()
        if value < 0x80:
            return value
        start = self.at - 1
        value &= 0x7F
        shift = 7
        while shift < bits:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value >> bits:
                    break
                return value
            shift += 7
        raise self.failure(f"a number has more than {bits} bits", start)

    def signed(self, bits: int) -> int:
        """A signed LEB128 integer."""
        value = shift = 0
        start = self.at
        while shift < bits:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                value -= (byte & 0x40) << (shift - 6)
                if not -(1 << bits - 1) <= value < 1 << bits - 1:
                    break
                return value
        raise self.failure(f"a number has more than {bits} bits", start)

    def name(self) -> str:
        """A name: UTF-8 with its length before it."""
        start = self.at
        data = self.take(self.unsigned())
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise self.failure("a name is not UTF-8", start) from None

    def vector(self, element: Callable[[], T]) -> list[T]:
        """As many elements as the number before them says."""
        return [element() for _ in range(self.unsigned())]

    def finish(self, what: str) -> None:
        """Check that nothing is left.

        Raises:
            InvalidWasm: something is.
        """
        if self:
            raise self.failure(f"something follows the end of {what}")
