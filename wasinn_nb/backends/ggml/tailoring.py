"""The settings as a form shows them for one model on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wasinn_nb.backends.ggml.gguf_info import EXPERT_BYTES
from wasinn_nb.backends.ggml.gguf_memory import head_sizes
from wasinn_nb.backends.ggml.gguf_tables import TENSOR_KINDS
from wasinn_nb.backends.ggml.params import CONTEXT_PAD
from wasinn_nb.backends.ggml.settings import (
    ALL_LAYERS,
    CACHE_TYPES,
    FITTING_LAYERS,
    schema,
)
from wasinn_nb.nn.backend import Device, ModelInfo
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.offers import Offer, Span
from wasinn_nb.nn.settings import Schema

PROMINENT = (
    "n-gpu-layers",
    "ctx-size",
    "threads",
    "batch-size",
    "flash-attn",
    "cache-type-k",
    "cache-type-v",
    "use-mmap",
    "use-mlock",
    "main-gpu",
    "split-mode",
)
"""What a form shows at once, in its order."""

_BATCHES = Span(32, 4096, 32)
_CACHE_BITS = {"f32": "32", "f16": "16", "bf16": "16", "q8_0": "8.5", "q5_0": "5.5", "q5_1": "6",
               "q4_0": "4.5", "q4_1": "5", "iq4_nl": "4.5"}  # fmt: skip
_BLOCKS = {kind.name.lower(): kind.block for kind in TENSOR_KINDS.values()}
_ONE_GPU = "there is only one GPU"

Change = dict[str, Any]


def tailored(
    info: ModelInfo | None, gpus: Sequence[Device], *, why_no_gpu: str, cpus: int
) -> Schema:
    """The schema for a form, prominent settings first.

    Args:
        info: the model; None while nothing is known of it.
        gpus: the devices that layers can be kept on.
        why_no_gpu: why there are none; empty if there are.
        cpus: processors that this process may use.
    """
    changes: dict[str, Change] = {key: {} for key in PROMINENT}
    changes |= _processors(cpus) | _batches() | _caches(info)
    changes["ctx-size"] = _context(info)
    changes["flash-attn"] = {"offers": tuple(Offer(word, word) for word in ("auto", "on", "off"))}
    for key, change in _gpus(info, gpus, why_no_gpu).items():
        changes[key] = changes.get(key, {}) | change
    own = schema()
    return own.with_first(
        replace(own[key], prominent=key in PROMINENT, **change) for key, change in changes.items()
    )


def _context(info: ModelInfo | None) -> Change:
    trained = info.context_length if info is not None else 0
    note = f"{trained:,} tokens" if trained else ""
    change: Change = {"offers": (Offer(0, "as trained", note, amount=trained or None),)}
    if trained > CONTEXT_PAD:
        change["span"] = Span(CONTEXT_PAD, trained // CONTEXT_PAD * CONTEXT_PAD, CONTEXT_PAD)
    return change


def _processors(cpus: int) -> dict[str, Change]:
    span = Span(1, cpus)
    return {
        "threads": {"span": span, "offers": (Offer(-1, "auto", "physical cores less one"),)},
        "threads-batch": {"span": span, "offers": (Offer(-1, "as threads"),)},
    }


def _batches() -> dict[str, Change]:
    return {"batch-size": {"span": _BATCHES}, "ubatch-size": {"span": _BATCHES}}


def _caches(info: ModelInfo | None) -> dict[str, Change]:
    sizes = head_sizes(info) if info is not None else (0, 0)
    return {
        f"cache-type-{letter}": {
            "offers": tuple(
                Offer(number, name, f"{_CACHE_BITS[name]} bits a value", _misfit(name, size))
                for number, name in CACHE_TYPES.items()
            )
        }
        for letter, size in zip("kv", sizes, strict=True)
    }


def _misfit(name: str, size: int) -> str:
    """Why a head of so many values cannot be kept in a type; llama.cpp would refuse it."""
    block = _BLOCKS[name]
    if size % block == 0:
        return ""
    return f"the model's heads have {size} values, which are no blocks of {block}"


def _gpus(info: ModelInfo | None, gpus: Sequence[Device], why_no_gpu: str) -> dict[str, Change]:
    none = {"unavailable": why_no_gpu}
    several = {"unavailable": why_no_gpu or ("" if len(gpus) > 1 else _ONE_GPU)}
    layers = info.layers if info is not None else 0
    names = tuple(Offer(index, gpu.name, _described(gpu)) for index, gpu in enumerate(gpus))
    return {
        "n-gpu-layers": none
        | {
            # the output counts as one layer more
            "span": Span(0, layers + 1) if layers else None,
            "offers": (
                Offer(ALL_LAYERS, "all", f"{layers + 1} with the output" if layers else ""),
                Offer(FITTING_LAYERS, "auto", "as many as fit when it is loaded"),
            ),
        },
        "main-gpu": several | {"offers": names},
        "split-mode": several,
        "tensor-split": several,
        "no-kv-offload": none,
        "cpu-moe": {"unavailable": why_no_gpu or _no_experts(info)},
        "n-cpu-moe": {
            "unavailable": why_no_gpu or _no_experts(info),
            "span": Span(0, layers) if layers else None,
        },
    }


def _no_experts(info: ModelInfo | None) -> str:
    if info is None or any(info.metadata.get(EXPERT_BYTES, ())):
        return ""
    return "this model has no experts"


def _described(gpu: Device) -> str:
    memory = f"{format_bytes(gpu.total)} of memory" if gpu.total else ""
    return ", ".join(part for part in (gpu.description, memory) if part)
