"""Settings, options and messages as the host takes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wit_world.imports import models

from wasi_nn import _given
from wasi_nn._errors import InvalidArgument

Message = Mapping[str, str] | tuple[str, str]

# settings that wasinn:llm has a field for; all others go by the host's names for them
_FIELDS = (
    *("n_gpu_layers", "ctx_size", "batch_size", "threads", "n_predict", "temperature", "top_k"),
    *("top_p", "min_p", "repeat_penalty", "seed"),
)
_FLOATS = frozenset({"temperature", "top_p", "min_p", "repeat_penalty"})
_RANGES = {"ctx_size": (0, 2**32), "batch_size": (0, 2**32), "threads": (0, 2**32)} | {
    "seed": (0, 2**32),
    **dict.fromkeys(("n_gpu_layers", "n_predict", "top_k"), (-(2**31), 2**31)),
}


def config(given: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> models.Config:
    """Settings by the notebook's names, and as keywords."""
    if given is not None and not isinstance(given, Mapping):
        raise TypeError(
            f"settings are a mapping, as in {{'ctx-size': 256}}, or keywords, not {given!r:.60}"
        )
    fields: dict[str, Any] = dict.fromkeys(_FIELDS)
    rest = {}
    for name, value in {**(given or {}), **settings}.items():
        field = _given.text(name, "the name of a setting").replace("-", "_")
        if field in fields:
            fields[field] = value
        else:
            rest[name.replace("_", "-")] = value
    numbers = _numbers(fields)
    try:
        return models.Config(**numbers, json=json.dumps(rest) if rest else None)
    except TypeError as error:
        raise InvalidArgument(f"The settings cannot be written as JSON: {error}.") from None


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    """The values as the types of their fields."""
    for name, value in fields.items():
        if value is None:
            continue
        try:
            if name in _FLOATS:
                fields[name] = _given.number(value, name)
                continue
            fields[name] = _given.whole(value, name)
        except (TypeError, OverflowError) as error:
            raise InvalidArgument(f"{error}.") from None
        low, high = _RANGES[name]
        if not low <= fields[name] < high:
            raise InvalidArgument(f"{name} is a whole number from {low} to {high - 1}: {value!r}.")
    return fields


def options(max_tokens: int, stop: str | Sequence[str], *, logs: bool) -> models.Options:
    """What a generation is to be like."""
    most = _given.whole(max_tokens, "max_tokens")
    if not 0 <= most < 2**32:
        raise InvalidArgument(f"max_tokens is 0, for no limit, or a number: {max_tokens!r}.")
    return models.Options(most, _given.texts(stop, "stop"), bool(logs))


def dialogue(messages: str | Iterable[Message]) -> list[models.Message]:
    """A text, or messages."""
    given = [("user", messages)] if isinstance(messages, str) else messages
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise InvalidArgument(
            "chat takes a text, or a list of messages, each with a role and a content, not "
            f"{messages!r:.60}."
        )
    return [_message(one) for one in given]


def _message(one: Message) -> models.Message:
    try:
        role, content = (one["role"], one["content"]) if isinstance(one, Mapping) else one
    except (KeyError, TypeError, ValueError):
        raise InvalidArgument(f"A message has a role and a content, and this is {one!r}.") from None
    said = _given.text(content, "the content of a message")
    return models.Message(_given.text(role, "a role"), said)
