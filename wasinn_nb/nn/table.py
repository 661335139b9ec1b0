"""The registry's table: bookkeeping under one lock, one long operation an entry at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Busy, NotFound
from wasinn_nb.nn.lease import Lease

_FOREVER = float("inf")


class EntryTable:
    """Entries by name.

    ``lock`` guards every field of every entry and is held for bookkeeping only. A load or an unload
    marks its entry with ``operation`` (:meth:`operating`) and works without the lock; whoever needs
    that entry waits for the mark to go.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self._entries: dict[str, Entry] = {}

    def get(self, name: str) -> Entry:
        """The entry of a name.

        Raises:
            NotFound: the message lists the names that there are.
        """
        with self.lock:
            if (entry := self._entries.get(name)) is not None:
                return entry
            known = [n for n, e in self._entries.items() if not e.anonymous]
        listed = f"Registered are {', '.join(known)}." if known else "No model is registered."
        raise NotFound(
            f"There is no model named {name!r}. {listed}",
            hint=f"Load one with `%wasinn load {name} SOURCE`.",
        )

    def find(self, name: str) -> Entry | None:
        """The entry of a name, or None."""
        with self.lock:
            return self._entries.get(name)

    def entries(self) -> list[Entry]:
        """All entries in order of registration."""
        with self.lock:
            return list(self._entries.values())

    def add(self, entry: Entry) -> None:
        """Put an entry under its name."""
        with self.lock:
            self._entries[entry.name] = entry

    def remove(self, entry: Entry) -> None:
        """Drop an entry; whoever waits for it learns that it was forgotten."""
        with self._changed:
            entry.forgotten = True
            if self._entries.get(entry.name) is entry:
                del self._entries[entry.name]
            self._changed.notify_all()

    def add_lease(self, entry: Entry, lease: Lease) -> None:
        """Note a new user of an entry."""
        with self.lock:
            entry.leases.append(lease)
            entry.last_used = time.time()

    def drop_lease(self, entry: Entry, lease: Lease) -> None:
        """Note that a user has gone; wakes who waits for that."""
        with self._changed:
            if lease in entry.leases:
                entry.leases.remove(lease)
            entry.last_used = time.time()
            self._changed.notify_all()

    @contextmanager
    def operating(
        self,
        entry: Entry,
        operation: str,
        *,
        idle_within: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Iterator[None]:
        """Own an entry's native side for the length of the block.

        Args:
            idle_within: also wait, for at most so many seconds, until nobody uses the entry.

        Raises:
            Busy: it is still in use then.
            NotFound: it was forgotten in the meantime.
            Cancelled: through ``cancel``, while waiting.
        """
        withdraw = cancel.on_cancel(self._notify) if cancel else None
        try:
            with self._changed:
                self._wait_for(entry, idle_within, cancel)
                entry.operation = operation
        finally:
            if withdraw:
                withdraw()
        try:
            yield
        finally:
            with self._changed:
                entry.operation = ""
                self._changed.notify_all()

    def _wait_for(
        self, entry: Entry, idle_within: float | None, cancel: CancelToken | None
    ) -> None:
        deadline = time.monotonic() + (_FOREVER if idle_within is None else idle_within)
        while entry.operation or (idle_within is not None and entry.leases):
            if cancel:
                cancel.raise_if_cancelled()
            left = deadline - time.monotonic()
            if left <= 0 and not entry.operation:
                raise _busy(entry)
            # Short waits: a wait without end could not be interrupted by a signal.
            self._changed.wait(min(max(left, 0.01), 0.1))
        if entry.forgotten:
            raise NotFound(f"Model {entry.name!r} was forgotten in the meantime.")

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _busy(entry: Entry) -> Busy:
    holders = entry.holders
    return Busy(
        f"Model {entry.name!r} is in use by {', '.join(holders)}.",
        hint="Stop that run first, or wait for it.",
        holders=holders,
    )
