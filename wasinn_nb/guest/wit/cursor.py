"""A place among the words of a WIT text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wasinn_nb.guest.wit.errors import WitError
from wasinn_nb.guest.wit.source import Place, WitSource
from wasinn_nb.guest.wit.tokens import END, KEYWORD, NAME, PUNCTUATION, Token, tokens

T = TypeVar("T")


class Cursor:
    """Goes through a text word by word."""

    def __init__(self, source: WitSource) -> None:
        self.source = source
        self._tokens = tokens(source)
        self._at = 0

    @property
    def here(self) -> Token:
        """The next word."""
        return self._tokens[self._at]

    @property
    def place(self) -> Place:
        """Where the next word is."""
        return Place(self.source, self.here.at)

    def ahead(self, count: int = 1) -> Token:
        """A word behind the next one."""
        return self._tokens[min(self._at + count, len(self._tokens) - 1)]

    def step(self) -> Token:
        """Take the next word."""
        token = self.here
        if token.kind != END:
            self._at += 1
        return token

    def at(self, *words: str) -> bool:
        """Whether one of these words is next."""
        token = self.here
        return token.text in words and token.kind in {KEYWORD, PUNCTUATION, NAME}

    def take(self, word: str) -> bool:
        """Take the word if it is next."""
        if not self.at(word):
            return False
        self.step()
        return True

    def expect(self, word: str, after: str) -> Token:
        """Take a word that has to come.

        Raises:
            WitError: another one comes; what is missing is told as standing after ``after``.
        """
        if not self.at(word):
            raise self.unexpected(f"{word!r} after {after}")
        return self.step()

    def name(self, what: str) -> Token:
        """Take a name.

        Args:
            what: of what, for the error.

        Raises:
            WitError: no name is next.
        """
        if self.here.kind == KEYWORD:
            word = self.here.text
            raise self.place.error(
                f"{word!r} cannot be {what}: it is a word of WIT", hint=f"Write '%{word}'."
            )
        if self.here.kind != NAME:
            raise self.unexpected(what)
        return self.step()

    def unexpected(self, wanted: str) -> WitError:
        """An error that says what should be here."""
        found = repr(self.here.text) if self.here.kind != END else "the end of the text"
        return self.place.error(f"expected {wanted}, found {found}")

    def listed(self, close: str, one: Callable[[], T], what: str) -> tuple[T, ...]:
        """Things with commas between them, and perhaps after them, up to a bracket."""
        found: list[T] = []
        while not self.take(close):
            found.append(one())
            if not self.take(","):
                self.expect(close, what)
                break
        return tuple(found)
