"""Every host call of a run: when, how long, how many bytes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from wasinn_nb.nn.errors import UnsupportedOperation

_KEPT = 100_000
_FIELDS = 4  # name, start, end, bytes


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


class Timeline:
    """The host calls of one run, in order.

    The first 100,000 are kept one by one, the totals count them all. One thread records, any thread
    reads. The record is one flat list: a tuple a call would be one more object for the garbage
    collector to visit, again and again while tokens stream.
    """

    def __init__(self, origin: float) -> None:
        self.origin = origin
        self._raw: list[Any] = []
        self._folded: dict[str, list[Any]] = {}
        self._folded_count = 0
        # the parts of a CallLog (see wasinn_nb.abi.core.host)
        self.record: Callable[[tuple[str, float, float, int]], None] = self._raw.extend
        self.length: Callable[[], int] = self._raw.__len__
        self.limit = 2 * _KEPT * _FIELDS

    def __len__(self) -> int:
        return self._folded_count + len(self._raw) // _FIELDS

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
            for call, start, end, nbytes in _calls(self._raw[: _KEPT * _FIELDS])
        ]

    @property
    def totals(self) -> dict[str, CallTotals]:
        """Count, seconds and bytes per function, of all calls."""
        sums = {call: list(sums) for call, sums in self._folded.items()}
        _add(sums, self._raw.copy())
        return {call: CallTotals(*values) for call, values in sums.items()}

    def plot(self, axes: Any = None) -> Any:
        """Draw the calls, a row a function, over seconds; returns the matplotlib axes.

        Raises:
            UnsupportedOperation: matplotlib is not installed.
        """
        try:
            plt = importlib.import_module("matplotlib.pyplot")
        except ImportError:
            raise UnsupportedOperation(
                "Plotting a timeline needs matplotlib, which is not installed.",
                hint="Install it with: %pip install matplotlib",
            ) from None
        if axes is None:
            _, axes = plt.subplots(figsize=(9, 2.5), layout="constrained")
        events = self.events
        names = list(dict.fromkeys(event.call for event in events))
        for row, name in enumerate(names):
            spans = [(e.start, max(e.duration, 1e-6)) for e in events if e.call == name]
            axes.broken_barh(spans, (row - 0.4, 0.8))
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel("seconds since the run started")
        return axes

    def fold(self) -> None:
        """Turn what is beyond the kept calls into totals."""
        kept = _KEPT * _FIELDS
        _add(self._folded, self._raw[kept:])
        self._folded_count += len(self._raw) // _FIELDS - _KEPT
        del self._raw[kept:]


def _calls(raw: list[Any]) -> Iterator[tuple[str, float, float, int]]:
    fields = iter(raw)
    return zip(fields, fields, fields, fields, strict=False)


def _add(sums: dict[str, list[Any]], raw: list[Any]) -> None:
    """Add calls to the count, seconds and bytes of their functions."""
    for call, start, end, nbytes in _calls(raw):
        if call not in sums:
            sums[call] = [0, 0.0, 0]
        values = sums[call]
        values[0] += 1
        values[1] += end - start
        values[2] += nbytes
