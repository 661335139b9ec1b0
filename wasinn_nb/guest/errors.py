"""How a run can end badly, in the user's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import WasinnError

if TYPE_CHECKING:
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.trap import Trap


class GuestError(WasinnError):
    """A guest could not be started or did not end well.

    Attributes:
        run: the run, with everything it printed; None if it never started.
    """

    def __init__(self, message: str, *, hint: str = "", run: Run | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run = run

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"run": None}  # a run stays where it ran


class GuestInvalid(GuestError):  # noqa: N818 - like the others, named after what happened
    """The bytes are no module that can run here."""


class GuestLinkError(GuestError):
    """The guest imports something that nobody provides.

    Attributes:
        missing: names as ``module.name``.
    """

    def __init__(self, message: str, *, hint: str = "", missing: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.missing = missing


class GuestExit(GuestError):  # noqa: N818
    """The guest exited with a code other than 0."""

    def __init__(self, message: str, *, code: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class GuestTrap(GuestError):  # noqa: N818
    """The guest trapped.

    Attributes:
        trap: kind, place and backtrace.
        line: the line of the cell, where known.
    """

    def __init__(self, message: str, *, trap: Trap, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.trap = trap
        self.line = trap.line


class GuestRaised(GuestError):  # noqa: N818
    """A script ended with an exception that it did not catch.

    Attributes:
        said: the exception, as its language prints it.
        line, column: the place in the cell; 0 where it is not known.
        trace: the functions it came through, innermost first.
    """

    def __init__(
        self,
        message: str,
        *,
        said: str,
        line: int = 0,
        column: int = 0,
        trace: tuple[str, ...] = (),
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.said = said
        self.line = line
        self.column = column
        self.trace = trace


class GuestTypeError(GuestError, TypeError):
    """An export was called with what it does not take; nothing was called."""


class GuestResultError(GuestError):
    """An export returned an error.

    Attributes:
        value: what the guest gave as the error; None if it gives none.
    """

    def __init__(self, message: str, *, value: Any = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.value = value


class GuestHandleClosed(GuestError):  # noqa: N818
    """A resource of a guest was used that is closed, given away, or gone with its instance."""


class GuestOutOfMemory(GuestError):  # noqa: N818
    """The guest needed more memory than it may have."""


class GuestTimeout(GuestError):  # noqa: N818
    """The run took longer than it may."""


class GuestOutputLimit(GuestError):  # noqa: N818
    """The guest printed more than it may."""


class GuestStopped(GuestError):  # noqa: N818
    """Somebody stopped the run.

    Attributes:
        reason: ``"stop"``, ``"interrupt"`` or another short word.
    """

    def __init__(self, message: str, *, reason: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class OutputNotRead(WasinnError, KeyError):  # noqa: N818
    """A finished run has no output of this name or number."""
