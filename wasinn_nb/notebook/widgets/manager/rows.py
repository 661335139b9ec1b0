"""What a panel shows of models and memory, as plain data for JSON."""

from __future__ import annotations

from typing import TypedDict

from wasinn_nb.nn.fit import MemoryUse
from wasinn_nb.nn.record import ModelRecord
from wasinn_nb.notebook.views import device


class Freed(TypedDict):
    """What the last unload gave back: bytes, and how long it took; seconds since the epoch."""

    bytes: int
    seconds: float
    at: float


class Row(TypedDict):
    """One model. Sizes are bytes, times seconds since the epoch, 0 for never.

    ``work`` is what a panel has begun with it (``load``, ``unload``, ``forget``) or empty;
    ``problem`` is how that went wrong, as a message and what to do about it. ``wanted_by`` is the
    run that a load is for; an ``anonymous`` model is a run's own and goes with it.
    """

    name: str
    state: str
    encoding: str
    device: str
    origin: str
    weights: int
    contexts: int
    users: list[str]
    wanted_by: str
    anonymous: bool
    pinned: list[str]
    last_used: float
    load_seconds: float
    error: str
    work: str
    problem: tuple[str, str] | None
    freed: Freed | None


class Progress(TypedDict):
    """What the load of a model is doing, and how much of that is done (0 to 1) if it is known."""

    name: str
    what: str
    fraction: float | None


class Totals(TypedDict):
    """Memory in bytes: of the loaded models, of this process, and what the host and GPUs have."""

    models: int
    process: int
    free: int
    total: int
    gpus: list[Gpu]


class Gpu(TypedDict):
    """Memory of a GPU in bytes; ``total`` is 0 where nothing tells."""

    name: str
    free: int
    total: int


def row(
    record: ModelRecord,
    *,
    work: str = "",
    problem: tuple[str, str] | None = None,
    freed: Freed | None = None,
) -> Row:
    """The row of a model."""
    return {
        "name": record.name,
        "state": record.state.value,
        "encoding": record.encoding.value,
        "device": device(record),
        "origin": record.origin,
        "weights": record.memory.weights,
        "contexts": record.memory.contexts,
        "users": list(record.users),
        "wanted_by": record.wanted_by,
        "anonymous": record.anonymous,
        "pinned": list(record.pins),
        "last_used": record.last_used if record.loads else 0.0,
        "load_seconds": record.load_seconds,
        "error": record.error,
        "work": work,
        "problem": problem,
        "freed": freed,
    }


def progress(record: ModelRecord) -> Progress:
    """How far the load of a model is."""
    what, fraction = record.activity
    return {"name": record.name, "what": what, "fraction": fraction}


def totals(use: MemoryUse) -> Totals:
    """Memory of this process and of the machine."""
    gpus: list[Gpu] = [{"name": gpu.name, "free": gpu.free, "total": gpu.total} for gpu in use.gpus]
    return {
        "models": use.models,
        "process": use.process,
        "free": use.free,
        "total": use.total,
        "gpus": gpus,
    }
