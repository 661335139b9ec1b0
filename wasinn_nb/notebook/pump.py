"""The thread that shows a run: it paints what the run delivered, at a fixed frame rate.

The run only appends to a queue, so a slow front end never slows a model.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, TextIO

from wasinn_nb.notebook.composer import Channel, Composer, Piece

SHOWN_LIMIT = 1_000_000
"""Characters of one run that a cell shows as they come: more would freeze a browser."""

_TAIL = 10_000


class Pump:
    """Paints one run's output into the cell that created the pump.

    Args:
        generations: how many generations the run has begun so far.
        on_frame: called before each paint, in the painting thread.
        frame_rate: paints a second, at most.
        stream: whether there is a token view.
    """

    def __init__(
        self,
        generations: Callable[[], int],
        on_frame: Callable[[], None],
        *,
        frame_rate: float,
        stream: bool = True,
    ) -> None:
        self._generations = generations
        self._on_frame = on_frame
        self._generation = 0
        self._frame = 1 / frame_rate
        self._composer = Composer(stream=stream)
        self._arrived: deque[tuple[Literal["token"] | Channel, str]] = deque()
        self._end = threading.Event()
        # Bound now: a background run goes on after `%%capture` has put the real ones back.
        self._files: dict[Channel, TextIO] = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._room = SHOWN_LIMIT
        self._held_back = 0
        self._tail = ""
        self.at_line_start = True
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._loop,), name="wasinn display", daemon=True
        )

    def start(self) -> None:
        """Start painting."""
        self._thread.start()

    def token(self, text: str) -> None:
        """A model generated a token; from any thread."""
        self._arrived.append(("token", text))

    def stdout(self, text: str) -> None:
        """The guest printed; from any thread."""
        self._arrived.append(("stdout", text))

    def stderr(self, text: str) -> None:
        """The guest wrote to standard error; from any thread."""
        self._arrived.append(("stderr", text))

    def finish(self) -> None:
        """Paint what is left and end the thread; returns when everything was handed on."""
        self._end.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._end.wait(self._frame):
            self._on_frame()
            self._gather()
            self._write(self._composer.tick(time.monotonic()))
        self._gather()
        self._write(self._composer.finish())
        self._write_tail()

    def _gather(self) -> None:
        now = time.monotonic()
        if (begun := self._generations()) != self._generation:
            self._generation = begun
            self._composer.generation()
        while self._arrived:
            what, text = self._arrived.popleft()
            if what == "token":
                self._composer.token(text, now)
            elif what == "stdout":
                self._composer.stdout(text, now)
            else:
                self._composer.stderr(text)

    def _write(self, pieces: list[Piece]) -> None:
        for channel, text in pieces:
            shown, rest = text[: self._room], text[self._room :]
            self._room -= len(shown)
            if rest:
                self._held_back += len(rest)
                self._tail = (self._tail + rest)[-_TAIL:]
            if shown:
                self._paint(channel, shown)

    def _write_tail(self) -> None:
        """The end of what was too long to be shown."""
        if self._tail:
            left_out = self._held_back - len(self._tail)
            note = f"[{left_out:,} characters are not shown; _wasinn.stdout and .stderr have all]"
            self._paint("stdout", f"\n{note}\n{self._tail}" if left_out else self._tail)

    def _paint(self, channel: Channel, text: str) -> None:
        self._files[channel].write(text)
        self._files[channel].flush()
        self.at_line_start = text.endswith("\n")
