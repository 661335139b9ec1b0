"""Whose turn it is to make what is made once for all: a build in the background gives way.

It runs at low priority. Somebody who needs its result would wait for it as long as anything else
keeps the machine busy, so it ends, and who waits goes on where it stopped, at full priority.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.locks import file_lock, is_locked

Tick = Callable[[float], None]
_Made = TypeVar("_Made")

_BUILDING = "building.lock"
# Held by who wants it now, while waiting and while building.
_WANTED = "wanted.lock"


class _GaveWay(Exception):  # noqa: N818 - an event, which never leaves this module
    pass


def take(
    directory: Path,
    make: Callable[[Tick], _Made],
    *,
    background: bool,
    cancel: CancelToken | None = None,
    on_wait: Tick | None = None,
) -> _Made:
    """Call ``make`` while no other process or thread does it for the same directory.

    Args:
        directory: where the locks are.
        make: does it, unless it finds it done. It calls what it is given now and then, stops when
            that raises, and is called again later; what it has done so far is not lost.
        background: nobody waits for this one.
        cancel: gives up waiting.
        on_wait: called while somebody else does it, with the seconds waited.

    Raises:
        Cancelled: through ``cancel``.
    """
    wanted, building = directory / _WANTED, directory / _BUILDING
    if not background:
        with (
            file_lock(wanted, cancel=cancel, on_wait=on_wait),
            file_lock(building, cancel=cancel, on_wait=on_wait),
        ):
            return make(lambda _: None)

    def give_way(_: float) -> None:
        if is_locked(wanted):
            raise _GaveWay

    while True:
        with file_lock(building, cancel=cancel, on_wait=on_wait):
            try:
                give_way(0)
                return make(give_way)
            except _GaveWay:
                pass
        with file_lock(wanted, cancel=cancel, on_wait=on_wait):
            pass
