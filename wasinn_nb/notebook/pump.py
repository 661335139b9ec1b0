"""The thread that shows a run: it reads what the run delivered, at a fixed frame rate.

The run only appends to queues, so a slow front end never slows a model.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from wasinn_nb.notebook.composer import Composer
from wasinn_nb.notebook.shells import in_this_cell

if TYPE_CHECKING:
    from wasinn_nb.guest.reader import Arrived, RunReader
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.tokens import RunStream

SHOWN_LIMIT = 300_000
"""Characters of one run that a cell shows as they come: more would freeze a browser."""

Printed = Literal["stdout", "stderr"]

_TAIL = 10_000
# with so many characters shown, paints are as many seconds apart as the rest says
_QUICK = 20_000
_SLOWS = 60_000


class Screen(Protocol):
    """Where tokens and figures of a run are shown; called in the pump's thread."""

    def write(self, text: str, stream: RunStream, generation: int) -> None:
        """Text of a stream that the guest does not print."""

    def frame(self) -> bool:
        """Everything that came was written; False if nobody looks any more."""

    def end(self) -> None:
        """Nothing more will be written: the run is over, or nobody waits for its end."""


class Pump:
    """Paints one run's output into the cell that created the pump.

    Args:
        run: what to show, from its beginning.
        screen: where its streams are shown.
        frame_rate: paints a second, at most.
        stream: whether streams are shown.
        inline: streams are shown among what the guest prints, and not on the screen.
        printing: whether what the guest prints is shown. Without it, streams are shown whole.
    """

    def __init__(
        self,
        run: Run,
        screen: Screen,
        *,
        frame_rate: float,
        stream: bool = True,
        inline: bool = False,
        printing: bool = True,
    ) -> None:
        self._run = run
        self._screen = screen
        self._frame = 1 / frame_rate
        self._inline = inline
        self._composer = Composer(stream=stream) if printing else None
        self._end = threading.Event()
        self._paper = Paper(laid_out=not inline)
        self._broken: BaseException | None = None
        show = in_this_cell(self._show)
        self._thread = threading.Thread(target=show, name="wasinn display", daemon=True)

    @property
    def at_line_start(self) -> bool:
        """Whether what was printed last ended its line."""
        return self._paper.at_line_start

    def start(self) -> Pump:
        """Start painting; ends by itself when the run is done."""
        self._thread.start()
        return self

    def finish(self) -> None:
        """Paint what has come and is not painted, for the last time; returns when that is done."""
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _show(self) -> None:
        reader = self._run.reader()
        if reader is None:
            return
        seen = True
        while seen and not (self._run.done or self._end.wait(self._frame)):
            seen = self._paint(reader, final=False)
        if not seen:
            return
        self._paint(reader, final=True)
        self._guarded(self._screen.end)
        if self._broken is not None:
            told = f"The view of this run failed ({self._broken!r}); _wasinn.text has its text.\n"
            self._paper.write("stderr", told)
        self._paper.end()

    def _paint(self, reader: RunReader, *, final: bool) -> bool:
        """One frame; returns whether there is a next one."""
        arrived = reader.read(final=final)
        printed: list[tuple[Printed, str]] = []
        if self._composer is None:
            for segment in arrived.segments:
                self._guarded(self._screen.write, segment.text, segment.stream, segment.generation)
        else:
            printed = self._compose(self._composer, arrived, final=final)
        for channel, text in printed:
            self._paper.write(channel, text)
        if final:
            return False
        # first, because it makes a slot above what is printed then
        seen = self._guarded(self._screen.frame) is not False
        self._guarded(self._paper.frame)
        return seen or self._composer is not None

    def _compose(
        self, composer: Composer, arrived: Arrived, *, final: bool
    ) -> list[tuple[Printed, str]]:
        """Write what is for the screen; returns what is to be printed."""
        now = time.monotonic()
        for segment in arrived.segments:
            composer.token(segment.text, now, segment.stream, segment.generation)
        if arrived.stdout:
            composer.stdout(arrived.stdout, now)
        if arrived.stderr:
            composer.stderr(arrived.stderr)
        printed: list[tuple[Printed, str]] = []
        for piece in composer.finish() if final else composer.tick(now):
            if piece.channel != "stream":
                printed.append((piece.channel, piece.text))
            elif self._inline:
                printed.append(("stdout", piece.text))
            else:
                self._guarded(self._screen.write, piece.text, piece.source, piece.generation)
        return printed

    def _guarded(self, function, *arguments):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN002, ANN202
        """What a front end does must not end the showing of what the guest prints."""
        try:
            return function(*arguments)
        except Exception as error:  # noqa: BLE001 - it is told at the end
            self._broken = self._broken or error
            return None


class Paper:
    """The standard output and error of a cell, with as much text as a browser can bear.

    A browser lays out all of an output's text whenever something is added, which takes it longer
    the more there is; so a long text is added to less often.

    Args:
        laid_out: by a browser, and not by a terminal.
    """

    def __init__(self, *, laid_out: bool = True) -> None:
        # Bound now: a background run goes on after `%%capture` has put the real ones back.
        self._files: dict[Printed, TextIO] = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._waiting: list[tuple[Printed, str]] = []
        self._painted_at = 0.0
        self._slows = _SLOWS if laid_out else math.inf
        self._room = SHOWN_LIMIT
        self._held_back = 0
        self._tail = ""
        self.at_line_start = True

    def write(self, channel: Printed, text: str) -> None:
        """Show text, soon."""
        if self._waiting and self._waiting[-1][0] == channel:
            self._waiting[-1] = (channel, self._waiting[-1][1] + text)
        else:
            self._waiting.append((channel, text))

    def frame(self) -> None:
        """Show what waits, if it is time."""
        shown = SHOWN_LIMIT - self._room
        now = time.monotonic()
        if self._waiting and now - self._painted_at >= (shown - _QUICK) / self._slows:
            self._painted_at = now
            self._put()

    def end(self) -> None:
        """Show what waits, and the end of what was too long."""
        self._put()
        if self._tail:
            left_out = self._held_back - len(self._tail)
            note = f"[{left_out:,} characters are not shown; _wasinn.stdout and .stderr have all]"
            self._paint("stdout", f"\n{note}\n{self._tail}" if left_out else self._tail)

    def _put(self) -> None:
        waiting, self._waiting = self._waiting, []
        for channel, text in waiting:
            shown, rest = text[: self._room], text[self._room :]
            self._room -= len(shown)
            if rest:
                self._held_back += len(rest)
                self._tail = (self._tail + rest)[-_TAIL:]
            if shown:
                self._paint(channel, shown)

    def _paint(self, channel: Printed, text: str) -> None:
        self._files[channel].write(text)
        self._files[channel].flush()
        self.at_line_start = text.endswith("\n")
