"""What a view asks of its widget. It comes from a browser, so nothing in it is taken on trust."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wasinn_nb.nn.errors import InvalidArgument

_LONGEST = 100_000


class Request:
    """One message of a view: a kind, an id if an answer is wanted, and further values.

    Args:
        content: the message as it came.

    Raises:
        InvalidArgument: it is no message of ours.
    """

    def __init__(self, content: object) -> None:
        if not isinstance(content, Mapping):
            raise InvalidArgument("A message of a view must be a JSON object.")
        self._content = content
        self.kind = self.text("kind")
        self.id = self._id()

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def is_null(self, key: str) -> bool:
        """Whether it is not there, or ``null``."""
        return self._content.get(key) is None

    def text(self, key: str) -> str:
        """A string."""
        value = self._content.get(key)
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise self._bad(key, "a string")
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._content.get(key)
        if not isinstance(value, bool):
            raise self._bad(key, "true or false")
        return value

    def number(self, key: str) -> float:
        """A finite number."""
        value = self._content.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._bad(key, "a number")
        try:
            number = float(value)
        except OverflowError:
            raise self._bad(key, "a number") from None
        if not math.isfinite(number):
            raise self._bad(key, "a number")
        return number

    def names(self, key: str) -> list[str]:
        """A list of strings; empty if it is not there."""
        value = self._content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise self._bad(key, "a list of strings")
        return value

    def mapping(self, key: str) -> dict[str, object]:
        """An object with any values; empty if it is not there."""
        value = self._content.get(key, {})
        if not isinstance(value, Mapping):
            raise self._bad(key, "an object")
        return {str(name): item for name, item in value.items()}

    def _id(self) -> int | None:
        value = self._content.get("id")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._bad("id", "a whole number")
        return value

    def _bad(self, key: str, wanted: str) -> InvalidArgument:
        found = repr(self._content.get(key))[:80]
        return InvalidArgument(f"A view sent {found} as {key!r}; it must be {wanted}.")
