"""The types of ``wasinn:llm``, and what its records of settings and its errors mean here."""

from __future__ import annotations

import json
import math
from typing import Any

from wasinn_nb.abi.wit.codec import (
    BOOL,
    F32,
    F64,
    S32,
    U32,
    U64,
    Bytes,
    Case,
    Enum,
    List,
    Option,
    Record,
    String,
    Variant,
)
from wasinn_nb.nn.errors import (
    Busy,
    ContextFull,
    EndOfSequence,
    ErrorCode,
    InvalidArgument,
    InvalidEncoding,
    NNError,
    PromptTooLong,
    WasinnError,
)

U32_MAX = 0xFFFF_FFFF
_LONGEST_CONFIG = 4 << 20

_CODES = (
    "invalid-argument",
    "invalid-encoding",
    "timeout",
    "runtime-error",
    "unsupported-operation",
    "too-large",
    "not-found",
    "security",
    "missing-memory",
    "unknown",
)
_SETTINGS = {
    "n-gpu-layers": S32,
    "ctx-size": U32,
    "batch-size": U32,
    "threads": U32,
    "n-predict": S32,
    "temperature": F32,
    "top-k": S32,
    "top-p": F32,
    "min-p": F32,
    "repeat-penalty": F32,
    "seed": U32,
}
_KEYS = {"temperature": "temp"}
"""Fields whose setting has another name."""

_LIMIT = Record({"limit": U32, "actual": U32})
ERROR = Variant(
    {
        "end-of-sequence": None,
        "context-full": _LIMIT,
        "prompt-too-long": _LIMIT,
        "model-not-found": String(),
        "busy": List(String()),
        "cancelled": None,
        "failed": Record({"code": Enum(_CODES), "message": String()}),
    }
)
CONFIG = Record({name: Option(kind) for name, kind in (_SETTINGS | {"json": String()}).items()})
DESCRIPTION = Record(
    {
        "name": String(),
        "encoding": String(),
        "architecture": String(),
        "quantization": String(),
        "device": String(),
        "parameters": U64,
        "size": U64,
        "context-length": U32,
        "layers": U32,
        "vocabulary": U32,
        "embedding-length": U32,
        "has-chat-template": BOOL,
    }
)
MESSAGE = Record({"role": String(), "content": String()})
TOKEN = Record({"id": U32, "bytes": Bytes(), "text": String(), "log-probability": Option(F32)})
USAGE = Record(
    {
        "prompt-tokens": U32,
        "cached-tokens": U32,
        "generated-tokens": U32,
        "time-to-first-token": Option(F64),
        "tokens-per-second": Option(F64),
        "finish": Enum(
            ("unfinished", "end", "stop", "length", "context-full", "cancelled", "failed")
        ),
    }
)
OPTIONS = Record({"max-tokens": U32, "stop": List(String()), "log-probabilities": BOOL})


def settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """The settings that a config record comes to, by the host's names for them.

    Raises:
        InvalidEncoding: its JSON is none.
        InvalidArgument: its JSON is no object or too long, or a number is not finite.
    """
    text = config["json"]
    settings: dict[str, Any] = {}
    if text is not None:
        if len(text) > _LONGEST_CONFIG:
            raise InvalidArgument(
                f"The JSON has {len(text):,} characters; the most is {_LONGEST_CONFIG:,}."
            )
        try:
            # of a name that comes twice the first counts, as everywhere with guests' settings
            settings = json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
        except (ValueError, RecursionError) as error:
            raise InvalidEncoding(f"The configuration is not valid JSON: {error}.") from None
        if not isinstance(settings, dict):
            raise InvalidArgument("The configuration's JSON must be an object.")
    for name in _SETTINGS:
        value = config[name]
        if value is None:
            continue
        if isinstance(value, float):
            if not math.isfinite(value):
                raise InvalidArgument(f"{name} is {value}; it must be a finite number.")
            value = float(f"{value:.7g}")  # 0.1 and not 0.10000000149, which is the same f32
        settings[_KEYS.get(name, name)] = value
    return settings


def case_of(error: WasinnError) -> Case:
    """An error as the guest's variant."""
    if isinstance(error, EndOfSequence):
        return Case("end-of-sequence")
    if isinstance(error, (ContextFull, PromptTooLong)):
        name = "context-full" if isinstance(error, ContextFull) else "prompt-too-long"
        limits = {"limit": error.limit, "actual": error.actual}
        return Case(name, {key: min(max(n, 0), U32_MAX) for key, n in limits.items()})
    if isinstance(error, Busy):
        return Case("busy", error.holders)
    code = error.code if isinstance(error, NNError) else ErrorCode.RUNTIME_ERROR
    label = code.value.replace("_", "-")
    return Case("failed", {"code": label if label in _CODES else "unknown", "message": str(error)})
