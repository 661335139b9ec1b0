"""Numbers that stand for graphs and contexts within one run."""

from __future__ import annotations

from typing import TypeVar

from wasinn_nb.abi.core.faults import BadHandle
from wasinn_nb.nn.errors import MissingMemory

T = TypeVar("T")


class Handles(dict[int, T]):
    """Numbers from 0 upwards, never reused: a dead handle stays dead.

    ``handles[n]`` and ``handles.take(n)`` raise :class:`BadHandle` for one that is not alive.

    Args:
        noun: what a handle stands for, in messages.
        limit: how many may be alive at a time.
    """

    def __init__(self, noun: str, *, limit: int) -> None:
        super().__init__()
        self._noun = noun
        self._limit = limit
        self._next = 0

    def __missing__(self, number: int) -> T:
        fate = "is no longer alive" if number < self._next else "was never given out"
        raise BadHandle(f"The {self._noun} {number} {fate}.")

    def room(self) -> None:
        """Raise :class:`MissingMemory` if no further handle can be given out."""
        if len(self) >= self._limit:
            raise MissingMemory(f"The guest holds {self._limit} {self._noun}s, the most it may.")

    def add(self, value: T) -> int:
        """Give out the next number."""
        number = self._next
        self._next += 1
        self[number] = value
        return number

    def take(self, number: int) -> T:
        """End the number's life and return what it stood for."""
        value = self[number]
        del self[number]
        return value
