"""Parsing of magic lines: argparse that speaks as IPython does.

One declaration of an option gives its parsing, the ``?`` and ``--help`` text, completion and the
reference page: all of them read the parser's actions.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from numbers import Number
from types import ModuleType
from typing import Any, NoReturn

from IPython.core.error import UsageError

_VARIABLE = re.compile(r"\$(\$|[A-Za-z_]\w*)")
_VARIABLES = re.compile(r"\$[A-Za-z_]\w*(,\$[A-Za-z_]\w*)*")
_BYTES = (bytes, bytearray, memoryview)


class Completes(StrEnum):
    """What a word may be completed to."""

    NOTHING = ""
    MODEL = "model"
    NEW_MODEL = "new model"
    ALIAS = "alias"
    SOURCE = "source"
    PRELOAD = "preload"
    PATH = "path"
    WASM = "wasm"
    DIRECTORY = "directory"
    SETTING = "setting"
    SETTING_KEY = "setting key"
    VARIABLE = "variable"
    GUEST = "guest"
    SAVED_GUEST = "saved guest"
    ENCODING = "encoding"
    TARGET = "target"


class HelpRequested(Exception):  # noqa: N818 - not a failure
    """``--help`` was given; ``text`` is what to show."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _HelpAction(argparse.Action):
    def __init__(self, option_strings: Sequence[str], **_: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show this text")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        raise HelpRequested(parser.format_help())


class MagicParser(argparse.ArgumentParser):
    """An argument parser that raises ``UsageError``, suggests near names, and knows what completes.

    Args:
        prog: how the user writes it, for example ``"%wasinn load"``.
        trailing: the usage text of words after ``--``, handed on untouched; empty if none.
    """

    def __init__(
        self, prog: str, *, description: str, trailing: str = "", epilog: str = ""
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            add_help=False,
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        self.trailing = trailing
        self.completes: dict[str, Completes] = {}
        self.add_argument("-h", "--help", action=_HelpAction)

    def option(self, *names: str, completes: Completes = Completes.NOTHING, **kwargs: Any) -> None:
        """``add_argument``, and what the option's value may be completed to."""
        action = self.add_argument(*names, **kwargs)
        self.completes[action.dest] = completes

    @property
    def options(self) -> list[argparse.Action]:
        """The options, in the order of their declaration; ``--help`` is last."""
        named = [action for action in self._actions if action.option_strings]
        return named[1:] + named[:1]

    @property
    def naming(self) -> set[str]:
        """The options whose value names a variable."""
        wanted = (a for a in self.options if self.completes.get(a.dest) is Completes.VARIABLE)
        return {name for action in wanted for name in action.option_strings}

    @property
    def positionals(self) -> list[argparse.Action]:
        """The positional arguments, in order."""
        return [action for action in self._actions if not action.option_strings]

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse; words after a ``--`` become ``namespace.args``.

        Raises:
            UsageError: anything wrong, with what to do.
            HelpRequested: ``--help`` was among the words.
        """
        own, trailing = list(words), []
        if self.trailing and "--" in own:
            cut = own.index("--")
            own, trailing = own[:cut], own[cut + 1 :]
        namespace, unknown = self.parse_known_args(own)
        if unknown:
            self._reject(unknown[0])
        namespace.args = trailing
        return namespace

    def error(self, message: str) -> NoReturn:
        """Refuse with one line; called by argparse."""
        raise UsageError(f"{self._explained(message)}. See `{self.prog} --help`.")

    def _explained(self, message: str) -> str:
        """What argparse says; of arguments that are missing also what they are."""
        _, wanted, names = message.partition("arguments are required: ")
        told = {str(action.metavar): action.help for action in self.positionals}
        missing = [f"{name} ({told[name]})" for name in names.split(", ") if told.get(name)]
        return f"What is missing is {', '.join(missing)}" if wanted and missing else message

    def format_usage(self) -> str:
        """The usage line in the order that people write: names, options, what follows ``--``."""
        words = [self.prog, *(_usage(action) for action in self.positionals)]
        words += ["[options]"] if len(self.options) > 1 else []
        words += [f"[-- {self.trailing}]"] if self.trailing else []
        return f"usage: {' '.join(words)}\n"

    def format_help(self) -> str:
        """The usage line and all arguments."""
        _, _, rest = super().format_help().partition("\n\n")
        return f"{self.format_usage()}\n{rest}"

    def _reject(self, word: str) -> NoReturn:
        if not word.startswith("-"):
            extra = (
                f" Put arguments for the guest after `--`, as in `-- {word}`."
                if self.trailing
                else ""
            )
            raise UsageError(
                f"I do not know what to do with {word!r}.{extra} See `{self.prog} --help`."
            )
        name = word.partition("=")[0]
        known = [text for action in self.options for text in action.option_strings]
        raise UsageError(
            f"There is no option {name}.{did_you_mean(name, known)} See `{self.prog} --help`."
        )


def _usage(action: argparse.Action) -> str:
    shapes = {"?": "[{}]", "*": "[{}...]", "+": "{}..."}
    shape = shapes.get(str(action.nargs), "{}") if action.dest != "line" else "{}"
    return shape.format(action.metavar)


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=100)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` Did you mean X?`` or nothing."""
    near = difflib.get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def split(line: str) -> list[str]:
    """The words of a magic's line, quoted as in a shell.

    Raises:
        UsageError: a quotation does not end.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(
            f"{error}: {line.strip()}. Put a text with a quote in it between quotes of the other "
            'kind, as in "It\'s".'
        ) from None


def expand(
    words: Iterable[str], namespace: Mapping[str, Any], naming: Collection[str] = ()
) -> list[str]:
    """Put variables of text, numbers and paths in place of ``$name``; ``$$`` is a dollar sign.

    A word that is nothing but ``$name``, or several joined by commas, stays as it is when the
    variables hold bytes: what takes it looks them up itself. A dollar sign before anything else
    stands for itself.

    Args:
        naming: options whose value is the name of a variable, with or without the dollar sign; it
            stays a name.

    Raises:
        UsageError: a word is ``$name`` and there is no such variable, or one holds something else.
    """
    expanded: list[str] = []
    previous = ""
    for word in words:
        if previous == "--":
            naming = ()
        is_name = previous in naming or word.partition("=")[0] in naming
        expanded.append(word if is_name else _expand(word, namespace))
        previous = word
    return expanded


def variable(word: str, namespace: Mapping[str, Any], what: str) -> Any:
    """The value of the user's variable ``word`` (with or without ``$``).

    Raises:
        UsageError: there is none; ``what`` says what wanted it.
    """
    name = word.removeprefix("$")
    if name not in namespace:
        _no_variable(name, namespace, what)
    return namespace[name]


def _no_variable(name: str, namespace: Mapping[str, Any], what: str, advice: str = "") -> NoReturn:
    public = [
        known
        for known, value in namespace.items()
        if not (known.startswith("_") or callable(value) or isinstance(value, ModuleType))
    ]
    near = did_you_mean(name, public) or advice
    raise UsageError(f"{what}: there is no variable {name!r}.{near}")


def _expand(word: str, namespace: Mapping[str, Any]) -> str:
    whole = _VARIABLE.fullmatch(word)
    if whole and whole[1] != "$" and whole[1] not in namespace:
        _no_variable(whole[1], namespace, word, f" Write $${whole[1]} for the text itself.")
    if _VARIABLES.fullmatch(word) and all(
        isinstance(namespace.get(name[1:]), _BYTES) for name in word.split(",")
    ):
        return word

    def replace(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return _text(match[1], namespace[match[1]]) if match[1] in namespace else match[0]

    return _VARIABLE.sub(replace, word)


def _text(name: str, value: object) -> str:
    if isinstance(value, (str, Number, os.PathLike)):
        return str(value)
    if isinstance(value, _BYTES):
        raise UsageError(
            f"${name} holds bytes: it can be a word of its own, for a model or a guest."
        )
    raise UsageError(
        f"${name} is of type {type(value).__name__}; a variable in this line can hold text, "
        "a number, a path, or for a model or a guest bytes."
    )
