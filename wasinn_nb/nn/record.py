"""What the registry tells about a model: plain, immutable records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from wasinn_nb.nn.backend import GraphMemory, ModelInfo
from wasinn_nb.nn.settings import EffectiveConfig, Value
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


class ModelState(StrEnum):
    """Where a registered model stands."""

    REGISTERED = "registered"
    LOADING = "loading"
    LOADED = "loaded"
    UNLOADING = "unloading"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A snapshot of one registered model. Sizes are bytes, times seconds since the epoch.

    ``device`` is what computes while it is loaded, :attr:`asked` what was asked for. ``measured``
    is what the process grew by when the model was loaded; ``config`` is what it is (or would be)
    loaded with; ``notes`` says where that differs from what was asked for; ``loads``
    counts loads since it was registered. ``activity`` is what a load in progress is doing, with a
    fraction if known, and ``wanted_by`` the run that it is for. An ``anonymous`` model was
    brought along by a guest, and goes with it.
    """

    name: str
    state: ModelState
    origin: str
    encoding: GraphEncoding
    target: ExecutionTarget
    device: str = ""
    info: ModelInfo | None = None
    memory: GraphMemory = field(default_factory=GraphMemory)
    measured: int = 0
    users: tuple[str, ...] = ()
    pins: Mapping[str, Value] = field(default_factory=dict)
    config: EffectiveConfig | None = None
    last_used: float = 0.0
    loads: int = 0
    load_seconds: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()
    activity: tuple[str, float | None] = ("", None)
    wanted_by: str = ""
    anonymous: bool = False

    @property
    def asked(self) -> str:
        """The device asked for: its setting where the backend has one, else the target."""
        device = self.config.values.get("device") if self.config else None
        return str(device) if device else self.target.value


@dataclass(frozen=True, slots=True)
class UnloadReport:
    """What an unload gave back: the drop of the process's resident memory, in bytes."""

    name: str
    was_loaded: bool
    freed: int
    seconds: float
