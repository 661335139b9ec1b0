"""What a guest's handles of our resources stand for, and how handles cross.

wasmtime keeps the guest's handles; each stands for a number of ours. It tells of a handle that the
guest drops, and of none that is left when the store is closed: whoever holds the tables clears
them when the run ends.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from wasmtime import _ffi as ffi

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native
from wasinn_nb.nn.errors import InvalidArgument, MissingMemory

T = TypeVar("T")

_RESOURCE: int = ffi.WASMTIME_COMPONENT_RESOURCE.value
_POINTER = struct.Struct("=B7xQ")


_ENDED = object()
"""What a handle stands for whose run is over."""

_DROP = "Drop those that are no longer needed."


class Table:
    """The resources of one kind that one guest holds.

    Numbers are given out again: it is wasmtime that knows a dead handle from a living one.

    What is held may have ``nbytes``, as tensors do: memory of the host.

    Args:
        kind: tells kinds apart within a store.
        noun: what one is called in messages.
        limit: how many there may be at a time.
        closed: called with what a handle stood for when the guest has dropped it.

    Attributes:
        most_nbytes: how many bytes there may be at a time; any number if None.
    """

    def __init__(
        self, kind: int, noun: str, *, limit: int, closed: Callable[[Any], None] | None = None
    ) -> None:
        self.kind = kind
        self.noun = noun
        self.closed = closed
        self.most_nbytes: int | None = None
        self._limit = limit
        self._held: dict[int, Any] = {}
        self._free: list[int] = []
        self._nbytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, number: int) -> Any:
        return self._living(self._held[number])

    def room(self, count: int = 1, nbytes: int = 0) -> None:
        """Raise :class:`MissingMemory` if no ``count`` further ones can be given out.

        Args:
            count: how many.
            nbytes: what they all take, as far as it is known.
        """
        if len(self._held) + count > self._limit:
            raise MissingMemory(
                f"The guest holds {len(self._held):,} {self.noun}s; the most is {self._limit:,}.",
                hint=_DROP,
            )
        nbytes += self._nbytes
        if self.most_nbytes is not None and nbytes > self.most_nbytes:
            raise MissingMemory(
                f"The guest's {self.noun}s take {nbytes:,} bytes of memory; the most is "
                f"{self.most_nbytes:,}.",
                hint=f"{_DROP} --memory-limit gives it more.",
            )

    def add(self, value: Any) -> int:
        """Give out a number."""
        # all of 1..n are held or free
        number = self._free.pop() if self._free else len(self._held) + 1
        self._held[number] = value
        self._nbytes += _nbytes(value)
        return number

    def take(self, number: int) -> Any:
        """End the number's life and return what it stood for."""
        return self._living(self._free_number(number))

    def drop(self, number: int) -> None:
        """The guest has dropped its handle."""
        value = self._free_number(number)
        if self.closed is not None and value is not _ENDED:
            self.closed(value)

    def end(self, failed: Callable[[BaseException], None]) -> None:
        """End everything, of a guest that lives on: its handles stand for nothing from now on.

        Their numbers stay taken until it drops them.
        """
        for number, value in list(self._held.items()):
            self._held[number] = _ENDED
            try:
                if self.closed is not None and value is not _ENDED:
                    self.closed(value)
            except Exception as error:  # noqa: BLE001 - the others have to end as well
                failed(error)
        self._nbytes = 0

    def clear(self, failed: Callable[[BaseException], None]) -> None:
        """Drop everything: the guest is no more.

        Args:
            failed: told what could not be ended; the rest is ended all the same.
        """
        held, self._held = self._held, {}
        self._free.clear()
        self._nbytes = 0
        for value in held.values():
            try:
                if self.closed is not None and value is not _ENDED:
                    self.closed(value)
            except Exception as error:  # noqa: BLE001 - the others have to end as well
                failed(error)

    def _free_number(self, number: int) -> Any:
        value = self._held.pop(number)
        self._nbytes -= _nbytes(value)
        self._free.append(number)
        return value

    def _living(self, value: Any) -> Any:
        if value is _ENDED:
            raise InvalidArgument(
                f"The {self.noun} has ended with the run that it was made in.",
                hint="Make another.",
            )
        return value


def _nbytes(value: Any) -> int:
    return getattr(value, "nbytes", 0)


class Shared(Generic[T]):
    """Something that several handles need; it ends with the last of them.

    Args:
        value: what it is.
        ended: called with it then.
    """

    def __init__(self, value: T, ended: Callable[[T], None]) -> None:
        self.value = value
        self._ended = ended
        self._users = 1

    def share(self) -> Shared[T]:
        """One more handle needs it."""
        self._users += 1
        return self

    def drop(self) -> None:
        """A handle that needed it has gone."""
        self._users -= 1
        if not self._users:
            self._ended(self.value)


@dataclass(slots=True)
class Crossing:
    """What is known during one call only, which is the only one: guests have one thread.

    Attributes:
        context: address of the store's context, which handles need.
        nbytes: how many bytes of data crossed, for the record of calls.
        cell: place for one pointer.
    """

    context: Any = None
    nbytes: int = 0
    cell: ctypes.c_void_p = field(default_factory=ctypes.c_void_p)
    cell_at: int = 0

    def __post_init__(self) -> None:
        self.cell_at = ctypes.addressof(self.cell)


class Handle:
    """A handle of ours: ``own`` moves what it stands for, a borrowed one lends it for the call.

    It has to be read exactly once, or the guest traps at the end of the call.
    """

    def __init__(self, table: Table, crossing: Crossing, *, own: bool) -> None:
        self.table = table
        self.own = own
        self._crossing = crossing
        self._get = table.take if own else table.__getitem__

    def read(self, at: int) -> Any:
        """What the handle stands for."""
        crossing = self._crossing
        tag, handle = _POINTER.unpack(ctypes.string_at(at, _POINTER.size))
        if tag != _RESOURCE:
            raise MustTrap(
                "The guest declares the function with another type: "
                f"no handle of a {self.table.noun} was given."
            )
        error = native.any_to_host(crossing.context, handle, crossing.cell_at)
        if error:
            raise native.taken_error(error)
        host = crossing.cell.value
        number, kind = native.host_number(host), native.host_kind(host)
        native.delete_host(host)
        if kind != self.table.kind:
            raise MustTrap(f"The guest gave a handle of another kind than a {self.table.noun}.")
        return self._get(number)

    def write(self, at: int, value: Any) -> None:
        """A new handle of the guest's for ``value``."""
        crossing = self._crossing
        number = self.table.add(value)
        host = native.new_host(True, number, self.table.kind)
        error = native.host_to_any(crossing.context, host, crossing.cell_at)
        native.delete_host(host)
        if error:
            self.table.drop(number)
            raise native.taken_error(error)
        ctypes.memmove(at, _POINTER.pack(_RESOURCE, crossing.cell.value), _POINTER.size)
