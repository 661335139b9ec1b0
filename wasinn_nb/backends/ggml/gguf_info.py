"""What a GGUF header tells about a model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from wasinn_nb.backends.ggml.gguf_header import GGUFArray, GGUFHeader, TensorInfo
from wasinn_nb.backends.ggml.gguf_tables import FILE_TYPES, ValueType
from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.types import GraphEncoding

LAYER_BYTES = "wasinn.layer_bytes"
"""Key in ``ModelInfo.metadata``: bytes of the weights of each layer."""

EXPERT_BYTES = "wasinn.expert_bytes"
"""Key in ``ModelInfo.metadata``: of :data:`LAYER_BYTES`, those of the experts."""

OUTPUT_BYTES = "wasinn.output_bytes"
"""Key in ``ModelInfo.metadata``: bytes of the output layer; 0 if the embedding serves as one."""

EMBEDDING_BYTES = "wasinn.embedding_bytes"
"""Key in ``ModelInfo.metadata``: bytes of the token embedding."""

MATRIX_BYTES = "wasinn.matrix_bytes"
"""Key in ``ModelInfo.metadata``: bytes of the weights that a repacking build would copy."""

EXPERTS = r"\.ffn_(up|down|gate)_exps"
"""The tensors of experts, as llama.cpp's own tools name them."""

_SHOWN = 512
_MOST_LAYERS = 1000  # of what may not be validated yet
_LAYER = re.compile(r"blk\.([0-9]{1,3})\.")
_EXPERTS = re.compile(EXPERTS)


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

    def number(name: str) -> int:
        value = shown.get(f"{architecture}.{name}", 0)
        return value if isinstance(value, int) else 0

    shown |= _sizes(tensors, number("block_count"))
    return ModelInfo(
        encoding=GraphEncoding.GGML,
        architecture=architecture,
        name=str(metadata.get("general.name", "")),
        parameters=sum(t.elements for t in tensors),
        nbytes=sum(t.nbytes for t in tensors),
        quantization=_quantization(header),
        context_length=number("context_length"),
        layers=number("block_count"),
        vocabulary=tokens.count if isinstance(tokens, GGUFArray) else number("vocab_size"),
        embedding_length=number("embedding_length"),
        chat_template=str(metadata.get("tokenizer.chat_template", "")),
        metadata=shown,
    )


def _sizes(tensors: Sequence[TensorInfo], layers: int) -> dict[str, Any]:
    layers = min(layers, _MOST_LAYERS)
    whole, experts = [0] * layers, [0] * layers
    output = embedding = matrices = 0
    for tensor in tensors:
        size, name = tensor.nbytes, tensor.name
        found = _LAYER.match(name)
        if found is not None and (layer := int(found[1])) < layers:
            whole[layer] += size
            experts[layer] += size if _EXPERTS.search(name) else 0
        elif name.startswith(("output.", "output_norm.")):
            output += size
        if name == "token_embd.weight":
            embedding = size
        elif len(tensor.dims) > 1 and not name.startswith("token_embd"):
            matrices += size
    own = any(tensor.name == "output.weight" for tensor in tensors)
    return {
        LAYER_BYTES: whole,
        EXPERT_BYTES: experts,
        OUTPUT_BYTES: output if own else 0,
        EMBEDDING_BYTES: embedding,
        MATRIX_BYTES: matrices,
    }


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
