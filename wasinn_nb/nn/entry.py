"""The registry's own, mutable view of a model. Nobody outside ``nn/`` sees it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasinn_nb.nn.backend import Backend, Graph, GraphMemory, MemoryEstimate, ModelFiles, ModelInfo
from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.nn.settings import EffectiveConfig, ParsedConfig, Schema, Value
from wasinn_nb.nn.sources import Source
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from wasinn_nb.nn.lease import Lease


@dataclass(slots=True, eq=False)
class Entry:
    """One registered model; every field is guarded by the registry's lock or by ``operation``.

    ``configs`` remembers what guests' configurations resolved to, so that loading a resident model
    costs no parsing. ``pins`` and ``configs`` are replaced, pins first, and never changed: who
    resolved with pins that are gone by then fills a ``configs`` that is gone as well. ``stamp`` is
    (size, mtime) of each loaded file. ``operation`` names the load or unload in progress: whoever
    set it is the only one to change ``graph``, ``files`` and ``info`` until it is cleared.
    ``serves`` is the last configuration that what is loaded was found to serve.
    ``reserved`` is set while a load has room in the memory budget.
    ``guest`` holds the values of the guest that what is loaded was loaded for, and ``outcome`` says
    what that load made of what was left to it. ``activity`` is what the operation is doing, and
    ``wanted_by`` who waits for it. ``seen`` is what a look into the files found, and when they were
    of which size; ``tailored`` is the schema that was made for what the model is.
    """

    name: str
    source: Source
    origin: str
    encoding: GraphEncoding
    target: ExecutionTarget
    load_config: dict[str, object] = field(default_factory=dict)
    pins: Mapping[str, Value] = field(default_factory=dict)
    force: bool = False
    anonymous: bool = False
    state: ModelState = ModelState.REGISTERED
    operation: str = ""
    backend: Backend | None = None
    files: ModelFiles | None = None
    spool: TemporaryDirectory[str] | None = None
    info: ModelInfo | None = None
    graph: Graph | None = None
    loaded_with: EffectiveConfig | None = None
    serves: tuple[EffectiveConfig | None, EffectiveConfig | None] = (None, None)
    estimate: MemoryEstimate | None = None
    reserved: bool = False
    measured: int = 0
    leases: list[Lease] = field(default_factory=list)
    last_used: float = field(default_factory=time.time)
    loads: int = 0
    load_seconds: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    guest: Mapping[str, Value] = field(default_factory=dict)
    activity: tuple[str, float | None] = ("", None)
    wanted_by: str = ""
    seen: tuple[tuple[tuple[int, int], ...], ModelInfo | None] = ((), None)
    tailored: tuple[ModelInfo | None, Schema | None] = (None, None)
    stamp: tuple[tuple[int, int], ...] = ()
    configs: dict[bytes, tuple[ParsedConfig, EffectiveConfig]] = field(default_factory=dict)

    @property
    def holders(self) -> tuple[str, ...]:
        """Who uses the model, each once, in order of arrival."""
        return tuple(dict.fromkeys(lease.holder for lease in self.leases))

    @property
    def footprint(self) -> int:
        """Bytes that count against the memory budget while loaded.

        The estimate rather than the growth of the process, which also measures what else happened
        meanwhile; or what the graph says, if a guest asked for more than was expected.
        """
        expected = self.estimate.total if self.estimate else self.measured
        return max(expected, self.graph.memory().total) if self.graph else expected

    @property
    def takes_memory(self) -> bool:
        """Whether its footprint counts: it is loaded, or has room to be."""
        return self.graph is not None or self.reserved

    @property
    def expendable(self) -> bool:
        """Whether the memory budget may unload it."""
        idle = not self.leases and not self.operation
        return self.graph is not None and idle and not self.pins.get("keep-loaded")

    def snapshot(self, config: EffectiveConfig | None) -> ModelRecord:
        """An immutable picture for users."""
        graph = self.graph
        return ModelRecord(
            name=self.name,
            state=self.state,
            origin=self.origin,
            encoding=self.info.encoding if self.info else self.encoding,
            target=self.target,
            device=graph.device if graph else "",
            info=self.info,
            memory=graph.memory() if graph else GraphMemory(),
            measured=self.measured,
            users=self.holders,
            pins=dict(self.pins),
            config=config,
            last_used=self.last_used,
            loads=self.loads,
            load_seconds=self.load_seconds,
            error=self.error,
            notes=self.notes + self.outcome,
            activity=self.activity,
            wanted_by=self.wanted_by,
            anonymous=self.anonymous,
        )
