"""Slots: the places of a cell that show what goes on, as a line, then live, then for good.

A slot begins as a line of text, becomes a live view when what it shows has lasted a moment, and
ends as text and HTML. Its views are made only where somebody can see them: a run of the command
line (nbclient, papermill) gets its last form at once, and so does a run that is over in a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from IPython.core.displaypub import CapturingDisplayPublisher

from wasinn_nb.nn.errors import UnsupportedOperation
from wasinn_nb.nn.stream import StreamState
from wasinn_nb.notebook.figures import Standing, of_run, of_stream
from wasinn_nb.notebook.output import Output
from wasinn_nb.notebook.shells import attended, in_kernel
from wasinn_nb.notebook.shown import ShownText
from wasinn_nb.notebook.slot_views import bundle
from wasinn_nb.notebook.widgets import assets

if TYPE_CHECKING:
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.tokens import RunStream
    from wasinn_nb.notebook.widgets.stream import TokenStream

SLOTS = 8
"""Slots of one run at most."""

LIVE_AFTER = 0.3
"""Seconds after which a line becomes a live view."""

LOADING_AFTER = 0.5
RUNNING_AFTER = 1.0


@dataclass(frozen=True, slots=True)
class Surface:
    """How a cell can show what goes on.

    Attributes:
        slots: displays can be updated.
        live: and somebody can see and click what is in them.
        frame_rate: paints a second at most.
        markdown: texts are Markdown.
    """

    slots: bool
    live: bool
    frame_rate: float
    markdown: bool


def surface(shell: Any, *, frame_rate: float, markdown: bool = False) -> Surface:
    """That of the cell that runs now."""
    if not in_kernel(shell) or isinstance(shell.display_pub, CapturingDisplayPublisher):
        return Surface(False, False, frame_rate, markdown)
    seen = attended(shell)
    live = seen and _has_front_end()
    return Surface(live or not seen, live, frame_rate, markdown)


def _has_front_end() -> bool:
    if find_spec("anywidget") is None:
        return False
    try:
        return bool(assets.load("stream"))
    except UnsupportedOperation:
        return False


class Slot:
    """One place in the output of the cell that made it.

    Args:
        surface: how it can be shown.
        stop: what Stop does: set a flag, and return.

    Attributes:
        stop: may be replaced when something else goes on.
        text: what is shown below the line.
    """

    def __init__(self, surface: Surface, stop: Callable[[], object]) -> None:
        self.stop = stop
        self.text = ShownText()
        self._surface = surface
        self._output = Output()
        self._widget: TokenStream | None = None
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def shown(self) -> bool:
        """Whether there is anything of it in the cell."""
        return self._output.shown

    def show(self, standing: Standing) -> None:
        """How what is shown here stands now."""
        with self._lock:
            if not self._output.shown:
                self._began = time.monotonic()
                self._output.put(bundle(standing))
            elif self._widget is not None:
                self._widget.show(standing)
            elif self._surface.live and time.monotonic() - self._began >= LIVE_AFTER:
                self._open(standing)

    def end(self, standing: Standing) -> None:
        """How it ended, and the text, for good."""
        with self._lock:
            widget, self._widget = self._widget, None
            markdown = widget.markdown if widget is not None else self._surface.markdown
            if widget is not None:
                widget.finish(standing)
            last = bundle(standing, self.text.whole(), markdown=markdown)
            self._output.put(last)
            if widget is not None:
                widget.retire(last)
            self.stop = _nothing

    def _open(self, standing: Standing) -> None:
        from wasinn_nb.notebook.widgets.stream import TokenStream

        widget = TokenStream(markdown=self._surface.markdown)
        widget.text = self.text
        widget.stops(self._stop_it)
        widget.show(standing)
        data, metadata = widget._repr_mimebundle_() or ({}, {})
        self._output.put(data | {"text/plain": standing.line()}, metadata)
        self._widget = widget

    def _stop_it(self) -> None:
        self.stop()  # as it is now


class RunSlots:
    """The slots of one run: one for each context that generates, and one before any does.

    Args:
        run: what is shown.
        surface: how it can be shown.
        stop: what Stop does.
        first: a slot that showed what came before the run.
    """

    def __init__(
        self,
        run: Run,
        surface: Surface,
        stop: Callable[[], object],
        *,
        first: Slot | None = None,
    ) -> None:
        self._run = run
        self._surface = surface
        self._stop = stop
        self._began = time.monotonic()
        self._spare = first
        self._of: dict[RunStream, Slot] = {}
        self._waiting: dict[RunStream, list[tuple[str, int]]] = {}
        self._replaced: dict[RunStream, int] = {}
        self._activity_since: float | None = None
        if first is not None:
            first.stop = self._stop_it

    def open(self) -> None:
        """Show a slot now, whatever comes: for a cell that ends before its run."""
        self._spare = self._spare or self._new()
        self._spare.show(of_run(self._run))

    def write(self, text: str, stream: RunStream, generation: int) -> None:
        """Text of a stream that the guest does not print."""
        slot = self._slot(stream)
        if slot is None:
            self._waiting.setdefault(stream, []).append((text, generation))
        else:
            slot.text.append(text, (stream, generation))

    def frame(self) -> bool:
        """Show how everything stands."""
        streams = [stream for stream in self._run.streams if stream.generation]
        for stream in streams:
            self._slot_of_new(stream)
        latest = max(streams, key=lambda stream: stream.began, default=None)
        for stream, slot in self._of.items():
            slot.show(of_stream(self._run, stream, latest=stream is latest))
        if latest is None:
            self._show_before()
        return True

    def end(self) -> None:
        """Show how everything ended."""
        for stream in [stream for stream in self._run.streams if stream.generation]:
            self._slot_of_new(stream)
        while self._waiting:
            stream = next(iter(self._waiting))
            self._give(stream, self._reused(final=True) or self._new())
        for stream, slot in self._of.items():
            slot.end(of_stream(self._run, stream, latest=False))
        if self._spare is not None and self._spare.shown:
            self._spare.end(of_run(self._run))
        self._stop = _nothing

    def _show_before(self) -> None:
        """What goes on before anything is generated, if it lasts."""
        standing, now = of_run(self._run), time.monotonic()
        if standing.state != "loading":
            since, patience, self._activity_since = self._began, RUNNING_AFTER, None
        else:
            since = self._activity_since = self._activity_since or now
            patience = LOADING_AFTER
        if self._spare is None:
            self._spare = self._new()
        if self._spare.shown or now - since >= patience:
            self._spare.show(standing)

    def _slot_of_new(self, stream: RunStream) -> None:
        """Give a slot to a stream that has none, unless another got it since."""
        if self._replaced.get(stream) != stream.generation:
            self._slot(stream)

    def _slot(self, stream: RunStream) -> Slot | None:
        """The slot of a stream, given to it now if there is one to be had."""
        slot = self._of.get(stream)
        if slot is None:
            if self._spare is not None:
                slot, self._spare = self._spare, None
            else:
                slot = self._new() if len(self._of) < SLOTS else self._reused()
            if slot is not None:
                self._give(stream, slot)
        return slot

    def _give(self, stream: RunStream, slot: Slot) -> None:
        self._of[stream] = slot
        for text, generation in self._waiting.pop(stream, ()):
            slot.text.append(text, (stream, generation))

    def _new(self) -> Slot:
        return Slot(self._surface, self._stop_it)

    def _stop_it(self) -> None:
        self._stop()

    def _reused(self, *, final: bool = False) -> Slot | None:
        """The slot of a context that has finished, of the first to get one."""
        for stream, slot in self._of.items():
            if final or stream.state in (StreamState.FINISHED, StreamState.FAILED):
                del self._of[stream]
                self._replaced[stream] = stream.generation
                return slot
        return None


def display_stream(run: Run, *, markdown: bool = False) -> None:
    """Show the token streams of a run in this cell, each in a view of its own.

    A run that goes on is followed, and its views have Stop; the cell does not wait. Where a display
    cannot change, such as a terminal, it shows how things stand now. The guest's output stays where
    it is. For a widget to place elsewhere there is ``TokenStream``.

    Args:
        run: going on or over.
        markdown: show the texts as Markdown.
    """
    from IPython.core.getipython import get_ipython

    from wasinn_nb.notebook.pump import Pump
    from wasinn_nb.notebook.widgets.stream import FRAME_RATE

    shown = surface(get_ipython(), frame_rate=FRAME_RATE, markdown=markdown)
    slots = RunSlots(run, shown, run.cancel)
    if not any(stream.generation for stream in run.streams):
        slots.open()
        if not shown.slots:
            return
    pump = Pump(run, slots, frame_rate=shown.frame_rate, printing=False).start()
    if run.done or not shown.slots:
        pump.finish()


def _nothing() -> None:
    """Stop, when there is nothing to stop."""
