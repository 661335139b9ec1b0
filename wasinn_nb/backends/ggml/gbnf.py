"""The syntax of GBNF grammars, read as llama.cpp reads it, with limits and line numbers.

The notation is that of llama.cpp's ``grammars/README.md``. Its own parser prints what it does not
like to stderr and recurses as deep as a text asks for; this one does neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from wasinn_nb.nn.errors import InvalidArgument

MAX_BYTES = 256 * 1024
MAX_DEPTH = 100
MAX_REPEAT = 2000
MAX_ELEMENTS = 1_000_000

_NAME = re.compile(r"[A-Za-z0-9-]+")
_INT = re.compile(r"[0-9]+")
_HEX = {"x": re.compile(r"[0-9A-Fa-f]{2}"), "u": re.compile(r"[0-9A-Fa-f]{4}")}
_HEX["U"] = re.compile(r"[0-9A-Fa-f]{8}")
_TOKEN_ID = re.compile(r"<\[([0-9]{1,9})\]>")
_TOKEN_TEXT = re.compile(r"<[^>]+>")
_SPACE = re.compile(r"(?:[ \t]|#[^\r\n]*)*")
_SPACE_LINES = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_SIMPLE_ESCAPES = set('trn\\"[]-')

CountTokens = Callable[[bytes], int]
"""Number of tokens that a text has in a model's vocabulary."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a rule."""

    name: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """An item that occurs a number of times; ``endless`` if there is no upper limit."""

    items: tuple[Item, ...]
    least: int
    most: int
    endless: bool


Item = Ref | Repeat | None
"""What a sequence consists of; ``None`` is anything that consumes text."""


@dataclass(slots=True)
class Grammar:
    """The rules of a grammar: for each name its alternatives, each a sequence of items."""

    rules: dict[str, list[tuple[Item, ...]]] = field(default_factory=dict)


_NOTHING = object()


class Parser:
    """Reads one grammar; see :func:`wasinn_nb.backends.ggml.grammar.check_grammar`."""

    def __init__(self, text: str, count_tokens: CountTokens | None) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._elements = 0
        self._generated = 0
        self._names: set[str] = set()
        self._count_tokens = count_tokens
        self._grammar = Grammar()

    def parse(self) -> Grammar:
        """The rules of the text.

        Raises:
            InvalidArgument: it is malformed or too big; with the line.
        """
        try:
            size = len(self._text.encode())
        except UnicodeEncodeError:
            raise InvalidArgument("The grammar holds text that is not Unicode.") from None
        if size > MAX_BYTES:
            raise InvalidArgument(f"The grammar is longer than {MAX_BYTES // 1024} KiB.")
        if "\0" in self._text:
            self._at = self._text.index("\0")
            self._fail("a NUL character")
        self._skip(lines=True)
        while self._at < len(self._text):
            self._rule()
        return self._grammar

    def _rule(self) -> None:
        name = self._name()
        self._skip(lines=False)
        if not self._text.startswith("::=", self._at):
            self._fail("'::=' is expected")
        self._at += 3
        self._skip(lines=True)
        self._grammar.rules[name] = self._alternatives(nested=False)
        if self._at < len(self._text):
            if self._text[self._at] not in "\r\n":
                self._fail("the end of the line is expected")
            self._skip(lines=True)

    def _alternatives(self, *, nested: bool) -> list[tuple[Item, ...]]:
        found = [self._sequence(nested=nested)]
        while self._peek() == "|":
            self._at += 1
            self._skip(lines=True)
            found.append(self._sequence(nested=nested))
        return found

    def _sequence(self, *, nested: bool) -> tuple[Item, ...]:
        items: list[Item] = []
        last: tuple[Item, ...] = ()  # what a repetition applies to
        weight = 1
        while char := self._peek():
            if char in "*+?{":
                if not last:
                    self._fail(f"nothing stands before {char!r}")
                del items[len(items) - len(last) :]
                repeat, weight = self._repetition(last, weight, nested=nested)
                last = (repeat,)
                items += last
                continue
            before = self._symbols()
            item = self._item(char)
            if item is _NOTHING:
                break
            weight = max(1, self._symbols() - before) if char == "(" else 1
            last = (item,)  # type: ignore[assignment]
            items += last
            self._skip(lines=nested)
        return tuple(items)

    def _item(self, char: str) -> Item | object:
        self._count(1)
        if char == '"':
            return self._literal()
        if char == "[":
            return self._char_class()
        if char in "<!":
            return self._token()
        if char == ".":
            self._at += 1
            return None
        if char == "(":
            return self._group()
        if _NAME.match(char):
            return Ref(self._name())
        return _NOTHING

    def _literal(self) -> Item:
        start = self._at
        self._at += 1
        while self._peek() != '"':
            self._char(start)
            self._count(1)
        self._at += 1
        # an empty literal consumes nothing
        return None if self._at - start > 2 else Repeat((None,), 0, 0, endless=False)

    def _char_class(self) -> Item:
        start = self._at
        self._at += 1
        if self._peek() == "^":
            self._at += 1
        first = self._at
        while self._peek() != "]":
            self._char(start)
            self._count(1)
            if self._peek() == "-" and self._peek(1) != "]":
                self._at += 1
                self._char(start)
                self._count(1)
        if self._at == first:
            self._fail("an empty character class")
        self._at += 1
        return None

    def _char(self, start: int) -> None:
        char = self._peek()
        if not char:
            self._at = start
            self._fail("no end of this literal or class")
        self._at += 1
        if char != "\\":
            return
        escape = self._peek()
        if escape in _HEX:
            digits = _HEX[escape].match(self._text, self._at + 1)
            if digits is None:
                self._fail(f"\\{escape} without its hexadecimal digits")
            self._at = digits.end()
        elif escape and escape in _SIMPLE_ESCAPES:
            self._at += 1
        else:
            self._fail(f"unknown escape \\{escape}")

    def _token(self) -> Item:
        if self._peek() == "!":
            self._at += 1
        number = _TOKEN_ID.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            return None
        text = _TOKEN_TEXT.match(self._text, self._at)
        if text is None:
            self._fail("a token is written <text> or <[number]>")
        if self._count_tokens is not None and self._count_tokens(text.group().encode()) != 1:
            self._fail(f"{text.group()} is not a token of this model")
        self._at = text.end()
        return None

    def _group(self) -> Item:
        start = self._at
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} nested groups")
        self._at += 1
        self._skip(lines=True)
        name = f"({self._generated}"  # no rule of the text can have this name
        self._generated += 1
        self._grammar.rules[name] = self._alternatives(nested=True)
        if self._peek() != ")":
            self._at = start
            self._fail("no ')' for this '('")
        self._at += 1
        self._depth -= 1
        return Ref(name)

    def _repetition(
        self, last: tuple[Item, ...], weight: int, *, nested: bool
    ) -> tuple[Repeat, int]:
        least, most, endless = self._bounds(nested=nested)
        times = most if not endless and most else max(least, 1)
        if weight * times > MAX_REPEAT:
            self._fail(f"more than {MAX_REPEAT} repetitions")
        options = 1 if endless else most - least
        self._generated += options
        self._count(least + 3 * options)
        return Repeat(last, least, most, endless), weight * times

    def _bounds(self, *, nested: bool) -> tuple[int, int, bool]:
        simple = {"*": (0, 0, True), "+": (1, 0, True), "?": (0, 1, False)}
        char = self._peek()
        self._at += 1
        self._skip(lines=nested)
        if char in simple:
            return simple[char]
        least = most = self._number()
        endless = False
        if self._peek() == ",":
            self._at += 1
            self._skip(lines=nested)
            endless = not _INT.match(self._peek())
            most = 0 if endless else self._number()
        if self._peek() != "}":
            self._fail("'}' is expected")
        self._at += 1
        self._skip(lines=nested)
        if least > MAX_REPEAT:
            self._fail(f"more than {MAX_REPEAT} repetitions")
        if not endless and most < least:
            self._fail(f"at least {least} but at most {most} repetitions")
        if not endless and most > MAX_REPEAT:
            most, endless = 0, True
        return least, most, endless

    def _number(self) -> int:
        match = _INT.match(self._text, self._at)
        if match is None or match.end() - match.start() > 18:
            self._fail("a whole number is expected")
        self._at = match.end()
        self._skip(lines=False)
        return int(match.group())

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        if match is None:
            self._fail("a rule's name is expected")
        self._at = match.end()
        self._names.add(match.group())
        return match.group()

    def _symbols(self) -> int:
        return len(self._names) + self._generated

    def _count(self, elements: int) -> None:
        self._elements += elements
        if self._elements > MAX_ELEMENTS:
            self._fail(f"more than {MAX_ELEMENTS:,} elements")

    def _peek(self, ahead: int = 0) -> str:
        return self._text[self._at + ahead : self._at + ahead + 1]

    def _skip(self, *, lines: bool) -> None:
        match = (_SPACE_LINES if lines else _SPACE).match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _fail(self, what: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        text = self._text[self._at :].split("\n", 1)[0][:40]
        where = f"at {text!r}" if text else "at the end"
        raise InvalidArgument(f"The grammar is malformed in line {line} {where}: {what}.")
