"""What a GGUF header tells about a model: its description, and the memory that it will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader
from wasinn_nb.backends.ggml.gguf_tables import (
    FILE_TYPES,
    RECURRENT,
    TENSOR_KINDS,
    ValueType,
)
from wasinn_nb.nn.backend import MemoryEstimate, ModelInfo
from wasinn_nb.nn.types import GraphEncoding

BLOCK_BYTES = "wasinn.block_bytes"
"""Key in ``ModelInfo.metadata``: bytes of the weights that belong to layers."""

MATRIX_BYTES = "wasinn.matrix_bytes"
"""Key in ``ModelInfo.metadata``: bytes of the weights that a repacking build would copy."""

_SHOWN = 512
_KINDS = {kind.name.lower(): kind for kind in TENSOR_KINDS.values()}
_CONTEXT_PAD = 256
_MASK_BYTES = 2
_FIXED = 5 << 20
_TOKEN_BYTES = 150


def model_info(header: GGUFHeader) -> ModelInfo:
    """Describe a model. ``metadata`` leaves out arrays of more than 512 elements."""
    metadata = header.metadata
    tensors = header.all_tensors
    architecture = str(metadata.get("general.architecture", ""))
    tokens = metadata.get("tokenizer.ggml.tokens")
    shown: dict[str, Any] = {}
    for key, value in metadata.items():
        if not isinstance(value, GGUFArray):
            shown[key] = value
        elif value.count <= _SHOWN and value.type is not ValueType.ARRAY:
            shown[key] = _elements(value)
    blocks = [t for t in tensors if t.name.startswith("blk.")]
    shown[BLOCK_BYTES] = sum(t.nbytes for t in blocks)
    shown[MATRIX_BYTES] = sum(
        t.nbytes for t in tensors if len(t.dims) > 1 and not t.name.startswith("token_embd")
    )
    number = _Numbers(shown, architecture)
    return ModelInfo(
        encoding=GraphEncoding.GGML,
        architecture=architecture,
        name=str(metadata.get("general.name", "")),
        parameters=sum(t.elements for t in tensors),
        nbytes=sum(t.nbytes for t in tensors),
        quantization=_quantization(header),
        context_length=number["context_length"],
        layers=number["block_count"],
        vocabulary=tokens.count if isinstance(tokens, GGUFArray) else number["vocab_size"],
        embedding_length=number["embedding_length"],
        chat_template=str(metadata.get("tokenizer.chat_template", "")),
        metadata=shown,
    )


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


def estimate(info: ModelInfo, config: Mapping[str, Any], *, repack: bool = False) -> MemoryEstimate:
    """Bytes of resident memory for the weights and one context.

    Calibrated against the resident set of llama.cpp's CPU backend with flash attention: the part
    of the compute buffer that prompts touch is, per token of a micro-batch, three feed-forward
    rows and four embedding rows of f32, and an f16 row of the attention mask.

    Args:
        info: from :func:`model_info`.
        config: settings by key: ``ctx-size`` (0: what the model was trained for), ``batch-size``,
            ``ubatch-size``, ``cache-type-k``, ``cache-type-v``, ``n-gpu-layers``; others are
            ignored.
        repack: llama.cpp copies matrices into another layout (``use_extra_bufts``).
    """
    number = _Numbers(info.metadata, info.architecture)
    n_ctx = int(config.get("ctx-size") or 0) or info.context_length or 512
    batch = min(int(config.get("batch-size") or 2048), n_ctx)
    ubatch = min(int(config.get("ubatch-size") or 512), batch)
    feed_forward = max(_list(number.get("feed_forward_length", 0)), default=0)
    rows = 3 * feed_forward + 4 * info.embedding_length
    compute = ubatch * (4 * rows + _MASK_BYTES * _padded(n_ctx)) + 8 * info.vocabulary
    compute += _FIXED + _TOKEN_BYTES * info.vocabulary
    layers = _layer_kv(
        info,
        n_ctx,
        str(config.get("cache-type-k") or "f16"),
        str(config.get("cache-type-v") or "f16"),
    )
    weights = info.nbytes + (int(info.metadata.get(MATRIX_BYTES, 0)) if repack else 0)
    offloaded = _offloaded(config.get("n-gpu-layers"), info.layers)
    device = 0
    if offloaded:
        blocks = int(info.metadata.get(BLOCK_BYTES, info.nbytes))
        share = min(offloaded, info.layers) / max(info.layers, 1)
        device = int(blocks * share) + sum(layers[-offloaded:]) + compute - _FIXED
        if offloaded > info.layers:
            device += (info.nbytes - blocks) // 2
    return MemoryEstimate(weights, sum(layers), compute, device)


def _layer_kv(info: ModelInfo, n_ctx: int, type_k: str, type_v: str) -> list[int]:
    number, layers = _Numbers(info.metadata, info.architecture), info.layers
    if info.architecture in RECURRENT or not layers:
        return [0] * layers
    heads = _per_layer(number.get("attention.head_count", 0), layers)
    shared = _per_layer(number.get("attention.head_count_kv", heads), layers)
    usual = info.embedding_length // heads[0] if heads[0] else 0
    key = number.get("attention.key_length", usual)
    value = number.get("attention.value_length", usual)
    if number.get("attention.key_length_mla", 0):  # latent attention keeps keys only
        value = 0
    size = _padded(n_ctx)
    return [size * (_row(key * n, type_k) + _row(value * n, type_v)) for n in shared]


def _row(elements: int, name: str) -> int:
    kind = _KINDS.get(name.lower(), _KINDS["f16"])
    return -(-elements // kind.block) * kind.nbytes


def _padded(n_ctx: int) -> int:
    return -(-n_ctx // _CONTEXT_PAD) * _CONTEXT_PAD


def _offloaded(value: Any, layers: int) -> int:
    """Layers on the device: a negative number means all; the output counts as one more."""
    wanted = int(value or 0)
    return layers + 1 if wanted < 0 else min(wanted, layers + 1)


def _quantization(header: GGUFHeader) -> str:
    file_type = header.metadata.get("general.file_type")
    if isinstance(file_type, int) and file_type in FILE_TYPES:
        return FILE_TYPES[file_type]
    sizes: Counter[str] = Counter()
    for tensor in header.all_tensors:
        sizes[tensor.kind.name] += tensor.nbytes
    return sizes.most_common(1)[0][0] if sizes else ""


def _elements(value: GGUFArray) -> list[Any]:
    if value.type is ValueType.STRING:
        return [item.decode(errors="replace") for item in value.strings()]
    return [bool(n) if value.type is ValueType.BOOL else n for n in value.numbers()]


class _Numbers:
    """The numbers of one architecture; what is missing or of another type counts as 0."""

    def __init__(self, metadata: Mapping[str, Any], architecture: str) -> None:
        self._metadata = metadata
        self._architecture = architecture

    def get(self, name: str, default: Any) -> Any:
        return self._metadata.get(f"{self._architecture}.{name}", default)

    def __getitem__(self, name: str) -> int:
        value = self.get(name, 0)
        return value if isinstance(value, int) else 0


def _list(value: Any) -> Sequence[int]:
    return value if isinstance(value, list) else [int(value)]


def _per_layer(value: Any, layers: int) -> list[int]:
    values = [int(n) for n in _list(value)]
    return (values * layers)[:layers] if len(values) == 1 else values[:layers]
