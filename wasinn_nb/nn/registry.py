"""The model registry: names, what is loaded, who uses it, and whose settings win.

Every operation is thread-safe; how long operations keep out of each other's way is in ``table.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from wasinn_nb.nn.backend import Backend, Graph, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Busy, InvalidArgument, NotFound
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.lease import Lease
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.preload import parse_preload
from wasinn_nb.nn.record import ModelRecord, ModelState, UnloadReport
from wasinn_nb.nn.settings import EffectiveConfig, ParsedConfig, Schema
from wasinn_nb.nn.sources import Source, SourceResolver, describe_source
from wasinn_nb.nn.table import EntryTable
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


class ModelRegistry:
    """All models of one host.

    Args:
        backends: by name; each imports its library on first use.
        resolver: turns what a user writes as a source into files.
        bus: where events go.
    """

    def __init__(
        self,
        backends: Mapping[str, Backend],
        resolver: SourceResolver,
        *,
        bus: EventBus | None = None,
    ) -> None:
        self.bus = bus or EventBus()
        self.memory_budget: int | None = None
        self._loader = Loader(dict(backends), resolver, self.bus)
        self._table = EntryTable()
        self._numbers = itertools.count(1)

    # -- names ---------------------------------------------------------------------------------

    def register(
        self,
        name: str,
        source: Source,
        *,
        encoding: GraphEncoding = GraphEncoding.AUTODETECT,
        target: ExecutionTarget = ExecutionTarget.AUTO,
        config: Mapping[str, object] | None = None,
    ) -> ModelRecord:
        """Register a model without loading it.

        Registering the same thing again changes nothing; another source, target or configuration
        under a known name replaces it (its pins stay), unloading the old model first.

        Raises:
            InvalidArgument: an empty name, or a setting that is unknown or out of bounds.
            Busy: the name's model is in use and would be replaced.
        """
        if not name or not name.isprintable() or name != name.strip():
            raise InvalidArgument(f"{name!r} cannot name a model; use a short printable word.")
        entry = Entry(name, source, describe_source(source), encoding, target, dict(config or {}))
        self._loader.check_config(entry)
        while True:
            with self._table.lock:
                old = self._table.find(name)
                if old is None:
                    self._table.add(entry)
                    break
                entry.pins = dict(old.pins)
            if _same_registration(old, entry):
                return self.describe(name)
            self.forget(name)
        self.bus.publish(EventKind.MODEL_REGISTERED, name, origin=entry.origin)
        return self.describe(name)

    def preload(self, line: str) -> ModelRecord:
        """Register what a runtime's ``--nn-preload`` takes: ``NAME:ENCODING:TARGET:PATH[:PATH]``.

        Raises:
            InvalidArgument, InvalidEncoding: the line is malformed.
        """
        spec = parse_preload(line)
        source: Source = spec.paths[0] if len(spec.paths) == 1 else spec.paths
        return self.register(spec.name, source, encoding=spec.encoding, target=spec.target)

    def forget(self, name: str, *, wait: float = 0.0) -> UnloadReport:
        """Unload and drop the registration.

        Raises:
            NotFound: unknown name.
            Busy: still in use after ``wait`` seconds.
        """
        entry = self._table.get(name)
        with self._table.operating(entry, "unloading", idle_within=wait):
            report = self._unload_graph(entry)
            self._table.remove(entry)
        self._loader.discard(entry)
        self.bus.publish(EventKind.MODEL_FORGOTTEN, name)
        return report

    # -- loading -------------------------------------------------------------------------------

    def load(
        self,
        name: str,
        *,
        force: bool | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ModelRecord:
        """Load a registered model with its load-time and pinned settings (no-op if so loaded).

        Args:
            force: load even if the estimate says it cannot fit; remembered for later loads.

        Raises:
            NotFound, ModelNotFound, InvalidEncoding, InvalidArgument, RuntimeFailure: as named.
            MissingMemory: the estimate exceeds what is free; the message has the numbers.
            Busy: it is loaded with other settings and in use.
        """
        entry = self._table.get(name)
        with self._table.operating(entry, "loading", cancel=cancel):
            if force is not None:
                entry.force = force
            _, config = self._loader.guest_config(entry, b"")
            self._ensure(entry, config, progress, cancel, fresh=True)
        return self.describe(name)

    def acquire(
        self,
        name: str,
        *,
        holder: str,
        config_json: bytes | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Lease:
        """A hold on the model, loading it if need be.

        Args:
            holder: who asks, in the user's words; shown when the model is busy.
            config_json: the guest's configuration; ``None`` or empty sets nothing.

        Raises:
            InvalidEncoding: ``config_json`` is not JSON. Otherwise as :meth:`load`.
        """
        entry = self._table.get(name)
        return self._acquire(entry, holder, config_json, progress, cancel)

    def acquire_buffers(
        self,
        parts: Sequence[bytes],
        *,
        encoding: GraphEncoding,
        target: ExecutionTarget,
        holder: str,
        config_json: bytes | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> Lease:
        """Load a model from a guest's bytes; it is gone when its lease ends.

        Raises:
            InvalidArgument: no parts. Otherwise as :meth:`acquire`.
        """
        if not parts:
            raise InvalidArgument("load was called without a model: the list of builders is empty.")
        name = f"{holder}/graph-{next(self._numbers)}"
        entry = Entry(name, tuple(parts), f"bytes from {holder}", encoding, target, anonymous=True)
        self._table.add(entry)
        try:
            return self._acquire(entry, holder, config_json, progress, cancel)
        except BaseException:
            self._table.remove(entry)
            self._loader.discard(entry)
            raise

    def unload(self, name: str, *, wait: float = 0.0) -> UnloadReport:
        """Free the model's memory now; the name stays registered and loads again when next used.

        Args:
            wait: seconds to wait for its users to finish.

        Raises:
            NotFound: unknown name.
            Busy: still in use; ``holders`` says by whom.
        """
        entry = self._table.get(name)
        with self._table.operating(entry, "unloading", idle_within=wait):
            return self._unload_graph(entry)

    def unload_all(self, *, wait: float = 0.0) -> list[UnloadReport]:
        """Unload every model that is idle; those in use raise Busy after the others went.

        Raises:
            Busy: names every model that stayed and its users.
        """
        reports, busy = [], []
        for name in self.names():
            try:
                reports.append(self.unload(name, wait=wait))
            except Busy as error:
                busy.append(error)
            except NotFound:
                continue
        if busy:
            holders = tuple(h for error in busy for h in error.holders)
            raise Busy(
                " ".join(error.message for error in busy), hint=busy[0].hint, holders=holders
            )
        return reports

    # -- settings ------------------------------------------------------------------------------

    def set_defaults(self, values: Mapping[str, object]) -> None:
        """The host's own defaults, in place of those of any backend that knows the settings."""
        self._loader.defaults = dict(values)
        for entry in self._table.entries():
            entry.configs.clear()

    def schema(self, name: str) -> Schema:
        """The settings of a model's backend."""
        return self._loader.schema(self._table.get(name))

    def pin(self, name: str, values: Mapping[str, object]) -> EffectiveConfig:
        """Pin settings: they win over guests and load options, from the next load or context on.

        Raises:
            InvalidArgument: unknown setting or bad value; nothing is pinned then.
        """
        entry = self._table.get(name)
        checked = self._loader.schema(entry).check_user(values)
        return self._pins_changed(entry, lambda: entry.pins.update(checked))

    def unpin(self, name: str, keys: Sequence[str]) -> EffectiveConfig:
        """Drop single pins; a key that was not pinned is ignored."""
        entry = self._table.get(name)
        schema = self._loader.schema(entry)
        names = [schema.find(key).key for key in keys]
        return self._pins_changed(entry, lambda: [entry.pins.pop(key, None) for key in names])

    def reset_pins(self, name: str) -> EffectiveConfig:
        """Drop all pins of a model."""
        entry = self._table.get(name)
        return self._pins_changed(entry, entry.pins.clear)

    def config(self, name: str) -> EffectiveConfig:
        """Every setting of a model with its value and origin (no guest's values)."""
        return self._loader.effective(self._table.get(name), ParsedConfig())

    # -- looking -------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Registered names, in order of registration."""
        return [entry.name for entry in self._table.entries()]

    def models(self) -> list[ModelRecord]:
        """A snapshot of every model."""
        return [self._snapshot(entry) for entry in self._table.entries()]

    def describe(self, name: str) -> ModelRecord:
        """A snapshot of one model. Raises NotFound."""
        return self._snapshot(self._table.get(name))

    def backends(self) -> dict[str, Backend]:
        """The backends by name."""
        return dict(self._loader.backends)

    @contextmanager
    def capture_logs(self) -> Iterator[Callable[[], str]]:
        """Collect what model libraries log in this thread; yields what gives the text so far."""
        with ExitStack() as stack:
            logs = [stack.enter_context(b.capture_log()) for b in self._loader.backends.values()]
            yield lambda: "\n".join(text for log in logs if (text := log.text()))

    # -- inside --------------------------------------------------------------------------------

    def lease_ended(self, entry: Entry, lease: Lease, *, unload: bool) -> None:
        """Called by a lease when it ends; frees the graph if asked to and nobody else holds it."""
        self._table.drop_lease(entry, lease)
        if not (unload or entry.anonymous):
            return
        try:
            if entry.anonymous:
                self.forget(entry.name)
            else:
                self.unload(entry.name)
        except (Busy, NotFound):
            return

    def _snapshot(self, entry: Entry) -> ModelRecord:
        config = entry.loaded_with or self._loader.effective_or_none(entry)
        with self._table.lock:
            return entry.snapshot(config)

    def _acquire(
        self,
        entry: Entry,
        holder: str,
        config_json: bytes | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Lease:
        with self._table.operating(entry, "loading", cancel=cancel):
            parsed, config = self._loader.guest_config(entry, config_json or b"")
            graph = self._ensure(entry, config, progress, cancel)
            lease = Lease(self, entry, graph, config, holder, parsed.unknown)
            self._table.add_lease(entry, lease)
            return lease

    def _ensure(
        self,
        entry: Entry,
        config: EffectiveConfig,
        progress: Progress | None,
        cancel: CancelToken | None,
        *,
        fresh: bool = False,
    ) -> Graph:
        """The entry's graph, loaded with the MODEL settings of ``config``.

        Args:
            fresh: also load again when the file changed on disk (and nobody uses the old one).
        """
        if entry.graph is not None:
            replaced = fresh and not entry.leases and self._loader.stale(entry)
            if self._loader.same_load(entry, config) and not replaced:
                return entry.graph
            if entry.leases:
                raise Busy(
                    f"Model {entry.name!r} is loaded with other settings "
                    f"({self._loader.difference(entry, config)}) and in use by "
                    f"{', '.join(entry.holders)}.",
                    hint="Stop that run, or ask for the same settings.",
                    holders=entry.holders,
                )
        room = self._make_room if self.memory_budget else None
        return self._loader.reload(entry, config, room=room, progress=progress, cancel=cancel)

    def _make_room(self, entry: Entry, needed: int) -> None:
        """Unload idle models, least recently used first, until ``needed`` bytes fit the budget."""
        budget = self.memory_budget or 0
        others = (e for e in self._table.entries() if e.graph is not None and e is not entry)
        loaded = sorted(others, key=lambda e: e.last_used)
        used = sum(e.footprint for e in loaded)
        for candidate in loaded:
            if used + needed <= budget:
                return
            if candidate.pins.get("keep-loaded"):
                continue
            footprint = candidate.footprint
            try:
                report = self.unload(candidate.name)
            except (Busy, NotFound):
                continue
            used -= footprint
            self.bus.publish(
                EventKind.NOTICE,
                candidate.name,
                text=f"Unloaded {candidate.name!r} to make room for {entry.name!r} "
                f"within the memory budget.",
                freed=report.freed,
            )
        self._loader.check_budget(entry, needed, used, budget)

    def _unload_graph(self, entry: Entry) -> UnloadReport:
        report = self._loader.unload(entry)
        entry.state = ModelState.REGISTERED
        return report

    def _pins_changed(self, entry: Entry, change: Callable[[], object]) -> EffectiveConfig:
        with self._table.lock:
            change()
            entry.configs.clear()
        self.bus.publish(EventKind.CONFIG_CHANGED, entry.name, pins=dict(entry.pins))
        return self._loader.effective(entry, ParsedConfig())


def _same_registration(old: Entry, new: Entry) -> bool:
    return (old.source, old.encoding, old.target, old.load_config) == (
        new.source,
        new.encoding,
        new.target,
        new.load_config,
    )
