"""What can be wrong with a guest's numbers before they mean anything."""

from __future__ import annotations

from typing import ClassVar

from wasinn_nb.nn.errors import ErrorCode, InvalidArgument, InvalidEncoding, WasinnError


class OutOfBounds(InvalidArgument):
    """A pointer and length reach outside the guest's memory."""


class BadHandle(InvalidArgument):
    """A graph or context number that was never given out, or is no longer alive."""


class UnknownEnum(InvalidArgument):
    """A number that no target or tensor type has in this dialect."""


class UnknownEncoding(InvalidEncoding):
    """A number that no graph encoding has in this dialect."""

    code: ClassVar[ErrorCode] = ErrorCode.INVALID_ENCODING


class MustTrap(WasinnError):  # noqa: N818 - an order, not an error
    """The call cannot be answered with a number; the guest traps."""
