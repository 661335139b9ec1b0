"""Who holds which model: leases are given out here, and end here."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress

from wasinn_nb.nn.backend import Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.configs import Configs
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Busy, NotFound
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.lease import Lease
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.registrations import Registrations
from wasinn_nb.nn.residency import Residency
from wasinn_nb.nn.spool import discard
from wasinn_nb.nn.table import EntryTable
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


class Leasing:
    """Loads models and gives out leases on them, as the registry describes it."""

    def __init__(
        self,
        table: EntryTable,
        configs: Configs,
        loader: Loader,
        registrations: Registrations,
        residency: Residency,
        bus: EventBus,
    ) -> None:
        self._table = table
        self._configs = configs
        self._loader = loader
        self._registrations = registrations
        self._residency = residency
        self._bus = bus
        self._numbers = itertools.count(1)

    def load(
        self,
        name: str,
        force: bool | None,  # noqa: FBT001 - passed on
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Entry:
        """Load a model with no guest's settings, for nobody in particular."""
        with self._table.operating(name, "loading", cancel=cancel) as entry:
            if force is not None:
                entry.force = force
            self._loader.locate(entry, progress, cancel)
            _, config = self._configs.guest_config(entry, b"")
            self._residency.ensure(entry, config, {}, progress, cancel, fresh=True)
        return entry

    def acquire(
        self,
        name: str,
        holder: str,
        config_json: bytes | None,
        progress: Progress | None,
        cancel: CancelToken | None,
        *,
        owned: Entry | None = None,
    ) -> Lease:
        """A hold on a model.

        Args:
            owned: the anonymous model that is the holder's own.
        """
        json = config_json or b""
        with self._table.operating(name, "loading", cancel=cancel, holder=holder) as entry:
            if entry.anonymous and entry is not owned:
                raise NotFound(f"There is no model named {name!r}.")
            self._loader.locate(entry, progress, cancel)
            parsed, config = self._configs.guest_config(entry, json)
            graph = self._residency.ensure(entry, config, parsed.values, progress, cancel)
            lease = Lease(
                self,
                entry,
                graph,
                config,
                holder,
                parsed.unknown,
                lambda: self._configs.guest_config(entry, json)[1],
            )
            self._table.add_lease(entry, lease)
        self._bus.publish(EventKind.MODEL_USERS, name)
        return lease

    def acquire_buffers(
        self,
        parts: Sequence[bytes],
        encoding: GraphEncoding,
        target: ExecutionTarget,
        holder: str,
        config_json: bytes | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Lease:
        """A hold on a model of its own, which is gone when the lease ends."""
        source = tuple(parts)
        origin = f"bytes from {holder}"
        while True:
            name = f"{holder}/graph-{next(self._numbers)}"
            entry = Entry(name, source, origin, encoding, target, anonymous=True)
            if self._table.add(entry):
                break
        try:
            return self.acquire(name, holder, config_json, progress, cancel, owned=entry)
        except BaseException:
            self._table.remove(entry)
            self._bus.publish(EventKind.MODEL_FORGOTTEN, name)
            discard(entry)
            raise

    def ended(self, entry: Entry, lease: Lease, *, unload: bool) -> None:
        """Called by a lease when it ends; frees the graph if asked to and nobody else holds it."""
        self._table.drop_lease(entry, lease)
        self._bus.publish(EventKind.MODEL_USERS, entry.name)
        if not (unload or entry.anonymous):
            return
        with (
            suppress(Busy, NotFound),
            self._table.operating(entry.name, "unloading", idle_within=0.0) as current,
        ):
            if current is entry:  # the name may be another model's by now
                self._registrations.drop(entry) if entry.anonymous else self._loader.unload(entry)
