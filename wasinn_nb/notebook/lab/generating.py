"""How fast guests generate now, all together."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypedDict

from wasinn_nb.nn.events import Event, EventKind, Subscription
from wasinn_nb.nn.stream import StreamState

if TYPE_CHECKING:
    from wasinn_nb.api import Host
    from wasinn_nb.guest.run import Run
    from wasinn_nb.guest.tokens import RunStream
    from wasinn_nb.notebook.widgets.answers import Post

# seconds between looks while guests run, and between messages
_LOOK, _EVERY = 0.25, 1.0
# a context that has not gone on for so many seconds, or tokens, does not generate now
_PATIENCE, _TOKENS = 3.0, 4


class Generated(TypedDict):
    """Tokens a second, None if no guest generates, and the runs that do."""

    rate: float | None
    runs: list[str]


NOTHING: Generated = {"rate": None, "runs": []}


class Generating:
    """Tells how fast a host's guests generate, while somebody wants to know.

    Its thread sleeps while no guest runs, and lives only while it is watched.

    Args:
        post: tells of changes.
    """

    def __init__(self, host: Host, post: Post) -> None:
        self._host = host
        self._post = post
        self._lock = threading.Lock()
        self._subscription: Subscription | None = None
        self._told = NOTHING

    def watch(self) -> Generated:
        """What was told last; changes are told from now on."""
        with self._lock:
            if self._subscription is None:
                self._told = NOTHING
                self._subscription = self._host.bus.subscribe()
                threading.Thread(
                    target=self._watch,
                    args=(self._subscription,),
                    name="wasinn generating",
                    daemon=True,
                ).start()
            return self._told

    def leave(self) -> None:
        """Tell no more."""
        with self._lock:
            subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.put(Event(EventKind.NOTICE))

    def _watch(self, subscription: Subscription) -> None:
        rates = Rates()
        while self._subscription is subscription:
            subscription.drain()
            runs = self._host.runs
            told = self._tell(rates.of(runs), subscription)
            if runs or told:
                time.sleep(_EVERY if told else _LOOK)
            else:
                subscription.wait()
        self._host.bus.unsubscribe(subscription)

    def _tell(self, found: Generated, subscription: Subscription) -> bool:
        """Post what is new; returns whether anything was."""
        with self._lock:
            new = found != self._told and self._subscription is subscription
            if new:
                self._told = found
                self._post("generating", **found)
            return new


class Rates:
    """The rates of runs, from one look to the next."""

    def __init__(self) -> None:
        self._seen: dict[RunStream, tuple[int, float]] = {}

    def of(self, runs: Iterable[Run]) -> Generated:
        """What goes on in these runs."""
        seen, self._seen = self._seen, {}
        rates = {run.name: self._rate(run, seen) for run in runs}
        going = {name: rate for name, rate in rates.items() if rate}
        return {"rate": round(sum(going.values()), 2) if going else None, "runs": list(going)}

    def _rate(self, run: Run, seen: dict[RunStream, tuple[int, float]]) -> float:
        """What the views of a run show as its rate, of the contexts that go on."""
        now, total = time.monotonic(), 0.0
        for stream in run.streams:
            if stream.state is not StreamState.GENERATING:
                continue
            tokens, since = seen.get(stream, (-1, now))
            if tokens != stream.total_tokens:
                tokens, since = stream.total_tokens, now
            self._seen[stream] = (tokens, since)
            rate = stream.figures().tokens_per_second
            if rate and now - since < max(_PATIENCE, _TOKENS / rate):
                total += rate
        return total
