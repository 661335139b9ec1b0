"""What every benchmark here shares: interleaved rounds, medians, targets.

A benchmark module is ``benchmarks/bench_*.py`` with a function ``run(rounds) -> list[Result]``.
Timing on a shared machine drifts, so candidates take turns within a round, and results are ratios
wherever a baseline exists.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table.

    Args:
        what: the thing measured.
        value: the figure that the target is about.
        unit: of ``value`` (``x`` for a ratio).
        target: the bound.
        better: whether ``value`` has to be at least or at most ``target``.
        baseline: what a ratio is against, or an empty string.
        detail: the figures behind it, in words.
    """

    what: str
    value: float
    unit: str
    target: float
    better: Literal["at least", "at most"]
    baseline: str = ""
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether the target holds."""
        good = self.value >= self.target
        return good if self.better == "at least" else self.value <= self.target

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file."""
        return {**asdict(self), "met": self.met}


def take_turns(
    rounds: int, candidates: Mapping[str, Callable[[], float]]
) -> dict[str, list[float]]:
    """The figures of each candidate over ``rounds`` rounds in which all take turns.

    A candidate returns its own figure (seconds, tokens a second, ...). One round before the first
    warms caches and is not counted; every other round runs in reverse order.
    """
    figures: dict[str, list[float]] = {name: [] for name in candidates}
    names = list(candidates)
    for number in range(-1, rounds):
        for name in names if number % 2 else reversed(names):
            figure = candidates[name]()
            if number >= 0:
                figures[name].append(figure)
    return figures


def interleave(rounds: int, candidates: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each candidate over rounds as in :func:`take_turns`."""
    turns = take_turns(rounds, candidates)
    return {name: statistics.median(values) for name, values in turns.items()}


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median over rounds of one candidate's figure by another's of the same round.

    What else the machine does changes from round to round and less within one, so short rounds and
    this say more about small differences than the ratio of medians.
    """
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def table(results: list[Result]) -> str:
    """A plain-text table, one line a result."""
    rows = [("", "what", "measured", "target", "against", "figures")]
    rows += [
        (
            "ok" if r.met else "MISS",
            r.what,
            f"{r.value:.4g} {r.unit}",
            f"{r.better} {r.target:g}",
            r.baseline,
            r.detail,
        )
        for r in results
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join(
        "  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[5]]).rstrip()
        for row in rows
    )
