"""Names come and go, and are pinned to settings; each change is one step for whoever looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from wasinn_nb.nn.configs import Configs
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import NNError, NotFound
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.record import UnloadReport
from wasinn_nb.nn.settings import Value
from wasinn_nb.nn.spool import discard
from wasinn_nb.nn.table import EntryTable


class Registrations:
    """What the registry's names stand for."""

    def __init__(self, table: EntryTable, configs: Configs, loader: Loader, bus: EventBus) -> None:
        self._table = table
        self._configs = configs
        self._loader = loader
        self._bus = bus

    def register(self, entry: Entry) -> Entry:
        """The entry under its name from now on: the one that is there if it is the same.

        Raises:
            Busy: another one is there and in use.
            NNError: another one is there and loaded, and the new one is no model.
        """
        while True:
            with self._table.lock:
                if self._table.add(entry):
                    self._publish_registered(entry)
                    return entry
                old = self._table.get(entry.name)
            if _same(old, entry):
                return old
            if old.graph is not None:  # a mistyped path must not cost a loaded model
                self._loader.verify(entry)
            with (
                suppress(NotFound),
                self._table.operating(entry.name, "unloading", idle_within=0.0) as old,
            ):
                if _same(old, entry):
                    return old
                self._replace(old, entry)
                return entry

    def drop(self, entry: Entry) -> UnloadReport:
        """Unload an entry that the caller operates on, and take it out of the table."""
        try:
            return self._loader.unload(entry)
        finally:
            with self._table.lock:
                self._table.remove(entry)
                self._bus.publish(EventKind.MODEL_FORGOTTEN, entry.name)
            discard(entry)
            # leases that have ended still refer to the entry; its bytes may be a whole model
            entry.source, entry.files = (), None

    def pin(
        self, entry: Entry, values: Mapping[str, object], drop: Sequence[str], *, reset: bool
    ) -> None:
        """Change pins: all of it, or nothing.

        Raises:
            InvalidArgument: an unknown setting, a bad value, or pins that contradict each other or
                the load options.
        """
        changed = self._configs.changed_pins(entry, values, drop, reset=reset)
        self._configs.check_pins(entry, changed())
        self.set_pins(entry, changed)

    def set_pins(self, entry: Entry, changed: Callable[[], Mapping[str, Value]]) -> None:
        """Give an entry the pins that ``changed`` makes of those it has by then."""
        with self._table.lock:
            entry.pins = changed()
            entry.configs = {}  # after the pins: see Entry
        # not while the lock is held: what an unknown backend is, only its file may tell
        with suppress(NNError):  # what is wrong with its settings is said when it is loaded
            config = self._configs.effective_or_none(entry)
            if config is not None:
                self._loader.expect(entry, config)
        self._bus.publish(EventKind.CONFIG_CHANGED, entry.name, pins=dict(entry.pins))

    def _replace(self, old: Entry, new: Entry) -> None:
        """Put a registration in the place of another; there is no moment without one."""
        self._loader.unload(old)
        with self._table.lock:
            new.pins = old.pins
            self._table.replace(old, new)
            self._bus.publish(EventKind.MODEL_FORGOTTEN, old.name)
            self._publish_registered(new)
        discard(old)

    def _publish_registered(self, entry: Entry) -> None:
        self._bus.publish(EventKind.MODEL_REGISTERED, entry.name, origin=entry.origin)


def _same(old: Entry, new: Entry) -> bool:
    return (old.source, old.encoding, old.target, old.load_config) == (
        new.source,
        new.encoding,
        new.target,
        new.load_config,
    )
