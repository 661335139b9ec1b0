"""What a page shows where the mouse rests on a word of a magic: the same texts as ``--help``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from wasinn_nb.nn.settings import Schema, Scope, Setting
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.parser import Completes, MagicParser
from wasinn_nb.notebook.preferences import Preferences

_COSTS = {
    Scope.MODEL: "A change loads the model again.",
    Scope.CONTEXT: "A change makes new contexts; the weights stay.",
    Scope.REQUEST: "A change counts from the next compute on.",
    Scope.HOST: "A change counts at once.",
}


def table(schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Texts by word; an option is called as it is written, a positional word by its own name.

    Args:
        schemas: the settings of each backend.
    """
    parsers = [verbs.cell(), *verbs.verbs().values()]
    actions = [(parser, action) for parser in parsers for action in _actions(parser)]
    settings = _by_key(schemas)
    return {
        "cell": _texts(verbs.cell()),
        "verbs": {name: _verb(parser) for name, parser in verbs.verbs().items()},
        "settings": {key: _settings_text(found) for key, found in settings.items()},
        "preferences": {
            name: str(trait.help)
            for name, trait in Preferences.class_own_traits(config=True).items()
        },
        "metavars": {_name(a): str(a.metavar) for _, a in actions if a.nargs != 0},
        "values": {
            **{_name(a): values for p, a in actions if (values := _argument_values(p, a))},
            **{
                key: values
                for key, found in settings.items()
                if (values := _setting_values(next(iter(found.values()))))
            },
        },
    }


def _actions(parser: MagicParser) -> Iterator[argparse.Action]:
    yield from parser.positionals
    yield from parser.options


def _name(action: argparse.Action) -> str:
    return action.option_strings[-1] if action.option_strings else action.dest


def _texts(parser: MagicParser) -> dict[str, str]:
    return {_name(action): action.help or "" for action in _actions(parser)}


def _verb(parser: MagicParser) -> dict[str, Any]:
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return {"summary": parser.description or "", "usage": usage, "options": _texts(parser)}


def _argument_values(parser: MagicParser, action: argparse.Action) -> list[str]:
    if action.dest == "language":
        return list(verbs.languages())
    if action.choices is not None:
        return [str(choice) for choice in action.choices]
    kind = parser.completes.get(action.dest)
    if kind is Completes.ENCODING:
        return [str(encoding) for encoding in GraphEncoding]
    return [str(target) for target in ExecutionTarget] if kind is Completes.TARGET else []


def _by_key(schemas: Mapping[str, Schema]) -> dict[str, dict[str, Setting]]:
    """The settings that do something; several backends may have one of the same name."""
    found: dict[str, dict[str, Setting]] = {}
    for backend, schema in schemas.items():
        for key, setting in schema.items():
            if setting.effect:
                found.setdefault(key, {})[backend] = setting
    return found


def _settings_text(found: Mapping[str, Setting]) -> str:
    """One text, or one for each backend where they differ."""
    texts = {backend: _setting_text(setting) for backend, setting in found.items()}
    if len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"{backend}: {text}" for backend, text in texts.items())


def _setting_text(setting: Setting) -> str:
    parts = [f"{setting.help[:1].upper()}{setting.help[1:]}."]
    if default := setting.text(setting.default):
        named = setting.default in setting.names.values()
        parts.append(f"Default: {default}{'' if named else f' {setting.unit}'.rstrip()}.")
    return " ".join([*parts, _COSTS[setting.scope]])


def _setting_values(setting: Setting) -> list[str]:
    if setting.kind == "bool":
        return ["true", "false"]
    return list(setting.choices or setting.names)
