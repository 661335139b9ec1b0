"""Calls of the host, whose refusals are raised as errors of ours; and the run that makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from componentize_py_types import Err
from interpreter import stopping
from wit_world.imports import graph as host_graph
from wit_world.imports import wasinn_llm_errors as llm

from wasi_nn._errors import NNError, failure

T = TypeVar("T")

run = 0
"""What the host holds ends with the run that asked for it; this tells runs apart."""


def begin() -> None:
    """Another run: the host has taken back what the last one had."""
    global run  # noqa: PLW0603 - of the instance
    run += 1


def asked(call: Callable[..., T], *args: Any) -> T:
    """Call the host; what it refuses is raised as one of ours."""
    stopping.flush()
    try:
        return call(*args)
    except Err as error:
        value = error.value
    stopping.check()
    raise translated(value)


def translated(value: Any) -> NNError:
    """The error for what the host has refused with."""
    match value:
        case llm.Error_ContextFull(limit):
            text = f"The context of {limit.limit} tokens is full."
            return failure("context-full", text, limit=limit.limit, actual=limit.actual)
        case llm.Error_PromptTooLong(limit):
            text = f"The prompt has {limit.actual} tokens; {limit.limit} fit."
            return failure("prompt-too-long", text, limit=limit.limit, actual=limit.actual)
        case llm.Error_ModelNotFound(name):
            return _unknown(name)
        case llm.Error_Busy(users):
            text = f"The model is in use by {', '.join(users)}."
            return failure("busy", text, users=users)
        case llm.Error_Cancelled():
            return failure("cancelled", "The generation was cancelled.")
        case llm.Error_Failed(what):
            return failure(_word(what.code), what.message)
        case _:
            with value:
                return failure(_word(value.code()), value.data())


def _unknown(name: str) -> NNError:
    """wasinn:llm tells the name only; what wasi:nn says of it has more."""
    try:
        with host_graph.load_by_name(name):
            pass
    except Err as error:
        return translated(error.value)
    return failure("not-found", f"There is no model {name!r}.")


def _word(code: Any) -> str:
    return code.name.lower().replace("_", "-")
