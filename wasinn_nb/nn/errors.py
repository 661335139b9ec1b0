"""The error hierarchy of the project.

Every failure a user or a guest can meet is a :class:`WasinnError`. Those that a guest can see
through wasi-nn are :class:`NNError` and carry an :class:`ErrorCode`; how a code becomes a number
(or a WIT variant) is the business of ``abi/``. A message says what happened and where; ``hint``
says what to do.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class ErrorCode(StrEnum):
    """What went wrong, in the vocabulary that the wasi-nn hosts share."""

    INVALID_ARGUMENT = "invalid_argument"
    INVALID_ENCODING = "invalid_encoding"
    MISSING_MEMORY = "missing_memory"
    BUSY = "busy"
    RUNTIME_ERROR = "runtime_error"
    UNSUPPORTED_OPERATION = "unsupported_operation"
    TOO_LARGE = "too_large"
    NOT_FOUND = "not_found"
    END_OF_SEQUENCE = "end_of_sequence"
    CONTEXT_FULL = "context_full"
    PROMPT_TOO_LONG = "prompt_too_long"
    MODEL_NOT_FOUND = "model_not_found"


class WasinnError(Exception):
    """Root of all errors raised by wasinn_nb.

    Args:
        message: what happened and where, one or two sentences.
        hint: what to do about it; shown after the message.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets."""
        return dict(vars(self))

    def __reduce__(self) -> tuple[Any, ...]:
        # the constructors of subclasses want more than ``args``
        return _remade, (type(self), self.args), self.__getstate__()


def _remade(kind: type[WasinnError], args: tuple[Any, ...]) -> WasinnError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class Cancelled(WasinnError):  # noqa: N818 - the field's own word, as in asyncio.CancelledError
    """The operation was stopped by the user, by a timeout, or by its run ending.

    Attributes:
        reason: ``"stop"``, ``"interrupt"``, ``"timeout"`` or another short word.
    """

    def __init__(self, reason: str = "stop") -> None:
        super().__init__(f"cancelled ({reason})")
        self.reason = reason


class NNError(WasinnError):
    """An error that a guest can see; subclasses fix the code."""

    code: ClassVar[ErrorCode] = ErrorCode.RUNTIME_ERROR


class InvalidArgument(NNError):  # noqa: N818 - named after the wasi-nn code
    """A value is outside what the call accepts."""

    code = ErrorCode.INVALID_ARGUMENT


class InvalidEncoding(NNError):  # noqa: N818
    """The model's encoding is unknown, or a configuration is not JSON."""

    code = ErrorCode.INVALID_ENCODING


class MissingMemory(NNError):  # noqa: N818
    """The load would not fit into the memory that is free."""

    code = ErrorCode.MISSING_MEMORY


class Busy(NNError):  # noqa: N818
    """Somebody else is using the model.

    Attributes:
        holders: who, in the user's words (names of runs).
    """

    code = ErrorCode.BUSY

    def __init__(self, message: str, *, hint: str = "", holders: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.holders = holders


class RuntimeFailure(NNError):  # noqa: N818
    """The model library failed; the message carries what it said."""

    code = ErrorCode.RUNTIME_ERROR


class UnsupportedOperation(NNError):  # noqa: N818
    """The backend, device or host cannot do this."""

    code = ErrorCode.UNSUPPORTED_OPERATION


class TooLarge(NNError):  # noqa: N818
    """The output does not fit into the caller's buffer.

    Attributes:
        needed: size of the output in bytes.
    """

    code = ErrorCode.TOO_LARGE

    def __init__(self, message: str, *, needed: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.needed = needed


class NotFound(NNError):  # noqa: N818
    """No model is registered under this name."""

    code = ErrorCode.NOT_FOUND


class EndOfSequence(NNError):  # noqa: N818
    """The model ended its text by itself; the last token is in the output."""

    code = ErrorCode.END_OF_SEQUENCE


class _LimitError(NNError):
    def __init__(self, message: str, *, limit: int, actual: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.limit = limit
        self.actual = actual


class ContextFull(_LimitError):  # noqa: N818
    """The context is full; the text so far is kept. ``limit`` and ``actual`` are tokens."""

    code = ErrorCode.CONTEXT_FULL


class PromptTooLong(_LimitError):  # noqa: N818
    """The prompt does not fit into the context. ``limit`` and ``actual`` are tokens."""

    code = ErrorCode.PROMPT_TOO_LONG


class ModelNotFound(NNError):  # noqa: N818
    """The name is registered, but what it names is not there."""

    code = ErrorCode.MODEL_NOT_FOUND
