"""What is wrong with a WIT text, and where."""

from __future__ import annotations

from wasinn_nb.nn.errors import WasinnError


class WitError(WasinnError):
    """A WIT text that says nothing, or refers to what is not there.

    Attributes:
        problem: what is wrong, without the place.
        source: what the text is called.
        line: counted from 1.
        column: counted from 1, in characters.
    """

    def __init__(
        self, problem: str, *, source: str, line: int, column: int, hint: str = ""
    ) -> None:
        super().__init__(f"{source}:{line}:{column}: {problem}.", hint=hint)
        self.problem = problem
        self.source = source
        self.line = line
        self.column = column
