"""Llama-architecture GGUF files with random weights, for benchmarks and tests.

Speed, memory and error handling do not depend on what a model has learnt, so nothing needs to be
downloaded: `write_random_llama` writes a file of any shape that llama.cpp loads, tokenizes with and
decodes. Its text is noise.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, product
from pathlib import Path

import gguf
import numpy as np

UNKNOWN, BOS, EOS = 0, 1, 2
"""Token ids of the three special tokens."""

N_SPECIAL = 3
N_BYTES = 256
SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""How SentencePiece writes a space."""

MIN_VOCAB = N_SPECIAL + N_BYTES + len(SPACE)

_DTYPES = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The size of a model, in the words of the GGUF metadata."""

    n_vocab: int
    n_embd: int
    n_layer: int
    n_head: int
    n_ff: int
    n_ctx: int = 2048


SHAPES = {
    "1m": Shape(n_vocab=512, n_embd=128, n_layer=4, n_head=4, n_ff=384),
    "15m": Shape(n_vocab=4096, n_embd=384, n_layer=7, n_head=6, n_ff=1024),
    "115m": Shape(n_vocab=32_000, n_embd=768, n_layer=9, n_head=12, n_ff=2176),
    "250m": Shape(n_vocab=32_000, n_embd=1024, n_layer=15, n_head=16, n_ff=2816),
}
"""Ready-made shapes by parameter count. "250m" in f16 is a file of 500 MB."""


def write_random_llama(  # noqa: PLR0913  (a model's shape has this many numbers)
    path: str | os.PathLike[str],
    *,
    n_vocab: int,
    n_embd: int,
    n_layer: int,
    n_head: int,
    n_ff: int,
    n_ctx: int = 2048,
    seed: int = 0,
    dtype: str = "f16",
    chat_template: str | None = None,
) -> int:
    """Write a llama-architecture GGUF with random weights.

    The same arguments give the same bytes. Tensors are written one at a time, so memory stays at
    the size of the largest one.

    Args:
        path: The file to write; replaced when it exists.
        n_vocab: Vocabulary size, at least 260: three special tokens, 256 bytes, the space, then
            short words.
        n_embd: Width; a multiple of `n_head` with an even quotient, and of 32 when quantized.
        n_layer: Number of blocks.
        n_head: Attention heads (keys and values have as many).
        n_ff: Width of the feed-forward part; a multiple of 32 when quantized.
        n_ctx: Context length that the model claims to be trained for.
        seed: Seed of the weights.
        dtype: Storage of the matrices: "f32", "f16", "q8_0" or "q4_0". Norms are always f32.
        chat_template: Jinja source to store as `tokenizer.chat_template`.

    Returns:
        The number of parameters.

    Raises:
        ValueError: The shape is impossible or `dtype` is unknown.
    """
    _check(n_vocab=n_vocab, n_embd=n_embd, n_head=n_head, n_ff=n_ff, dtype=dtype)
    storage, file_type = _DTYPES[dtype]
    writer = gguf.GGUFWriter(os.fspath(path), "llama")
    writer.add_name(f"random-{seed}")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(n_vocab)
    writer.add_context_length(n_ctx)
    writer.add_embedding_length(n_embd)
    writer.add_block_count(n_layer)
    writer.add_feed_forward_length(n_ff)
    writer.add_head_count(n_head)
    writer.add_head_count_kv(n_head)
    writer.add_rope_dimension_count(n_embd // n_head)
    writer.add_layer_norm_rms_eps(1e-5)
    _add_tokenizer(writer, n_vocab)
    if chat_template is not None:
        writer.add_chat_template(chat_template)

    tensors = list(_tensors(n_vocab, n_embd, n_layer, n_ff))
    for name, shape in tensors:
        kind = storage if len(shape) > 1 else gguf.GGMLQuantizationType.F32
        stored = gguf.quant_shape_to_byte_shape(shape, kind)
        n_bytes = int(np.prod(stored))
        # raw_dtype says what the bytes mean; the writer derives the element shape from it
        writer.add_tensor_info(name, stored, np.dtype(np.uint8), n_bytes, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    rng = np.random.default_rng(seed)
    for _, shape in tensors:
        if len(shape) == 1:
            values = np.ones(shape, dtype=np.float32)
            kind = gguf.GGMLQuantizationType.F32
        else:
            # keeps the variance of activations near 1 through every matrix
            values = rng.standard_normal(shape, dtype=np.float32) / np.float32(shape[1] ** 0.5)
            kind = storage
        writer.write_tensor_data(gguf.quantize(values, kind).view(np.uint8))
    writer.close()
    return sum(int(np.prod(shape)) for _, shape in tensors)


def write_named(path: str | os.PathLike[str], shape: str, *, dtype: str, seed: int = 0) -> int:
    """Write one of `SHAPES`. Returns the number of parameters."""
    return write_random_llama(path, **asdict(SHAPES[shape]), dtype=dtype, seed=seed)


def _check(*, n_vocab: int, n_embd: int, n_head: int, n_ff: int, dtype: str) -> None:
    if dtype not in _DTYPES:
        raise ValueError(f"unknown dtype {dtype!r}; known: {', '.join(_DTYPES)}")
    if n_vocab < MIN_VOCAB:
        raise ValueError(f"n_vocab is {n_vocab}; the byte-level tokenizer needs {MIN_VOCAB}")
    if n_embd % n_head or (n_embd // n_head) % 2:
        raise ValueError(f"n_embd {n_embd} over n_head {n_head} must be an even whole number")
    if dtype.startswith("q") and (n_embd % 32 or n_ff % 32):
        raise ValueError(f"n_embd {n_embd} and n_ff {n_ff} must be multiples of 32 for {dtype}")


def _tensors(
    n_vocab: int, n_embd: int, n_layer: int, n_ff: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes (rows, columns), in file order."""
    yield "token_embd.weight", (n_vocab, n_embd)
    for i in range(n_layer):
        yield f"blk.{i}.attn_norm.weight", (n_embd,)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{i}.{part}.weight", (n_embd, n_embd)
        yield f"blk.{i}.ffn_norm.weight", (n_embd,)
        yield f"blk.{i}.ffn_gate.weight", (n_ff, n_embd)
        yield f"blk.{i}.ffn_up.weight", (n_ff, n_embd)
        yield f"blk.{i}.ffn_down.weight", (n_embd, n_ff)
    yield "output_norm.weight", (n_embd,)
    yield "output.weight", (n_vocab, n_embd)


def _add_tokenizer(writer: gguf.GGUFWriter, n_vocab: int) -> None:
    """A SentencePiece-style vocabulary: any text falls back to bytes, so every text round-trips."""
    words = _words()
    filler = [next(words) for _ in range(n_vocab - MIN_VOCAB)]
    kind = gguf.TokenType
    writer.add_tokenizer_model("llama")
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(N_BYTES)]
    writer.add_token_list(["<unk>", "<s>", "</s>", *byte_tokens, SPACE, *filler])
    writer.add_token_scores([0.0] * MIN_VOCAB + [-float(i) for i in range(len(filler))])
    writer.add_token_types(
        [kind.UNKNOWN, kind.CONTROL, kind.CONTROL]
        + [kind.BYTE] * N_BYTES
        + [kind.NORMAL] * (1 + len(filler))
    )
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)


def _words() -> Iterator[str]:
    """Distinct short pieces without end: a, b, ..., aa, ab, ... each bare and after a space."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    for length in count(1):
        for word in map("".join, product(letters, repeat=length)):
            yield word
            yield SPACE + word


def main() -> None:
    """Command line: write one of the ready-made shapes."""
    parser = argparse.ArgumentParser(description="Write a random-weight llama GGUF.")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("path", type=Path)
    parser.add_argument("--dtype", choices=_DTYPES, default="f16")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    n = write_named(options.path, options.shape, dtype=options.dtype, seed=options.seed)
    print(f"{options.path}: {n:,} parameters, {options.path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
