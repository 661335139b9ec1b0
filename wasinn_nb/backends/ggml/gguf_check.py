"""Refuses GGUF files that would abort, crash or exhaust llama.cpp, before it sees them.

llama.cpp throws on most damage, which is harmless, but asserts on some, which ends the process.
Every rule here stands for such an assertion (or an unchecked division, index or enumeration) in
``src/llama-model.cpp``, ``src/llama-vocab.cpp``, ``src/llama-graph.cpp``, ``src/models/*.cpp`` or
the kernels of ggml, or gives a plain message for what llama.cpp would refuse in its log only.
"""

from __future__ import annotations

import difflib
import math
from typing import NoReturn

from wasinn_nb.backends.ggml import gguf_tables as tables
from wasinn_nb.backends.ggml.gguf_archs import check_own_rules
from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader, TensorInfo
from wasinn_nb.backends.ggml.gguf_reader import AGAIN
from wasinn_nb.backends.ggml.gguf_tables import ValueType
from wasinn_nb.backends.ggml.gguf_vocab import check_vocabulary
from wasinn_nb.nn.errors import InvalidArgument

MAX_LAYERS = 512
MAX_EXPERTS = 1024
MAX_CONTEXT = 1 << 30
MAX_WIDTH = 1 << 20
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


class Hyperparameters:
    """Typed access to ``<architecture>.*``, complaining in the file's name."""

    def __init__(self, header: GGUFHeader, architecture: str) -> None:
        self.header = header
        self.architecture = architecture

    def refuse(self, what: str, hint: str = AGAIN) -> NoReturn:
        """Raise with the file's name in front."""
        raise InvalidArgument(f"{self.header.label} cannot be loaded: {what}.", hint=hint)

    def has(self, name: str) -> bool:
        """Whether the value is given."""
        return f"{self.architecture}.{name}" in self.header.metadata

    def unsigned(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A 32-bit unsigned number within bounds; required if there is no default."""
        key = f"{self.architecture}.{name}"
        value = self.header.metadata.get(key, default)
        if value is None:
            self.refuse(f"{key} is missing", "The conversion was not complete; convert it again.")
        if key in self.header.metadata and self.header.types[key] is not ValueType.UINT32:
            kind = self.header.types[key].name.lower()
            self.refuse(f"{key} is stored as {kind}; it must be uint32")
        if not isinstance(value, int) or not least <= value <= most:
            self.refuse(f"{key} is {value}; it must be from {least:,} to {most:,}")
        return value

    def per_layer(self, name: str, layers: int, most: int, default: int = 0) -> list[int]:
        """A number for every layer, given once or as an array; all ``default`` if not given."""
        key = f"{self.architecture}.{name}"
        value = self.header.metadata.get(key, default)
        if not isinstance(value, GGUFArray):
            return [self.unsigned(name, 0, most, default)] * layers
        if value.type not in {ValueType.UINT32, ValueType.INT32, ValueType.BOOL}:
            self.refuse(f"{key} is an array of {value.type.name.lower()}; it must be of uint32")
        if value.count > MAX_LAYERS or value.count < layers:
            self.refuse(f"{key} has {value.count} elements for {layers} layers")
        numbers = [int(n) for n in value.numbers()[:layers]]
        if min(numbers) < 0 or max(numbers) > most:
            self.refuse(f"{key} has elements outside 0 to {most:,}")
        return numbers


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
        _dense(hp, vocabulary)


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
    """No NaN or infinity anywhere: comparisons with NaN are how eps and scales abort."""
    for key, value in header.metadata.items():
        if isinstance(value, float) and not math.isfinite(value):
            hp.refuse(f"{key} is {value}")
        if isinstance(value, float) and key.endswith("_epsilon") and not 0 <= value < 1:
            hp.refuse(f"{key} is {value:g}; it must be from 0 to 1")
        if isinstance(value, GGUFArray):
            if value.type is ValueType.ARRAY:
                hp.refuse(f"{key} is an array of arrays, which llama.cpp cannot read")
            floats = value.type in {ValueType.FLOAT32, ValueType.FLOAT64}
            if floats and any(map(math.isnan, value.numbers())):
                hp.refuse(f"{key} has elements that are not numbers")


def _hyperparameters(hp: Hyperparameters) -> None:
    hp.unsigned("context_length", 1, MAX_CONTEXT)
    width = hp.unsigned("embedding_length", 1, MAX_WIDTH)
    layers = hp.unsigned("block_count", 1, MAX_LAYERS)
    for name in _UNSIGNED_KEYS:
        hp.unsigned(name, 0, (1 << 32) - 1, 0)
    hp.unsigned("nextn_predict_layers", 0, layers - 1, 0)
    for name in ("pooling_type", "classifier.pooling_type"):
        hp.unsigned(name, 0, 4, 0)
    hp.per_layer("feed_forward_length", layers, 1 << 24)
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
    heads = hp.per_layer("attention.head_count", layers, 1 << 16)
    keys = heads
    if hp.has("attention.head_count_kv"):
        keys = hp.per_layer("attention.head_count_kv", layers, 1 << 16)
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
    if rotated % 2 or rotated > key:
        hp.refuse(f"rope.dimension_count is {rotated}; it must be even and at most {key}")
    if hp.architecture in tables.ROPE_IS_HEAD and not key == value == rotated:
        text = f"heads of {key} (key), {value} (value) and {rotated} (rope.dimension_count)"
        hp.refuse(f"it has {text} elements, which must be equal in {hp.architecture} models")


def _dense(hp: Hyperparameters, vocabulary: int) -> None:
    """The shapes of a plain decoder, so that a mismatch is told in words and not in a log."""
    header, layers = hp.header, hp.unsigned("block_count", 1, MAX_LAYERS)
    width = hp.unsigned("embedding_length", 1, MAX_WIDTH)
    tensors = {tensor.name: tensor for tensor in header.all_tensors}
    heads = hp.per_layer("attention.head_count", layers, 1 << 16)
    if min(heads) < 1:
        hp.refuse(f"{hp.architecture}.attention.head_count is missing or 0")
    keys = hp.per_layer("attention.head_count_kv", layers, 1 << 16, heads[0])
    if min(keys) < 1:
        hp.refuse(f"{hp.architecture}.attention.head_count_kv is 0")
    if not vocabulary:
        hp.refuse("its vocabulary is empty")
    for name, required in (("token_embd.weight", True), ("output.weight", False)):
        tensor = tensors.get(name)
        if tensor is None and required:
            hp.refuse(f"the tensor {name!r} is missing")
        if tensor is not None and tensor.dims != (width, vocabulary):
            want = f"{width} x {vocabulary}: embedding_length and the number of tokens"
            hp.refuse(f"the tensor {name!r} is {_shape(tensor)} instead of {want}")
    given = {int(part) for name in tensors if (part := _block(name)) is not None}
    missing = sorted(set(range(layers)) - given)
    if missing:
        hp.refuse(f"block_count is {layers}, but there are no tensors of block {missing[0]}")
    if max(given) >= layers:
        hp.refuse(f"block_count is {layers}, but there are tensors of block {max(given)}")


def _block(name: str) -> str | None:
    parts = name.split(".", 2)
    return parts[1] if parts[0] == "blk" and len(parts) > 2 and parts[1].isdecimal() else None


def _shape(tensor: TensorInfo) -> str:
    return " x ".join(map(str, tensor.dims))
