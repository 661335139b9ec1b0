"""Refuses GGUF files that would abort, crash or exhaust llama.cpp, before it sees them.

llama.cpp throws on most damage, which is harmless, but asserts on some, which ends the process.
Every rule here stands for such an assertion (or an unchecked division, index or enumeration) in
``src/llama-model.cpp``, ``src/llama-vocab.cpp``, ``src/llama-graph.cpp``, ``src/models/*.cpp`` or
the kernels of ggml, or gives a plain message for what llama.cpp would refuse in its log only.
"""

from __future__ import annotations

import difflib
import math

from wasinn_nb.backends.ggml import gguf_tables as tables
from wasinn_nb.backends.ggml.gguf_archs import check_own_rules
from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader, TensorInfo
from wasinn_nb.backends.ggml.gguf_hparams import (
    MAX_CONTEXT,
    MAX_EXPERTS,
    MAX_FEED_FORWARD,
    MAX_HEADS,
    MAX_LAYERS,
    MAX_WIDTH,
    Hyperparameters,
)
from wasinn_nb.backends.ggml.gguf_shapes import check_shapes
from wasinn_nb.backends.ggml.gguf_tables import ValueType
from wasinn_nb.backends.ggml.gguf_vocab import check_vocabulary
from wasinn_nb.nn.errors import InvalidArgument

DATA_ALIGNMENT = 32

_UNSIGNED_KEYS = (
    "vocab_size",
    "attention.key_length",
    "attention.value_length",
    "rope.dimension_count",
    "expert_count",
    "expert_group_count",
    "expert_group_used_count",
    "nextn_predict_layers",
    "pooling_type",
    "classifier.pooling_type",
    "rope.scaling.original_context_length",
    "attention.sliding_window",
)


def check_model(header: GGUFHeader) -> None:
    """Raise if llama.cpp should not see this model.

    Raises:
        InvalidArgument: with what is wrong and what to do.
    """
    architecture = check_architecture(header)
    hp = Hyperparameters(header, architecture)
    kind = header.metadata.get("general.type", "model")
    if kind != "model":
        hint = "An adapter is given with the `lora` setting, next to its base model."
        hp.refuse(f"its general.type is {str(kind)[:40]!r}, not 'model'", hint)
    _floats(header, hp)
    _hyperparameters(hp)
    vocabulary = check_vocabulary(header)
    check_tensors(header, hp)
    if architecture in tables.DENSE:
        check_shapes(hp, vocabulary)


def check_architecture(header: GGUFHeader) -> str:
    """The architecture, if llama.cpp knows it.

    Raises:
        InvalidArgument: missing or unknown; the message suggests the nearest names.
    """
    value = header.metadata.get("general.architecture")
    if not isinstance(value, str) or not value:
        raise InvalidArgument(
            f"{header.label} does not name its architecture (general.architecture).",
            hint="It is not a model, or its conversion was not complete; convert it again.",
        )
    if value == "clip":
        raise InvalidArgument(
            f"{header.label} is the vision part (mmproj) of a model, not a model of its own.",
            hint="Load the .gguf of the language model.",
        )
    if value in tables.WITHOUT_TEXT:
        raise InvalidArgument(f"{header.label} is a {value} model, which does not generate text.")
    if value not in tables.ARCHITECTURES:
        near = difflib.get_close_matches(value[:64], tables.ARCHITECTURES, n=3, cutoff=0.6)
        raise InvalidArgument(
            f"{header.label} has the architecture {value[:64]!r}, which llama.cpp does not know.",
            hint=f"Near names: {', '.join(near)}." if near else "A newer version may know it.",
        )
    return value


def check_tensors(header: GGUFHeader, hp: Hyperparameters) -> None:
    """Checks that hold for the tensors of any architecture, and of an adapter."""
    for part in (header, *header.splits):
        for tensor in part.tensors:
            if (part.data_offset + tensor.offset) % DATA_ALIGNMENT:
                at = part.data_offset + tensor.offset
                text = (
                    f"the data of tensor {tensor.name!r} is not aligned to 32 bytes (byte {at:,})"
                )
                hp.refuse(text, "Write the file again with general.alignment of 32 or more.")
            _kernel(hp, tensor)


def _kernel(hp: Hyperparameters, tensor: TensorInfo) -> None:
    """Whether the CPU kernels can compute with a tensor of this type in its place."""
    kind, name = tensor.kind.name, tensor.name
    norm = "norm" in name or name.endswith(".bias") or len(tensor.dims) == 1
    if norm and name.endswith((".weight", ".bias")) and kind != "F32":
        hp.refuse(f"the tensor {name!r} is stored as {kind}; norms and biases must be F32")
    matrix = name.endswith((".weight", ".lora_a", ".lora_b")) and len(tensor.dims) > 1
    if matrix and kind in tables.NO_MATMUL:
        hp.refuse(f"the matrix {name!r} is stored as {kind}, which cannot be multiplied with")


def _floats(header: GGUFHeader, hp: Hyperparameters) -> None:
    """No NaN or infinity: comparisons with NaN are how eps and scales abort."""
    ours = (f"{hp.architecture}.", "xielu.", "tokenizer.")
    for key, value in header.metadata.items():
        if isinstance(value, GGUFArray) and value.type is ValueType.ARRAY:
            hp.refuse(f"{key} is an array of arrays, which llama.cpp cannot read")
        if not key.startswith(ours):
            continue
        if isinstance(value, float) and not math.isfinite(value):
            hp.refuse(f"{key} is {value}")
        if isinstance(value, float) and key.endswith("_epsilon") and not 0 <= value < 1:
            hp.refuse(f"{key} is {value:g}; it must be from 0 to 1")
        if isinstance(value, GGUFArray):
            floats = value.type in {ValueType.FLOAT32, ValueType.FLOAT64}
            if floats and any(map(math.isnan, value.numbers())):
                hp.refuse(f"{key} has elements that are not numbers")


def _hyperparameters(hp: Hyperparameters) -> None:
    hp.unsigned("context_length", 1, MAX_CONTEXT)
    width = hp.unsigned("embedding_length", 1, MAX_WIDTH)
    layers = hp.unsigned("block_count", 1, MAX_LAYERS)
    for name in _UNSIGNED_KEYS:
        hp.unsigned(name, 0, (1 << 32) - 1, 0)
    hp.unsigned("nextn_predict_layers", 0, layers, 0)
    for name in ("pooling_type", "classifier.pooling_type"):
        hp.unsigned(name, 0, 4, 0)
    hp.per_layer("feed_forward_length", layers, MAX_FEED_FORWARD)
    _experts(hp, layers)
    _rope(hp)
    if hp.architecture not in tables.RECURRENT:
        _heads(hp, width, layers)
    check_own_rules(hp)


def _experts(hp: Hyperparameters, layers: int) -> None:
    experts = hp.unsigned("expert_count", 0, MAX_EXPERTS, 0)
    used = max(hp.per_layer("expert_used_count", layers, MAX_EXPERTS))
    groups = hp.unsigned("expert_group_count", 0, MAX_EXPERTS, 0)
    if (experts == 0) != (used == 0) or used > experts:
        hp.refuse(f"it uses {used} of {experts} experts (expert_used_count, expert_count)")
    if groups and groups >= experts:
        hp.refuse(f"it has {groups} groups of {experts} experts (expert_group_count)")
    if groups > 1:
        used_groups = hp.unsigned("expert_group_used_count", 1, groups - 1)
        if experts % groups:
            hp.refuse(f"{experts} experts do not split into {groups} groups ({used_groups} used)")


def _rope(hp: Hyperparameters) -> None:
    metadata, prefix = hp.header.metadata, hp.architecture
    kind = metadata.get(f"{prefix}.rope.scaling.type", "linear")
    if kind not in tables.ROPE_SCALING:
        known = ", ".join(tables.ROPE_SCALING)
        hp.refuse(f"{prefix}.rope.scaling.type is {str(kind)[:40]!r}; it can be {known}")
    base = metadata.get(f"{prefix}.rope.freq_base", 10000.0)
    if not isinstance(base, float) or not 0 < base < 1e18:
        hp.refuse(f"{prefix}.rope.freq_base is {base}; it must be a positive number")
    for name in ("rope.scaling.factor", "rope.scale_linear"):
        factor = metadata.get(f"{prefix}.{name}", 0.0)
        if not isinstance(factor, float) or not 0 <= factor <= 1e6:
            hp.refuse(f"{prefix}.{name} is {factor}; it must be a positive number")


def _heads(hp: Hyperparameters, width: int, layers: int) -> None:
    heads = hp.per_layer("attention.head_count", layers, MAX_HEADS)
    keys = heads
    if hp.has("attention.head_count_kv"):
        keys = hp.per_layer("attention.head_count_kv", layers, MAX_HEADS)
    for layer, (n_head, n_keys) in enumerate(zip(heads, keys, strict=True)):
        if n_keys and n_head % n_keys:
            text = f"{n_head} attention heads cannot share {n_keys} key heads (layer {layer})"
            hp.refuse(f"{text}: attention.head_count, attention.head_count_kv")
    first = heads[0]
    if not first:
        return
    if width % first and not hp.has("attention.key_length"):
        hp.refuse(f"embedding_length {width} does not divide into {first} attention heads")
    key = hp.unsigned("attention.key_length", 1, MAX_WIDTH, width // first or 1)
    value = hp.unsigned("attention.value_length", 1, MAX_WIDTH, width // first or 1)
    rotated = hp.unsigned("rope.dimension_count", 0, MAX_WIDTH, key)
    has_rope = hp.has("rope.dimension_count") or hp.architecture in tables.ROPE_IS_HEAD
    if has_rope and (rotated % 2 or rotated > key):
        hp.refuse(f"rope.dimension_count is {rotated}; it must be even and at most {key}")
    if hp.architecture in tables.ROPE_IS_HEAD and not key == value == rotated:
        text = f"heads of {key} (key), {value} (value) and {rotated} (rope.dimension_count)"
        hp.refuse(f"it has {text} elements, which must be equal in {hp.architecture} models")
