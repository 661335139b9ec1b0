"""The tensors of plain decoders, so that a mismatch is told in words and not in a log."""

from __future__ import annotations

from wasinn_nb.backends.ggml.gguf_header import TensorInfo
from wasinn_nb.backends.ggml.gguf_hparams import (
    MAX_FEED_FORWARD,
    MAX_HEADS,
    MAX_LAYERS,
    MAX_WIDTH,
    Hyperparameters,
)

LLAMA_BLOCKS = frozenset({"llama", "granite", "mistral3", "qwen2", "qwen3"})
"""Architectures whose blocks have the tensors of llama, named alike."""

Tensors = dict[str, TensorInfo]


def check_shapes(hp: Hyperparameters, vocabulary: int) -> None:
    """Refuse a plain decoder whose tensors do not fit its hyperparameters.

    Raises:
        InvalidArgument: with the tensor, its shape and the one that was expected.
    """
    tensors = {tensor.name: tensor for tensor in hp.header.all_tensors}
    layers = hp.unsigned("block_count", 1, MAX_LAYERS)
    width = hp.unsigned("embedding_length", 1, MAX_WIDTH)
    heads = hp.per_layer("attention.head_count", layers, MAX_HEADS)
    if min(heads) < 1:
        hp.refuse(f"{hp.architecture}.attention.head_count is missing or 0")
    keys = hp.per_layer("attention.head_count_kv", layers, MAX_HEADS, heads[0])
    if min(keys) < 1:
        hp.refuse(f"{hp.architecture}.attention.head_count_kv is 0")
    if not vocabulary:
        hp.refuse("its vocabulary is empty")
    _expect(hp, tensors, "token_embd.weight", (width, vocabulary))
    _expect(hp, tensors, "output.weight", (width, vocabulary), required=False)
    _expect(hp, tensors, "output_norm.weight", (width,), required=False)
    _block_numbers(hp, tensors, layers)
    if hp.architecture in LLAMA_BLOCKS and not hp.unsigned("expert_count", 0, 1 << 16, 0):
        if not hp.has("attention.head_count_kv"):
            keys = heads
        _blocks(hp, tensors, width, list(zip(heads, keys, strict=True)))


def _block_numbers(hp: Hyperparameters, tensors: Tensors, layers: int) -> None:
    given = {number for name in tensors if (number := _block(name)) is not None}
    missing = sorted(set(range(layers)) - given)
    if missing:
        hp.refuse(f"block_count is {layers}, but there are no tensors of block {missing[0]}")
    if max(given) >= layers:
        hp.refuse(f"block_count is {layers}, but there are tensors of block {max(given)}")


def _blocks(
    hp: Hyperparameters, tensors: Tensors, width: int, heads: list[tuple[int, int]]
) -> None:
    usual = width // heads[0][0]
    key = hp.unsigned("attention.key_length", 1, MAX_WIDTH, usual)
    value = hp.unsigned("attention.value_length", 1, MAX_WIDTH, usual)
    forward = hp.per_layer("feed_forward_length", len(heads), MAX_FEED_FORWARD)
    for layer, ((n_head, n_keys), n_ff) in enumerate(zip(heads, forward, strict=True)):
        blk = f"blk.{layer}."
        shapes = {
            "attn_norm": (width,),
            "attn_output": (key * n_head, width),
            "ffn_norm": (width,),
            "ffn_gate": (width, n_ff),
            "ffn_up": (width, n_ff),
            "ffn_down": (n_ff, width),
        }
        if f"{blk}attn_qkv.weight" not in tensors:
            shapes["attn_q"] = (width, key * n_head)
            shapes["attn_k"] = (width, key * n_keys)
            shapes["attn_v"] = (width, value * n_keys)
        for name, dims in shapes.items():
            _expect(hp, tensors, f"{blk}{name}.weight", dims)


def _expect(
    hp: Hyperparameters,
    tensors: Tensors,
    name: str,
    dims: tuple[int, ...],
    *,
    required: bool = True,
) -> None:
    tensor = tensors.get(name)
    if tensor is None:
        if required:
            hp.refuse(f"the tensor {name!r} is missing")
        return
    shape = tensor.dims
    while len(shape) > len(dims) and shape[-1] == 1:
        shape = shape[:-1]
    if shape != dims:
        want = " x ".join(map(str, dims))
        have = " x ".join(map(str, tensor.dims))
        hp.refuse(f"the tensor {name!r} is {have} instead of {want}, as the metadata say")


def _block(name: str) -> int | None:
    parts = name.split(".", 2)
    if parts[0] != "blk" or len(parts) < 3 or not parts[1].isdecimal() or len(parts[1]) > 4:
        return None
    return int(parts[1])
