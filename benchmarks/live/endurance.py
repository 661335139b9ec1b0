"""What a long output and many runs do to the page."""

from __future__ import annotations

from typing import Any, NamedTuple

from benchmarks.harness import Result
from benchmarks.live.notebook import Notebook

_REPEAT = """async (times) => {
  const { commands } = window.jupyterapp;
  for (let n = 0; n < times; n++) await commands.execute("notebook:run-cell");
}"""
# views for runs of a tenth of a second
_EAGER = """
from wasinn_nb.notebook.widgets import display as slots, stream as streams
usual, opened = slots.LIVE_AFTER, []
slots.LIVE_AFTER = 0.0
%config WasinnMagics.frame_rate = 60
init = streams.TokenStream.__init__
def counted(self, *args, **named):
    opened.append(1)
    init(self, *args, **named)
streams.TokenStream.__init__ = counted
"""
_USUAL = """
slots.LIVE_AFTER = usual
%config WasinnMagics.frame_rate = 20
streams.TokenStream.__init__ = init
"""
_WARMING = 20
# the least that a widget in place of a line does to a page
_LABEL = """
import ipywidgets
from IPython.display import DisplayHandle
line = {"text/plain": "a line", "text/html": "<div>a line</div>"}
handle, label = DisplayHandle(), ipywidgets.Label("a line")
handle.display(line, raw=True)
handle.update(label._repr_mimebundle_(), raw=True)
time.sleep(0.1)
handle.update(line, raw=True)
for widget in (label.layout, label.style, label):
    widget.close()
"""


class Page(NamedTuple):
    """What a page holds after a garbage collection."""

    heap: float
    nodes: float


def held(notebook: Notebook) -> Page:
    """What the page holds now."""
    session = notebook.page.context.new_cdp_session(notebook.page)
    for command in ("Performance.enable", "HeapProfiler.collectGarbage"):
        session.send(command)
    metrics: dict[str, Any] = {
        one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]
    }
    session.detach()
    return Page(metrics["JSHeapUsedSize"], metrics["Nodes"])


def long_output(notebook: Notebook, tokens: int, *, printing: bool) -> list[Result]:
    """Many tokens at full speed: how smooth the page stays."""
    notebook.run("")
    before = held(notebook)
    notebook.measure("followFrames")
    notebook.run(f"%wasinn run tokens -- story {tokens} 0 {int(printing)}")
    frames = notebook.measure("framesFollowed")
    after = held(notebook)
    # a browser lays out all of a printed output whenever some is added
    smooth, brief = (100, 500) if printing else (34, 100)
    gaps = sorted(frames["gaps"])
    p95, longest = gaps[int(0.95 * (len(gaps) - 1))], max(frames["tasks"], default=0.0)
    who = "printing" if printing else "silent"
    rate = notebook.ask("probe.rate(_wasinn)")
    what = f"{tokens:,} tokens, {who} guest"
    return [
        Result(
            f"time between frames, {what}",
            p95,
            "ms",
            smooth,
            "at most",
            detail=f"p95 of {len(gaps)}, longest {gaps[-1]:.0f} ms; {rate:.0f} tok/s",
        ),
        Result(
            f"longest task of the page, {what}",
            longest,
            "ms",
            brief,
            "at most",
            detail=f"{len(frames['tasks'])} of 50 ms and more; the page holds "
            f"{(after.heap - before.heap) / 1e6:+.1f} MB of heap and "
            f"{after.nodes - before.nodes:+.0f} nodes when it is over",
        ),
    ]


def many_runs(notebook: Notebook, runs: int) -> Result:
    """What stays in the page of each run that had a view, against any widget that came and went."""
    label = _growth(notebook, _LABEL, runs)
    notebook.run(_EAGER)
    live = _growth(notebook, "%wasinn run tokens -- story 8 60 0", runs)
    views = notebook.ask("len(opened)")
    assert views >= runs, f"{views} of {runs} runs had a view"
    notebook.run(_USUAL)
    return Result(
        "page heap that stays of a run with a view",
        live.heap / label.heap,
        "x",
        1.5,
        "at most",
        "an ipywidgets.Label",
        f"{live.heap / 1e3:.1f} kB and {live.nodes:.1f} nodes against {label.heap / 1e3:.1f} kB "
        f"and {label.nodes:.1f}, the mean of {runs} runs",
    )


def _growth(notebook: Notebook, cell: str, runs: int) -> Page:
    notebook.run(cell)
    notebook.page.evaluate(_REPEAT, _WARMING)
    before = held(notebook)
    notebook.page.evaluate(_REPEAT, runs)
    notebook.check()
    after = held(notebook)
    return Page((after.heap - before.heap) / runs, (after.nodes - before.nodes) / runs)
