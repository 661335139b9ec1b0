"""The live view of work that takes long, with Cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import Enum, Float, Unicode

from wasinn_nb.notebook.widgets.answers import Handler
from wasinn_nb.notebook.widgets.base import nothing
from wasinn_nb.notebook.widgets.requests import Request
from wasinn_nb.notebook.widgets.retiring import RetiringWidget


class Progress(RetiringWidget):
    """What is going on, how far it is, and a button that cancels it.

    Args:
        cancel: called by the button; it sets a flag and returns.
    """

    frontend = "progress"

    activity = Unicode(help="What takes time.").tag(sync=True)
    fraction = Float(None, allow_none=True, help="How much of it is done, 0 to 1.").tag(sync=True)
    elapsed = Float(help="Seconds since it began.").tag(sync=True)
    state = Enum(("running", "cancelling", "finished"), "running", help="Whether it goes on.").tag(
        sync=True
    )
    message = Unicode(help="How it ended, in words.").tag(sync=True)

    def __init__(self, cancel: Callable[[], object], **traits: Any) -> None:
        self._cancel = cancel
        super().__init__(**traits)

    def handlers(self) -> dict[str, Handler]:
        """``cancel``; what else comes is for the end."""
        return {**super().handlers(), "cancel": self._cancelled}

    def show(self, activity: str, fraction: float | None, elapsed: float) -> None:
        """How far it is."""
        with self.hold_sync():
            self.activity, self.fraction, self.elapsed = activity, fraction, elapsed

    def finish(self, message: str) -> None:
        """How it ended; what was to be cancelled is let go."""
        with self.hold_sync():
            self.state, self.message = "finished", message
        self._cancel = nothing

    def _cancelled(self, _request: Request) -> None:
        if self.state == "running":
            self.state = "cancelling"
        self._cancel()
