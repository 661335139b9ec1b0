"""Calls that an interrupt cannot leave half done.

Python raises KeyboardInterrupt in the main thread between any two steps, also inside a ``finally``
or just before a ``with`` block has begun. What changes the registry therefore runs in a thread of
its own when the main thread asks for it; the main thread waits, and an interrupt cancels the work
and is raised when that has come to its own, orderly end.
"""

from __future__ import annotations

import _thread
import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.ending import Ending

T = TypeVar("T")

Work = Callable[[CancelToken | None], T]


def shielded(
    work: Work[T],
    cancel: CancelToken | None = None,
    *,
    discard: Callable[[T], object] | None = None,
    certain: bool = False,
) -> T:
    """The result of ``work``, called with a token; directly unless this is the main thread.

    Args:
        cancel: of the caller; the work gets it, or a token that also an interrupt cancels.
        discard: what to do with a result that nobody takes, because of an interrupt.
        certain: do the work also if the interrupt comes before it has begun.

    Raises:
        KeyboardInterrupt: the work has ended; after a second one, it ends by itself.
    """
    if threading.get_ident() != threading.main_thread().ident:
        return work(cancel)
    call = _Call(work, discard, certain=certain)
    withdraw = cancel.on_cancel(lambda: call.token.cancel(cancel.reason)) if cancel else None
    try:
        return call.result()
    finally:
        if withdraw is not None:
            withdraw()


class _Call(Generic[T]):
    """One call in another thread; only locks of C are between the two, see :class:`Ending`."""

    def __init__(
        self, work: Work[T], discard: Callable[[T], object] | None, *, certain: bool
    ) -> None:
        self.token = CancelToken()
        self._work = work
        self._discard = discard
        self._certain = certain
        self._lock = threading.Lock()
        self._ending = Ending()
        self._began = self._ended = self._left = False
        self._results: list[T] = []
        self._error: BaseException | None = None

    def result(self) -> T:
        run = contextvars.copy_context().run
        thread = threading.Thread(target=run, args=(self._run,), name="wasinn-call", daemon=True)
        try:
            try:
                # Thread.start waits for the thread; that wait must not be the main thread's
                _thread.start_new_thread(thread.start, ())
            except RuntimeError:  # the interpreter ends: no more threads, and no more interrupts
                self._run()
            self._ending.wait()
            if self._error is not None:
                raise self._error
            return self._results[0]
        except KeyboardInterrupt:
            self._leave()
            raise
        finally:
            self._error = None  # it refers to frames that refer to this

    def _leave(self) -> None:
        self.token.cancel("interrupt")
        if self._certain:
            self._run()
        with self._lock:
            self._left = True
            began, ended = self._began, self._ended
        if ended:
            self._dispose()
        if began:
            self._ending.wait()

    def _run(self) -> None:
        if not self._begin():
            return
        try:
            self._results.append(self._work(self.token))
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._error = error
        with self._lock:
            self._ended, left = True, self._left
        if left:
            self._dispose()
        self._ending.set()

    def _begin(self) -> bool:
        with self._lock:
            if self._began or self._left:
                return False
            self._began = True
            return True

    def _dispose(self) -> None:
        for result in self._results:
            if self._discard is not None:
                self._discard(result)
