"""Every host call of a run: when, how long, how many bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_KEPT = 100_000
_FOLD = 2 * _KEPT

_Raw = tuple[str, float, float, int]


@dataclass(frozen=True, slots=True)
class HostCall:
    """One call: seconds since the run started, seconds it took, bytes that crossed."""

    call: str
    start: float
    duration: float
    bytes: int


@dataclass(frozen=True, slots=True)
class CallTotals:
    """All calls of one function: how many, seconds spent in them, bytes that crossed."""

    count: int = 0
    duration: float = 0.0
    bytes: int = 0

    def plus(self, duration: float, nbytes: int) -> CallTotals:
        """With one more call."""
        return CallTotals(self.count + 1, self.duration + duration, self.bytes + nbytes)


class Timeline:
    """The host calls of one run, in order.

    The first 100,000 are kept one by one, the totals count them all. One thread records (a list
    append per call); any thread reads.
    """

    def __init__(self, origin: float) -> None:
        self.origin = origin
        self._raw: list[_Raw] = []
        self._folded: dict[str, CallTotals] = {}
        self._folded_count = 0
        append = self._raw.append
        full = self._raw.__len__

        def record(call: _Raw) -> None:
            append(call)
            if full() >= _FOLD:
                self._fold()

        self.record: Callable[[_Raw], None] = record

    def __len__(self) -> int:
        return self._folded_count + len(self._raw)

    def __iter__(self) -> Iterator[HostCall]:
        return iter(self.events)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {t.count}" for name, t in sorted(self.totals.items()))
        return f"<Timeline of {len(self)} host calls: {shown or 'none'}>"

    @property
    def events(self) -> list[HostCall]:
        """The calls that are kept, in order."""
        return [
            HostCall(call, start - self.origin, end - start, nbytes)
            for call, start, end, nbytes in self._raw[:_KEPT]
        ]

    @property
    def totals(self) -> dict[str, CallTotals]:
        """Count, seconds and bytes per function, of all calls."""
        totals = dict(self._folded)
        for call, start, end, nbytes in list(self._raw):
            totals[call] = totals.get(call, CallTotals()).plus(end - start, nbytes)
        return totals

    def plot(self, axes: Any = None) -> Any:
        """Draw the calls, a row a function, over seconds; returns the matplotlib axes.

        Raises:
            ImportError: matplotlib is not installed.
        """
        try:
            from matplotlib import pyplot
        except ImportError:
            raise ImportError(
                "Plotting a timeline needs matplotlib; install it with `%pip install matplotlib`."
            ) from None
        if axes is None:
            _, axes = pyplot.subplots(figsize=(9, 2.5), layout="constrained")
        events = self.events
        names = list(dict.fromkeys(event.call for event in events))
        for row, name in enumerate(names):
            spans = [(e.start, max(e.duration, 1e-6)) for e in events if e.call == name]
            axes.broken_barh(spans, (row - 0.4, 0.8))
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("seconds since the run started")
        return axes

    def _fold(self) -> None:
        """Turn what is beyond the kept calls into totals."""
        for call, start, end, nbytes in self._raw[_KEPT:]:
            totals = self._folded.get(call, CallTotals())
            self._folded[call] = totals.plus(end - start, nbytes)
        self._folded_count += len(self._raw) - _KEPT
        del self._raw[_KEPT:]
