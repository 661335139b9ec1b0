"""How a click reaches the kernel: in which thread it is handled, and whether one has arrived.

JupyterLab sends what widgets say to a *subshell*, a second thread of the kernel that handles
messages while a cell holds the first. ipykernel 7.0 to 7.3 does as told; 7.4 sends a message to
where the kernel last published on that comm, which for a view fed by a running cell is behind the
cell. Front ends without subshells (VS Code) reach the main loop, which is free while a cell awaits.
ipykernel 6 has one loop, and no message is looked at while a cell runs, awaited or not.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from dataclasses import dataclass
from functools import partial
from typing import Any

_HOOK = "_reply_subshell_for"


def route(comm: Any) -> None:
    """Have messages for ``comm`` handled where the front end sent them.

    Does nothing where the kernel does that anyway, or has no subshells.
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
    """The subshell for a message that asked for ``default``; None is the main loop."""
    target = comm()
    if target is not None and _answers_the_kernel(data):
        chosen: str | None = getattr(type(target), _HOOK)(target, data, default)
        return chosen
    # a page that was closed took its subshell along; what it said last is not to be lost
    return default if default in _subshells(target) else None


def _answers_the_kernel(data: Any) -> bool:
    """Whether it may be the answer to a request of the kernel's, awaited in one certain loop.

    ipykernel knows those by an id that is a string; requests of our views are numbered.
    """
    content = data.get("content") if isinstance(data, dict) else None
    return isinstance(content, dict) and isinstance(content.get("id"), str)


def _subshells(comm: Any) -> list[str]:
    thread = getattr(getattr(comm, "kernel", None), "shell_channel_thread", None)
    return thread.manager.list_subshell() if thread is not None else []


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a view's greeting reached the kernel.

    Attributes:
        subshell: handled in a subshell, and not by the main loop.
        during_cell: handled while a cell ran.
        seconds: from the greeting to the answer as the view saw it; None if it did not say.
    """

    subshell: bool
    during_cell: bool
    seconds: float | None = None


_arrivals: dict[bool, Arrival] = {}


def measured(seconds: float | None = None) -> None:
    """Note that a view's message has arrived; called where it is handled.

    Args:
        seconds: how long a greeting and its answer took, as the view measured it.
    """
    subshell = threading.current_thread() is not threading.main_thread()
    during_cell = _cell_runs()
    _arrivals[during_cell] = Arrival(subshell, during_cell, seconds)


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
