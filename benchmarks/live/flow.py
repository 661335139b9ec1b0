"""From a token that is sampled to its text that is painted, and the messages that takes."""

from __future__ import annotations

import bisect
import json
import statistics
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.harness import Result
from benchmarks.live.notebook import Notebook

# The first tokens wait to be printed by the guest, and for the view that long runs get.
_SETTLED_MS = 1000
_COUNTED = ("comm_msg", "stream", "display_data", "update_display_data")


@dataclass(frozen=True, slots=True)
class Flow:
    """What came of one run.

    Attributes:
        tokens: how many there were.
        seconds: from the first to the last.
        first: milliseconds from the first token to the first text.
        lags: milliseconds of each token that came after the first second.
        messages: how many came for the page.
        size: their bytes.
    """

    tokens: int
    seconds: float
    first: float
    lags: list[float]
    messages: int
    size: int

    def words(self) -> str:
        """Its rates."""
        return (
            f"{self.tokens / self.seconds:.0f} tok/s: "
            f"{self.messages / self.seconds:.1f} messages/s, "
            f"{self.size / self.tokens:.0f} bytes a token"
        )


def follow(notebook: Notebook, rate: int, tokens: int, *, printing: bool) -> Flow:
    """Run a guest and match its tokens with what was painted, by their places in the text."""
    notebook.run("")
    notebook.tell("stamps.begin()")
    notebook.measure("followText", "printing" if printing else "silent")
    notebook.frames.clear()
    notebook.listening = True
    notebook.run(f"%wasinn run tokens -- story {tokens} {rate} {int(printing)}")
    notebook.listening = False
    sampled = notebook.ask(f"stamps.offsets(silent={not printing})", "stamps.end()")
    painted = notebook.measure("textFollowed")
    messages = [frame for frame in notebook.frames if message_type(frame) in _COUNTED]
    begin, end = sampled[0][1], sampled[-1][1]
    lags = _lags(sampled, painted)
    return Flow(
        len(sampled),
        (end - begin) / 1e3,
        painted[0][1] - begin,
        [lag for at, lag in lags if at - begin >= _SETTLED_MS],
        len(messages),
        sum(map(len, messages)),
    )


def _lags(
    sampled: Sequence[tuple[int, float]], painted: Sequence[tuple[int, float]]
) -> list[tuple[float, float]]:
    """When each token was sampled, and milliseconds until all of its text was painted."""
    lengths = [length for length, _ in painted]
    found = []
    for offset, at in sampled:
        index = bisect.bisect_left(lengths, offset)
        # what is left at the end is shown with the run's last form, not by the stream
        if index < len(painted):
            found.append((at, painted[index][1] - at))
    return found


def message_type(frame: bytes) -> str:
    """The type of a message on the wire (`v1.kernel.websocket.jupyter.org`).

    A frame begins with the number of its offsets and the offsets, 64 bits each: where the channel's
    name begins, the header, and so on.
    """
    (count,) = struct.unpack_from("<Q", frame)
    offsets = struct.unpack_from(f"<{count}Q", frame, 8)
    header = json.loads(frame[offsets[1] : offsets[2]])
    kind: str = header["msg_type"]
    return kind


def measure(notebook: Notebook) -> list[Result]:
    """Lags of both kinds of guests, and the traffic at three rates."""
    slow, fast, full = (follow(notebook, *plan, printing=False) for plan in _PLANS)
    printed = follow(notebook, *_PLANS[-1], printing=True)
    results = [
        _lag(f"token to paint, {what}", flow)
        for what, flow in (
            ("20 tok/s", slow),
            ("full speed", full),
            ("printing guest, full speed", printed),
        )
    ]
    return [
        *results,
        Result(
            "messages a second to the page",
            max(flow.messages / flow.seconds for flow in (slow, fast, full)),
            "/s",
            25,
            "at most",
            detail="; ".join(flow.words() for flow in (slow, fast, full)),
        ),
    ]


_PLANS = ((20, 80), (500, 1500), (0, 8000))
"""Tokens a second (0: as many as there are), and tokens."""


def _lag(what: str, flow: Flow) -> Result:
    ordered = sorted(flow.lags)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    detail = (
        f"p95; median {statistics.median(ordered):.0f} ms, worst {ordered[-1]:.0f} ms of "
        f"{len(ordered)}; first text {flow.first:.0f} ms after the first token"
    )
    return Result(what, p95, "ms", 120, "at most", detail=detail)
