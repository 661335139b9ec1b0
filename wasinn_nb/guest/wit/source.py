"""A WIT text, and its places."""

from __future__ import annotations

from dataclasses import dataclass

from wasinn_nb.guest.wit.errors import WitError


@dataclass(frozen=True, slots=True)
class WitSource:
    """A text in WIT.

    Attributes:
        text: all of it.
        name: what errors call it.
    """

    text: str
    name: str = "wit"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands.

    Attributes:
        source: the text.
        at: the offset in it, in characters.
    """

    source: WitSource
    at: int

    def error(self, problem: str, *, hint: str = "") -> WitError:
        """An error here, to be raised."""
        before = self.source.text[: self.at]
        line = before.count("\n") + 1
        column = self.at - (before.rfind("\n") + 1) + 1
        return WitError(problem, source=self.source.name, line=line, column=column, hint=hint)
