"""What happens in the host, for whoever watches: widgets, panels, tests.

Publishing appends to bounded queues and never blocks; a watcher drains its own queue at its own
pace.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What an event is about; it comes when a snapshot of its subject shows what happened.

    ``MODEL_LOCATED`` says that a model's files are here and its encoding is known,
    ``MODEL_USERS`` that somebody came or went, and ``MODEL_MEMORY`` that its contexts take more or
    less memory than before.
    """

    MODEL_REGISTERED = "model_registered"
    MODEL_LOCATED = "model_located"
    MODEL_LOADING = "model_loading"
    MODEL_LOADED = "model_loaded"
    MODEL_UNLOADED = "model_unloaded"
    MODEL_FORGOTTEN = "model_forgotten"
    MODEL_FAILED = "model_failed"
    MODEL_USERS = "model_users"
    MODEL_MEMORY = "model_memory"
    CONFIG_CHANGED = "config_changed"
    RUN_STARTED = "run_started"
    RUN_ENDED = "run_ended"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its kind, the model or run it concerns, and details as plain data."""

    kind: EventKind
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    time: float = field(default_factory=time.time)


class Subscription:
    """A watcher's own queue; the oldest events fall out when nobody drains it."""

    def __init__(self, maxlen: int) -> None:
        self._queue: deque[Event] = deque(maxlen=maxlen)
        self._ready = threading.Event()

    def put(self, event: Event) -> None:
        """Append; called by the bus."""
        self._queue.append(event)
        self._ready.set()

    def drain(self) -> list[Event]:
        """All events since the last call, oldest first."""
        self._ready.clear()
        events = []
        while self._queue:
            events.append(self._queue.popleft())
        return events

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for an event to be there."""
        return self._ready.wait(timeout)


class EventBus:
    """Fan-out of events to subscriptions; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()

    def publish(self, kind: EventKind, subject: str = "", **data: Any) -> None:
        """Append an event to every subscription."""
        if subscriptions := self._subscriptions:
            event = Event(kind, subject, data)
            for subscription in subscriptions:
                subscription.put(event)

    def subscribe(self, maxlen: int = 10_000) -> Subscription:
        """A new queue of at most ``maxlen`` events; undo with :meth:`unsubscribe`."""
        subscription = Subscription(maxlen)
        with self._lock:
            self._subscriptions += (subscription,)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop filling a queue."""
        with self._lock:
            self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)

    @contextmanager
    def watching(self, maxlen: int = 10_000) -> Iterator[Subscription]:
        """A subscription for the duration of a ``with`` block."""
        subscription = self.subscribe(maxlen)
        try:
            yield subscription
        finally:
            self.unsubscribe(subscription)
