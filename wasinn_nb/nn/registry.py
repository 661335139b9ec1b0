"""The model registry: names, what is loaded, who uses it, and whose settings win.

Every operation is thread-safe; how long operations keep out of each other's way is in ``table.py``.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from wasinn_nb.nn.backend import Backend, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Busy, InvalidArgument, NNError, NotFound
from wasinn_nb.nn.events import EventBus
from wasinn_nb.nn.lease import Lease
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.preload import parse_preload
from wasinn_nb.nn.record import ModelRecord, UnloadReport
from wasinn_nb.nn.registrations import Registrations
from wasinn_nb.nn.residency import Residency
from wasinn_nb.nn.settings import EffectiveConfig, ParsedConfig, Schema
from wasinn_nb.nn.shield import shielded
from wasinn_nb.nn.sources import Source, SourceResolver, describe_source
from wasinn_nb.nn.spool import discard
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
        self._table = EntryTable()
        self._loader = Loader(dict(backends), resolver, self.bus, self._table.lock)
        self._residency = Residency(self._table, self._loader, self.bus)
        self._registrations = Registrations(self._table, self._loader, self.bus)
        self._numbers = itertools.count(1)

    @property
    def memory_budget(self) -> int | None:
        """Bytes that loaded models may take together; None for no limit."""
        return self._residency.budget

    @memory_budget.setter
    def memory_budget(self, budget: int | None) -> None:
        self._residency.budget = budget

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
        return self._snapshot(shielded(lambda _: self._registrations.register(entry)))

    def preload(self, line: str) -> ModelRecord:
        """Register what a runtime's ``--nn-preload`` takes: ``NAME:ENCODING:TARGET:PATH[:PATH]``.

        Raises:
            InvalidArgument, InvalidEncoding: the line is malformed.
        """
        spec = parse_preload(line)
        source: Source = spec.paths[0] if len(spec.paths) == 1 else spec.paths
        config = {"device": spec.device} if spec.device else None
        return self.register(
            spec.name, source, encoding=spec.encoding, target=spec.target, config=config
        )

    def forget(self, name: str, *, wait: float = 0.0) -> UnloadReport:
        """Unload and drop the registration.

        Raises:
            NotFound: unknown name.
            Busy: still in use after ``wait`` seconds.
        """
        return shielded(lambda cancel: self._forget(name, wait, cancel))

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
        return shielded(lambda token: self._load(name, force, progress, token), cancel)

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
        return shielded(
            lambda token: self._acquire(name, holder, config_json, progress, token),
            cancel,
            discard=Lease.release,
        )

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
        source = tuple(parts)
        origin = f"bytes from {holder}"

        def work(token: CancelToken | None) -> Lease:
            while True:
                name = f"{holder}/graph-{next(self._numbers)}"
                entry = Entry(name, source, origin, encoding, target, anonymous=True)
                if self._table.add(entry):
                    break
            try:
                return self._acquire(name, holder, config_json, progress, token, owned=entry)
            except BaseException:
                self._table.remove(entry)
                discard(entry)
                raise

        return shielded(work, cancel, discard=Lease.release)

    def unload(self, name: str, *, wait: float = 0.0) -> UnloadReport:
        """Free the model's memory now; the name stays registered and loads again when next used.

        Args:
            wait: seconds to wait for its users to finish.

        Raises:
            NotFound: unknown name.
            Busy: still in use; ``holders`` says by whom.
        """
        return shielded(lambda cancel: self._unload(name, wait, cancel))

    def unload_all(self, *, wait: float = 0.0) -> list[UnloadReport]:
        """Unload every model that is idle; those in use raise Busy after the others went.

        Args:
            wait: seconds to wait for users to finish, in all.

        Raises:
            Busy: names every model that stayed and its users.
        """
        reports, busy = [], []
        until = time.monotonic() + wait
        for name in self.names():
            try:
                reports.append(self.unload(name, wait=max(0.0, until - time.monotonic())))
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
        """The host's own defaults, in place of those of any backend that knows the settings.

        Raises:
            InvalidArgument: a bad value; nothing is changed then.
        """
        self._loader.set_defaults(values)
        for entry in self._table.entries():
            entry.configs = {}

    def schema(self, name: str) -> Schema:
        """The settings of a model's backend."""
        return self._loader.schema(self._table.get(name))

    def pin(
        self,
        name: str,
        values: Mapping[str, object],
        *,
        drop: Sequence[str] = (),
        reset: bool = False,
    ) -> EffectiveConfig:
        """Pin settings: they win over guests and load options, from the next load or context on.

        Args:
            drop: pins that go; those that are not pinned are ignored.
            reset: all former pins go.

        Raises:
            InvalidArgument: unknown setting or bad value; nothing is pinned then.
        """
        return shielded(lambda _: self._pin(name, values, drop, reset=reset))

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

    def describe(self, name: str, *, look: bool = False) -> ModelRecord:
        """A snapshot of one model.

        Args:
            look: look into the file of a model that was not loaded yet, if it is on this machine.

        Raises:
            NotFound: unknown name.
        """
        entry = self._table.get(name)
        info = self._loader.look(entry) if look else entry.info
        record = self._snapshot(entry)
        return replace(record, info=info, encoding=info.encoding) if info else record

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
        with (
            suppress(Busy, NotFound),
            self._table.operating(entry.name, "unloading", idle_within=0.0) as current,
        ):
            if current is entry:  # the name may be another model's by now
                self._registrations.drop(entry) if entry.anonymous else self._loader.unload(entry)

    def _snapshot(self, entry: Entry) -> ModelRecord:
        config = entry.loaded_with
        if config is None:
            with suppress(NNError):  # what is wrong with its settings is said when it is loaded
                config = self._loader.effective_or_none(entry)
        with self._table.lock:
            return entry.snapshot(config)

    def _forget(self, name: str, wait: float, cancel: CancelToken | None) -> UnloadReport:
        with self._table.operating(name, "unloading", idle_within=wait, cancel=cancel) as entry:
            return self._registrations.drop(entry)

    def _unload(self, name: str, wait: float, cancel: CancelToken | None) -> UnloadReport:
        with self._table.operating(name, "unloading", idle_within=wait, cancel=cancel) as entry:
            return self._loader.unload(entry)

    def _load(
        self,
        name: str,
        force: bool | None,  # noqa: FBT001 - passed on
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> ModelRecord:
        with self._table.operating(name, "loading", cancel=cancel) as entry:
            if force is not None:
                entry.force = force
            self._loader.locate(entry, progress, cancel)
            _, config = self._loader.guest_config(entry, b"")
            self._residency.ensure(entry, config, progress, cancel, fresh=True)
        return self._snapshot(entry)

    def _acquire(
        self,
        name: str,
        holder: str,
        config_json: bytes | None,
        progress: Progress | None,
        cancel: CancelToken | None,
        *,
        owned: Entry | None = None,
    ) -> Lease:
        """Args: owned: the anonymous model that is the holder's own."""
        json = config_json or b""
        with self._table.operating(name, "loading", cancel=cancel) as entry:
            if entry.anonymous and entry is not owned:
                raise NotFound(f"There is no model named {name!r}.")
            self._loader.locate(entry, progress, cancel)
            parsed, config = self._loader.guest_config(entry, json)
            graph = self._residency.ensure(entry, config, progress, cancel)
            lease = Lease(
                self,
                entry,
                graph,
                config,
                holder,
                parsed.unknown,
                lambda: self._loader.guest_config(entry, json)[1],
            )
            self._table.add_lease(entry, lease)
            return lease

    def _pin(
        self,
        name: str,
        values: Mapping[str, object],
        drop: Sequence[str],
        *,
        reset: bool,
    ) -> EffectiveConfig:
        entry = self._table.get(name)
        self._registrations.pin(entry, values, drop, reset=reset)
        return self._loader.effective(entry, ParsedConfig())
