"""What cells give to the host is looked at here: a wrong type would end the component."""

from __future__ import annotations

import math
from collections.abc import Iterable


def text(value: object, what: str) -> str:
    """A text without halves of characters, which no other language has."""
    if not isinstance(value, str):
        raise _wrong(what, value, "a str")
    value.encode()
    return str(value)


def texts(value: object, what: str) -> list[str]:
    """One text or some."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [text(value, what)]
    return [text(one, what) for one in value]


def number(value: object, what: str) -> float:
    """A number; ``true`` is none."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise _wrong(what, value, "a number")
    return float(value)


def whole(value: object, what: str) -> int:
    """A whole number, which may be written as a float: ``5.0``."""
    if not isinstance(value, int):
        exact = number(value, what)
        if not math.isfinite(exact) or not exact.is_integer():
            raise _wrong(what, value, "a whole number")
        return int(exact)
    if isinstance(value, bool):
        raise _wrong(what, value, "a whole number")
    return int(value)


def _wrong(what: str, value: object, wanted: str) -> TypeError:
    return TypeError(f"{what} takes {wanted}, not {value!r:.60}")
