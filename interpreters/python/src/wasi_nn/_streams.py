"""Generations, token by token."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Self

from componentize_py_types import Err
from interpreter import console, stopping
from wit_world.imports import models, tokens
from wit_world.imports import wasinn_llm_errors as llm
from wit_world.imports.models import Token, Usage

from wasi_nn import _calls
from wasi_nn._errors import InvalidArgument

# looked up once, for they are called for every token
_next_line, _taken = tokens.next, console.taken
_numbers = itertools.count(1)
# of the stream that the host makes tokens of
_selected = 0


def forget() -> None:
    """The host makes tokens of none."""
    global _selected  # noqa: PLW0603 - of the instance
    _selected = 0


class TokenStream(Iterator[Token]):
    """A generation, which goes on as far as it is read. Leaving the loop leaves it where it is.

    Args:
        context: what it works in.
        stream: the host's.
    """

    def __init__(self, context: Any, stream: models.TokenStream) -> None:
        self._context = context
        self._stream: Any = stream
        self._idle: list[Any] | None = None
        self._number = next(_numbers)
        self._run = _calls.run
        self._usage: Usage | None = None

    def lend(self, idle: list[Any]) -> None:
        """Let its context be used by others when it has ended: it goes to those."""
        self._idle = idle

    def __iter__(self) -> Iterator[Token]:  # noqa: PYI034 - a generator is faster than itself
        while (token := self._pull()) is not None:
            yield token

    def __next__(self) -> Token:
        token = self._pull()
        if token is None:
            raise StopIteration
        return token

    def _pull(self) -> Token | None:
        """The next token; None after the last one."""
        if _selected != self._number and not self._select():
            return None
        line = _next_line(_taken())
        if not line:
            return self._last()
        head, _, text = line.partition(" ")
        if head[-1] != "/":
            return Token(int(head), text.encode(), text, None)
        number, logarithm, digits, _ = head.split("/")
        data = bytes.fromhex(digits) if digits else text.encode()
        return Token(int(number), data, text, float(logarithm) if logarithm else None)

    def _select(self) -> bool:
        """Let the host make tokens of this one; whether it goes on."""
        global _selected  # noqa: PLW0603
        if self._usage is not None:
            return False
        self._check()
        tokens.select(self._stream)
        _selected = self._number
        return True

    def _last(self) -> Token | None:
        """The host has no further token, and says why."""
        stopping.flush()
        try:
            return self._stream.next()
        except Err as error:
            value = error.value
        stopping.check()
        if isinstance(value, llm.Error_EndOfSequence):
            self.close()
            return None
        raise _calls.translated(value)

    def text(self) -> str:
        """Everything that is left, as one text."""
        return "".join([token.text for token in self])

    @property
    def usage(self) -> Usage:
        """How it goes, or went: tokens, rates, and why it ended."""
        if self._usage is not None:
            return self._usage
        self._check()
        return self._stream.usage()

    def _check(self) -> None:
        if self._run != _calls.run:
            raise InvalidArgument("The generation ended with the cell that began it.")

    def close(self) -> None:
        """End it; its context keeps what it has read and said."""
        if self._usage is not None or self._run != _calls.run:
            return
        forget()
        self._usage = models.TokenStream.finish(self._stream)
        if self._idle is not None:
            self._idle.append(self._context)
        self._stream = self._context = self._idle = None

    def __repr__(self) -> str:
        return "<TokenStream: its tokens come in a loop over it, or all with .text()>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._idle is not None and self._run == _calls.run:
            self.close()


def _shown(token: Token) -> str:
    return token.text


Token.__str__ = _shown  # type: ignore[method-assign] - so that print(token) is what one expects
