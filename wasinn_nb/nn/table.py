"""The registry's table: bookkeeping under one lock, one long operation an entry at a time."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Busy, NotFound
from wasinn_nb.nn.lease import Lease
from wasinn_nb.nn.record import UnloadReport

KEPT = ".exports"
"""How the names of holders end that are no runs, but instances kept between calls."""

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
        near = difflib.get_close_matches(name, known, n=1)
        listed = f"Registered are {', '.join(known)}." if known else "No model is registered."
        load = f"Load it: `%wasinn load {name or 'NAME'} SOURCE`."
        raise NotFound(
            f"There is no model named {name!r}. {listed}",
            hint=f"Did you mean {near[0]}?" if near else load,
        )

    def entries(self) -> list[Entry]:
        """All entries in order of registration."""
        with self.lock:
            return list(self._entries.values())

    def add(self, entry: Entry) -> bool:
        """Put an entry under its name; False if the name is taken."""
        with self.lock:
            return self._entries.setdefault(entry.name, entry) is entry

    def replace(self, old: Entry, new: Entry) -> None:
        """Put an entry in another one's place; whoever waits for that one gets the new one."""
        with self.lock:
            self._entries[old.name] = new
            self._changed.notify_all()

    def remove(self, entry: Entry) -> None:
        """Drop an entry; whoever waits for it learns that there is none."""
        with self.lock:
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
        with self.lock:
            if lease in entry.leases:
                entry.leases.remove(lease)
            entry.last_used = time.time()
            self._changed.notify_all()

    @contextmanager
    def operating(
        self,
        name: str,
        operation: str,
        *,
        idle_within: float | None = None,
        queue: bool = True,
        cancel: CancelToken | None = None,
        holder: str = "",
    ) -> Iterator[Entry]:
        """Own an entry's native side for the length of the block.

        Args:
            idle_within: also wait, for at most so many seconds, until nobody uses the entry.
            queue: False not to wait for another operation on it.
            holder: who waits for the operation, if that is somebody with a name.

        Yields:
            The entry that the name has by then.

        Raises:
            Busy: it is still in use then.
            NotFound: there is none.
            Cancelled: through ``cancel``, while waiting.
        """
        withdraw = cancel.on_cancel(self._notify) if cancel else None
        deadline = time.monotonic() + (_FOREVER if idle_within is None else idle_within)
        try:
            with self.lock:
                entry = self.get(name)
                while self._occupied(entry, deadline, queue=queue):
                    if cancel:
                        cancel.raise_if_cancelled()
                    # Short waits: a wait without end could not be interrupted by a signal.
                    self._changed.wait(min(max(deadline - time.monotonic(), 0.01), 0.1))
                    entry = self.get(name)
                entry.operation, entry.wanted_by = operation, holder
        finally:
            if withdraw:
                withdraw()
        try:
            yield entry
        finally:
            with self.lock:
                entry.operation = entry.wanted_by = ""
                self._changed.notify_all()

    def _occupied(self, entry: Entry, deadline: float, *, queue: bool) -> bool:
        """Whether to wait; Busy if it is too late for that."""
        if entry.operation:
            if not queue:
                raise Busy(f"Model {entry.name!r} is being changed ({entry.operation}).")
            return True
        if deadline == _FOREVER or not entry.leases:
            return False
        if deadline <= time.monotonic():
            raise _busy(entry)
        return True

    def _notify(self) -> None:
        with self.lock:
            self._changed.notify_all()


def unload_each(names: Iterable[str], unload: Callable[[str], UnloadReport]) -> list[UnloadReport]:
    """The reports of unloading models one after another, those that went meanwhile left out.

    Raises:
        Busy: after the last, if some stayed; names every one and its users.
    """
    reports, busy = [], []
    for name in names:
        try:
            reports.append(unload(name))
        except Busy as error:
            busy.append(error)
        except NotFound:
            continue
    if busy:
        holders = tuple(dict.fromkeys(h for error in busy for h in error.holders))
        raise Busy(" ".join(error.message for error in busy), hint=busy[0].hint, holders=holders)
    return reports


def _busy(entry: Entry) -> Busy:
    holders = entry.holders
    # instances that are kept between calls have the name of what ends them
    kept = [holder for holder in holders if holder.endswith(KEPT)]
    hint = f"End it first: {kept[0]}.reset()" if kept else "Stop that run first, or wait for it."
    return Busy(
        f"Model {entry.name!r} is in use by {', '.join(holders)}.", hint=hint, holders=holders
    )
