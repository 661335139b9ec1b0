"""From a click on Stop to the last token, and to the page that says so."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence

from benchmarks.harness import Result
from benchmarks.live.notebook import Notebook

_STOPPED = "() => document.querySelector('.jp-OutputArea')?.textContent.includes('stopped')"


def stops(notebook: Notebook, clicks: int, seed: int = 0) -> tuple[list[float], list[float]]:
    """Milliseconds from each click to the last token, and until its end was painted."""
    chance = random.Random(seed)
    ended, told = [], []
    for _ in range(clicks):
        notebook.tell("stamps.begin()")
        notebook.run("%wasinn run tokens -- story 0 0 0", wait=False)
        button = notebook.page.get_by_role("button", name="Stop", exact=True)
        button.wait_for()
        notebook.page.wait_for_timeout(chance.uniform(50, 200))
        notebook.measure("expect", _STOPPED)
        button.click()
        painted = notebook.page.evaluate("() => window.bench.expected")
        clicked = notebook.measure("clicked")
        notebook.check()
        ended.append(notebook.ask("stamps.last") - clicked)
        told.append(painted - clicked)
    notebook.tell("stamps.end()")
    return ended, told


def measure(notebook: Notebook, clicks: int) -> list[Result]:
    """Both, on the ipykernel that the notebook runs on."""
    ended, told = stops(notebook, clicks)
    version = notebook.ask("__import__('ipykernel').__version__")
    return [
        Result(
            f"Stop clicked to {what}, ipykernel {version}",
            _p95(times),
            "ms",
            limit,
            "at most",
            detail=f"p95; median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms "
            f"of {clicks} clicks",
        )
        for what, times, limit in (("last token", ended, 200), ("painted end", told, 400))
    ]


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * (len(times) - 1))]
