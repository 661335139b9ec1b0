"""Resources of a guest: Python objects that stand for them, and what becomes of their handles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.codec import Codec
from wasinn_nb.abi.wit.values import GuestHandle
from wasinn_nb.guest.errors import GuestHandleClosed
from wasinn_nb.guest.exports.forms import Mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasinn_nb.guest.exports.live import Live


@dataclass(slots=True)
class Passing:
    """What is known while the values of one call are checked or taken.

    Attributes:
        live: the instance that is called; None if there is none yet.
        used: all handles that are given.
        moved: those of them that the guest owns once it was called.
    """

    live: Live | None = None
    used: list[Handle] = field(default_factory=list)
    moved: list[Handle] = field(default_factory=list)

    def enter(self, live: Live) -> None:
        """The call begins, in the thread of the instance.

        Raises:
            GuestHandleClosed: another thread closed a handle since it was checked.
        """
        for handle in self.used:
            handle.address  # noqa: B018 - raises if it cannot be used
        for handle in self.moved:
            handle.take("it was given to the guest")
        self.live = live


class Handle:
    """One handle: open until it is dropped, or given to the guest for good.

    Args:
        live: the instance that has the resource.
        address: of wasmtime's object, ours to free.
        noun: the resource's name.
    """

    __slots__ = ("_address", "closed", "live", "noun")

    def __init__(self, live: Live, address: int, noun: str) -> None:
        self.live = live
        self.noun = noun
        self.closed = ""
        self._address = address

    def __del__(self) -> None:
        if not self.closed:
            self.live.drop_later(self.take("it was forgotten"))

    @property
    def state(self) -> str:
        """Why it cannot be used; empty if it can."""
        return self.closed or (self.live.ended and f"its instance has ended: {self.live.ended}")

    @property
    def address(self) -> int:
        """Where wasmtime's object is; raises :class:`GuestHandleClosed`."""
        if self.state:
            raise GuestHandleClosed(
                f"This {self.noun} cannot be used any more: {self.state}.", hint="Make another."
            )
        return self._address

    def take(self, why: str) -> int:
        """Close it; the address is the caller's from now on."""
        self.closed, address, self._address = why, self._address, 0
        return address


class Resource:
    """What a guest's resource is in Python; drop it with ``close()`` or ``with``.

    A resource that nobody refers to any more is dropped too, some time later.
    """

    __slots__ = ("__weakref__", "_handle")
    _handle: Handle
    _drop: Callable[[Handle], None]

    @property
    def closed(self) -> bool:
        """Whether it cannot be used any more."""
        return bool(self._handle.state)

    def close(self) -> None:
        """Drop it now; closing it twice does nothing."""
        handle = self._handle
        if not handle.state:
            type(self)._drop(handle)  # noqa: SLF001 - of this class

    def __enter__(self) -> Any:
        self._handle.address  # noqa: B018 - raises if it cannot be used
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = self._handle.state
        return f"<{type(self).__qualname__}{f', closed: {state}' if state else ''}>"


class ResourceForm:
    """A handle, given or taken.

    Args:
        made: the class of its objects.
        own: whether it changes its owner.
    """

    def __init__(self, wit: str, made: type[Resource], *, own: bool) -> None:
        self.wit = wit if own else f"borrow<{wit}>"
        self.annotation: Any = made
        self.codec: Codec = GuestHandle(own=own)
        self._noun = wit
        self._own = own

    def lower(self, value: Any, passing: Passing) -> int:
        """The address of an open handle."""
        if not isinstance(value, self.annotation):
            raise Mismatch(self.wit, value)
        handle: Handle = value._handle  # noqa: SLF001 - of a class that is ours
        address = handle.address  # or an error that says why it cannot be used
        if handle.live is not passing.live:
            raise Mismatch(self.wit, value, "it is another instance's")
        if handle in passing.moved:
            raise Mismatch(self.wit, value, "it is given away in the same call")
        passing.used.append(handle)
        if self._own:
            passing.moved.append(handle)
        return address

    def lift(self, value: int, passing: Passing) -> Any:
        """An object with the handle."""
        live = passing.live
        if live is None:
            raise RuntimeError("a handle of no instance")
        made = object.__new__(self.annotation)
        made._handle = Handle(live, value, self._noun)
        return made


def free(address: int) -> None:
    """Free wasmtime's object for a handle; the resource stays, or is gone already."""
    native.delete_any(address)
