"""What is shown of work that takes long: loading a model, building a C library.

It appears only when the work takes longer than a moment: a live view with Cancel where somebody can
see it, one updating line elsewhere. It ends as one short line.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from wasinn_nb.nn.errors import Cancelled
from wasinn_nb.notebook.figures import Standing, State, activity_text
from wasinn_nb.notebook.output import Output
from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.slot_views import line_bundle
from wasinn_nb.notebook.text import duration, printable

if TYPE_CHECKING:
    from wasinn_nb.nn.cancel import CancelToken
    from wasinn_nb.notebook.widgets.display import Slot
    from wasinn_nb.notebook.widgets.progress import Progress

APPEARS_AFTER = 0.5
_EVERY = 0.2

CLICK = "cancel"
"""The reason of a cancellation that a click asked for."""


class Stopped(Cancelled):
    """Work of a cell was cancelled by a click; later cells do not run.

    Args:
        what: the work, as in "the load of 'story'".
    """

    def __init__(self, what: str) -> None:
        super().__init__(CLICK)
        self.message = f"You cancelled {what}."


@contextmanager
def cancellable(cancel: CancelToken, what: str) -> Iterator[None]:
    """A cancellation by a click is raised as :class:`Stopped`."""
    try:
        yield
    except Cancelled:
        if cancel.reason != CLICK:
            raise
        raise Stopped(what) from None


class _Painter(Protocol):
    def paint(self, what: str, fraction: float | None, seconds: float) -> None: ...

    def end(self, text: str) -> None: ...


class ProgressLine:
    """A callable in the shape of ``nn.backend.Progress``, for any thread with the cell's context.

    Args:
        shell: where to show it: an updating display in a kernel, one line in a terminal.
        cancel: cancelled by a click; None for no button.
        live: whether somebody can see and click a view.
    """

    def __init__(
        self, shell: Any, cancel: CancelToken | None = None, *, live: bool = False
    ) -> None:
        self._painter: _Painter
        if cancel is not None and live:
            self._painter = _Live(lambda: cancel.cancel(CLICK))
        else:
            self._painter = _Display() if in_kernel(shell) else _Terminal()
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
            self._painter.paint(what, fraction, now - self._began)

    def elapsed(self, what: str, _seconds: float | None) -> None:
        """The shape that builds report in: what is going on, and for how many seconds."""
        self(what, None)

    def close(self, how: str = "took") -> None:
        """The work is over; what took longest of it gives the line its name."""
        now = time.monotonic()
        with self._lock:
            self._next("", now)
            if self._painted:
                took = duration(now - self._began)
                self._painter.end(f"{printable(self._longest[1])}: {how} {took}")
                self._painted = 0.0

    def _next(self, what: str, now: float) -> None:
        if self._what:
            self._longest = max(self._longest, (now - self._since, self._what))
        self._what, self._since = what, now


class SlotProgress:
    """The same in a slot that a run takes over.

    Args:
        slot: not shown yet.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._began = time.monotonic()
        self._painted = 0.0

    def elapsed(self, what: str, _seconds: float | None) -> None:
        """As builds report: what is going on, and for how many seconds."""
        now = time.monotonic()
        seconds = now - self._began
        if seconds >= APPEARS_AFTER and now - self._painted >= _EVERY:
            self._painted = now
            self._slot.show(Standing(state="building", activity=what, elapsed=seconds))

    def end(self, state: State) -> None:
        """Nothing takes the slot over."""
        if self._slot.shown:
            reason = f"the build, after {duration(time.monotonic() - self._began)}"
            self._slot.end(Standing(state=state, reason=reason))


@contextmanager
def progress_line(
    shell: Any, cancel: CancelToken, what: str, *, live: bool
) -> Iterator[ProgressLine]:
    """A line of progress for a ``with`` block.

    Args:
        shell: as for :class:`ProgressLine`.
        cancel: as for :class:`ProgressLine`.
        what: the work, as in "the load of 'story'".
        live: as for :class:`ProgressLine`.

    Raises:
        Stopped: a click cancelled the work.
    """
    line = ProgressLine(shell, cancel, live=live)
    try:
        with cancellable(cancel, what):
            yield line
    except Cancelled:
        line.close("cancelled after")
        raise
    except BaseException:
        line.close("failed after")
        raise
    line.close()


class _Display:
    """A display that is updated in place, and stays as one line."""

    def __init__(self) -> None:
        self._output = Output()

    def paint(self, what: str, fraction: float | None, seconds: float) -> None:
        self._output.put(line_bundle(activity_text(what, fraction, seconds)))

    def end(self, text: str) -> None:
        self._output.put(line_bundle(text))
        self._output = Output()


class _Live(_Display):
    """The same as a live view with Cancel, while it goes on."""

    def __init__(self, cancel: Callable[[], None]) -> None:
        super().__init__()
        self._cancel = cancel
        self._widget: Progress | None = None

    def paint(self, what: str, fraction: float | None, seconds: float) -> None:
        if self._widget is None:
            from wasinn_nb.notebook.widgets.progress import Progress

            self._widget = Progress(self._cancel)
            self._widget.show(what, fraction, seconds)
            data, metadata = self._widget._repr_mimebundle_() or ({}, {})
            self._output.put(
                data | {"text/plain": activity_text(what, fraction, seconds)}, metadata
            )
        else:
            self._widget.show(what, fraction, seconds)

    def end(self, text: str) -> None:
        widget, self._widget = self._widget, None
        if widget is not None:
            widget.finish(text)
        super().end(text)
        if widget is not None:
            widget.retire(line_bundle(text))


class _Terminal:
    """A line of standard error, written over and wiped at the end; nothing where not a tty."""

    def __init__(self) -> None:
        self._file = sys.stderr if sys.stderr.isatty() else None

    def paint(self, what: str, fraction: float | None, seconds: float) -> None:
        self._write(activity_text(what, fraction, seconds))

    def end(self, _text: str) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.write(f"\r\x1b[K{text}")
            self._file.flush()
