"""What a form needs to know of a setting besides its type: what to offer, and over which range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wasinn_nb.nn.settings import Value


@dataclass(frozen=True, slots=True)
class Offer:
    """One value that a form offers.

    Args:
        value: as the setting holds it.
        label: what the form calls it.
        note: a few words more, such as a device's full name.
        unavailable: why it cannot be chosen here; empty if it can.
        amount: the number that it comes to; None if that is not known.
    """

    value: Value
    label: str
    note: str = ""
    unavailable: str = ""
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """What a slider runs over, both ends included, in the unit of the setting."""

    low: float
    high: float
    step: float = 1
