"""An event loop for asyncio that waits with the host: there are no sockets to wait for."""

from __future__ import annotations

import asyncio
from asyncio import base_events, events
from collections.abc import Coroutine
from typing import Any

from interpreter import stopping

_NOTHING = (
    "The cell waits for something that nothing is going to do: no task is left that could run, and "
    "no time is set."
)


class _Clock:
    """What a loop has in place of a selector."""

    def select(self, timeout: float | None = None) -> list[Any]:
        """Wait for the time only."""
        if timeout is None:
            raise RuntimeError(_NOTHING)
        if timeout > 0:
            stopping.sleep(float(timeout))
        return []

    def close(self) -> None:
        """There is nothing to close."""


class Loop(base_events.BaseEventLoop):
    """Callbacks, tasks and time."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clock()

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""


class _Policy(events._BaseDefaultEventLoopPolicy):  # type: ignore[name-defined]
    _loop_factory = Loop


def install() -> None:
    """Make it the loop of ``asyncio.run`` and all else."""
    events._event_loop_policy = _Policy()


def run(main: Coroutine[Any, Any, Any]) -> None:
    """Run a cell that awaits."""
    asyncio.run(main)
