"""Showing what a call prints and generates to whoever made it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.run import Run


class Presentation(Protocol):
    """One call, shown."""

    def look(self) -> None:
        """Something may have come. Called in the caller's thread."""

    def end(self) -> None:
        """The call is over. Called in the caller's thread."""


Presenter = Callable[[Run, RunOptions], Presentation]
"""Begins to show a call, in the thread of who made it."""


class Plain:
    """Prints what the call prints, and calls the caller's functions where there are some."""

    def __init__(self, run: Run, options: RunOptions) -> None:
        self._run = run
        self._options = options
        self._reader = run.reader()

    def look(self, *, final: bool = False) -> None:
        """Print what came."""
        if self._reader is None:
            return
        options, arrived = self._options, self._reader.read(final=final)
        if options.on_token and options.stream:
            for segment in arrived.segments:
                options.on_token(segment.text)
        if arrived.stdout:
            (options.on_stdout or sys.stdout.write)(arrived.stdout)
        if arrived.stderr:
            (options.on_stderr or sys.stderr.write)(arrived.stderr)

    def end(self) -> None:
        """Print the rest, and what the caller should know of."""
        self.look(final=True)
        for warning in dict.fromkeys(self._run.warnings):
            print(f"warning: {warning}", file=sys.stderr)  # noqa: T201


class Showing:
    """One call on its way: nothing is made to show it before there is something to see.

    Args:
        run: the call's.
        options: of the instance.
        presenter: makes what shows it.
    """

    def __init__(self, run: Run, options: RunOptions, presenter: Presenter) -> None:
        self._run = run
        self._options = options
        own = options.on_token or options.on_stdout or options.on_stderr
        self._presenter: Presenter = Plain if own else presenter
        self._shown: Presentation | None = None

    def look(self, *, came: bool) -> None:
        """Show what there is.

        Args:
            came: something was printed.
        """
        if self._shown is None and (came or self._run.tokens or self._run.activity[0]):
            self._shown = self._presenter(self._run, self._options)
        if self._shown is not None:
            self._shown.look()

    def end(self) -> None:
        """The call is over."""
        run = self._run
        if self._shown is None and not (run.tokens or run.warnings or run.stdout or run.stderr):
            return
        shown = self._shown or self._presenter(run, self._options)
        shown.end()
