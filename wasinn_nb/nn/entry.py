"""The registry's own, mutable view of a model. Nobody outside ``nn/`` sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wasinn_nb.nn.backend import Backend, Graph, GraphMemory, MemoryEstimate, ModelFiles, ModelInfo
from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.nn.settings import EffectiveConfig, ParsedConfig, Value
from wasinn_nb.nn.sources import Source
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

    from wasinn_nb.nn.lease import Lease


@dataclass(slots=True, eq=False)
class Entry:
    """One registered model; every field is guarded by the registry's lock or by ``operation``.

    ``configs`` remembers what guests' configurations resolved to, so that loading a resident model
    costs no parsing; it is cleared when pins change. ``stamp`` is (size, mtime) of each loaded
    file. ``operation`` names the load or unload in progress: whoever set it is the only one to
    touch ``graph``, ``files``, ``info`` and ``backend`` until it is cleared.
    """

    name: str
    source: Source
    origin: str
    encoding: GraphEncoding
    target: ExecutionTarget
    load_config: dict[str, object] = field(default_factory=dict)
    pins: dict[str, Value] = field(default_factory=dict)
    force: bool = False
    anonymous: bool = False
    state: ModelState = ModelState.REGISTERED
    operation: str = ""
    forgotten: bool = False
    backend: Backend | None = None
    files: ModelFiles | None = None
    spool: TemporaryDirectory[str] | None = None
    info: ModelInfo | None = None
    graph: Graph | None = None
    loaded_with: EffectiveConfig | None = None
    estimate: MemoryEstimate | None = None
    measured: int = 0
    leases: list[Lease] = field(default_factory=list)
    last_used: float = field(default_factory=time.time)
    loads: int = 0
    load_seconds: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()
    stamp: tuple[tuple[int, int], ...] = ()
    configs: dict[bytes, tuple[ParsedConfig, EffectiveConfig]] = field(default_factory=dict)

    @property
    def holders(self) -> tuple[str, ...]:
        """Who uses the model, each once, in order of arrival."""
        return tuple(dict.fromkeys(lease.holder for lease in self.leases))

    @property
    def footprint(self) -> int:
        """Bytes that count against the memory budget while loaded.

        The estimate, since growth of the process also measures what else happened meanwhile.
        """
        return self.estimate.total if self.estimate else self.measured

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
            memory=graph.memory() if graph and not self.operation else GraphMemory(),
            measured=self.measured,
            users=self.holders,
            pins=dict(self.pins),
            config=config,
            last_used=self.last_used,
            loads=self.loads,
            load_seconds=self.load_seconds,
            error=self.error,
            notes=self.notes,
        )
