"""Waiting for the end of work in another thread so that an interrupt is seen at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

TICK = 0.02
"""Seconds between two looks. A kernel turns an interrupt into a cancellation of the awaited cell,
which its event loop notices when it next wakes."""


class Ending:
    """Something that ends once, and that any threads and event loops wait for.

    Only locks of C are used: an interrupt in the methods of ``threading.Condition``, which are
    Python, can leave its lock held, and then nobody is ever woken.
    """

    def __init__(self) -> None:
        self._come = False
        self._waiters: list[Callable[[], object]] = []

    @property
    def come(self) -> bool:
        """Whether it has ended."""
        return self._come

    def set(self) -> None:
        """It has ended; called once."""
        self._come = True
        while self._waiters:
            with suppress(IndexError):  # the waiter has just left
                self._waiters.pop()()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait at most ``timeout`` seconds; returns whether it has ended."""
        until = None if timeout is None else time.monotonic() + timeout
        woken = threading.Lock()
        woken.acquire()
        self._waiters.append(woken.release)
        try:
            while not self._come:
                left = TICK if until is None else min(TICK, until - time.monotonic())
                if left <= 0:
                    return False
                woken.acquire(timeout=left)
            return True
        finally:
            self._leave(woken.release)

    async def wait_async(self) -> None:
        """Wait in the running event loop, which stays free."""
        import asyncio

        loop = asyncio.get_running_loop()
        woken = loop.create_future()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop was closed under its waiter
                loop.call_soon_threadsafe(_set, woken)

        self._waiters.append(wake)
        try:
            while not self._come:
                await asyncio.wait({woken}, timeout=TICK)
        finally:
            self._leave(wake)

    def _leave(self, waiter: Callable[[], object]) -> None:
        with suppress(ValueError):
            self._waiters.remove(waiter)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
