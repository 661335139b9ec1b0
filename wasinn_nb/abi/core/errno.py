"""Error codes as the numbers that ``wasi_ephemeral_nn`` functions return."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from wasinn_nb.nn.errors import ErrorCode

SUCCESS = 0

ERRNO: Mapping[ErrorCode, int] = MappingProxyType(
    {
        ErrorCode.INVALID_ARGUMENT: 1,
        ErrorCode.INVALID_ENCODING: 2,
        ErrorCode.MISSING_MEMORY: 3,
        ErrorCode.BUSY: 4,
        ErrorCode.RUNTIME_ERROR: 5,
        ErrorCode.UNSUPPORTED_OPERATION: 6,
        ErrorCode.TOO_LARGE: 7,
        ErrorCode.NOT_FOUND: 8,
        # the LLM dialect begins at 100
        ErrorCode.END_OF_SEQUENCE: 100,
        ErrorCode.CONTEXT_FULL: 101,
        ErrorCode.PROMPT_TOO_LONG: 102,
        ErrorCode.MODEL_NOT_FOUND: 103,
    }
)

_NAMES = {number: code.value for code, number in ERRNO.items()} | {SUCCESS: "success"}


def errno_name(number: int) -> str:
    """The word for a number, as messages show it (``102`` is ``prompt_too_long``)."""
    return _NAMES.get(number, "unknown")
