"""Native work that cannot be aborted, for callers who do not want to wait for it any longer."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from wasinn_nb.nn.cancel import CancelToken

T = TypeVar("T")


class Abandonable(Generic[T]):
    """One piece of work in a thread of its own.

    The thread is not a daemon: at its end the interpreter waits for native code, rather than to
    pull the ground from under it.

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
        run = contextvars.copy_context().run
        thread = threading.Thread(target=run, args=(self._run,), name="wasinn-openvino-load")
        thread.start()
        try:
            self._woken.wait()
        finally:
            withdraw()
            with self._lock:
                self._left = not self._ended
        try:
            if self._left:
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
