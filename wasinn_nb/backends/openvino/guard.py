"""Who is inside an execution context, and whether they have to get out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from wasinn_nb.nn.errors import Busy, Cancelled, InvalidArgument

if TYPE_CHECKING:
    from wasinn_nb.nn.cancel import CancelToken

_POLL = 0.001
_INSIST = 0.002


def _nothing() -> None:
    """What is left to abort in a closed context."""


class Guard:
    """One context's state of being computed, cancelled and closed.

    A call sets :attr:`running` before it looks at :attr:`closed`, and closing does it the other way
    round, so nothing native is given away under a running call.

    Args:
        abort: makes an inference end early; called from any thread, and without effect before the
            inference has really begun: so it is called until the inference has ended.

    Attributes:
        running: a call is inside.
        closed: why nothing can be computed any more; empty while it can.
        stop: why the running call has to end; empty while it has not.
    """

    def __init__(self, cancel: CancelToken | None, abort: Callable[[], None]) -> None:
        self.running = False
        self.closed = ""
        self.stop = ""
        self._abort = abort
        self._for_good = ""
        self._inside = False
        self._lock = threading.Lock()
        self._forget = (
            cancel.on_cancel(lambda: self._stop(cancel.reason, for_good=True)) if cancel else None
        )

    def enter(self) -> None:
        """Begin a call; to clear :attr:`running` ends it.

        Raises:
            Busy: another thread is inside.
            InvalidArgument: the context was closed.
        """
        if self.running:
            raise Busy("The execution context is computing in another thread.")
        self.running = True
        # a cancel that came as the last call was ending was meant for that call
        self.stop = ""
        if self._for_good:  # looked at last, for it can come from another thread at any time
            self.stop = self._for_good
        if self.closed:
            self.running = False
            raise InvalidArgument(self.closed)

    def begin(self, start: Callable[[], None] | None = None) -> None:
        """An inference begins that :meth:`cancel` can abort from now on.

        Args:
            start: what starts it, if it goes on in another thread.

        Raises:
            Cancelled: the call has to end already.
        """
        with self._lock:
            self.check()
            if start is not None:
                start()
            self._inside = True

    def ended(self) -> None:
        """The inference is over."""
        with self._lock:
            self._inside = False

    def check(self) -> None:
        """Raise :class:`Cancelled` if the running call has to end."""
        if self.stop:
            raise Cancelled(self.stop)

    def cancel(self) -> None:
        """Stop the call that runs, if one does."""
        if self.running:
            self._stop("stop", for_good=False)

    def close(self, why: str) -> None:
        """Let no call begin, stop the running one and wait for it. May be called again."""
        self.closed = self.closed or why
        if self._forget is not None:
            self._forget()
        self._stop("closed", for_good=True)
        while self.running:
            time.sleep(_POLL)
        self._abort = _nothing  # it refers to the context, which refers to this

    def _stop(self, reason: str, *, for_good: bool) -> None:
        with self._lock:
            if for_good:
                self._for_good = self._for_good or reason or "stop"
            self.stop = self.stop or reason or "stop"
            if not self._inside:
                return
            self._abort()
        insisting = threading.Thread(target=self._insist, name="wasinn-cancel", daemon=True)
        with suppress(RuntimeError):  # no thread to be had: it was asked once
            insisting.start()

    def _insist(self) -> None:
        while True:
            time.sleep(_INSIST)
            with self._lock:
                if not (self._inside and self.stop):
                    return
                self._abort()
