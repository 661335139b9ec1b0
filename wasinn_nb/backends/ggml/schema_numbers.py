"""GBNF for numbers between bounds, as JSON writes them."""

from __future__ import annotations

import math

from wasinn_nb.nn.errors import InvalidArgument

_DIGITS = 16
"""Most digits of a number without a bound."""


def integers(low: int | None, high: int | None) -> str:
    """All integers between two bounds (inclusive, None for none).

    Raises:
        InvalidArgument: there is none.
    """
    if low is not None and high is not None and low > high:
        raise InvalidArgument(f"The JSON schema allows no integer: {low} to {high}.")
    ways = []
    if low is None or low < 0:
        most = None if low is None else -low
        least = 1 if high is None or high >= 0 else -high
        ways.append(f'"-" {_group(_magnitudes(least, most))}')
    if high is None or high >= 0:
        ways += _magnitudes(max(low or 0, 0), high)
    return _group(ways)


def numbers(
    low: float | None, high: float | None, *, open_low: bool = False, open_high: bool = False
) -> str:
    """Numbers between two bounds, without exponents if there is a bound.

    Args:
        low, high: the bounds, None for none; between whole numbers beside a fractional bound and
            the bound itself nothing is generated.
        open_low, open_high: the bound itself is not allowed.

    Raises:
        InvalidArgument: no number is left.
    """
    if low is None and high is None:
        return f'"-"? {integers(0, None)} ("." [0-9]{{1,{_DIGITS}}})? ([eE] [-+]? [0-9]{{1,2}})?'
    ways = []
    if low is None or low < 0:
        least, open_least = (0.0, False) if high is None or high >= 0 else (-high, open_high)
        parts = _fractions(
            least, None if low is None else -low, open_low=open_least, open_high=open_low
        )
        if parts:
            ways.append(f'"-" {_group(parts)}')
    if high is None or high >= 0:
        least, open_least = (0.0, False) if low is None or low < 0 else (low, open_low)
        ways += _fractions(least, high, open_low=open_least, open_high=open_high)
    if not ways:
        raise InvalidArgument(
            f"The JSON schema allows no number that can be generated: {low} to {high}."
        )
    return _group(ways)


def _fractions(low: float, high: float | None, *, open_low: bool, open_high: bool) -> list[str]:
    """Numbers from ``low`` >= 0 to ``high``, a way each."""
    first = math.ceil(low)
    open_low = open_low and first == low
    ways = []
    above = first + 1 if open_low else first
    if high is None:
        ways.append(f'{integers(above, None)} ("." [0-9]{{1,{_DIGITS}}})?')
        last = None
    else:
        last = math.floor(high)
        if above < last:
            ways.append(f'{integers(above, last - 1)} ("." [0-9]{{1,{_DIGITS}}})?')
        if above <= last and not (open_high and last == high):
            ways.append(f'"{last}" ("." "0"{{1,{_DIGITS}}})?')
    if open_low and (last is None or first < last):
        half = _DIGITS // 2  # of the digits may be zeros before the one that makes it more
        ways.append(f'"{first}." "0"{{0,{half}}} [1-9] [0-9]{{0,{half - 1}}}')
    return ways


def _magnitudes(low: int, high: int | None) -> list[str]:
    """Integers from ``low`` >= 0 to ``high``, a way each."""
    ways = []
    if high is None:
        size = len(str(low))
        high = 10**size - 1
        if size < _DIGITS:
            ways.append(f"[1-9] [0-9]{{{size},{_DIGITS - 1}}}")
    for size in range(len(str(low)), len(str(high)) + 1):
        least = max(low, 10 ** (size - 1) if size > 1 else 0)
        ways.append(_between(str(least), str(min(high, 10**size - 1))))
    return ways


def _between(low: str, high: str) -> str:
    """Digit strings of one length, from ``low`` to ``high``."""
    if low == high:
        return f'"{low}"' if low else '""'
    rest = len(low) - 1
    a, b = int(low[0]), int(high[0])
    if a == b:
        return f'"{a}" {_between(low[1:], high[1:])}'
    ways = []
    if low[1:].strip("0"):
        ways.append(f'"{a}" {_between(low[1:], "9" * rest)}')
        a += 1
    top = ""
    if high[1:].strip("9"):
        top = f'"{b}" {_between("0" * rest, high[1:])}'
        b -= 1
    if a <= b:
        ways.append(f"[{a}-{b}]" + (f" [0-9]{{{rest}}}" if rest else ""))
    return _group([*ways, top] if top else ways)


def _group(ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else f"({' | '.join(ways)})"
