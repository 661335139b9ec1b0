"""Chat messages rendered with the model's own template.

The template comes from a model file, so it runs in jinja2's sandbox, with the helpers that
templates written for ``transformers`` expect.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation

if TYPE_CHECKING:
    import jinja2


def parse_messages(data: bytes) -> list[dict[str, Any]]:
    """A JSON array of ``{"role": ..., "content": ...}`` objects; other members are kept.

    Raises:
        InvalidArgument: it is something else.
    """
    try:
        messages = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"With chat on, the input must be a JSON array of messages; it is not JSON ({error})."
        ) from None
    if not isinstance(messages, list) or not messages:
        raise InvalidArgument("With chat on, the input must be a non-empty JSON array of messages.")
    for number, message in enumerate(messages):
        if not isinstance(message, dict):
            raise InvalidArgument(f"Chat message {number} is not an object with role and content.")
        for key in ("role", "content"):
            if not isinstance(message.get(key), str):
                raise InvalidArgument(f"Chat message {number} has no text in {key!r}.")
    return messages


def render(template: str, messages: list[dict[str, Any]], tokens: Mapping[str, str]) -> str:
    """The prompt for a dialogue, ready for the assistant's answer.

    Args:
        template: Jinja source from the model file.
        messages: from :func:`parse_messages`.
        tokens: ``bos_token``, ``eos_token`` and the like, as text.

    Raises:
        UnsupportedOperation: the model has no template.
        InvalidArgument: the template fails, or refuses the dialogue.
    """
    if not template:
        raise UnsupportedOperation(
            "This model has no chat template.", hint="Write the prompt out and turn chat off."
        )
    import jinja2

    try:
        compiled = _compiled(template)
        return compiled.render(messages=messages, add_generation_prompt=True, **tokens)
    except _RefusedError as refusal:
        raise InvalidArgument(f"The model's chat template refuses this: {refusal}.") from None
    except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InvalidArgument(f"The model's chat template failed: {error}.") from None
    except (RecursionError, MemoryError, AttributeError, OverflowError) as error:
        raise InvalidArgument(f"The model's chat template failed: {error!r}.") from None


class _RefusedError(Exception):
    """A template called ``raise_exception``."""


@lru_cache(maxsize=8)
def _compiled(template: str) -> jinja2.Template:
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _strftime_now
    return environment.from_string(template)


def _refuse(message: object = "") -> NoReturn:
    raise _RefusedError(str(message))


def _to_json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _strftime_now(form: str) -> str:
    return dt.datetime.now().astimezone().strftime(form)
