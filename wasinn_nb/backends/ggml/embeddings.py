"""The embedding of a prompt, as the JSON text that guests of the wasi-nn ggml dialect parse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wasinn_nb.nn.errors import RuntimeFailure

if TYPE_CHECKING:
    from wasinn_nb.backends.ggml.kv import Slot
    from wasinn_nb.backends.ggml.native import Native

_POOLING_NONE, _POOLING_RANK = 0, 4


def read_embedding(native: Native, slot: Slot, model: int) -> list[float]:
    """The vector of the prompt that was just evaluated.

    It is the pooled vector of the sequence if the model pools, else that of the last token.

    Raises:
        RuntimeFailure: the model gives no embeddings.
    """
    api = native.api
    size = api.llama_model_n_embd_out(model)
    if slot.pooling == _POOLING_NONE:
        vector = api.llama_get_embeddings_ith(slot.pointer, -1)
    else:
        vector = api.llama_get_embeddings_seq(slot.pointer, 0)
        if slot.pooling == _POOLING_RANK:
            size = api.llama_model_n_cls_out(model)
    if not vector:
        raise RuntimeFailure("The model gave no embedding.", hint="Try another pooling-type.")
    values: list[float] = vector[:size]
    return values


def normalized(vector: Sequence[float]) -> list[float]:
    """The vector with Euclidean length 1; a zero vector stays zero."""
    length = math.sqrt(math.fsum(x * x for x in vector))
    return [x / length for x in vector] if length > 0 else list(vector)


def embedding_json(vector: Sequence[float]) -> bytes:
    """``{"n_embedding": N, "embedding": [a,b,...]}`` with each number as C's ``%.10g``."""
    numbers = ",".join(f"{x:.10g}" for x in vector)
    return f'{{"n_embedding": {len(vector)}, "embedding": [{numbers}]}}'.encode()
