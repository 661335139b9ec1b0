"""Calls of a guest's exports in cells: what they print and generate, and what there is to call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from IPython.display import display

from wasinn_nb.guest.exports.namespace import listing
from wasinn_nb.notebook.figures import figures
from wasinn_nb.notebook.pump import Pump
from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.text import html_line, printable

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest
    from wasinn_nb.guest.options import RunOptions
    from wasinn_nb.guest.run import Run
    from wasinn_nb.notebook.preferences import Preferences

_WARNINGS_SHOWN = 5
_EXPORTS_SHOWN = 12


class ShownCall:
    """One call, shown in the cell that made it as a run is.

    Args:
        run: the call's.
        options: of the guest's calls.
        shell, preferences: of the notebook.
    """

    def __init__(self, run: Run, options: RunOptions, shell: Any, preferences: Preferences) -> None:
        from wasinn_nb.notebook.cells import ActivityLine
        from wasinn_nb.notebook.widgets.display import RunSlots, surface

        self._run = run
        self._in_kernel = in_kernel(shell)
        rate, stream = preferences.paints, preferences.streams and options.stream
        place = surface(shell, frame_rate=rate, markdown=preferences.markdown)
        self._slots = stream and place.slots
        screen: Any = RunSlots(run, place, run.cancel) if self._slots else ActivityLine(shell, run)
        self._pump = Pump(
            run, screen, frame_rate=rate, stream=stream, inline=not self._slots
        ).start()

    def look(self) -> None:
        """The pump looks by itself."""

    def end(self) -> None:
        """Show the rest, and what should be known of it."""
        run = self._run
        self._pump.finish()
        if not (self._pump.at_line_start or self._in_kernel):
            print()  # noqa: T201 - a terminal's next prompt begins a line
        if run.tokens and not self._slots:
            text = figures(run)
            display({"text/plain": text, "text/html": html_line(text)}, raw=True)
        for warning in list(dict.fromkeys(run.warnings))[:_WARNINGS_SHOWN]:
            print(f"warning: {printable(warning)}", file=sys.stderr)  # noqa: T201


def told(guest: Guest, name: str | None) -> str:
    """What a guest that is a library exports, and how to call it.

    Args:
        guest: it.
        name: the variable that has it; None if none has.
    """
    lines = listing(guest.exports)
    more = len(lines) - _EXPORTS_SHOWN
    shown = [*lines[:_EXPORTS_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    if not lines:
        return f"{guest.name} has no main program, and exports nothing."
    head = f"{guest.name} exports:"
    text = f"{head} {shown[0]}" if len(shown) == 1 else "\n  ".join([head, *shown])
    if name is None:
        return f"{text}\nTo call them, keep the guest under a name with --name."
    return text
