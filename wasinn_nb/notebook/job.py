"""One piece of work in a thread of its own, which a cell awaits or waits for.

The main thread never enters native code: it waits in short steps, so that an interrupt is seen at
once (a future awaited without a tick would notice it only when the event loop next wakes).
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled
from wasinn_nb.notebook.errors import Interrupted

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

TICK = 0.05


class Job(Generic[T]):
    """``work(cancel)`` in a daemon thread that prints to the cell which started it.

    Args:
        work: called with the token that an interrupt sets; it returns soon after that.
        name: of the thread.
    """

    def __init__(self, work: Callable[[CancelToken], T], name: str) -> None:
        self.cancel = CancelToken()
        self._work = work
        self._future: Future[T] = Future()
        # A copied context keeps the thread's output in this cell, whatever runs later (ipykernel
        # keeps the parent of output in context variables).
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._run,), name=name, daemon=True
        )

    def start(self) -> Job[T]:
        """Start the thread."""
        self._thread.start()
        return self

    def wait(self) -> T:
        """Wait in the calling thread.

        Raises:
            KeyboardInterrupt: the wait was interrupted; the work has been told and has ended.
        """
        try:
            while not self._settled(TICK):
                pass
        except KeyboardInterrupt:
            self.cancel.cancel("interrupt")
            while not self._settled(TICK):
                pass
            raise self._interrupted() from None
        return self._result()

    async def wait_async(self) -> T:
        """Wait in the event loop; ipykernel turns an interrupt into a cancellation.

        Raises:
            KeyboardInterrupt: as :meth:`wait`.
        """
        import asyncio

        waited = asyncio.wrap_future(self._future)
        # What went wrong is raised by _result(); asyncio would report it a second time, in a later
        # cell, for a future whose error nobody looked at.
        waited.add_done_callback(_looked_at)
        try:
            while not waited.done():
                await asyncio.wait({waited}, timeout=TICK)
        except asyncio.CancelledError:
            self.cancel.cancel("interrupt")
            await asyncio.wait({waited})
            raise self._interrupted() from None
        return self._result()

    def _settled(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _result(self) -> T:
        error = self._future.exception()
        if error is None:
            return self._future.result()
        # Where it was raised is nothing a user can use: what is said to them is in the error.
        raise error.with_traceback(None) from error.__cause__

    def _interrupted(self) -> BaseException:
        error = self._future.exception()
        if error is None or isinstance(error, Cancelled) or _was_stopped(error):
            return Interrupted(error)
        return error.with_traceback(None)

    def _run(self) -> None:
        try:
            result = self._work(self.cancel)
        except BaseException as error:  # noqa: BLE001 - it is raised in the cell
            self._future.set_exception(error)
        else:
            self._future.set_result(result)


def _looked_at(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()


def _was_stopped(error: BaseException) -> bool:
    run: Any = getattr(error, "run", None)
    return bool(getattr(run, "cancelled_reason", ""))
