"""What a guest's handles of our resources stand for, and how handles cross.

wasmtime keeps the guest's handles; each stands for a number of ours. A handle that a guest drops,
and every one that is left when its store is closed... is told to us, so nothing here has to guess.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wasmtime import _ffi as ffi

from wasinn_nb.nn.errors import MissingMemory, RuntimeFailure

_Any_p = ctypes.POINTER(ffi.wasmtime_component_resource_any_t)
_Host_p = ctypes.POINTER(ffi.wasmtime_component_resource_host_t)


class Table:
    """The resources of one kind that one guest holds.

    Args:
        kind: tells kinds apart within a store.
        noun: what one is called in messages.
        limit: how many there may be at a time.
        closed: called with what a handle stood for when the guest has dropped it.
    """

    def __init__(
        self, kind: int, noun: str, *, limit: int, closed: Callable[[Any], None] | None = None
    ) -> None:
        self.kind = kind
        self.noun = noun
        self._limit = limit
        self._closed = closed
        self._held: dict[int, Any] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, number: int) -> Any:
        return self._held[number]

    def room(self) -> None:
        """Raise :class:`MissingMemory` if no further one can be given out."""
        if len(self._held) >= self._limit:
            raise MissingMemory(f"The guest holds {self._limit} {self.noun}s, the most it may.")

    def add(self, value: Any) -> int:
        """Give out the next number."""
        number = self._next
        self._next += 1
        self._held[number] = value
        return number

    def take(self, number: int) -> Any:
        """End the number's life and return what it stood for."""
        return self._held.pop(number)

    def drop(self, number: int) -> None:
        """The guest has dropped its handle."""
        value = self._held.pop(number, None)
        if value is not None and self._closed is not None:
            self._closed(value)

    def clear(self) -> None:
        """Drop everything: the guest is no more."""
        while self._held:
            self.drop(next(iter(self._held)))


@dataclass(slots=True)
class Crossing:
    """The store's context during a call, which handles need; set by whoever makes the call."""

    context: Any = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A handle of ours: ``own`` moves what it stands for, a borrowed one lends it for the call.

    It has to be read exactly once, or the guest traps at the end of the call.
    """

    table: Table
    crossing: Crossing
    own: bool

    def read(self, val: Any) -> Any:
        """What the handle stands for."""
        host = _Host_p()
        error = ffi.wasmtime_component_resource_any_to_host(
            self.crossing.context, val.of.resource, ctypes.byref(host)
        )
        _check(error)
        number = ffi.wasmtime_component_resource_host_rep(host)
        ffi.wasmtime_component_resource_host_delete(host)
        return self.table.take(number) if self.own else self.table[number]

    def write(self, val: Any, value: Any) -> None:
        """A new handle of the guest's for ``value``."""
        number = self.table.add(value)
        host = ffi.wasmtime_component_resource_host_new(True, number, self.table.kind)
        handle = _Any_p()
        error = ffi.wasmtime_component_resource_host_to_any(
            self.crossing.context, host, ctypes.byref(handle)
        )
        ffi.wasmtime_component_resource_host_delete(host)
        _check(error)
        val.of.resource = handle
        val.kind = ffi.WASMTIME_COMPONENT_RESOURCE.value


def _check(error: Any) -> None:
    if error:
        message = ffi.wasm_byte_vec_t()
        ffi.wasmtime_error_message(error, ctypes.byref(message))
        text = ffi.to_str_raw(message) if hasattr(ffi, "to_str_raw") else ffi.to_str(message)
        ffi.wasm_byte_vec_delete(ctypes.byref(message))
        ffi.wasmtime_error_delete(error)
        raise RuntimeFailure(f"A handle could not cross: {text}")
