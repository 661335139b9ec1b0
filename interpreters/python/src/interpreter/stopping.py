"""How a cell is stopped: it asks, and raises KeyboardInterrupt in the cell's own code.

It asks wherever it calls the host. Where its end would take other cells' work with it, it asks in
its loops as well: a turn of one costs a third of a microsecond more then. `for` loops inside other
loops, which are where the time goes and end by themselves, are not asked in.
"""

from __future__ import annotations

import dis
import operator
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from types import CodeType
from typing import Any, SupportsIndex

from wit_world.imports import host

_LONGEST = 3600.0
_EVENTS = sys.monitoring.events
_TOOL = 4  # one of those that sys.monitoring leaves to programs
_SELDOM = 20_000  # turns of loops between two questions, at most
_BETWEEN = 0.01  # seconds


def check() -> None:
    """Raise KeyboardInterrupt if the run is to end."""
    if host.stopped():
        raise KeyboardInterrupt


def sleep(seconds: float | SupportsIndex, /) -> None:
    """Delay execution for a given number of seconds, which may be a fraction."""
    left = seconds if isinstance(seconds, float) else operator.index(seconds)
    if not left >= 0:  # nor is it NaN
        raise ValueError("sleep length must be non-negative")
    flush()
    while left > 0:
        host.sleep(min(left, _LONGEST))
        check()
        left -= _LONGEST


def _nothing() -> None:
    """Before there is a console."""


flush: Callable[[], None] = _nothing


def watch(code: CodeType) -> None:
    """Ask in the loops of a code, and of what it defines."""
    sys.monitoring.set_local_events(_TOOL, code, _EVENTS.JUMP)
    for value in code.co_consts:
        if isinstance(value, CodeType):
            watch(value)


_left = _share = 1
_asked = 0.0
_told = False


def begin() -> None:
    """Another run."""
    global _left, _share, _asked, _told  # noqa: PLW0603 - of the instance
    _left = _share = 1
    _asked = time.perf_counter()
    _told = False


def _turn(code: CodeType, offset: int, _destination: int) -> Any:
    """A loop of the cell comes round. All that is done every time is to count."""
    global _left  # noqa: PLW0603
    _left -= 1
    return None if _left else _ask(code, offset)


def _ask(code: CodeType, offset: int) -> Any:
    """Whether to stop, and after how many turns next: the longer one takes, the fewer."""
    global _left, _share, _asked, _told  # noqa: PLW0603
    now = time.perf_counter()
    pace = _BETWEEN / max(now - _asked, _BETWEEN / 4)
    _share = _left = max(1, min(_SELDOM, int(_share * pace)))
    _asked = now
    if not _told and host.stopped():
        _told = True
        # what is raised where a loop jumps passes by the handlers of its own function
        sys.monitoring.set_local_events(_TOOL, code, _EVENTS.INSTRUCTION)
    elif offset in _inner(code):
        return sys.monitoring.DISABLE
    return None


@lru_cache(maxsize=256)
def _inner(code: CodeType) -> frozenset[int]:
    """Where the `for` loops that are inside other loops of a code come round."""
    program = {one.offset: one for one in dis.get_instructions(code)}
    loops = [
        (one.jump_target, one.offset)
        for one in program.values()
        if one.opname.startswith("JUMP_BACKWARD") and one.jump_target is not None
    ]
    return frozenset(
        end
        for begin, end in loops
        if program[begin].opname == "FOR_ITER"
        and any(first < begin and end < last for first, last in loops)
    )


def _interrupt(code: CodeType, _offset: int) -> None:
    """The first thing that happens in the loop after that."""
    sys.monitoring.set_local_events(_TOOL, code, _EVENTS.JUMP)
    raise KeyboardInterrupt


def install() -> None:
    """Make this the sleep of all modules, and see loops."""
    time.sleep = sleep
    sys.monitoring.use_tool_id(_TOOL, "wasinn")
    sys.monitoring.register_callback(_TOOL, _EVENTS.JUMP, _turn)
    sys.monitoring.register_callback(_TOOL, _EVENTS.INSTRUCTION, _interrupt)
