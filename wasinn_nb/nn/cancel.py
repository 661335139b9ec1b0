"""Cancellation: one token that reaches every wait and every native loop of a run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wasinn_nb.nn.errors import Cancelled


class CancelToken:
    """Set once, from any thread; observers run at once in the cancelling thread.

    Observers must be quick and must not block: they set an abort flag or bump an epoch.
    """

    __slots__ = ("_event", "_lock", "_observers", "_reason")

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._observers: list[Callable[[], None]] = []
        self._reason = ""

    @property
    def cancelled(self) -> bool:
        """True once :meth:`cancel` was called."""
        return self._event.is_set()

    @property
    def reason(self) -> str:
        """The reason given first, or an empty string."""
        return self._reason

    def cancel(self, reason: str = "stop") -> None:
        """Cancel; the first reason wins and later calls do nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self._reason = reason
            self._event.set()
            observers, self._observers = self._observers, []
        for observer in observers:
            observer()

    def on_cancel(self, observer: Callable[[], None]) -> Callable[[], None]:
        """Call ``observer`` when cancelled (at once if it already is); returns how to undo that."""
        with self._lock:
            if not self._event.is_set():
                self._observers.append(observer)
                return lambda: self._discard(observer)
        observer()
        return lambda: None

    def raise_if_cancelled(self) -> None:
        """Raise :class:`Cancelled` with the reason if the token was cancelled."""
        if self._event.is_set():
            raise Cancelled(self._reason)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until cancelled; returns whether it was within ``timeout`` seconds."""
        return self._event.wait(timeout)

    def _discard(self, observer: Callable[[], None]) -> None:
        with self._lock:
            if observer in self._observers:
                self._observers.remove(observer)
