"""What a guest's inference costs above OpenVINO called from Python, and memory over many loads.

Both sides use the same compiled model and the same infer request, in this process, in turns. A
guest measures its own ``set_input``, ``compute`` and ``get_output``; Python's
``request.infer([x])`` takes the same input and gives the same output, copies included.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import wasinn_nb as wn
from benchmarks.harness import Result, paired_ratio, take_turns
from wasinn_nb.nn.memory import format_bytes

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest

ROOT = Path(__file__).parents[1]
ROAD = ROOT.parent / "shared/data/road-segmentation/road-segmentation-adas-0001.xml"
_MS, _US = 1e3, 1e6
_CYCLES = (10, 1000)


def run(rounds: int) -> list[Result]:
    """Overhead for a small and a large model, the first inference of a run, memory over loads."""
    guest = wn.build((ROOT / "benchmarks/tensor_loop.c").read_text(), name="tensor_loop")
    results = _small(guest, rounds)
    if ROAD.is_file():
        results += _large(guest, rounds)
    else:
        print(f"road segmentation is not measured: there is no {ROAD.name}", file=sys.stderr)
    return [*results, _memory()]


class _Pair:
    """One resident model, run by a guest and by OpenVINO directly."""

    def __init__(self, guest: Guest, source: str, dims: tuple[int, ...], count: int) -> None:
        host = wn.host()
        host.load("m", source)
        self.guest, self.count = guest, count
        self.array = np.random.default_rng(0).random(dims, np.float32)
        graph: Any = host.registry._table.get("m").graph
        # what the next run's context will compute with
        self.request: Any = graph._idle.request
        self.lending: Any = graph.compiled.create_infer_request()
        [output] = self.request.infer([self.array]).values()
        self.nbytes = output.nbytes
        self.first: list[float] = []
        self.bare_first: list[float] = []

    def through_guest(self) -> float:
        """Seconds an inference takes in a guest, the median of a run but for its first."""
        run = self.guest.run(
            args=[self.count, self.nbytes], inputs={"x": self.array}, outputs=["times", "first"]
        )
        self.first.append(float(run.outputs["first"][0]))
        return float(np.median(run.outputs["times"][1:]))

    def directly(self) -> float:
        """Seconds an inference takes in Python, the median of as many."""
        first, median = self._infer(lambda: self.request.infer([self.array]))
        self.bare_first.append(first)
        return median

    def without_copies(self) -> float:
        """The same where Python lends its array and borrows the output."""
        return self._infer(
            lambda: self.lending.infer([self.array], share_inputs=True, share_outputs=True)
        )[1]

    def above_first(self) -> float:
        """Seconds by which the first inference of a run exceeds bare's after other work."""
        return statistics.median(self.first[1:]) - statistics.median(self.bare_first[1:])

    def firsts(self) -> str:
        """The figures behind it."""
        run, bare = (statistics.median(t[1:]) * _MS for t in (self.first, self.bare_first))
        return f"opening the model, context and inference {run:.2f} ms, bare {bare:.2f} ms"

    def _infer(self, infer: Any) -> tuple[float, float]:
        """The first of some inferences, and the median of the others."""
        times = []
        for _ in range(self.count):
            began = time.perf_counter()
            infer()
            times.append(time.perf_counter() - began)
        return times[0], statistics.median(times[1:])

    def measure(self, rounds: int) -> dict[str, list[float]]:
        """Seconds of each, by round."""
        figures = take_turns(
            rounds,
            {
                "guest": self.through_guest,
                "direct": self.directly,
                "lent": self.without_copies,
            },
        )
        wn.host().forget("m")
        return figures


def _small(guest: Guest, rounds: int) -> list[Result]:
    pair = _Pair(guest, "builtin:digits", (1, 1, 8, 8), 500)
    times = pair.measure(rounds)
    us = {name: statistics.median(values) * _US for name, values in times.items()}
    return [
        Result(
            "inference of builtin:digits in a guest, above bare",
            us["guest"] - us["direct"],
            "us",
            60.0,
            "at most",
            baseline="request.infer([x]) of OpenVINO in Python",
            detail=f"guest {us['guest']:.0f} us, bare {us['direct']:.0f} us, "
            f"bare without copies {us['lent']:.0f} us",
        ),
        Result(
            "first inference of a run, builtin:digits, above bare",
            pair.above_first() * _MS,
            "ms",
            1.0,
            "at most",
            baseline="the first request.infer([x]) after other work",
            detail=pair.firsts(),
        ),
    ]


def _large(guest: Guest, rounds: int) -> list[Result]:
    pair = _Pair(guest, str(ROAD), (1, 3, 512, 896), 12)
    times = pair.measure(rounds)
    ms = {name: statistics.median(values) * _MS for name, values in times.items()}
    return [
        Result(
            "inference of road segmentation in a guest / bare",
            paired_ratio(times["guest"], times["direct"]),
            "x",
            1.02,
            "at most",
            baseline="request.infer([x]) of OpenVINO in Python",
            detail=f"guest {ms['guest']:.2f} ms, bare {ms['direct']:.2f} ms, "
            f"bare without copies {ms['lent']:.2f} ms",
        ),
        Result(
            "first inference of a run, road segmentation, above bare",
            pair.above_first() * _MS,
            "ms",
            1.0,
            "at most",
            baseline="the first request.infer([x]) after other work",
            detail=pair.firsts(),
        ),
    ]


def _memory() -> Result:
    """Resident memory after many cycles against after few, in a process of its own."""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.load_cycles", *map(str, _CYCLES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    few, many = map(int, child.stdout.split())
    return Result(
        f"memory after {_CYCLES[1]:,} loads, inferences and unloads / after {_CYCLES[0]}",
        many / few,
        "x",
        1.02,
        "at most",
        baseline="the same process",
        detail=f"{format_bytes(few)}, then {format_bytes(many)}",
    )
