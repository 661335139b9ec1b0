"""Completion of the magics' lines: verbs, options, names, settings with their values, paths.

What can follow is read from the parsers; the names come from the host.
"""

from __future__ import annotations

import argparse
import glob
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion

from wasinn_nb.nn.settings import Setting
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.parser import Completes, MagicParser

if TYPE_CHECKING:
    from wasinn_nb.api import Host

_LINE = re.compile(r"^\s*(?:[A-Za-z_][\w.]*\s*=\s*)?%wasinn\s")
_CELL = re.compile(r"^\s*%%wasinn\s")
# above it may be empty lines, and magics that run what follows them as a cell
_GUEST = re.compile(
    r"(?:[ \t]*(?:%%(?:time|timeit|capture|prun)\b[^\n]*)?\n)*"
    r"[ \t]*%%wasinn(?=\s|$)[ \t]*(?P<language>[\w+#-]*)"
)
_WORDS: dict[Completes, Iterable[str]] = {
    Completes.ENCODING: GraphEncoding,
    Completes.TARGET: ExecutionTarget,
}
_HIDDEN = {"In", "Out", "exit", "quit", "get_ipython", "open"}


class _Silence(list[SimpleCompletion]):
    """No completions, which IPython takes for some: it lets only such a matcher silence others."""

    def __len__(self) -> int:
        return 1


class MagicMatcher:
    """Completes the words of ``%wasinn`` and ``%%wasinn``.

    In the body of a guest's cell there is nothing to complete: Python's names mean nothing there.

    Args:
        host: makes the host, called when a name of it is wanted.
        namespace: the user's variables.
    """

    def __init__(self, host: Callable[[], Host], namespace: Mapping[str, Any]) -> None:
        self._host = host
        self._namespace = namespace

    def __call__(self, context: CompletionContext) -> dict[str, Any]:
        """A result in the shape of IPython's matcher API, version 2."""
        magic_line = _magic_line(context.full_text)
        if magic_line is not None and context.cursor_line > magic_line:
            return {"completions": _Silence(), "suppress": True, "matched_fragment": ""}
        fragment, words = self.complete(
            context.text_until_cursor, first_line=context.cursor_line == (magic_line or 0)
        )
        return {
            "completions": [SimpleCompletion(text, type=kind) for text, kind in words],
            "suppress": bool(words),
            "matched_fragment": fragment,
            "ordered": True,
        }

    def complete(self, before: str, *, first_line: bool) -> tuple[str, list[tuple[str, str]]]:
        """The fragment before the cursor, and what it may become: pairs of text and kind."""
        if first_line and (cell := _CELL.match(before)):
            words, fragment = _words(before[cell.end() :])
            return self._complete_options(verbs.cell(), words, fragment, "")
        if not (line := _LINE.match(before)):
            return "", []
        words, fragment = _words(before[line.end() :])
        if not words:
            return fragment, _matching(fragment, verbs.verbs(), "verb")
        parser = verbs.verbs().get(words[0])
        if parser is None:
            return "", []
        return self._complete_options(parser, words[1:], fragment, words[0])

    def _complete_options(
        self, parser: MagicParser, words: list[str], fragment: str, verb: str
    ) -> tuple[str, list[tuple[str, str]]]:
        if parser.trailing and "--" in words:
            return "", []
        options = {name: action for action in parser.options for name in action.option_strings}
        wanted, given = _position(words, options, parser.positionals)
        name, equals, value = fragment.partition("=")
        if wanted is None or wanted not in options.values():
            if equals and name in options:
                return self._complete_value(parser, options[name], value, given, verb)
            if fragment.startswith("-"):
                once = [n for n, action in options.items() if _may_repeat(action, words)]
                return fragment, _matching(fragment, once, "option")
        if wanted is None:
            return fragment, _matching(fragment, options, "option") if not fragment else []
        return self._complete_value(parser, wanted, fragment, given, verb)

    def _complete_value(
        self,
        parser: MagicParser,
        action: argparse.Action,
        fragment: str,
        given: list[str],
        verb: str,
    ) -> tuple[str, list[tuple[str, str]]]:
        if action.dest == "language":
            return fragment, _languages(fragment)
        if action.choices is not None:
            return fragment, _matching(fragment, map(str, action.choices), "value")
        kind = parser.completes.get(action.dest, Completes.NOTHING)
        if kind in (Completes.SETTING, Completes.SETTING_KEY):
            return self._setting(fragment, given[0] if given else "", kind, verb)
        if kind is Completes.ALIAS:
            alias, equals, name = fragment.partition("=")
            if equals:
                return name, _matching(name, self._models(), "model")
            return alias, _matching(alias, ["default", *self._models()], "model")
        if kind is Completes.PRELOAD:
            return _preload(fragment)
        if kind in (Completes.PATH, Completes.DIRECTORY):
            return fragment, _paths(fragment, only_directories=kind is Completes.DIRECTORY)
        return fragment, self._named(kind, fragment, given)

    def _named(self, kind: Completes, fragment: str, given: list[str]) -> list[tuple[str, str]]:
        if kind in (Completes.MODEL, Completes.NEW_MODEL):
            unused = [name for name in self._models() if name not in given]
            return _matching(fragment, unused, "model")
        if kind is Completes.SOURCE:
            builtin = [f"builtin:{name}" for name in self._builtin()]
            variables = [f"${name}" for name in self._variables() if self._is_bytes(name)]
            return [*_matching(fragment, [*builtin, *variables], "model"), *_paths(fragment)]
        if kind is Completes.WASM:
            guests = _matching(fragment, self._guests(), "guest")
            return [*guests, *_paths(fragment, suffix=".wasm")]
        if kind is Completes.GUEST:
            return _matching(fragment, self._guests(), "guest")
        if kind is Completes.SAVED_GUEST:
            return _saved(fragment, given[0])
        if kind is Completes.VARIABLE:
            return _matching(fragment, self._variables(), "variable")
        return _matching(fragment, map(str, _WORDS.get(kind, ())), kind)

    def _setting(
        self, fragment: str, model: str, kind: Completes, verb: str
    ) -> tuple[str, list[tuple[str, str]]]:
        settings = self._settings(model)
        key, equals, value = fragment.partition("=")
        if kind is Completes.SETTING_KEY:
            pinned = self._host().registry.describe(model).pins if model in self._models() else {}
            return fragment, _matching(fragment, pinned, "setting")
        if not equals:
            keys = (f"{name}=" for name in settings)
            return fragment, _matching(fragment, keys, "setting")
        setting = settings.get(key.replace("_", "-"))
        if setting is None:
            return value, []
        if setting.path:
            return value, _paths(value)
        if setting.key == "device":
            return value, _matching(value, self._devices(), "device")
        current = self._current(model, setting.key) if verb == "config" else ""
        return value, _matching(value, _values(setting, current), "value")

    def _settings(self, model: str) -> dict[str, Setting]:
        registry = self._host().registry
        if model in self._models():
            schemas = [registry.schema(model)]
        else:
            schemas = [backend.schema() for backend in registry.backends().values()]
        return {key: s for schema in schemas for key, s in schema.items() if s.effect}

    def _devices(self) -> list[str]:
        """What the devices are called by backends that let one choose; loads their libraries."""
        backends = self._host().registry.backends().values()
        choosing = (backend.status() for backend in backends if "device" in backend.schema())
        names = (device.name for status in choosing for device in status.devices)
        return list(dict.fromkeys(["AUTO", *names]))

    def _current(self, model: str, key: str) -> str:
        if model not in self._models():
            return ""
        value = self._host().registry.config(model).values.get(key)
        return "" if value is None or isinstance(value, bool) else str(value)

    def _models(self) -> list[str]:
        return [record.name for record in self._host().registry.models()]

    def _builtin(self) -> list[str]:
        from wasinn_nb.models import builtin_names

        return list(builtin_names())

    def _guests(self) -> list[str]:
        return list(self._host().guests)

    def _variables(self) -> list[str]:
        named = (name for name in self._namespace if not name.startswith("_"))
        return [name for name in named if name not in _HIDDEN]

    def _is_bytes(self, name: str) -> bool:
        return isinstance(self._namespace.get(name), (bytes, bytearray, memoryview))


def _languages(fragment: str) -> list[tuple[str, str]]:
    """By their names; where none begins so, by others that they have."""
    if found := _matching(fragment, verbs.languages(), "language"):
        return found
    from wasinn_nb.guest import languages

    aliases = (alias for language in languages.every() for alias in language.aliases)
    return _matching(fragment, aliases, "language")


def _magic_line(cell: str) -> int | None:
    """Which line of a cell makes the rest of it a guest; None for a cell of Python."""
    magic = _GUEST.match(cell)
    if magic is None or magic["language"] == "python":
        return None
    return cell.count("\n", 0, magic.end())


def _words(text: str) -> tuple[list[str], str]:
    """The finished words, and the one the cursor is in (empty after a blank)."""
    words = text.split()
    fragment = words.pop() if words and not text[-1:].isspace() else ""
    return words, fragment


def _position(
    words: list[str], options: Mapping[str, argparse.Action], positionals: list[argparse.Action]
) -> tuple[argparse.Action | None, list[str]]:
    """What the next word belongs to, and the positional words that are there."""
    given: list[str] = []
    waiting: argparse.Action | None = None
    for word in words:
        if waiting is not None:
            waiting = None
        elif word.startswith("-"):
            action = options.get(word)
            waiting = action if action is not None and action.nargs is None else None
        else:
            given.append(word)
    if waiting is not None:
        return waiting, given
    if len(given) < len(positionals):
        return positionals[len(given)], given
    repeats = bool(positionals) and positionals[-1].nargs in ("*", "+")
    return (positionals[-1] if repeats else None), given


def _may_repeat(action: argparse.Action, words: list[str]) -> bool:
    repeatable = isinstance(action.default, list) or action.dest == "model"
    return repeatable or not any(name in words for name in action.option_strings)


def _matching(fragment: str, words: Iterable[str], kind: str) -> list[tuple[str, str]]:
    return [(word, kind) for word in words if word.startswith(fragment)]


def _values(setting: Setting, current: str) -> list[str]:
    if setting.choices:
        return [str(choice) for choice in setting.choices]
    if setting.kind == "bool":
        return ["true", "false"]
    default = "" if setting.default is None else str(setting.default)
    return list(dict.fromkeys(value for value in (current, default, *setting.names) if value))


def _preload(fragment: str) -> tuple[str, list[tuple[str, str]]]:
    parts = fragment.split(":", 3)
    last = parts[-1]
    if len(parts) == 2:
        words = [f"{encoding.upper()}:" for encoding in GraphEncoding]
        return last, _matching(last.upper(), words, "encoding")
    if len(parts) == 3:
        words = [f"{target.upper()}:" for target in ExecutionTarget]
        return last, _matching(last.upper(), words, "target")
    return last, _paths(last) if len(parts) == 4 else []


def _saved(fragment: str, name: str) -> list[tuple[str, str]]:
    """What a guest's file may be called, where one is and where none is yet."""
    there = _paths(fragment)
    new = _matching(fragment, (f"{name}.wasm", f"{name}.wat"), "path")
    return [*(word for word in new if word not in there), *there]


def _paths(
    fragment: str, *, suffix: str = "", only_directories: bool = False
) -> list[tuple[str, str]]:
    """Files and directories that ``fragment`` begins, directories with a slash at their end."""
    pattern = glob.escape(os.path.expanduser(fragment)) + "*"  # noqa: PTH111 - keeps `./`
    found = []
    for name in sorted(glob.glob(pattern))[:200]:  # noqa: PTH207 - keeps what was typed
        if " " in name:
            continue
        shown = (
            fragment[:2] + name.removeprefix(str(Path.home()) + os.sep)
            if fragment[:2] == "~/"
            else name
        )
        if Path(name).is_dir():
            found.append((shown + os.sep, "path"))
        elif not only_directories and name.endswith(suffix):
            found.append((shown, "path"))
    return found
