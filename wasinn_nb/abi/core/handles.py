"""Numbers that stand for graphs and contexts within one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from wasinn_nb.abi.core.faults import BadHandle
from wasinn_nb.nn.errors import MissingMemory

T = TypeVar("T")


class Handles(Generic[T]):
    """Numbers from 0 upwards, never reused: a dead handle stays dead.

    Args:
        noun: what a handle stands for, in messages.
        limit: how many may be alive at a time.
    """

    def __init__(self, noun: str, *, limit: int) -> None:
        self._noun = noun
        self._limit = limit
        self._next = 0
        self._alive: dict[int, T] = {}
        self.find: Callable[[int], T | None] = self._alive.get

    def __len__(self) -> int:
        return len(self._alive)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._alive.values()))

    def room(self) -> None:
        """Raise :class:`MissingMemory` if no further handle can be given out."""
        if len(self._alive) >= self._limit:
            raise MissingMemory(f"The guest holds {self._limit} {self._noun}s, the most it may.")

    def add(self, value: T) -> int:
        """Give out the next number."""
        number = self._next
        self._next += 1
        self._alive[number] = value
        return number

    def get(self, number: int) -> T:
        """What the number stands for.

        Raises:
            BadHandle: it was never given out, or is dead.
        """
        value = self._alive.get(number)
        if value is None:
            raise self._bad(number)
        return value

    def pop(self, number: int) -> T:
        """End the number's life and return what it stood for.

        Raises:
            BadHandle: it was never given out, or is dead.
        """
        value = self._alive.pop(number, None)
        if value is None:
            raise self._bad(number)
        return value

    def clear(self) -> None:
        """End every number's life."""
        self._alive.clear()

    def _bad(self, number: int) -> BadHandle:
        fate = "is no longer alive" if number < self._next else "was never given out"
        return BadHandle(f"The {self._noun} {number} {fate}.")
