"""What the kernel and the front end can do, and which way a running cell can be stopped."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from wasinn_nb.notebook.shells import in_kernel
from wasinn_nb.notebook.widgets import clicks

# VS Code names the notebook to the code in it; nothing else tells it apart.
_VSCODE = "__vsc_ipynb_file__"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: what was looked at, whether it is well, what was found, and what to do."""

    subject: str
    well: bool
    found: str
    remedy: str = ""


def checks(shell: Any) -> Iterator[Check]:
    """How cells run and stop here."""
    if not in_kernel(shell):
        found = "a terminal: cells wait in the main thread, Ctrl-C stops a run"
        yield Check("front end", True, found)
        return
    version = metadata.version("ipykernel")
    major, minor = (int(part) for part in version.split(".")[:2])
    yield Check("front end", True, f"ipykernel {version}: Interrupt stops a run")
    found = f"{clicking((major, minor))}; {_measured()}"
    remedy = "" if major >= 7 else "For buttons that work meanwhile: %pip install 'ipykernel>=7'"
    yield Check("clicks", major >= 7, found, remedy)
    awaits = bool(shell.autoawait)
    found = "awaited, the kernel stays responsive" if awaits else "not awaited: autoawait is off"
    yield Check("cells", awaits, found, "" if awaits else "Turn it on: %autoawait asyncio")


def stop_words(shell: Any) -> str:
    """What stops a run where clicks do not arrive while a cell runs."""
    if not in_kernel(shell):
        return "Press Ctrl-C to stop."
    if "google.colab" in sys.modules:
        return "Interrupt the kernel to stop: press Ctrl+M I, or the ■ button of the cell."
    if _VSCODE in shell.user_ns:
        return "Interrupt the kernel to stop: press the ■ button of the cell."
    return "Interrupt the kernel to stop: press I twice, or the ■ button."


def clicking(version: tuple[int, int]) -> str:
    """When a kernel handles a click, by its version."""
    if version >= (7, 4):
        return "handled while a cell runs"
    if version >= (7, 0):
        return "handled while a cell runs where the front end uses subshells, as JupyterLab does"
    return "handled when the cell has ended"


def _measured() -> str:
    """The same, as it was seen."""
    seen = clicks.arrival()
    if seen is None:
        return "no widget has said anything yet"
    where = "in a subshell" if seen.subshell else "in the main loop"
    when = "while a cell ran" if seen.during_cell else "between cells"
    return f"the last widget was answered {where}, {when}"
