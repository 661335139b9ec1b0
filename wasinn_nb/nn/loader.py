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
from wasinn_nb.nn.configs import outcomes
from wasinn_nb.nn.detection import Detector
from wasinn_nb.nn.entry import Entry
from wasinn_nb.nn.errors import (
    Cancelled,
    NNError,
    UnsupportedOperation,
)
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.fit import check_memory, gpus, places
from wasinn_nb.nn.record import ModelState, UnloadReport
from wasinn_nb.nn.settings import EffectiveConfig, Value
from wasinn_nb.nn.sources import is_remote
from wasinn_nb.nn.spool import on_disk
from wasinn_nb.nn.types import GraphEncoding

MakeRoom = Callable[[Entry, int], None]

_IDLE: tuple[str, float | None] = ("", None)


class Loader:
    """The native side of the registry's entries.

    Args:
        detector: finds the files and the backend of an entry.
        lock: guards the entries; held when what a snapshot shows changes.
    """

    def __init__(
        self, detector: Detector, bus: EventBus, lock: AbstractContextManager[object]
    ) -> None:
        self._detector = detector
        self._bus = bus
        self._lock = lock

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
            with self._lock:
                entry.state = ModelState.REGISTERED
                self._bus.publish(EventKind.MODEL_LOCATED, entry.name)
        return self._detector.backend(entry)

    def stale(self, entry: Entry) -> bool:
        """True if a loaded model's file was replaced on disk since."""
        return (
            entry.files is not None
            and entry.graph is not None
            and entry.spool is None
            and (_stamp(entry.files) != entry.stamp)
        )

    def verify(self, entry: Entry) -> ModelInfo | None:
        """Look whether a model on this machine can be read, without loading it.

        Returns:
            What it is; None if looking would take a download.

        Raises:
            NNError: what is wrong with it.
        """
        if is_remote(entry.source):
            return None
        return self._detector.backend(entry).inspect(self._detector.files(entry))

    def look(self, entry: Entry) -> ModelInfo | None:
        """What a model is, loaded or not; None if that cannot be told.

        A file that was looked into is not read again until it is another.
        """
        seen_when, seen = entry.seen
        if entry.graph is not None or entry.operation:
            return entry.info or seen
        if entry.files is not None:
            now = _stamp(entry.files)
            for when, info in ((entry.stamp, entry.info), (seen_when, seen)):
                if info is not None and when == now:
                    return info
        with suppress(NNError):  # said when it is loaded
            info = self.verify(entry)
            entry.seen = (_stamp(entry.files) if entry.files else (), info)
            return info or entry.info
        return None

    # -- load and unload -------------------------------------------------------------------------

    def reload(
        self,
        entry: Entry,
        config: EffectiveConfig,
        guest: Mapping[str, Value],
        *,
        room: MakeRoom | None,
        progress: Progress | None,
        cancel: CancelToken | None,
    ) -> Graph:
        """Load with ``config``, replacing what is loaded; the old load comes back if that fails.

        A cancelled reload leaves the model unloaded: whoever cancels does not want to wait.

        Args:
            guest: the values in ``config`` that a guest asked for, also those that a pin hides.
        """
        previous, before = entry.loaded_with, entry.guest
        if previous is not None:
            self.unload(entry)
        try:
            return self._load(entry, config, guest, room, progress, cancel)
        except NNError:
            if previous is not None:
                with suppress(NNError):  # then it stays unloaded; what was asked for counts
                    self._load(entry, previous, before, None, None, cancel)
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
                entry.measured, entry.outcome = 0, ()
                entry.state = ModelState.REGISTERED
                self._bus.publish(
                    EventKind.MODEL_UNLOADED, entry.name, freed=freed, seconds=seconds
                )
        return UnloadReport(entry.name, was_loaded=True, freed=freed, seconds=seconds)

    def _load(
        self,
        entry: Entry,
        config: EffectiveConfig,
        guest: Mapping[str, Value],
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
            entry.guest = guest
            entry.measured, entry.activity = measured, _IDLE
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
                entry.activity = _IDLE
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
        # as they were given: what is wrong with bytes is not told of a file that nobody knows
        info = backend.inspect(files)
        entry.info = info
        if backend.needs_files:
            files = on_disk(entry, files)
        settled = backend.settle(info, config, entry.target, {})
        entry.estimate = backend.estimate(info, settled)
        if room is not None:
            room(entry, entry.estimate.total)
        if not entry.force:
            check_memory(
                entry.name, entry.estimate, places(entry.estimate, gpus(backend), returned={})
            )
        entry.stamp, entry.outcome = _stamp(files), tuple(outcomes(config, settled))
        before = memory.rss()
        graph = backend.load(
            files, info, settled, target=entry.target, progress=progress, cancel=cancel
        )
        name = entry.name
        graph.watch(lambda: self._bus.publish(EventKind.MODEL_MEMORY, name))
        return graph, graph.describe(), max(0, memory.rss() - before)

    def expect(self, entry: Entry, config: EffectiveConfig) -> None:
        """Let the footprint of a loaded model follow settings that its next contexts will have."""
        with self._lock:
            loaded, backend, info = entry.loaded_with, entry.backend, entry.info
        if loaded is None or backend is None or info is None:
            return
        used = backend.settle(info, config.with_model_of(loaded), entry.target, {})
        estimate = backend.estimate(info, used)
        with self._lock:
            if entry.loaded_with is loaded:
                entry.estimate = estimate

    def _reporting(self, entry: Entry, progress: Progress | None) -> Progress:
        def report(what: str, fraction: float | None) -> None:
            entry.activity = (what, fraction)
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
