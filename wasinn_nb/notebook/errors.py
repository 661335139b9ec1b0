"""How failures look in a cell: a few lines in the user's terms, never a traceback through us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from wasinn_nb.nn.errors import Cancelled, WasinnError
from wasinn_nb.notebook.text import printable

_OURS = str(Path(__file__).parents[1]) + os.sep
_RED, _BOLD, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[0m"


class Interrupted(KeyboardInterrupt):
    """The kernel was interrupted while a cell of ours ran; later cells do not run."""

    def __init__(self, cause: BaseException | None = None) -> None:
        super().__init__("the cell was interrupted")
        run: Any = getattr(cause, "run", None)
        self.run = run

    def _render_traceback_(self) -> list[str]:
        text = "The cell was interrupted. What it printed stays; models stay loaded."
        return [f"{_RED}KeyboardInterrupt{_PLAIN}: {text}"]


# Front ends and tests know an interrupt by this name.
Interrupted.__name__ = Interrupted.__qualname__ = "KeyboardInterrupt"


def present(error: WasinnError) -> WasinnError:
    """Make IPython show ``error`` as its own words instead of a traceback.

    IPython asks the exception for ``_render_traceback_``; it is set on this instance only, so that
    the same error raised from a script keeps its ordinary traceback.
    """
    if "_render_traceback_" not in vars(error):
        lines = render(error)
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    return error


def shorten_tracebacks(shell: Any) -> None:
    """Have errors of calls from Python, such as ``guest.run()``, shown at the user's own lines."""

    def rendered(error: WasinnError) -> list[str]:
        # Another exception of that name: causes have frames of ours too.
        shown = type(type(error).__name__, (Exception,), {})(str(error))
        own = _own_frames(error.__traceback__)
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(shown), shown, own)
        return lines

    WasinnError._render_traceback_ = rendered  # type: ignore[attr-defined]


def restore_tracebacks() -> None:
    """Undo :func:`shorten_tracebacks`."""
    del WasinnError._render_traceback_  # type: ignore[attr-defined]


def _own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback's frames down to where our package is entered."""
    if traceback is None or traceback.tb_frame.f_code.co_filename.startswith(_OURS):
        return None
    rest = _own_frames(traceback.tb_next)
    return TracebackType(rest, traceback.tb_frame, traceback.tb_lasti, traceback.tb_lineno)


@contextmanager
def presented() -> Iterator[None]:
    """What is raised inside is shown as :func:`present` says."""
    try:
        yield
    except WasinnError as error:
        raise present(error) from None


def render(error: WasinnError) -> list[str]:
    """The lines of an error: its kind and what happened, then what to do."""
    name = "Stopped" if isinstance(error, Cancelled) else type(error).__name__
    first, *rest = map(_safe, (error.message or name).split("\n"))
    lines = [f"{_RED}{name}{_PLAIN}: {first}", *rest]
    if error.hint:
        lines.append(f"{_BOLD}{_safe(error.hint)}{_PLAIN}")
    return lines


def _safe(line: str) -> str:
    """A line without escape sequences: names of models and texts of guests are in messages."""
    return "\t".join(printable(part) for part in line.split("\t"))
