"""Every host call of a run: when, how long, how many bytes, and what the time went to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_KEPT = 100_000
_FIELDS = 4  # name, start, end, bytes


class Part(StrEnum):
    """What a run spends its time on. Every moment of a run belongs to one part."""

    GUEST = "guest code"
    START = "start and end"
    CALLS = "host calls"
    MODELS = "models and contexts"
    COMPUTE = "compute"


GUEST, HOST, BACKEND = "guest", "host", "backend"

WHO: Mapping[Part, str] = {
    Part.GUEST: GUEST,
    Part.START: HOST,
    Part.CALLS: HOST,
    Part.MODELS: BACKEND,
    Part.COMPUTE: BACKEND,
}
"""Whose time a part is: the guest's (its calls of WASI included), the host's or the backend's."""

_PART_OF_CALL = {
    "load": Part.MODELS,
    "load_by_name": Part.MODELS,
    "load_by_name_with_config": Part.MODELS,
    "unload": Part.MODELS,
    "init_execution_context": Part.MODELS,
    "finalize_execution_context": Part.MODELS,
    "compute": Part.COMPUTE,
    "compute_single": Part.COMPUTE,
    # of components: by their names in WIT
    "load-by-name": Part.MODELS,
    "init-execution-context": Part.MODELS,
    "compute-single": Part.COMPUTE,
    "graph.init-execution-context": Part.MODELS,
    "graph.drop": Part.MODELS,
    "graph-execution-context.compute": Part.COMPUTE,
    "graph-execution-context.drop": Part.MODELS,
    "model.load": Part.MODELS,
    "model.open": Part.MODELS,
    "model.unload": Part.MODELS,
    "model.drop": Part.MODELS,
    "context.generate": Part.COMPUTE,
    "context.chat": Part.COMPUTE,
    "context.embed": Part.COMPUTE,
    "context.drop": Part.MODELS,
    "token-stream.next": Part.COMPUTE,
    "token-stream.drop": Part.MODELS,
}


def part_of(call: str) -> Part:
    """The part of a host function: loading and computing are the backend's, the rest the host's."""
    return _PART_OF_CALL.get(call, Part.CALLS)


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


@dataclass(frozen=True, slots=True)
class Chunk:
    """Calls that are not kept one by one: when they were, and the seconds of each part."""

    start: float
    end: float
    parts: Mapping[Part, float]


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """Seconds of a run by part; they add up to its duration.

    ``parts`` has every part, in the order of :class:`Part`.
    """

    parts: Mapping[Part, float]

    @property
    def total(self) -> float:
        """All seconds."""
        return sum(self.parts.values())

    @property
    def guest(self) -> float:
        """Seconds in the guest's own code, with its files, clocks and output."""
        return self.of(GUEST)

    @property
    def host(self) -> float:
        """Seconds in the host: set_input, get_output and the like, and around the guest."""
        return self.of(HOST)

    @property
    def backend(self) -> float:
        """Seconds in the model library: models, contexts and computing."""
        return self.of(BACKEND)

    def of(self, who: str) -> float:
        """Seconds of all parts that are ``who``'s (see :data:`WHO`)."""
        return sum(seconds for part, seconds in self.parts.items() if WHO[part] == who)

    def share(self, seconds: float) -> str:
        """``seconds`` in percent of the total, as text."""
        percent = 100 * seconds / self.total if self.total else 0.0
        return "under 1 %" if 0 < percent < 1 else f"{percent:.0f} %"

    def lines(self) -> Iterator[tuple[str, float]]:
        """Whose time it was, with indented parts, and the total: names and seconds."""
        for who in (GUEST, HOST, BACKEND):
            yield who, self.of(who)
            parts = [part for part in self.parts if WHO[part] == who and self.parts[part]]
            if who != GUEST:
                yield from ((f"  {part}", self.parts[part]) for part in parts)
        yield "total", self.total

    def __repr__(self) -> str:
        return "\n".join(
            f"{name:<22}{time_text(seconds):>8}{self.share(seconds):>11}"
            for name, seconds in self.lines()
        )


class Timeline:
    """The host calls of one run, in order, and what its time went to.

    The first 100,000 are kept one by one, the totals count them all. One thread records, any thread
    reads. The record is one flat list: a tuple a call would be one more object for the garbage
    collector to visit, again and again while tokens stream.

    Attributes:
        origin: when the run started, by ``time.perf_counter()`` as the other two;
        entered: when the guest's own code began, and
        left: when it ended; None while that has not happened.
        ended: when the run ended.
        title: the run's name.
    """

    def __init__(self, origin: float, title: str = "") -> None:
        self.origin = origin
        self.title = title
        self.entered: float | None = None
        self.left: float | None = None
        self.ended: float | None = None
        self._raw: list[Any] = []
        self._folded: dict[str, list[Any]] = {}
        self._folded_count = 0
        self._chunks: list[Chunk] = []
        # the parts of a CallLog (see wasinn_nb.abi.core.host)
        self.record: Callable[[tuple[str, float, float, int]], None] = self._raw.extend
        self.length: Callable[[], int] = self._raw.__len__
        self.limit = 2 * _KEPT * _FIELDS

    def __len__(self) -> int:
        return self._folded_count + len(self._raw) // _FIELDS

    def __iter__(self) -> Iterator[HostCall]:
        return iter(self.events)

    def __repr__(self) -> str:
        shown = [f"{name} {t.count} in {time_text(t.duration)}" for name, t in self.totals.items()]
        return f"<Timeline of {len(self)} host calls: {', '.join(shown) or 'none'}>"

    @property
    def events(self) -> list[HostCall]:
        """The calls that are kept, in order."""
        return [
            HostCall(call, start - self.origin, end - start, nbytes)
            for call, start, end, nbytes in _calls(self._raw[: _KEPT * _FIELDS])
        ]

    @property
    def chunks(self) -> list[Chunk]:
        """The calls that are not kept one by one; times are seconds since the run started."""
        chunks = self._chunks.copy()
        if rest := self._raw[_KEPT * _FIELDS :]:
            chunks.append(self._chunk(rest))
        return chunks

    @property
    def totals(self) -> dict[str, CallTotals]:
        """Count, seconds and bytes per function, of all calls."""
        sums = {call: list(sums) for call, sums in self._folded.copy().items()}
        _add(sums, self._raw.copy())
        return {call: CallTotals(*values) for call, values in sums.items()}

    def bounds(self) -> tuple[float, float, float]:
        """Seconds from the start to the guest's first and last instruction, and to the end.

        Of a run that goes on, to the end of its last finished call: what it does now is not known.
        """
        last = self._raw[-2] if self._raw else self.entered
        end = self.ended or self.left or last or time.perf_counter()
        left = min(self.left or end, end)
        entered = min(self.entered or left, left)
        return entered - self.origin, left - self.origin, end - self.origin

    def summary(self) -> Summary:
        """Seconds per part of the run."""
        parts = dict.fromkeys(Part, 0.0)
        for call, totals in self.totals.items():
            parts[part_of(call)] += totals.duration
        entered, left, end = self.bounds()
        parts[Part.GUEST] = max(0.0, left - entered - sum(parts.values()))
        parts[Part.START] = entered + end - left
        return Summary(parts)

    def plot(self, axes: Any = None) -> Any:
        """Draw where the time went: a band each for the guest, the host and the backend.

        Args:
            axes: matplotlib axes to draw into; a new figure's if None.

        Returns:
            The axes.

        Raises:
            UnsupportedOperation: matplotlib is not installed.
        """
        from wasinn_nb.guest.plot import draw

        return draw(self, axes)

    def fold(self) -> None:
        """Turn what is beyond the kept calls into totals."""
        kept = _KEPT * _FIELDS
        rest = self._raw[kept:]
        _add(self._folded, rest)
        self._chunks.append(self._chunk(rest))
        self._folded_count += len(rest) // _FIELDS
        del self._raw[kept:]

    def _chunk(self, raw: list[Any]) -> Chunk:
        sums: dict[str, list[Any]] = {}
        _add(sums, raw)
        parts: dict[Part, float] = {}
        for call, (_, seconds, _) in sums.items():
            parts[part_of(call)] = parts.get(part_of(call), 0.0) + seconds
        return Chunk(raw[1] - self.origin, raw[-2] - self.origin, parts)


def time_text(seconds: float) -> str:
    """A time in the unit that reads best, with three digits: ``1.25 s``, ``31 ms``, ``8 µs``."""
    unit, factor = unit_of(seconds)
    return f"{seconds * factor:.3g} {unit}"


def unit_of(seconds: float) -> tuple[str, float]:
    """The unit that reads best for a time, and how many of them are in a second."""
    units = (("s", 1.0), ("ms", 1e3))
    return next((pair for pair in units if seconds * pair[1] >= 0.9995), ("µs", 1e6))


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
