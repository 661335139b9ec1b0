"""How a click reaches the kernel: in which thread it is handled, and whether one has arrived.

JupyterLab sends what widgets say to a *subshell*, a second thread of the kernel that handles
messages while a cell holds the first. ipykernel 7.0 to 7.3 does as told; 7.4 sends a message to
where the kernel last published on that comm, which for a view fed by a running cell is behind the
cell. Front ends without subshells (VS Code, and JupyterLab until its page has made one) address the
main loop; there 7.4 looks at messages only while a cell awaits, and 7.0 to 7.3 only between cells.
ipykernel 6 has one loop, and looks at no message while a cell runs.

So on 7.4 our comms choose: the subshell that the front end names, or else one that we make.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

_HOOK = "_reply_subshell_for"

_own: str | None = None


def route(comm: Any) -> None:
    """Have messages for ``comm`` handled while a cell runs, whatever the front end.

    Does nothing where the kernel has no such choice.
    """
    hook = getattr(comm, _HOOK, None)
    if hook is not None and _parameters(hook) == ["data", "default"]:
        # weak: a comm that held itself would not go with its last reference
        setattr(comm, _HOOK, partial(_choose, weakref.ref(comm)))


def _parameters(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _choose(comm: weakref.ref[Any], data: Any, default: str | None) -> str | None:
    """The subshell for a message that asked for ``default``; None is the main loop.

    The kernel asks in the one thread that makes and ends subshells.
    """
    target = comm()
    if target is None:
        return default
    if _answers_the_kernel(data):
        chosen: str | None = getattr(type(target), _HOOK)(target, data, default)
        return chosen
    thread = getattr(target.kernel, "shell_channel_thread", None)
    if thread is None:
        return default
    # a page that was closed took its subshell along; what it said last is not to be lost
    there = default in thread.manager.list_subshell()
    return default if there else _own_subshell(thread.manager)


def _answers_the_kernel(data: Any) -> bool:
    """Whether it may be the answer to a request of the kernel's, awaited in one certain loop.

    ipykernel knows those by an id that is a string; requests of our views are numbered.
    """
    content = data.get("content") if isinstance(data, dict) else None
    return isinstance(content, dict) and isinstance(content.get("id"), str)


def _own_subshell(manager: Any) -> str | None:
    """A subshell that lives as long as the kernel; None if it cannot be had."""
    global _own  # noqa: PLW0603 - one per process is what it is
    if _own not in manager.list_subshell():
        _own = None
        with suppress(Exception):  # not a public method; the main loop is the next best
            _own = manager._create_subshell()  # noqa: SLF001 - there is no public one in a process
    return _own


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a view's greeting reached the kernel.

    Attributes:
        subshell: handled in a subshell, and not by the main loop.
        during_cell: handled while a cell ran.
    """

    subshell: bool
    during_cell: bool


_arrivals: dict[bool, Arrival] = {}


def measured() -> Arrival:
    """Note that a view's message has arrived; called where it is handled."""
    subshell = threading.current_thread() is not threading.main_thread()
    noted = Arrival(subshell, _cell_runs())
    _arrivals[noted.during_cell] = noted
    return noted


def arrival() -> Arrival | None:
    """The last one: during a cell if there was one, because that is the question."""
    return _arrivals.get(True) or _arrivals.get(False)


def _cell_runs() -> bool:
    from IPython.core.getipython import get_ipython

    # the hook of values is set exactly while a cell is executed, awaited or not
    shell = get_ipython()
    return shell is not None and shell.display_trap.is_active


def stop_words() -> str:
    """What stops a run where a button would not, in the words of this front end."""
    from IPython.core.getipython import get_ipython

    from wasinn_nb.notebook import frontend

    return frontend.stop_words(get_ipython())
