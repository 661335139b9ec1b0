"""What kind of IPython this is, and which of its cells output goes to."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable
from typing import Any


def in_kernel(shell: Any) -> bool:
    """Whether a front end is on the other side, and not a terminal."""
    return getattr(shell, "kernel", None) is not None


def attended(shell: Any) -> bool:
    """Whether a person sees and clicks what a cell of this kernel shows while it runs."""
    # who cannot be asked for input is no person: nbclient, papermill, a scheduler
    return bool(getattr(shell.kernel, "_allow_stdin", True))


def has_audience(shell: Any) -> bool:
    """Whether a person sees and clicks what cells show, then or when they have ended."""
    # Voila runs all cells as an export does, and then shows what they have left
    return attended(shell) or os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def in_this_cell(work: Callable[[], object]) -> Callable[[], object]:
    """``work`` for another thread; its output goes to the cell that runs now, whatever runs then.

    ipykernel keeps the cell of what is printed and displayed in context variables. Before 7 there
    is one cell for what all threads display, so these displays are readdressed on their way.
    """
    context = contextvars.copy_context()
    readdress = _readdressing()

    def run() -> object:
        if readdress is not None:
            readdress()
        return context.run(work)

    return run


def _readdressing() -> Callable[[], object] | None:
    from IPython.core.getipython import get_ipython

    publisher: Any = getattr(get_ipython(), "display_pub", None)
    traits: Any = getattr(publisher, "has_trait", None)
    if traits is None or not traits("parent_header") or not hasattr(publisher, "register_hook"):
        return None
    cell = publisher.parent_header

    def hook(message: dict[str, Any]) -> dict[str, Any]:
        return {**message, "parent_header": cell}

    return lambda: publisher.register_hook(hook)  # for the calling thread
