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
        cache = f"KV cache {format_bytes(estimate.kv_cache)}, " if estimate.kv_cache else ""
        smaller = "lower ctx-size, " if estimate.kv_cache else ""
        raise MissingMemory(
            f"Model {name!r} needs about {format_bytes(estimate.host)} of memory "
            f"(weights {format_bytes(estimate.weights)}, {cache}compute "
            f"{format_bytes(estimate.compute)}) and {format_bytes(free)} is free.",
            hint=f"Unload another model, {smaller}or load with --force.",
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
