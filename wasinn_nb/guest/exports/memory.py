"""The memory of a core module between its calls: how arrays get in and out."""

from __future__ import annotations

import ctypes
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wasinn_nb.guest.errors import GuestError, GuestHandleClosed, GuestTypeError
from wasinn_nb.guest.exports import naming
from wasinn_nb.guest.exports.forms import described

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.calls import Caller
    from wasinn_nb.guest.exports.live import Live

_RESERVED = 1 << 32
_FREE = "free"


class Memory:
    """A module's linear memory. What is read is a copy, which stays when the guest goes on.

    Args:
        name: as it is exported.
        caller: of the guest.
        has_malloc: whether the guest gives out memory itself.
    """

    def __init__(self, name: str, caller: Caller, *, has_malloc: bool) -> None:
        self._name = name
        self._caller = caller
        self._has_malloc = has_malloc

    def __repr__(self) -> str:
        put = "put(data), new(size), " if self._has_malloc else ""
        return f"{put}read(pointer, size), array(pointer, shape, dtype), write(pointer, data)"

    def __len__(self) -> int:
        """How many bytes it has."""
        size: int = self._do("size", lambda live: live.core.memory(self._name)[1])
        return size

    def read(self, pointer: int, size: int) -> bytes:
        """A copy of ``size`` bytes."""
        size = operator.index(size)

        def work(live: Live) -> bytes:
            at = self._place(live, pointer, size)
            return bytes((ctypes.c_uint8 * size).from_address(at))

        found: bytes = self._do("read", work)
        return found

    def array(self, pointer: int, shape: int | tuple[int, ...], dtype: Any = np.float32) -> Any:
        """A copy of an array, whose elements lie in C order and little-endian."""
        kind = np.dtype(dtype).newbyteorder("<")
        sizes = shape if isinstance(shape, Sequence) else (operator.index(shape),)
        count = math.prod(sizes)
        if kind.hasobject or min(sizes, default=0) < 0:
            raise GuestTypeError(f"memory.array(): {kind} of shape {shape} is no array of numbers.")
        data = bytearray(self.read(pointer, count * kind.itemsize))
        return np.frombuffer(data, kind).reshape(shape)

    def write(self, pointer: int, data: Any) -> int:
        """Copy bytes or an array into it; returns how many bytes that were."""
        raw = _raw(data)

        def work(live: Live) -> None:
            at = self._place(live, pointer, len(raw))
            target = (ctypes.c_uint8 * len(raw)).from_address(at)
            memoryview(target).cast("B")[:] = raw

        self._do("write", work)
        return len(raw)

    def put(self, data: Any) -> Buffer:
        """Have the guest give out memory for bytes or an array, and copy them there.

        Raises:
            GuestError: the guest exports no ``malloc``, or it has no more to give.
        """
        raw = _raw(data)
        buffer = self.new(len(raw))
        self.write(buffer.pointer, raw)
        buffer.dtype = data.dtype if isinstance(data, np.ndarray) else np.dtype(np.uint8)
        buffer.shape = data.shape if isinstance(data, np.ndarray) else (len(raw),)
        return buffer

    def new(self, size: int) -> Buffer:
        """Have the guest give out memory; what is in it is not known.

        Raises:
            GuestError: as :meth:`put`.
        """
        if not self._has_malloc:
            raise GuestError(
                "The guest exports no malloc, so nobody but itself knows where memory is free.",
                hint="In C: --flag=-Wl,--export=malloc --flag=-Wl,--export=free.",
            )

        def work(live: Live) -> int:
            pointer: int = (
                live.core.call("malloc", [("i32", _signed(size))], ["i32"])[0] & 0xFFFF_FFFF
            )
            return pointer

        pointer = self._do("new", work)
        if not pointer and size:
            raise GuestError(f"The guest has no {size:,} bytes left to give out.")
        live = self._caller.live
        if live is None:
            raise GuestError("The instance has ended meanwhile.")
        return Buffer(self, live, pointer, size)

    def free(self, buffer: Buffer) -> None:
        """Give back what :meth:`new` gave out."""

        def work(live: Live) -> None:
            if live is buffer.live:
                live.core.call(_FREE, [("i32", _signed(buffer.pointer))], [])

        self._do(_FREE, work)

    def _do(self, what: str, work: Any) -> Any:
        return self._caller.call(f"{naming.core(self._name)}.{what}", work, of_guest=False)

    def _place(self, live: Live, pointer: Any, size: int) -> int:
        """An address in this process, checked against the memory as it is now."""
        base, length = live.core.memory(self._name)
        at = operator.index(pointer)
        if -_RESERVED // 2 <= at < 0:  # as the guest's i32 comes back
            at += _RESERVED
        if size < 0 or not 0 <= at <= length - size:
            raise GuestTypeError(
                f"{size:,} bytes at {at:#x} are not in the guest's memory of {length:,} bytes."
            )
        return base + at


class Buffer:
    """Some of a guest's memory, given out by its ``malloc``; pass it where a pointer is wanted.

    It is given back by ``close()`` or ``with``.

    Attributes:
        size: how many bytes it has.
        dtype, shape: what :meth:`array` makes of it unless said otherwise.
        live: the instance that it is in.
    """

    def __init__(self, memory: Memory, live: Live, pointer: int, size: int) -> None:
        self.size = size
        self.live = live
        self.dtype: Any = np.dtype(np.uint8)
        self.shape: tuple[int, ...] = (size,)
        self._memory = memory
        self._pointer = pointer
        self._closed = False

    def __index__(self) -> int:
        return self.pointer

    def __repr__(self) -> str:
        state = "closed" if self._closed or self.live.ended else f"at {self._pointer:#x}"
        return f"<{self.size:,} bytes of the guest's memory, {state}>"

    @property
    def pointer(self) -> int:
        """Where it is, as the guest counts."""
        if self._closed:
            raise GuestHandleClosed("This memory was given back.")
        if self.live.ended:
            raise GuestHandleClosed(f"This memory's instance has ended: {self.live.ended}.")
        return self._pointer

    def read(self) -> bytes:
        """A copy of its bytes."""
        return self._memory.read(self.pointer, self.size)

    def array(self, dtype: Any = None, shape: int | tuple[int, ...] | None = None) -> Any:
        """A copy of what is in it, as an array."""
        kind = np.dtype(self.dtype if dtype is None else dtype)
        if shape is None:
            shape = self.shape if dtype is None else (self.size // kind.itemsize,)
        return self._memory.array(self.pointer, shape, kind)

    def write(self, data: Any) -> None:
        """Copy bytes or an array into it."""
        raw = _raw(data)
        if len(raw) > self.size:
            raise GuestTypeError(f"{len(raw):,} bytes do not fit into {self.size:,}.")
        self._memory.write(self.pointer, raw)

    def close(self) -> None:
        """Give it back; closing it twice does nothing."""
        if not (self._closed or self.live.ended):
            self._memory.free(self)
        self._closed = True

    def __enter__(self) -> Self:
        self.pointer  # noqa: B018 - raises if it cannot be used
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _raw(data: Any) -> memoryview:
    """Bytes of what is to be copied."""
    if isinstance(data, np.ndarray) and not data.dtype.hasobject:
        ordered: Any = np.ascontiguousarray(data, data.dtype.newbyteorder("<"))
        return memoryview(ordered.reshape(-1).view(np.uint8))
    if isinstance(data, str):
        return memoryview(data.encode())
    try:
        return memoryview(data).cast("B")
    except (TypeError, ValueError):
        raise GuestTypeError(
            f"Memory takes bytes, str and arrays of numbers; it was given {described(data)}."
        ) from None


def _signed(pointer: int) -> int:
    return pointer - _RESERVED if pointer >= _RESERVED // 2 else pointer
