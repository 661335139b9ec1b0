"""The memory that a model and one context of it will take, and where."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from wasinn_nb.backends.ggml.gguf_info import (
    EMBEDDING_BYTES,
    EXPERT_BYTES,
    LAYER_BYTES,
    MATRIX_BYTES,
    OUTPUT_BYTES,
)
from wasinn_nb.backends.ggml.gguf_tables import RECURRENT, TENSOR_KINDS
from wasinn_nb.nn.backend import Device, MemoryEstimate, ModelInfo, Share

_KINDS = {kind.name.lower(): kind for kind in TENSOR_KINDS.values()}
_CONTEXT_PAD = 256
_MASK_BYTES = 2
_FIXED = 5 << 20
_TOKEN_BYTES = 150

_LEAST_MARGIN, _MARGIN = 256 << 20, 0.05
"""What "auto" leaves free of a device: for its driver, and for what the estimate misses."""


def kv_bytes(info: ModelInfo, n_ctx: int, type_k: str = "f16", type_v: str = "f16") -> int:
    """Bytes of the key and value cache for a context of ``n_ctx`` tokens.

    An upper bound: a sliding window, layers that share a cache and layers without attention would
    make it smaller.

    Args:
        info: from :func:`model_info`.
        n_ctx: tokens; llama.cpp rounds up to a multiple of 256.
        type_k, type_v: element types, as in ``cache-type-k`` (``f16``, ``q8_0``, ...).
    """
    return sum(_layer_kv(info, n_ctx, type_k, type_v))


def head_sizes(info: ModelInfo) -> tuple[int, int]:
    """Elements of one head's keys and values; 0 where the model has none."""
    heads = _per_layer(_number(info, "attention.head_count", 0), info.layers)
    usual = info.embedding_length // heads[0] if heads and heads[0] else 0
    value = _number(info, "attention.value_length", usual)
    if _number(info, "attention.key_length_mla", 0):  # latent attention keeps keys only
        value = 0
    return int(_number(info, "attention.key_length", usual)), int(value)


def placement(
    layers: int, offloaded: int, gpus: Sequence[Device], config: Mapping[str, Any]
) -> list[int | None]:
    """The GPU of every layer, and at the end that of the output; None for the host.

    As llama.cpp places them: the output counts as one more layer and is the first to be offloaded,
    then the layers from the last to the first. Devices share them by ``tensor-split``, or by the
    memory that is free on them.

    Args:
        layers: of the model.
        offloaded: as in ``n-gpu-layers``, a number below 0 for all.
        config: ``split-mode``, ``main-gpu`` and ``tensor-split``.
    """
    count = layers + 1 if offloaded < 0 else min(offloaded, layers + 1)
    if not gpus or not count:
        return [None] * (layers + 1)
    here: list[int | None] = [None] * (layers + 1 - count)
    points = list(accumulate(_shares(gpus, config)))
    last = len(gpus) - 1
    return here + [
        min(bisect_right(points, index / count * points[-1]), last) for index in range(count)
    ]


def estimate(
    info: ModelInfo,
    config: Mapping[str, Any],
    *,
    repack: bool = False,
    gpus: Sequence[Device] = (),
) -> MemoryEstimate:
    """Bytes of resident memory for the weights and one context.

    Calibrated against the resident set of llama.cpp's CPU backend with flash attention: the part
    of the compute buffer that prompts touch is, per token of a micro-batch, three feed-forward
    rows and four embedding rows of f32, and an f16 row of the attention mask.

    Args:
        info: from :func:`model_info`.
        config: settings by key: ``ctx-size`` (0: what the model was trained for), ``batch-size``,
            ``ubatch-size``, ``cache-type-k``, ``cache-type-v``, and those that place a model on
            GPUs; others are ignored.
        repack: llama.cpp copies matrices of the host into another layout (``use_extra_bufts``).
        gpus: the devices that layers can be kept on.
    """
    n_ctx = int(config.get("ctx-size") or 0) or info.context_length or 512
    types = (str(config.get("cache-type-k") or "f16"), str(config.get("cache-type-v") or "f16"))
    cache = _layer_kv(info, n_ctx, *types)
    compute = _compute(info, config, n_ctx)
    where = placement(info.layers, int(config.get("n-gpu-layers") or 0), gpus, config)
    devices = _on_devices(info, config, where, cache, gpus, compute)
    off_host = sum(share.weights for share in devices.values())
    copied = _copied_output(info) if where and where[-1] is not None else 0
    from_file = max(0, info.nbytes + copied - off_host)
    matrices = int(info.metadata.get(MATRIX_BYTES, 0)) if repack else 0
    here = compute if None in where[:-1] or not devices else 0
    mapped = bool(config.get("use-mmap", True)) and not config.get("use-mlock", False)
    return MemoryEstimate(
        weights=info.nbytes + copied + matrices * from_file // max(1, info.nbytes),
        kv_cache=sum(cache),
        compute=_FIXED + here + sum(share.compute for share in devices.values()),
        devices=devices,
        mapped=from_file if mapped else 0,
    )


def fitting_layers(
    info: ModelInfo, config: Mapping[str, Any], gpus: Sequence[Device], *, repack: bool = False
) -> int:
    """How many layers the GPUs have room for, with the caches and a margin; the output is one.

    Args:
        config: as for :func:`estimate`; its ``n-gpu-layers`` does not count.
    """
    room = {gpu.name: gpu.free - max(_LEAST_MARGIN, int(gpu.free * _MARGIN)) for gpu in gpus}

    def fits(count: int) -> bool:
        taken = estimate(info, {**config, "n-gpu-layers": count}, repack=repack, gpus=gpus)
        return all(share.total <= room[name] for name, share in taken.devices.items())

    low, high = 0, info.layers + 2 if gpus else 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _on_devices(
    info: ModelInfo,
    config: Mapping[str, Any],
    where: Sequence[int | None],
    cache: Sequence[int],
    gpus: Sequence[Device],
    compute: int,
) -> dict[str, Share]:
    weights, caches = [0] * len(gpus), [0] * len(gpus)
    for layer, gpu in enumerate(where):
        if gpu is None:
            continue
        if layer == info.layers:
            weights[gpu] += int(info.metadata.get(OUTPUT_BYTES, 0)) or _copied_output(info)
            continue
        weights[gpu] += _layer_weights(info, config, layer)
        caches[gpu] += 0 if config.get("no-kv-offload") else cache[layer]
    used = {gpu for gpu in where if gpu is not None}
    if config.get("split-mode") == "row" and used:
        # matrices are cut into rows for all of them, whichever has the layer
        shares, whole = _shares(gpus, config), sum(weights)
        weights = [int(whole * share / sum(shares)) for share in shares]
        used |= {index for index, share in enumerate(shares) if share}
    return {gpus[gpu].name: Share(weights[gpu], caches[gpu], compute) for gpu in sorted(used)}


def _layer_weights(info: ModelInfo, config: Mapping[str, Any], layer: int) -> int:
    """Bytes of a layer that go where the layer goes: experts can stay on the host."""
    whole = info.metadata.get(LAYER_BYTES)
    if not whole:
        return info.nbytes // max(1, info.layers)
    at_home = config.get("cpu-moe") or layer < int(config.get("n-cpu-moe") or 0)
    return int(whole[layer] - (info.metadata[EXPERT_BYTES][layer] if at_home else 0))


def _copied_output(info: ModelInfo) -> int:
    """Bytes of the embedding's copy that a device gets as output, where the two are one."""
    if info.metadata.get(OUTPUT_BYTES, 0):
        return 0
    return int(info.metadata.get(EMBEDDING_BYTES, 0))


def _shares(gpus: Sequence[Device], config: Mapping[str, Any]) -> list[float]:
    """What each GPU takes of a model, in numbers that matter to one another only."""
    count = len(gpus)
    if config.get("split-mode") == "none":
        main = int(config.get("main-gpu") or 0)
        return [1.0 if index == min(main, count - 1) else 0.0 for index in range(count)]
    given = str(config.get("tensor-split") or "").replace(",", " ").split()
    shares = [float(share) for share in given][:count]
    shares += [0.0] * (count - len(shares))
    if not any(shares):
        shares = [float(gpu.free) for gpu in gpus]
    return shares if any(shares) else [1.0] * count


def _compute(info: ModelInfo, config: Mapping[str, Any], n_ctx: int) -> int:
    """Bytes that computing takes where it is done, besides what every context takes."""
    batch = min(int(config.get("batch-size") or 2048), n_ctx)
    ubatch = min(int(config.get("ubatch-size") or 512), batch)
    feed_forward = max(_list(_number(info, "feed_forward_length", 0)), default=0)
    rows = 3 * feed_forward + 4 * info.embedding_length
    compute = ubatch * (4 * rows + _MASK_BYTES * _padded(n_ctx)) + 8 * info.vocabulary
    return int(compute) + _TOKEN_BYTES * info.vocabulary


def _layer_kv(info: ModelInfo, n_ctx: int, type_k: str, type_v: str) -> list[int]:
    layers = info.layers
    if info.architecture in RECURRENT or not layers:
        return [0] * layers
    heads = _number(info, "attention.head_count", 0)
    shared = _per_layer(_number(info, "attention.head_count_kv", heads), layers)
    key, value = head_sizes(info)
    size = _padded(n_ctx)
    return [size * (_row(key * n, type_k) + _row(value * n, type_v)) for n in shared]


def _row(elements: int, name: str) -> int:
    kind = _KINDS.get(name.lower(), _KINDS["f16"])
    return -(-elements // kind.block) * kind.nbytes


def _padded(n_ctx: int) -> int:
    return -(-n_ctx // _CONTEXT_PAD) * _CONTEXT_PAD


def _number(info: ModelInfo, name: str, default: Any) -> Any:
    """A hyperparameter of the model's architecture."""
    return info.metadata.get(f"{info.architecture}.{name}", default)


def _list(value: Any) -> Sequence[int]:
    return value if isinstance(value, list) else [int(value)]


def _per_layer(value: Any, layers: int) -> list[int]:
    values = [int(n) for n in _list(value)]
    return (values * layers)[:layers] if len(values) == 1 else values[:layers]
