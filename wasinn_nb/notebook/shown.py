"""The text of one slot: what a view of it needs, and all of it for the end."""

from __future__ import annotations

import threading
from typing import NamedTuple

TAIL = 32_000
"""Characters that one message carries at most."""

LIMIT = 1_000_000
"""Characters that are kept; of more, the first and the last half of that."""

SEPARATOR = "\n\n\u2014\u2014\u2014\n\n"
"""Between the texts of two generations."""


class Part(NamedTuple):
    """A part of a text.

    Attributes:
        at: where it begins, in UTF-16 code units, as browsers count.
        text: at most :data:`TAIL` characters.
    """

    at: int
    text: str


class ShownText:
    """Text that grows, whole up to a limit. One thread appends and takes, any may look."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._rest: list[str] = []
        self._room = LIMIT // 2
        self._rest_length = 0
        self._left_out = 0
        self._recent = ""
        self._unsent: list[str] = []
        self._units = 0
        self._generation: object = None
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return self._units > 0

    def append(self, text: str, generation: object = None) -> None:
        """More of it; text of another generation is set apart."""
        if self and generation != self._generation:
            text = SEPARATOR + text
        self._generation = generation
        self._unsent.append(text)
        with self._lock:
            self._units += units(text)
            self._recent = (self._recent + text)[-TAIL:]
            kept, rest = text[: self._room], text[self._room :]
            self._room -= len(kept)
            self._head.append(kept)
            if rest:
                self._rest.append(rest)
                self._rest_length += len(rest)
                if self._rest_length > LIMIT:
                    self._cut()

    @property
    def unsent(self) -> bool:
        """Whether there is something to take."""
        return bool(self._unsent)

    def take(self) -> Part:
        """What came since the last call; of much, the end."""
        text = "".join(self._unsent)[-TAIL:]
        self._unsent.clear()
        return Part(self._units - units(text), text)

    def tail(self) -> Part:
        """The end of it."""
        with self._lock:
            return Part(self._units - units(self._recent), self._recent)

    @property
    def complete(self) -> bool:
        """Whether :meth:`whole` is all of it."""
        return self._left_out + max(0, self._rest_length - LIMIT // 2) == 0

    def whole(self) -> str:
        """All of it, or its beginning and end with a note between."""
        with self._lock:
            self._cut()
            head, rest = "".join(self._head), "".join(self._rest)
        if not self._left_out:
            return head + rest
        note = f"\n\n[{self._left_out:,} characters are not shown; _wasinn.text has all]\n\n"
        return head + note + rest

    def _cut(self) -> None:
        if self._rest_length <= LIMIT // 2:
            return
        rest = "".join(self._rest)[-(LIMIT // 2) :]
        self._left_out += self._rest_length - len(rest)
        self._rest, self._rest_length = [rest], len(rest)


def units(text: str) -> int:
    """UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
