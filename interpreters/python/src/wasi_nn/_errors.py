"""What calls of wasi-nn fail with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class NNError(Exception):
    """A call of wasi-nn failed.

    Attributes:
        code: the standard's word for it, such as ``"invalid-argument"``.
        message: what happened, where, and what to do about it.
    """

    code: str = "unknown"
    kinds: ClassVar[dict[str, type[NNError]]] = {}

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        vars(self).update(details)

    def __init_subclass__(cls, code: str) -> None:
        cls.code = code
        NNError.kinds[code] = cls

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class InvalidArgument(NNError, code="invalid-argument"):
    """An input that the model has not, of another shape or type, or a wrong setting."""


class InvalidEncoding(NNError, code="invalid-encoding"):
    """Bytes that no backend reads."""


class Timeout(NNError, code="timeout"):
    """It took too long."""


class RuntimeFailure(NNError, code="runtime-error"):
    """The model's library failed."""


class UnsupportedOperation(NNError, code="unsupported-operation"):
    """The model's backend cannot do this."""


class TooLarge(NNError, code="too-large"):
    """More than fits."""


class NotFound(NNError, code="not-found"):
    """The notebook knows no model of this name, or its file is not there."""


class SecurityFailure(NNError, code="security"):
    """It is not allowed."""


class MissingMemory(NNError, code="missing-memory"):
    """There is no memory for it."""


class UnknownFailure(NNError, code="unknown"):
    """Something else."""


class ContextFull(NNError, code="context-full"):
    """There is no room for another token; all that were made have come.

    Attributes:
        limit, actual: tokens: how many fit, and how many there were.
    """

    limit: int
    actual: int


class PromptTooLong(NNError, code="prompt-too-long"):
    """The prompt does not fit; nothing was computed.

    Attributes:
        limit, actual: tokens: how many fit, and how many there were.
    """

    limit: int
    actual: int


class Busy(NNError, code="busy"):
    """Others use the model with other settings of the load.

    Attributes:
        users: who.
    """

    users: Sequence[str]


class Cancelled(NNError, code="cancelled"):
    """The generation was ended: by `cancel`, or by another one on its context."""


def failure(code: str, message: str, **details: Any) -> NNError:
    """The exception for a code."""
    return NNError.kinds.get(code, UnknownFailure)(message, **details)
