"""How a registered model becomes a loaded graph and back: files, memory check, measurement.

Called by the registry only, for an entry that the caller operates on exclusively.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from wasinn_nb.nn import memory
from wasinn_nb.nn.backend import (
    Backend,
    Graph,
    ModelFiles,
    ModelInfo,
    Progress,
)
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.detection import Detector
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import (
    Cancelled,
    NNError,
    UnsupportedOperation,
)
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.fit import check_memory
from wasinn_nb.nn.record import ModelState, UnloadReport
from wasinn_nb.nn.settings import (
    EffectiveConfig,
    Origin,
    ParsedConfig,
    Schema,
    Scope,
    Setting,
    Value,
)
from wasinn_nb.nn.sources import SourceResolver, is_remote
from wasinn_nb.nn.spool import on_disk
from wasinn_nb.nn.types import GraphEncoding

MakeRoom = Callable[[Entry, int], None]

_REMEMBERED_CONFIGS = 64

KEEP_LOADED = Setting(
    "keep-loaded",
    "bool",
    Scope.REQUEST,
    False,
    "never unloaded by the memory budget",
    guest=False,
)


class Loader:
    """The native side of the registry's entries.

    Args:
        lock: guards the entries; held when what a snapshot shows changes.
    """

    def __init__(
        self,
        backends: dict[str, Backend],
        resolver: SourceResolver,
        bus: EventBus,
        lock: AbstractContextManager[object],
    ) -> None:
        self.backends = backends
        self.defaults: Mapping[str, object] = {}
        self._detector = Detector(backends, resolver)
        self._bus = bus
        self._lock = lock
        self._schemas: dict[str, Schema] = {}

    # -- settings ------------------------------------------------------------------------------

    def check_config(self, entry: Entry) -> None:
        """Check the load options at registration where the backend can be known already.

        Raises:
            InvalidArgument: unknown setting or bad value, or settings that contradict each other.
        """
        if entry.load_config and self._detector.known(entry) is not None:
            self.effective(entry, ParsedConfig())

    def schema(self, entry: Entry) -> Schema:
        """The settings that apply to an entry; looks into its file only if that has to tell."""
        return self._schema_of(self._presumed(entry))

    def set_defaults(self, values: Mapping[str, object]) -> None:
        """The host's own defaults for those backends that know them.

        Raises:
            InvalidArgument: a bad value; nothing is changed then.
        """
        for backend in self.backends.values():
            schema = self._schema_of(backend)
            schema.check_user({k: v for k, v in values.items() if k in schema})
        self.defaults = dict(values)

    def guest_config(self, entry: Entry, json: bytes) -> tuple[ParsedConfig, EffectiveConfig]:
        """A guest's configuration and what it comes to, remembered while pins stay the same.

        Raises:
            InvalidEncoding, InvalidArgument: the configuration is malformed.
        """
        configs = entry.configs  # before the pins are read: see Entry
        known = configs.get(json)
        if known is None:
            parsed = self.schema(entry).parse_guest(json) if json else ParsedConfig()
            known = parsed, self.effective(entry, parsed)
            if len(configs) >= _REMEMBERED_CONFIGS:
                configs.clear()
            configs[json] = known
        return known

    def check_pins(self, entry: Entry, pins: Mapping[str, Value]) -> None:
        """Check whether an entry could have these pins.

        Raises:
            InvalidArgument: settings that contradict each other.
        """
        backend = self._presumed(entry)
        schema = self._schema_of(backend)
        backend.normalise(schema.resolve(load=schema.check_user(entry.load_config), pins=pins))

    def effective(self, entry: Entry, parsed: ParsedConfig) -> EffectiveConfig:
        """Pins over guest over load options over defaults, as this machine uses them.

        Raises:
            InvalidArgument: a bad value, or settings that contradict each other.
        """
        backend = self._presumed(entry)
        schema = self._schema_of(backend)
        config = schema.resolve(
            host=schema.check_user({k: v for k, v in self.defaults.items() if k in schema}),
            load=schema.check_user(entry.load_config),
            guest=parsed.values,
            pins=schema.check_user(entry.pins),
        )
        used = backend.normalise(config)
        if not parsed.values:  # a guest's values would hide what the user is to be told
            entry.notes = tuple(_adjustments(config, used))
        return used

    def effective_or_none(self, entry: Entry) -> EffectiveConfig | None:
        """As :meth:`effective`, or None while only the files could tell the backend."""
        if self._detector.at_hand(entry) is None:
            return None
        return self.guest_config(entry, b"")[1]

    def same_load(self, entry: Entry, config: EffectiveConfig) -> bool:
        """True if the loaded weights serve ``config`` as they are."""
        loaded = entry.loaded_with
        if loaded is None:
            return False
        if config is loaded or (entry.serves[0] is loaded and entry.serves[1] is config):
            return True
        same = loaded.select(Scope.MODEL) == config.select(Scope.MODEL)
        if same:
            entry.serves = loaded, config
        return same

    def stale(self, entry: Entry) -> bool:
        """True if a loaded model's file was replaced on disk since."""
        return (
            entry.files is not None
            and entry.graph is not None
            and entry.spool is None
            and (_stamp(entry.files) != entry.stamp)
        )

    def difference(self, entry: Entry, config: EffectiveConfig) -> str:
        """The MODEL settings in which a loaded entry differs from ``config``, in words."""
        loaded = entry.loaded_with.select(Scope.MODEL) if entry.loaded_with else {}
        wanted = config.select(Scope.MODEL)
        changed = [key for key, value in wanted.items() if loaded.get(key) != value]
        return ", ".join(f"{k}={loaded.get(k)} instead of {wanted[k]}" for k in changed)

    def _schema_of(self, backend: Backend) -> Schema:
        schema = self._schemas.get(backend.name)
        if schema is None:
            own = backend.schema()
            schema = Schema([*(own[key] for key in own), KEEP_LOADED])
            self._schemas[backend.name] = schema
        return schema

    # -- backend and files -----------------------------------------------------------------------

    def locate(
        self, entry: Entry, progress: Progress | None, cancel: CancelToken | None
    ) -> Backend:
        """The backend for an entry, from its files (downloaded if need be) unless it was given.

        Raises:
            NNError: as :meth:`SourceResolver.resolve`.
            Cancelled: through ``cancel``.
        """
        if entry.backend is None and entry.encoding is GraphEncoding.AUTODETECT:
            with self._loading(entry):
                self._detector.backend(entry, self._reporting(entry, progress), cancel)
            entry.state = ModelState.REGISTERED
        return self._detector.backend(entry)

    def _presumed(self, entry: Entry) -> Backend:
        """The backend whose settings apply; downloads only where the address does not tell."""
        return self._detector.known(entry) or self._detector.backend(entry)

    def verify(self, entry: Entry) -> ModelInfo | None:
        """Look whether a model on this machine can be read, without loading it.

        Returns:
            What it is; None if looking would take a download or a file written.

        Raises:
            NNError: what is wrong with it.
        """
        if is_remote(entry.source):
            return None
        backend = self._detector.backend(entry)
        files = self._detector.files(entry)
        if backend.needs_files and any(isinstance(part, bytes) for part in files.parts):
            return None
        return backend.inspect(files)

    def look(self, entry: Entry) -> ModelInfo | None:
        """What a model is, loaded or not; None if that cannot be told."""
        if entry.info is None and not entry.operation:
            with suppress(NNError):  # said when it is loaded
                return self.verify(entry)
        return entry.info

    # -- load and unload -------------------------------------------------------------------------

    def reload(
        self,
        entry: Entry,
        config: EffectiveConfig,
        *,
        room: MakeRoom | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Graph:
        """Load with ``config``, replacing what is loaded; the old load comes back if that fails.

        A cancelled reload leaves the model unloaded: whoever cancels does not want to wait.
        """
        previous = entry.loaded_with if entry.graph is not None else None
        if previous is not None:
            self.unload(entry)
        try:
            return self._load(entry, config, room, progress, cancel)
        except NNError:
            if previous is not None:
                with suppress(NNError):  # then it stays unloaded; what was asked for counts
                    self._load(entry, previous, None, None, cancel)
            raise

    def unload(self, entry: Entry) -> UnloadReport:
        """Close the graph and give its memory back; measured."""
        with self._lock:
            graph, entry.graph, entry.loaded_with = entry.graph, None, None
            entry.state = ModelState.REGISTERED if graph is None else ModelState.UNLOADING
        if graph is None:
            return UnloadReport(entry.name, was_loaded=False, freed=0, seconds=0.0)
        began, before = time.perf_counter(), memory.rss()
        try:
            graph.close()
        finally:
            memory.trim()
            freed = max(0, before - memory.rss())
            seconds = time.perf_counter() - began
            with self._lock:
                entry.measured = 0
                entry.state = ModelState.REGISTERED
                self._bus.publish(
                    EventKind.MODEL_UNLOADED, entry.name, freed=freed, seconds=seconds
                )
        return UnloadReport(entry.name, was_loaded=True, freed=freed, seconds=seconds)

    def _load(
        self,
        entry: Entry,
        config: EffectiveConfig,
        room: MakeRoom | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Graph:
        began = time.perf_counter()
        with self._loading(entry):
            graph, info, measured = self._read(
                entry, config, room, self._reporting(entry, progress), cancel
            )
        with self._lock:
            entry.graph, entry.info, entry.loaded_with = graph, info, config
            entry.measured = measured
            entry.load_seconds = time.perf_counter() - began
            entry.loads += 1
            entry.last_used = time.time()
            entry.state = ModelState.LOADED
            self._bus.publish(
                EventKind.MODEL_LOADED,
                entry.name,
                seconds=entry.load_seconds,
                measured=measured,
                device=graph.device,
            )
        return graph

    @contextmanager
    def _loading(self, entry: Entry) -> Iterator[None]:
        """The entry is loading meanwhile, and has failed if the block does."""
        with self._lock:
            entry.state, entry.error = ModelState.LOADING, ""
            self._bus.publish(EventKind.MODEL_LOADING, entry.name, fraction=None)
        try:
            yield
        except BaseException as error:
            memory.trim()
            with self._lock:
                entry.state, entry.error = ModelState.FAILED, str(error)
                if isinstance(error, Cancelled):
                    entry.state, entry.error = ModelState.REGISTERED, ""
                entry.files = None  # what the source names may have changed: look again next time
                self._bus.publish(EventKind.MODEL_FAILED, entry.name, error=str(error))
            raise

    def _read(
        self,
        entry: Entry,
        config: EffectiveConfig,
        room: MakeRoom | None,
        progress: Progress,
        cancel: CancelToken | None,
    ) -> tuple[Graph, ModelInfo, int]:
        """The graph, what it is, and by how many bytes the process grew."""
        backend = self._detector.backend(entry, progress, cancel)
        status = backend.status()
        if not status.available:
            raise UnsupportedOperation(
                f"{entry.origin} needs {status.library}, which is not available here"
                f"{': ' + status.detail if status.detail else ''}.",
                hint=f"Install it with: {status.install}" if status.install else "",
            )
        files = self._detector.files(entry, progress, cancel)
        if backend.needs_files:
            files = on_disk(entry, files)
        info = backend.inspect(files)
        entry.info = info
        entry.estimate = backend.estimate(info, config)
        if room is not None:
            room(entry, entry.estimate.total)
        if not entry.force:
            check_memory(entry.name, entry.estimate, backend)
        entry.stamp = _stamp(files)
        before = memory.rss()
        graph = backend.load(
            files, info, config, target=entry.target, progress=progress, cancel=cancel
        )
        return graph, graph.describe(), max(0, memory.rss() - before)

    def _reporting(self, entry: Entry, progress: Progress | None) -> Progress:
        def report(what: str, fraction: float | None) -> None:
            self._bus.publish(EventKind.MODEL_LOADING, entry.name, what=what, fraction=fraction)
            if progress is not None:
                progress(what, fraction)

        return report


def _stamp(files: ModelFiles) -> tuple[tuple[int, int], ...]:
    stamps = []
    for part in files.parts:
        if isinstance(part, Path):
            with suppress(OSError):
                stat = part.stat()
                stamps.append((stat.st_size, stat.st_mtime_ns))
    return tuple(stamps)


def _adjustments(asked: EffectiveConfig, used: EffectiveConfig) -> Iterator[str]:
    """What the person at the notebook asked for and this machine does otherwise."""
    for key, origin in asked.origins.items():
        if origin in (Origin.LOAD, Origin.PIN) and asked[key] != used[key]:
            yield f"{key}={asked[key]} was asked for; here it is {used[key]}."
