"""What showing a stream costs the guest that makes it.

Candidates take turns in one kernel with a browser connected: the cell with its live view, the same
with ``--no-stream``, and ``Guest.run`` without any view. The rate is the guest's, between its first
token and its last.

On a small machine a browser takes time from everybody, whatever it shows. So the figures are of a
kernel that has a core for itself: all that its threads do for the view costs the guest, and nothing
that the browser does. The detail has the same ratio with all cores for everybody, and who used how
much of them.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.harness import Result, paired_ratio, take_turns
from benchmarks.live.notebook import Notebook
from benchmarks.live.processes import cpu_seconds, family, keep_on

LIVE, TEXT, PLAIN = "live view", "--no-stream", "Guest.run"
_VIEWS = ("wasinn display", "IOPub")


class Cost:
    """Runs of one guest on one model, shown in three ways, with what they used."""

    def __init__(self, notebook: Notebook, model: str, tokens: int, *, printing: bool) -> None:
        self._notebook = notebook
        self._arguments = (model, tokens, 0, int(printing))
        self.views: list[float] = []
        self.others: list[float] = []

    def candidates(self) -> dict[str, Callable[[], float]]:
        """Tokens a second, by how they are shown."""
        words = " ".join(map(str, self._arguments))
        args = [str(argument) for argument in self._arguments]
        cells = {
            LIVE: f"%wasinn run tokens -- {words}",
            TEXT: f"%wasinn run --no-stream tokens -- {words}",
            PLAIN: f"_wasinn = tokens.run(args={args})",
        }
        return {name: partial(self._rate, name, cell) for name, cell in cells.items()}

    def _rate(self, name: str, cell: str) -> float:
        kernel = self._notebook.ask("os.getpid()", "threads.begin()")
        others = [process for process in family(os.getpid()) if process != kernel]
        before, began = sum(map(cpu_seconds, others)), time.perf_counter()
        self._notebook.run(cell)
        seconds = time.perf_counter() - began
        used = self._notebook.ask("threads.end()")
        if name == LIVE:
            self.views.append(sum(used.get(thread, 0.0) for thread in _VIEWS) / seconds)
            self.others.append((sum(map(cpu_seconds, others)) - before) / seconds)
        rate: float = self._notebook.ask("probe.rate(_wasinn)")
        return rate


def measure(
    notebook: Notebook,
    model: str,
    tokens: int,
    rounds: int,
    *,
    printing: bool = False,
    target: float = 0.97,
    baselines: tuple[str, ...] = (PLAIN,),
) -> list[Result]:
    """The cost of the view of one guest, against ways to do without."""
    cost = Cost(notebook, model, tokens, printing=printing)
    candidates = {name: cost.candidates()[name] for name in (LIVE, *baselines)}
    with _core_of_its_own(notebook) as alone:
        rates = take_turns(rounds, candidates)
        views = statistics.median(cost.views)
    shared = take_turns(max(2, rounds // 3), {name: candidates[name] for name in (LIVE, PLAIN)})
    who = "printing" if printing else "silent"
    found = ", ".join(f"{name} {statistics.median(r):.0f} tok/s" for name, r in rates.items())
    detail = (
        f"{found}; {rounds} rounds, {'the kernel on one core' if alone else 'one core'}; "
        f"the view's threads {views:.1%} of a core, browser and server "
        f"{statistics.median(cost.others):.0%}; "
        f"on shared cores {paired_ratio(shared[LIVE], shared[PLAIN]):.3f} x"
    )
    return [
        Result(
            f"live view of a {who} guest, {model}",
            paired_ratio(rates[LIVE], rates[baseline]),
            "x",
            target,
            "at least",
            baseline,
            detail if baseline == PLAIN else "",
        )
        for baseline in baselines
    ]


@contextmanager
def _core_of_its_own(notebook: Notebook) -> Iterator[bool]:
    """Keep everything but the kernel off one core; False where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    kernel = notebook.ask("os.getpid()")
    everybody = family(os.getpid())
    if len(cores) > 1:
        keep_on(everybody, set(cores[1:]))
        keep_on([kernel], {cores[0]})
    try:
        yield len(cores) > 1
    finally:
        keep_on(family(os.getpid()), set(cores))
