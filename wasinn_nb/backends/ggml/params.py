"""From settings to llama.cpp's parameter structures, refusing what would abort the process.

llama.cpp asserts on parameters that contradict each other; every such combination is checked here,
with the user's own names in the message.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from wasinn_nb.backends.ggml.gguf_info import EXPERTS
from wasinn_nb.backends.ggml.settings import CACHE_TYPES, MAX_BATCH
from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation
from wasinn_nb.nn.settings import EffectiveConfig, Scope, Value

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.native import Native

CONTEXT_PAD = 256
"""llama.cpp makes a context's length a multiple of this."""

_FLASH = {"auto": -1, "off": 0, "disabled": 0, "on": 1, "enabled": 1}
_SPLIT = {"none": 0, "layer": 1, "row": 2}
_FLASH_NAMES = {-1: "auto", 0: "off", 1: "on"}
_UNQUANTIZED = {0, 1, 30}
_POOLING_RANK = 4

_LOAD_MODES = {  # (use-mmap, use-mlock)
    (False, False): 0,
    (True, False): 1,
    (False, True): 2,
    (True, True): 3,
}

GPU_ONLY: dict[str, Value] = {
    "n-gpu-layers": 0,
    "main-gpu": 0,
    "tensor-split": "",
    "split-mode": "layer",
    "cpu-moe": False,
    "n-cpu-moe": 0,
    "no-kv-offload": False,
}
"""Settings without a meaning where there is no GPU, and their neutral values."""

_REFUSED = {
    "mmproj": "image input (mmproj)",
    "image": "image input (image)",
    "model-vocoder": "speech output (model-vocoder)",
    "tts": "speech output (tts)",
}


def default_threads() -> int:
    """Threads when nobody says: see :func:`wasinn_nb.nn.threads.default_threads`."""
    from wasinn_nb.nn.threads import default_threads as threads

    return threads()


def refuse_unsupported(values: Mapping[str, Value]) -> None:
    """Refuse settings that would need files or parts that this backend has not.

    Raises:
        UnsupportedOperation: a guest or user asked for images or speech.
    """
    for key, what in _REFUSED.items():
        if values.get(key):
            raise UnsupportedOperation(f"This backend has no {what}.", hint=f"Leave {key} empty.")


def normalised(config: EffectiveConfig, *, offloads: bool) -> EffectiveConfig:
    """``config`` as this machine will use it.

    Raises:
        InvalidArgument: settings that contradict each other or name no such device.
    """
    values = dict(config.values)
    tensor_split(str(values["tensor-split"]), limit=16)
    if not offloads:
        values.update(GPU_ONLY)
    cpus = os.cpu_count() or 1
    threads = _int(values, "threads")
    values["threads"] = min(threads, cpus) if threads > 0 else default_threads()
    batch_threads = _int(values, "threads-batch")
    values["threads-batch"] = min(batch_threads, cpus) if batch_threads > 0 else values["threads"]
    values["flash-attn"] = _FLASH_NAMES[_FLASH[str(values["flash-attn"])]]
    values["batch-size"] = min(_int(values, "batch-size"), MAX_BATCH)
    values["ubatch-size"] = min(_int(values, "ubatch-size"), _int(values, "batch-size"))
    if values["cpu-moe"]:
        values["n-cpu-moe"] = 0  # all of them are
    _check_cache_types(values)
    return EffectiveConfig(config.schema, values, config.origins)


def _check_cache_types(values: Mapping[str, Value]) -> None:
    for key in ("cache-type-k", "cache-type-v"):
        if values[key] not in CACHE_TYPES:
            kinds = ", ".join(f"{number} ({name})" for number, name in CACHE_TYPES.items())
            raise InvalidArgument(f"{key} is {values[key]}; a KV cache can be {kinds}.")
    if values["cache-type-v"] not in _UNQUANTIZED and values["flash-attn"] == "off":
        raise InvalidArgument(
            f"cache-type-v is {CACHE_TYPES[_int(values, 'cache-type-v')]}, which needs flash "
            "attention.",
            hint="Set flash-attn to auto or on.",
        )


def tensor_split(text: str, *, limit: int) -> list[float]:
    """The shares in a ``tensor-split`` setting.

    Raises:
        InvalidArgument: not numbers, negative, or more than ``limit`` of them.
    """
    if not text.strip():
        return []
    try:
        shares = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        shares = [-1.0]
    if not all(math.isfinite(share) and share >= 0 for share in shares):
        raise InvalidArgument(f"tensor-split is {text!r}; write numbers like 3,2.")
    if len(shares) > limit:
        raise InvalidArgument(
            f"tensor-split has {len(shares)} entries; at most {limit} devices can be used."
        )
    return shares


def model_params(native: Native, config: EffectiveConfig) -> tuple[Any, list[Any]]:
    """``llama_model_params`` for a configuration, and what must stay alive while it is in use.

    Raises:
        InvalidArgument: the settings name devices that are not there.
    """
    params = native.api.llama_model_default_params()
    values = config.values
    params.n_gpu_layers = _int(values, "n-gpu-layers")
    params.split_mode = _SPLIT[str(values["split-mode"])]
    params.main_gpu = _int(values, "main-gpu")
    params.load_mode = _LOAD_MODES[bool(values["use-mmap"]), bool(values["use-mlock"])]
    params.use_extra_bufts = native.repacks
    params.check_tensors = bool(values["check-tensors"])
    alive: list[Any] = []
    limit = int(native.api.llama_max_devices())
    shares = tensor_split(str(values["tensor-split"]), limit=limit)
    if shares:
        array = (ctypes.c_float * limit)(*shares)
        params.tensor_split = ctypes.cast(array, ctypes.POINTER(ctypes.c_float))
        alive.append(array)
    if params.split_mode == 0 and native.offloads:
        gpus = len(native.devices()) - 1
        if params.main_gpu >= max(gpus, 1):
            raise InvalidArgument(f"main-gpu is {params.main_gpu}; this machine has {gpus} GPUs.")
    overrides = _expert_overrides(native, config)
    if overrides is not None:
        params.tensor_buft_overrides = ctypes.cast(overrides, ctypes.c_void_p)
        alive.append(overrides)
    return params, alive


class _Override(ctypes.Structure):
    _fields_ = (("pattern", ctypes.c_char_p), ("buffer_type", ctypes.c_void_p))


def _expert_overrides(native: Native, config: EffectiveConfig) -> Any:
    """A null-terminated ``llama_model_tensor_buft_override`` array, or None."""
    patterns = []
    if config["cpu-moe"]:
        patterns.append(EXPERTS)
    else:
        patterns += [rf"blk\.{i}{EXPERTS}" for i in range(_int(config.values, "n-cpu-moe"))]
    if not patterns:
        return None
    array = (_Override * (len(patterns) + 1))()
    for entry, pattern in zip(array, patterns, strict=False):
        entry.pattern = pattern.encode()
        entry.buffer_type = native.cpu_buffer_type()
    return array


def context_key(config: EffectiveConfig) -> tuple[tuple[str, Value], ...]:
    """What two configurations must share to use one llama context.

    Threads are left out: they change on a living context.
    """
    values = config.select(Scope.CONTEXT)
    values.pop("threads")
    values.pop("threads-batch")
    return tuple(sorted(values.items()))


def wants_embedding(config: EffectiveConfig) -> bool:
    """True if compute makes embeddings instead of text."""
    return bool(config["embedding"] or config["reranking"])


def context_params(native: Native, config: EffectiveConfig, *, n_ctx_train: int) -> Any:
    """``llama_context_params`` for a normalised configuration."""
    params = native.api.llama_context_default_params()
    values = config.values
    params.n_ctx = _int(values, "ctx-size") or n_ctx_train or 512
    params.n_batch = min(_int(values, "batch-size"), -(-params.n_ctx // CONTEXT_PAD) * CONTEXT_PAD)
    params.n_ubatch = min(_int(values, "ubatch-size"), params.n_batch)
    params.n_seq_max = 1
    params.n_outputs_max_per_seq = 0
    params.n_threads = _int(values, "threads")
    params.n_threads_batch = _int(values, "threads-batch")
    params.flash_attn_type = _FLASH[str(values["flash-attn"])]
    params.type_k = _int(values, "cache-type-k")
    params.type_v = _int(values, "cache-type-v")
    params.offload_kqv = not values["no-kv-offload"]
    params.rope_scaling_type = _int(values, "rope-scaling-type")
    params.rope_freq_base = _float(values, "rope-freq-base")
    params.rope_freq_scale = _float(values, "rope-freq-scale")
    params.yarn_ext_factor = _float(values, "yarn-ext-factor")
    params.yarn_attn_factor = _float(values, "yarn-attn-factor")
    params.yarn_beta_fast = _float(values, "yarn-beta-fast")
    params.yarn_beta_slow = _float(values, "yarn-beta-slow")
    params.yarn_orig_ctx = _int(values, "yarn-orig-ctx")
    params.attention_type = _int(values, "attention-type")
    params.pooling_type = _int(values, "pooling-type")
    params.no_perf = True
    if wants_embedding(config):
        params.embeddings = True
        # one pooled vector needs the whole prompt in one physical batch
        params.n_ubatch = params.n_batch
        if values["reranking"] and params.pooling_type < 0:
            params.pooling_type = _POOLING_RANK
    elif params.attention_type == 1:
        params.n_ubatch = params.n_batch
    return params


def _int(values: Mapping[str, Value], key: str) -> int:
    return int(cast("int", values[key]))


def _float(values: Mapping[str, Value], key: str) -> float:
    return float(cast("float", values[key]))
