"""Bounds-checked access to a guest's linear memory.

The engine is configured so that a 32-bit memory never moves (its 4 GiB of address space are
reserved once), and a memory never shrinks. So one view over the whole reservation serves a run, and
the size known last is a lower bound: it is asked for anew only when a check against it fails.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any

from wasinn_nb.abi.core.faults import MustTrap, OutOfBounds
from wasinn_nb.nn.tensor import Buffer

Locate = Callable[[Any], tuple[int, int]]
"""Given who calls, returns the memory's address in this process and its size in bytes."""

_RESERVED = 1 << 32
_WRITABLE = 0x200  # PyBUF_WRITE

_view_of = ctypes.pythonapi.PyMemoryView_FromMemory
_view_of.restype = ctypes.py_object
_view_of.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)

_pack_u32 = struct.Struct("<I").pack_into


class GuestMemory:
    """One guest's memory.

    Args:
        locate: finds the memory. Raises :class:`MustTrap` if the guest has none.

    Attributes:
        caller: who calls at present, for ``locate``; a guest may call before it is instantiated.
        size: bytes at least.
    """

    __slots__ = ("_base", "_locate", "_view", "caller", "size")

    def __init__(self, locate: Locate) -> None:
        self.caller: Any = None
        self.size = 0
        self._locate = locate
        self._base = 0
        self._view = memoryview(b"")

    def refresh(self) -> None:
        """Ask for the memory's present size (and address, the first time)."""
        if self.caller is None:
            raise MustTrap("A host function was called outside of a running guest.")
        base, self.size = self._locate(self.caller)
        if base != self._base:
            self._view.release()
            self._view = _view_of(base, _RESERVED, _WRITABLE)
            self._base = base

    def forget(self) -> None:
        """Drop what is known: for engines whose memories may move, before every call."""
        self.size = 0

    def release(self) -> None:
        """End all access; the memory is about to be freed."""
        self.caller = None
        self.size = self._base = 0
        self._view.release()

    def check(self, pointer: int, length: int, what: str) -> None:
        """Raise :class:`OutOfBounds` unless ``length`` bytes at ``pointer`` are in the memory."""
        end = pointer + length
        if end > self.size:
            self.refresh()
            if end > self.size:
                raise OutOfBounds(
                    f"The {what} ({length} bytes at {pointer:#x}) is outside of "
                    f"the guest's memory of {self.size} bytes."
                )

    def view(self, pointer: int, length: int, what: str) -> memoryview:
        """The bytes themselves, not copied; release the view before the call returns."""
        self.check(pointer, length, what)
        return self._view[pointer : pointer + length]

    def read(self, pointer: int, length: int, what: str) -> bytes:
        """A copy of the bytes."""
        self.check(pointer, length, what)
        return bytes(self._view[pointer : pointer + length])

    def u32s(self, pointer: int, count: int, what: str) -> tuple[int, ...]:
        """``count`` little-endian 32-bit numbers."""
        self.check(pointer, count * 4, what)
        return struct.unpack_from(f"<{count}I", self._view, pointer)

    def write(self, pointer: int, data: Buffer, what: str) -> None:
        """Store bytes."""
        length = len(data)
        self.check(pointer, length, what)
        self._view[pointer : pointer + length] = data

    def store(self, pointer: int, data: Buffer, written: int) -> int:
        """Store an output and, at ``written``, its length; both places were checked before."""
        length = len(data)
        view = self._view
        view[pointer : pointer + length] = data
        _pack_u32(view, written, length)
        return length

    def write_u32(self, pointer: int, value: int) -> None:
        """Store an out value; its place was checked when the call began."""
        _pack_u32(self._view, pointer, value)
