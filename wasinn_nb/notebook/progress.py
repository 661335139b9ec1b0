"""One updating line for what takes long: loading a model, building a C library.

It appears only when the work takes longer than a moment, and ends as one short line.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Any, Protocol

from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.text import duration, html_line, printable

APPEARS_AFTER = 1.0
_EVERY = 0.2


class _Painter(Protocol):
    def paint(self, text: str) -> None: ...

    def end(self, text: str) -> None: ...


class ProgressLine:
    """A callable in the shape of ``nn.backend.Progress``, for any thread with the cell's context.

    Args:
        shell: where to show it: an updating display in a kernel, one line in a terminal.
    """

    def __init__(self, shell: Any) -> None:
        self._painter: _Painter = _Display() if in_kernel(shell) else _Terminal()
        self._began = self._since = time.monotonic()
        self._painted = 0.0
        self._what = ""
        self._longest = (0.0, "")
        self._lock = threading.Lock()

    def __call__(self, what: str, fraction: float | None) -> None:
        """``what`` is going on, ``fraction`` (0..1) of it is done."""
        now = time.monotonic()
        with self._lock:
            changed = what != self._what
            if changed:
                self._next(what, now)
            if now - self._began < APPEARS_AFTER:
                return
            if not changed and now - self._painted < _EVERY:
                return
            self._painted = now
            done = "" if fraction is None else f" {fraction:.0%}"
            self._painter.paint(f"{printable(what)}{done} ({duration(now - self._began)})")

    def elapsed(self, what: str, _seconds: float | None) -> None:
        """The shape that builds report in: what is going on, and for how many seconds."""
        self(what, None)

    def close(self) -> None:
        """The work is over; what took longest of it gives the line its name."""
        now = time.monotonic()
        with self._lock:
            self._next("", now)
            if self._painted:
                took = duration(now - self._began)
                self._painter.end(f"{printable(self._longest[1])}: took {took}")
                self._painted = 0.0

    def _next(self, what: str, now: float) -> None:
        if self._what:
            self._longest = max(self._longest, (now - self._since, self._what))
        self._what, self._since = what, now


class _Display:
    """A display that is updated in place, and stays as one line."""

    def __init__(self) -> None:
        self._handle: Any = None

    def paint(self, text: str) -> None:
        from IPython.display import DisplayHandle

        bundle = {"text/plain": text, "text/html": html_line(text)}
        if self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(bundle, raw=True)
        else:
            self._handle.update(bundle, raw=True)

    def end(self, text: str) -> None:
        self.paint(text)
        self._handle = None


class _Terminal:
    """A line of standard error, written over and wiped at the end; nothing where not a tty."""

    def __init__(self) -> None:
        self._file = sys.stderr if sys.stderr.isatty() else None

    def paint(self, text: str) -> None:
        if self._file is not None:
            self._file.write(f"\r\x1b[K{text}")
            self._file.flush()

    def end(self, _text: str) -> None:
        self.paint("")
