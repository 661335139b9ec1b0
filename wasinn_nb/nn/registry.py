"""The model registry: names, what is loaded, who uses it, and whose settings win.

Every operation is thread-safe; how long operations keep out of each other's way is in ``table.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from wasinn_nb.nn.backend import Backend, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.configs import Configs
from wasinn_nb.nn.detection import Detector
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import InvalidArgument, NNError
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.fit import MemoryUse
from wasinn_nb.nn.lease import Lease
from wasinn_nb.nn.leasing import Leasing
from wasinn_nb.nn.loader import Loader
from wasinn_nb.nn.preload import parse_preload
from wasinn_nb.nn.prospect import Prospect, Prospects
from wasinn_nb.nn.record import ModelRecord, UnloadReport
from wasinn_nb.nn.registrations import Registrations
from wasinn_nb.nn.residency import Residency
from wasinn_nb.nn.settings import EffectiveConfig, ParsedConfig, Schema
from wasinn_nb.nn.shield import shielded
from wasinn_nb.nn.sources import Source, SourceResolver, describe_source
from wasinn_nb.nn.table import EntryTable, unload_each
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
        self._backends = dict(backends)
        detector = Detector(self._backends, resolver)
        self._configs = configs = Configs(self._backends, detector)
        self._loader = Loader(detector, self.bus, self._table.lock)
        self._residency = Residency(self._table, configs, self._loader, self.bus)
        self._registrations = Registrations(self._table, configs, self._loader, self.bus)
        self._prospects = Prospects(
            self._table, configs, self._loader, self._registrations, self._residency
        )
        self._leasing = Leasing(
            self._table, configs, self._loader, self._registrations, self._residency, self.bus
        )

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
        self._configs.check_config(entry)
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

    def forget(
        self, name: str, *, wait: float = 0.0, cancel: CancelToken | None = None
    ) -> UnloadReport:
        """Unload and drop the registration.

        Raises:
            NotFound: unknown name.
            Busy: still in use after ``wait`` seconds.
            Cancelled: through ``cancel``, while waiting.
        """
        return shielded(
            lambda token: self._idle(name, wait, token, self._registrations.drop), cancel
        )

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
        return shielded(
            lambda token: self._snapshot(self._leasing.load(name, force, progress, token)), cancel
        )

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
            lambda token: self._leasing.acquire(name, holder, config_json, progress, token),
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
        return shielded(
            lambda token: self._leasing.acquire_buffers(
                parts, encoding, target, holder, config_json, progress, token
            ),
            cancel,
            discard=Lease.release,
        )

    def unload(
        self, name: str, *, wait: float = 0.0, cancel: CancelToken | None = None
    ) -> UnloadReport:
        """Free the model's memory now; the name stays registered and loads again when next used.

        Args:
            wait: seconds to wait for its users to finish.

        Raises:
            NotFound: unknown name.
            Busy: still in use; ``holders`` says by whom.
            Cancelled: through ``cancel``, while waiting.
        """
        return shielded(lambda token: self._idle(name, wait, token, self._loader.unload), cancel)

    def unload_all(
        self,
        *,
        wait: float = 0.0,
        keep: Collection[str] = (),
        cancel: CancelToken | None = None,
    ) -> list[UnloadReport]:
        """Unload every model that is idle; those in use raise Busy after the others went.

        Args:
            wait: seconds to wait for users to finish, in all.
            keep: names of models that stay.

        Raises:
            Busy: names every model that stayed and its users.
            Cancelled: through ``cancel``, while waiting.
        """
        until = time.monotonic() + wait

        def unload(name: str) -> UnloadReport:
            return self.unload(name, wait=until - time.monotonic(), cancel=cancel)

        return unload_each([name for name in self.names() if name not in keep], unload)

    # -- settings ------------------------------------------------------------------------------

    def set_defaults(self, values: Mapping[str, object]) -> None:
        """The host's own defaults, in place of those of any backend that knows the settings.

        Raises:
            InvalidArgument: a bad value; nothing is changed then.
        """
        self._configs.set_defaults(values)
        for entry in self._table.entries():
            entry.configs = {}
            self.bus.publish(EventKind.CONFIG_CHANGED, entry.name, pins=dict(entry.pins))

    def schema(self, name: str) -> Schema:
        """The settings of a model's backend."""
        return self._configs.schema(self._table.get(name))

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

        def work(_: CancelToken | None) -> EffectiveConfig:
            entry = self._table.get(name)
            self._registrations.pin(entry, values, drop, reset=reset)
            return self._configs.effective(entry, ParsedConfig())

        return shielded(work)

    def prospect(
        self,
        name: str,
        pins: Mapping[str, object] | None = None,
        *,
        unset: Sequence[str] = (),
        reset: bool = False,
    ) -> Prospect:
        """What a change of pins would mean; nothing is changed, loaded or downloaded.

        Args:
            pins: to be added; unset: to be dropped; reset: whether all former ones would go.

        Raises:
            NotFound: unknown name.
            InvalidArgument: an unknown setting, a bad value, or settings that contradict each
                other.
        """
        return self._prospects.prospect(self._table.get(name), pins or {}, unset, reset=reset)

    def reconfigure(
        self,
        name: str,
        pins: Mapping[str, object] | None = None,
        *,
        unset: Sequence[str] = (),
        reset: bool = False,
        wait: float | None = None,
        progress: Progress | None = None,
        cancel: CancelToken | None = None,
    ) -> ModelRecord:
        """Change pins, and load the model again if it is loaded and a MODEL setting changes.

        All of it or nothing: if it cannot be loaded with the new settings, it is loaded again with
        the old ones, and its pins are as they were.

        Args:
            wait: first wait until nobody uses it, for at most so many seconds.

        Raises:
            NotFound, InvalidArgument: as :meth:`prospect`.
            Busy: it would have to be loaded again, and is in use; or it is still after ``wait``.
            Cancelled: it is unloaded, and its pins are as they were.
            NNError: as :meth:`load`.
        """

        def work(token: CancelToken | None) -> ModelRecord:
            with self._table.operating(name, "loading", idle_within=wait, cancel=token) as entry:
                self._prospects.reconfigure(
                    entry, pins or {}, unset, reset=reset, progress=progress, cancel=token
                )
            return self._snapshot(entry)

        return shielded(work, cancel)

    def config(self, name: str) -> EffectiveConfig:
        """Every setting of a model with its value and origin (no guest's values)."""
        return self._configs.effective(self._table.get(name), ParsedConfig())

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

    def memory(self) -> MemoryUse:
        """The memory of this process, of the models in it, and of the machine."""
        return self._residency.memory()

    def backends(self) -> dict[str, Backend]:
        """The backends by name."""
        return dict(self._backends)

    @contextmanager
    def capture_logs(self) -> Iterator[Callable[[], str]]:
        """Collect what model libraries log in this thread; yields what gives the text so far."""
        with ExitStack() as stack:
            logs = [stack.enter_context(b.capture_log()) for b in self._backends.values()]
            yield lambda: "\n".join(text for log in logs if (text := log.text()))

    # -- inside --------------------------------------------------------------------------------

    def _snapshot(self, entry: Entry) -> ModelRecord:
        config = entry.loaded_with
        if config is None:
            with suppress(NNError):  # what is wrong with its settings is said when it is loaded
                config = self._configs.effective_or_none(entry)
        with self._table.lock:
            return entry.snapshot(config)

    def _idle(
        self,
        name: str,
        wait: float,
        cancel: CancelToken | None,
        free: Callable[[Entry], UnloadReport],
    ) -> UnloadReport:
        with self._table.operating(name, "unloading", idle_within=wait, cancel=cancel) as entry:
            return free(entry)
