"""Cancellation: one token that reaches every wait and every native loop of a run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from wasinn_nb.nn.errors import Cancelled


class CancelToken:
    """Set once, from any thread; observers run at once in the cancelling thread.

    Observers must be quick and must not block: they set an abort flag or bump an epoch.

    Who cancels may be a finalizer or a signal handler, which come between any two steps of whatever
    the same thread does here. A lock would be held then, so there is none: what is shared changes
    in single steps of the interpreter.
    """

    __slots__ = ("_observers", "_reasons")

    def __init__(self) -> None:
        self._reasons: list[str] = []  # the first counts
        self._observers: deque[_Observer] = deque()

    @property
    def cancelled(self) -> bool:
        """True once :meth:`cancel` was called."""
        return bool(self._reasons)

    @property
    def reason(self) -> str:
        """The reason given first, or an empty string."""
        return self._reasons[0] if self._reasons else ""

    def cancel(self, reason: str = "stop") -> None:
        """Cancel; the first reason wins and later calls do nothing."""
        if not self._reasons:
            self._reasons.append(reason)
        self._tell()

    def on_cancel(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Call ``observer`` when cancelled (at once if it already is); returns how to undo that."""
        one = _Observer(observer)
        self._observers.append(one)
        if self._reasons:
            self._tell()
        return partial(self._discard, one)

    def raise_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` with the reason if the token was cancelled."""
        if self._reasons:
            raise Cancelled(self.reason)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until cancelled; returns whether it was within ``timeout`` seconds."""
        if self._reasons:
            return True
        latch = threading.Lock()
        latch.acquire()
        withdraw = self.on_cancel(latch.release)
        try:
            latch.acquire(timeout=-1 if timeout is None else max(timeout, 0))
        finally:
            withdraw()
        return self.cancelled

    def _tell(self) -> None:
        """Call those who have not been called; several threads may be at it."""
        while True:
            try:
                one = self._observers.popleft()
            except IndexError:
                return
            one.call()

    def _discard(self, one: _Observer) -> None:
        with suppress(ValueError):  # it was called
            self._observers.remove(one)


class _Observer:
    """Equal to itself only: the same function may observe twice."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
