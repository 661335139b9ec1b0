"""What is marked in the cell of a guest: where it does not build, and where it ended badly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypedDict

from wasinn_nb.guest.build.model import Diagnostic
from wasinn_nb.guest.build.render import in_characters
from wasinn_nb.guest.errors import GuestRaised

if TYPE_CHECKING:
    from wasinn_nb.guest.build.errors import BuildError
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.run import Run

MOST = 50
"""Marks of a cell at most."""

_LONGEST_LINE = 5_000
_LONGEST_MESSAGE = 2_000
_COMPILERS = {"c": "clang", "cpp": "clang", "rust": "rustc", "assemblyscript": "asc"}


class Mark(TypedDict):
    """A remark at a line of a cell.

    ``severity`` is ``error``, ``warning`` or ``trap``. ``line`` counts from 1, the magic's line
    included, and ``column`` characters from 1; it is 0 where it is unknown. ``text`` is the whole
    line, by which a page sees whether it is still the same. ``source`` is who says so.
    """

    severity: str
    line: int
    column: int
    text: str
    message: str
    source: str


def of_error(error: BuildError, above: Sequence[str]) -> list[Mark]:
    """Why a source does not build, the errors first.

    Args:
        above: the cell's lines above the source; the magic's is the last of them, and gets what
            belongs to no line, such as options of the compiler.
    """
    compiler = _COMPILERS.get(error.language, error.language)
    return _few(_mark(found, compiler, above) for found in error.diagnostics)


def of_build(guest: Guest) -> list[Mark]:
    """What the compiler warned of."""
    compiler = _COMPILERS.get(guest.language, guest.language)
    remarks = guest.built.remarks if guest.built is not None else ()
    return _few(_mark(found, compiler) for found in remarks)


def of_run(guest: Guest, run: Run) -> list[Mark]:
    """Where a run trapped, or a script ended with an exception."""
    if isinstance(run.error, GuestRaised):
        return _few([_uncaught(guest, run.error)])
    trap, error = run.trap, run.error
    text = guest.source.line(trap.line) if guest.source and trap and trap.line else None
    if trap is None or error is None or text is None:
        return []
    mark: Mark = {
        "severity": "trap",
        "line": trap.line,
        "column": in_characters(trap.column, text) if trap.column else 0,
        "text": text,
        "message": error.message.split("\n", 1)[0][:_LONGEST_MESSAGE],
        "source": "wasmtime",
    }
    return _few([mark])


def _uncaught(guest: Guest, error: GuestRaised) -> Mark | None:
    text = guest.source.line(error.line) if guest.source and error.line else None
    found = Diagnostic("error", error.said, error.line, error.column, text)
    return _mark(found, guest.language)


def _mark(found: Diagnostic, compiler: str, above: Sequence[str] = ()) -> Mark | None:
    line, text = found.line, found.source_line
    if (line is None or text is None) and above:
        line, text = len(above), above[-1]
    if line is None or text is None:
        return None
    return {
        "severity": found.severity,
        "line": line,
        "column": (found.column or 0) if line == found.line else 0,
        "text": text,
        "message": "\n".join((found.message, *found.notes))[:_LONGEST_MESSAGE],
        "source": compiler,
    }


def _few(marks: Iterable[Mark | None]) -> list[Mark]:
    return list(islice(_bearable(marks), MOST))


def _bearable(marks: Iterable[Mark | None]) -> Iterator[Mark]:
    for mark in marks:
        if mark is not None and len(mark["text"]) <= _LONGEST_LINE:
            yield mark
