"""What a load would take at every place, and whether it can fit, before it is tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wasinn_nb.nn import memory
from wasinn_nb.nn.backend import Backend, Device, GraphMemory, MemoryEstimate, Share
from wasinn_nb.nn.errors import MissingMemory
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.types import ExecutionTarget

HOST = "host"
"""The name of the host's own memory among the places."""

BUDGET = "memory budget"
"""The name of the budget for all models among the places."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place that has memory: the host, a GPU, or the budget. All sizes are bytes.

    Args:
        name: :data:`HOST`, :data:`BUDGET`, or the device's name.
        needed: what a model would take here with one execution context.
        free: what it could take, with what the loaded model gives back when it is loaded again;
            None where nothing tells.
        total: of the place; 0 where nothing tells.
        share: the parts of ``needed``.
        description: the device in words.
    """

    name: str
    needed: int
    free: int | None
    total: int
    share: Share = field(default_factory=Share)
    description: str = ""

    @property
    def fits(self) -> bool:
        """Whether there is room, as far as that is known."""
        return self.free is None or self.needed <= self.free


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Memory of this process and of the machine, in bytes.

    Args:
        process: resident memory of this process.
        models: what the loaded models take, as their libraries say, on all places.
        free: what this process could still take on the host.
        total: of the host.
        gpus: those that loaded models could use.
    """

    process: int
    models: int
    free: int
    total: int
    gpus: tuple[Device, ...] = ()


def memory_use(models: int, backends: Iterable[Backend]) -> MemoryUse:
    """The memory there is, and the GPUs that some backends see; other libraries stay unimported.

    Args:
        models: bytes that the loaded models take.
        backends: those that have models loaded.
    """
    seen = {gpu.name: gpu for backend in backends for gpu in gpus(backend)}
    return MemoryUse(memory.rss(), models, memory.available(), memory.total(), tuple(seen.values()))


def gpus(backend: Backend) -> list[Device]:
    """The GPUs that a backend can compute on."""
    return [d for d in backend.status().devices if d.target is ExecutionTarget.GPU]


def given_back(estimate: MemoryEstimate | None, used: GraphMemory, measured: int) -> dict[str, int]:
    """Bytes that a loaded model gives back when it is unloaded, by place.

    Pages of its file do not count: the system has them down as free already. A library knows the
    size of its contexts in all; they are shared out as the estimate has them.

    Args:
        estimate: what the load was expected to take.
        used: what the loaded graph says.
        measured: by how much the process grew when it was loaded.
    """
    if estimate is None:
        return {HOST: used.contexts}
    of_context = estimate.kv_cache + estimate.compute

    def contexts(share: Share) -> int:
        part = share.kv_cache + share.compute
        return used.contexts * part // of_context if of_context else 0

    back = {name: share.weights + contexts(share) for name, share in estimate.devices.items()}
    weights = min(measured, max(0, estimate.on_host.weights - estimate.mapped))
    return back | {HOST: weights + contexts(estimate.on_host)}


def room(devices: Iterable[Device], returned: Mapping[str, int]) -> dict[str, int]:
    """Bytes that a load could take of each device's memory."""
    return {d.name: min(d.free + returned.get(d.name, 0), d.total) for d in devices if d.total}


def places(
    estimate: MemoryEstimate | None, devices: Iterable[Device], returned: Mapping[str, int]
) -> tuple[Place, ...]:
    """The host and every GPU, with what a load would take there.

    Args:
        estimate: None while that is unknown; then nothing is needed anywhere.
        devices: the GPUs.
        returned: from :func:`given_back`; empty if nothing is loaded.
    """
    needs = estimate or MemoryEstimate(0, 0, 0)
    total, host = memory.total(), needs.on_host
    free = min(total, memory.available() + returned.get(HOST, 0))
    found = [Place(HOST, host.total, free, total, host)]
    devices = list(devices)
    free_on = room(devices, returned)
    for device in devices:
        share = needs.devices.get(device.name, Share())
        left = free_on.get(device.name)
        found.append(Place(device.name, share.total, left, device.total, share, device.description))
    return tuple(found)


def check_memory(name: str, estimate: MemoryEstimate, there: Iterable[Place]) -> None:
    """Refuse a load that does not fit at one of its places.

    Raises:
        MissingMemory: it cannot fit; the message has the numbers.
    """
    for place in there:
        if place.fits or place.free is None:
            continue
        share = place.share
        cache = f"KV cache {format_bytes(share.kv_cache)}, " if share.kv_cache else ""
        on_device = place.name != HOST
        smaller = "lower n-gpu-layers or ctx-size, " if on_device else "lower ctx-size, "
        raise MissingMemory(
            f"Model {name!r} needs about {format_bytes(place.needed)} of "
            f"{f'the memory of {place.name}' if on_device else 'memory'} "
            f"(weights {format_bytes(share.weights)}, {cache}compute "
            f"{format_bytes(share.compute)}) and {format_bytes(place.free)} is free.",
            hint=f"Unload another model, {smaller if estimate.kv_cache else ''}"
            "or load with --force.",
        )
