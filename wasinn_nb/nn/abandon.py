"""Native work that cannot be aborted, for callers who do not want to wait for it any longer."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Generic, TypeVar

from wasinn_nb.nn.cancel import CancelToken

T = TypeVar("T")

_AT_A_TIME = 16


@cache
def _workers(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - threads do not survive a fork
    """The threads that load models; as a rule there is one, used again and again.

    A new thread for each load would take its memory from another arena of the allocator each time,
    and leave holes in all of them. At its end the interpreter waits for these threads.
    """
    return ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="wasinn-load")


class Abandonable(Generic[T]):
    """One piece of work in another thread.

    Args:
        work: what to do; it looks at the token between its steps.
        discard: what to do with a result that comes when nobody waits any more.
    """

    def __init__(
        self, work: Callable[[], T], cancel: CancelToken, discard: Callable[[T], object]
    ) -> None:
        self._work = work
        self._cancel = cancel
        self._discard = discard
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._left = self._ended = False
        self._results: list[T] = []
        self._error: BaseException | None = None

    def result(self) -> T:
        """The result of the work.

        Raises:
            Cancelled: at once when the token is cancelled; the work ends by itself.
        """
        self._cancel.raise_if_cancelled()
        withdraw = self._cancel.on_cancel(self._woken.set)
        _workers(os.getpid()).submit(contextvars.copy_context().run, self._run)
        try:
            self._woken.wait()
        finally:
            withdraw()
            with self._lock:
                self._left = not self._ended
        try:
            if self._cancel.cancelled:
                for result in self._results if not self._left else ():
                    self._discard(result)  # it came at the last moment
                self._cancel.raise_if_cancelled()
            if self._error is not None:
                raise self._error
            return self._results.pop()
        finally:
            self._error = None  # it refers to frames that refer to this

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            self._error = error
        with self._lock:
            self._ended, left = True, self._left
        if left:
            self._error = None
            for result in self._results:
                self._discard(result)
        self._woken.set()
