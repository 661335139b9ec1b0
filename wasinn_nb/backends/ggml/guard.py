"""Who is inside an execution context, and whether they have to get out."""

from __future__ import annotations

import ctypes
import time
from typing import TYPE_CHECKING

from wasinn_nb.nn.errors import Busy, Cancelled, InvalidArgument

if TYPE_CHECKING:
    from wasinn_nb.nn.cancel import CancelToken

_POLL = 0.001


class Guard:
    """One context's state of being computed, cancelled and closed.

    A call sets :attr:`running` before it looks at :attr:`closed`, and closing does it the other way
    round, so no native object is freed under a running call, without a lock in the token loop.

    Attributes:
        running: a call is inside.
        closed: why nothing can be computed any more; empty while it can.
        stop: why the running call has to end; empty while it has not.
        flag: what native code polls: one byte, non-zero to abort, and a terminator.
    """

    def __init__(self, cancel: CancelToken | None) -> None:
        self.running = False
        self.closed = ""
        self.stop = ""
        self.flag = ctypes.create_string_buffer(2)
        self._for_good = ""
        self._forget = (
            cancel.on_cancel(lambda: self._stop_for_good(cancel.reason)) if cancel else None
        )

    def enter(self, *, computing: bool = True) -> None:
        """Begin a call; :meth:`leave` ends it.

        Raises:
            Busy: another thread is inside.
            InvalidArgument: closed, and the call would compute.
        """
        if self.running:
            raise Busy("The execution context is computing in another thread.")
        self.running = True
        # a cancel that came as the last call was ending was meant for that call
        self._reset()
        if self.closed and computing:
            self.running = False
            raise InvalidArgument(self.closed)

    def leave(self) -> None:
        """End a call."""
        self.running = False

    def cancel(self) -> None:
        """Stop the call that runs, if one does."""
        if self.running:
            self.stop = self.stop or "stop"
            self.flag[0] = b"1"

    def cancelled(self) -> Cancelled:
        """The error of a stopped call; what was asked of that call alone is done with it."""
        reason = self.stop or "stop"
        self._reset()
        return Cancelled(reason)

    def close(self, why: str) -> None:
        """Let no call begin, stop the running one and wait for it. May be called again."""
        self.closed = self.closed or why
        if self._forget is not None:
            self._forget()
        self._stop_for_good("closed")
        while self.running:
            time.sleep(_POLL)

    def _reset(self) -> None:
        """Take back a cancel that was meant for one call, but none that holds for good."""
        self.stop = ""
        self.flag[0] = b"\0"
        if self._for_good:  # looked at last, for it can come from another thread at any time
            self._stop_for_good(self._for_good)

    def _stop_for_good(self, reason: str) -> None:
        self._for_good = self.stop = reason or "stop"
        self.flag[0] = b"1"
