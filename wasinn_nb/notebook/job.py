"""One piece of work in a thread of its own, which a cell awaits or waits for.

The main thread never enters native code, where no interrupt would reach it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.ending import Ending
from wasinn_nb.nn.errors import Cancelled
from wasinn_nb.notebook.errors import Interrupted
from wasinn_nb.notebook.shells import in_this_cell

T = TypeVar("T")


class Job(Generic[T]):
    """``work(cancel)`` in a daemon thread that prints to the cell which started it.

    Args:
        work: called with the token that an interrupt sets; it returns soon after that.
        name: of the thread.
    """

    def __init__(self, work: Callable[[CancelToken], T], name: str) -> None:
        self.cancel = CancelToken()
        self._work = work
        self._end = Ending()
        self._results: list[T] = []
        self._error: BaseException | None = None
        run = in_this_cell(self._run)
        self._thread = threading.Thread(target=run, name=name, daemon=True)

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
            self._end.wait()
        except KeyboardInterrupt:
            self.cancel.cancel("interrupt")
            self._end.wait()
            raise self._interrupted() from None
        return self._result()

    async def wait_async(self) -> T:
        """Wait in the event loop; ipykernel turns an interrupt into a cancellation.

        Raises:
            KeyboardInterrupt: as :meth:`wait`.
        """
        import asyncio

        try:
            await self._end.wait_async()
        except asyncio.CancelledError:
            self.cancel.cancel("interrupt")
            await self._end.wait_async()
            raise self._interrupted() from None
        return self._result()

    def _result(self) -> T:
        if self._error is None:
            return self._results[0]
        # Where it was raised is nothing a user can use: what is said to them is in the error.
        raise self._error.with_traceback(None) from self._error.__cause__

    def _interrupted(self) -> BaseException:
        error = self._error
        if error is None or isinstance(error, Cancelled) or _was_stopped(error):
            return Interrupted(error)
        return error.with_traceback(None)

    def _run(self) -> None:
        try:
            self._results.append(self._work(self.cancel))
        except BaseException as error:  # noqa: BLE001 - it is raised in the cell
            self._error = error
        finally:
            self._end.set()


def _was_stopped(error: BaseException) -> bool:
    run: Any = getattr(error, "run", None)
    return bool(getattr(run, "cancelled_reason", ""))
