"""From the line of code that makes a panel or a form until it is painted."""

from __future__ import annotations

import statistics

from benchmarks.harness import Result
from benchmarks.live.notebook import Notebook

_ROWS = "() => document.querySelectorAll('.wasinn-panel tbody').length >= {count}"
_FIELDS = "() => document.querySelectorAll('.wasinn-config-entry').length >= 3"
_REGISTER = """
for number in range({count}):
    host.registry.register(f"model {{number}}", "builtin:digits")
"""
_FORGET = """
for record in host.models():
    if record.name.startswith("model "):
        host.forget(record.name)
"""


def openings(notebook: Notebook, widget: str, painted: str, times: int) -> list[float]:
    """Milliseconds that a widget takes, each time it is made and displayed anew."""
    found = []
    for _ in range(times):
        notebook.run("")
        notebook.measure("expect", painted)
        notebook.run(f"began = time.time()\nwidget = {widget}\ndisplay(widget)")
        end = notebook.page.evaluate("() => window.bench.expected")
        found.append(end - 1e3 * notebook.ask("began"))
        notebook.tell("widget.close()")
    return found


def measure(notebook: Notebook, rounds: int) -> list[Result]:
    """A panel of 50 models, of 500 for comparison, and a form."""
    notebook.tell(_REGISTER.format(count=50))
    panel = openings(notebook, "wn.ModelPanel()", _ROWS.format(count=50), rounds + 1)
    notebook.tell(_FORGET + _REGISTER.format(count=500))
    large = openings(notebook, "wn.ModelPanel()", _ROWS.format(count=500), 3)
    notebook.tell(_FORGET)
    form = openings(notebook, "wn.ModelConfig('story')", _FIELDS, rounds + 1)
    return [
        _result("panel of 50 models", panel, f", 500 models {statistics.median(large):.0f} ms"),
        _result("configuration form", form),
    ]


def _result(what: str, times: list[float], more: str = "") -> Result:
    first, *again = times
    detail = f"median of {len(again)}, worst {max(again):.0f} ms; the first in a page, which "
    detail += f"compiles the code, {first:.0f} ms{more}"
    return Result(
        f"{what}, displayed to painted",
        statistics.median(again),
        "ms",
        200,
        "at most",
        detail=detail,
    )
