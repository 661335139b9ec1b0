"""How a registered model becomes a loaded graph and back: files, memory check, measurement.

Called by the registry only, for an entry that the caller operates on exclusively.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wasinn_nb.nn import memory
from wasinn_nb.nn.backend import Backend, Graph, MemoryEstimate, ModelFiles, Progress
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import Cancelled, MissingMemory, NNError, UnsupportedOperation
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.record import ModelState, UnloadReport
from wasinn_nb.nn.settings import (
    EffectiveConfig,
    Origin,
    ParsedConfig,
    Schema,
    Scope,
    Setting,
)
from wasinn_nb.nn.sources import SourceResolver, sniff
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

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
    """The native side of the registry's entries."""

    def __init__(
        self, backends: dict[str, Backend], resolver: SourceResolver, bus: EventBus
    ) -> None:
        self.backends = backends
        self.defaults: dict[str, object] = {}
        self._resolver = resolver
        self._bus = bus
        self._by_encoding = {e: b for b in backends.values() for e in b.encodings}
        self._schemas: dict[str, Schema] = {}

    # -- settings ------------------------------------------------------------------------------

    def check_config(self, entry: Entry) -> None:
        """Check the load options at registration where the backend is already known.

        Raises:
            InvalidArgument: unknown setting or bad value.
        """
        if entry.encoding is not GraphEncoding.AUTODETECT and entry.encoding in self._by_encoding:
            self.schema(entry).check_user(entry.load_config)
        elif entry.load_config and len(self.backends) == 1:
            backend = next(iter(self.backends.values()))
            self._schema_of(backend).check_user(entry.load_config)

    def schema(self, entry: Entry) -> Schema:
        """The settings that apply to an entry; finds its backend (and so its file) if need be."""
        return self._schema_of(self.backend(entry))

    def guest_config(self, entry: Entry, json: bytes) -> tuple[ParsedConfig, EffectiveConfig]:
        """A guest's configuration and what it comes to, remembered while pins stay the same.

        Raises:
            InvalidEncoding, InvalidArgument: the configuration is malformed.
        """
        known = entry.configs.get(json)
        if known is None:
            parsed = self.schema(entry).parse_guest(json) if json else ParsedConfig()
            known = parsed, self.effective(entry, parsed)
            if len(entry.configs) >= _REMEMBERED_CONFIGS:
                entry.configs.clear()
            entry.configs[json] = known
        return known

    def effective(self, entry: Entry, parsed: ParsedConfig) -> EffectiveConfig:
        """Pins over guest over load options over defaults, as this machine uses them."""
        backend = self.backend(entry)
        schema = self._schema_of(backend)
        config = schema.resolve(
            host=schema.check_user({k: v for k, v in self.defaults.items() if k in schema}),
            load=schema.check_user(entry.load_config),
            guest=parsed.values,
            pins=entry.pins,
        )
        used = backend.normalise(config)
        entry.notes = tuple(_adjustments(config, used))
        return used

    def effective_or_none(self, entry: Entry) -> EffectiveConfig | None:
        """As :meth:`effective`, or None while only the files could tell the backend."""
        known = entry.backend or self._by_encoding.get(entry.encoding)
        if known is None:
            return None
        entry.backend = known
        return self.guest_config(entry, b"")[1]

    def same_load(self, entry: Entry, config: EffectiveConfig) -> bool:
        """True if the loaded weights serve ``config`` as they are."""
        loaded = entry.loaded_with
        return loaded is not None and loaded.select(Scope.MODEL) == config.select(Scope.MODEL)

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

    def backend(self, entry: Entry) -> Backend:
        """The backend for an entry, detecting the encoding from its files if it was not given.

        Raises:
            UnsupportedOperation: no backend reads this encoding.
        """
        if entry.backend is None:
            encoding = entry.encoding
            if encoding is GraphEncoding.AUTODETECT:
                encoding = sniff(self._files(entry, None, None))
            backend = self._by_encoding.get(encoding)
            if backend is None:
                readable = ", ".join(sorted(self._by_encoding))
                raise UnsupportedOperation(
                    f"No backend here reads {encoding} models ({entry.origin}).",
                    hint=f"Readable encodings: {readable}.",
                )
            entry.backend = backend
        return entry.backend

    def _files(
        self, entry: Entry, progress: Progress | None, cancel: CancelToken | None
    ) -> ModelFiles:
        if entry.files is None:
            entry.files = self._resolver.resolve(
                entry.source, encoding=entry.encoding, progress=progress, cancel=cancel
            )
        return entry.files

    def _on_disk(self, entry: Entry, files: ModelFiles) -> ModelFiles:
        """Spool parts given as bytes to a private directory, for libraries that read only files."""
        if not any(isinstance(part, bytes) for part in files.parts):
            return files
        if entry.spool is None:
            entry.spool = tempfile.TemporaryDirectory(prefix="wasinn-nb-model-")
        parts: list[Path] = []
        for number, part in enumerate(files.parts):
            if isinstance(part, bytes):
                path = Path(entry.spool.name) / f"part-{number}"
                path.write_bytes(part)
                parts.append(path)
            else:
                parts.append(part)
        return ModelFiles(tuple(parts), files.origin)

    def discard(self, entry: Entry) -> None:
        """Drop what an entry keeps on disk."""
        if entry.spool is not None:
            entry.spool.cleanup()
            entry.spool = None

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
                self._load(entry, previous, None, None, None)
            raise

    def unload(self, entry: Entry) -> UnloadReport:
        """Close the graph and give its memory back; measured."""
        graph, entry.graph = entry.graph, None
        entry.loaded_with = None
        if graph is None:
            return UnloadReport(entry.name, was_loaded=False, freed=0, seconds=0.0)
        entry.state = ModelState.UNLOADING
        began, before = time.perf_counter(), memory.rss()
        graph.close()
        memory.trim()
        freed = max(0, before - memory.rss())
        seconds = time.perf_counter() - began
        entry.measured = 0
        entry.state = ModelState.REGISTERED
        self._bus.publish(EventKind.MODEL_UNLOADED, entry.name, freed=freed, seconds=seconds)
        return UnloadReport(entry.name, was_loaded=True, freed=freed, seconds=seconds)

    def _load(
        self,
        entry: Entry,
        config: EffectiveConfig,
        room: MakeRoom | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Graph:
        entry.state, entry.error = ModelState.LOADING, ""
        self._bus.publish(EventKind.MODEL_LOADING, entry.name, fraction=None)
        began = time.perf_counter()
        try:
            graph = self._read(entry, config, room, self._reporting(entry, progress), cancel)
        except BaseException as error:
            entry.state = ModelState.FAILED
            entry.error = str(error)
            if isinstance(error, Cancelled):
                entry.state, entry.error = ModelState.REGISTERED, ""
            memory.trim()
            self._bus.publish(EventKind.MODEL_FAILED, entry.name, error=str(error))
            raise
        entry.graph, entry.info, entry.loaded_with = graph, graph.info, config
        entry.load_seconds = time.perf_counter() - began
        entry.loads += 1
        entry.last_used = time.time()
        entry.state = ModelState.LOADED
        self._bus.publish(
            EventKind.MODEL_LOADED,
            entry.name,
            seconds=entry.load_seconds,
            measured=entry.measured,
            device=graph.device,
        )
        return graph

    def _read(
        self,
        entry: Entry,
        config: EffectiveConfig,
        room: MakeRoom | None,
        progress: Progress,
        cancel: CancelToken | None,
    ) -> Graph:
        backend = self.backend(entry)
        status = backend.status()
        if not status.available:
            raise UnsupportedOperation(
                f"{entry.origin} needs {status.library}, which is not available here"
                f"{': ' + status.detail if status.detail else ''}.",
                hint=f"Install it with: {status.install}" if status.install else "",
            )
        files = self._files(entry, progress, cancel)
        if backend.needs_files:
            files = self._on_disk(entry, files)
        info = backend.inspect(files)
        entry.info = info
        entry.estimate = backend.estimate(info, config)
        if room is not None:
            room(entry, entry.estimate.total)
        if not entry.force:
            self._check_memory(entry, entry.estimate, backend)
        entry.stamp = _stamp(files)
        before = memory.rss()
        graph = backend.load(
            files, info, config, target=entry.target, progress=progress, cancel=cancel
        )
        entry.measured = max(0, memory.rss() - before)
        return graph

    def check_budget(self, entry: Entry, needed: int, used: int, budget: int) -> None:
        """Refuse a load that the budget cannot hold even after all idle models went.

        Raises:
            MissingMemory: with the numbers.
        """
        if used + needed > budget and not entry.force:
            raise MissingMemory(
                f"Model {entry.name!r} needs about {format_bytes(needed)}; the memory budget is "
                f"{format_bytes(budget)}, and {format_bytes(used)} of it is held by models in use.",
                hint="Raise the budget, unload a model, or load with force.",
            )

    def _check_memory(self, entry: Entry, estimate: MemoryEstimate, backend: Backend) -> None:
        free = memory.available()
        if estimate.host > free:
            raise MissingMemory(
                f"Model {entry.name!r} needs about {format_bytes(estimate.host)} of memory "
                f"(weights {format_bytes(estimate.weights)}, KV cache "
                f"{format_bytes(estimate.kv_cache)}, compute {format_bytes(estimate.compute)}) "
                f"and {format_bytes(free)} is free.",
                hint="Unload another model, lower ctx-size, or load with --force.",
            )
        if not estimate.device:
            return
        gpus = [d for d in backend.status().devices if d.target is ExecutionTarget.GPU and d.total]
        if gpus and estimate.device > sum(d.free for d in gpus):
            room = ", ".join(f"{d.name}: {format_bytes(d.free)} free" for d in gpus)
            raise MissingMemory(
                f"Model {entry.name!r} needs about {format_bytes(estimate.device)} on the device "
                f"({room}).",
                hint="Lower n-gpu-layers or ctx-size, unload another model, or load with --force.",
            )

    def _reporting(self, entry: Entry, progress: Progress | None) -> Progress:
        def report(what: str, fraction: float | None) -> None:
            self._bus.publish(EventKind.MODEL_LOADING, entry.name, what=what, fraction=fraction)
            if progress is not None:
                progress(what, fraction)

        return report


def _stamp(files: ModelFiles) -> tuple[tuple[int, int], ...]:
    stats = [part.stat() for part in files.parts if isinstance(part, Path) and part.exists()]
    return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)


def _adjustments(asked: EffectiveConfig, used: EffectiveConfig) -> Iterator[str]:
    """What the person at the notebook asked for and this machine does otherwise."""
    for key, origin in asked.origins.items():
        if origin in (Origin.LOAD, Origin.PIN) and asked[key] != used[key]:
            yield f"{key}={asked[key]} was asked for; here it is {used[key]}."
