"""Whether a load can fit, before it is tried."""

from __future__ import annotations

from wasinn_nb.nn import memory
from wasinn_nb.nn.backend import Backend, MemoryEstimate
from wasinn_nb.nn.errors import MissingMemory
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.types import ExecutionTarget


def check_memory(name: str, estimate: MemoryEstimate, backend: Backend) -> None:
    """Compare what a load would take with what is free on the host and its devices.

    Raises:
        MissingMemory: it cannot fit; the message has the numbers.
    """
    free = memory.available()
    if estimate.host > free:
        raise MissingMemory(
            f"Model {name!r} needs about {format_bytes(estimate.host)} of memory "
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
            f"Model {name!r} needs about {format_bytes(estimate.device)} on the device ({room}).",
            hint="Lower n-gpu-layers or ctx-size, unload another model, or load with --force.",
        )
