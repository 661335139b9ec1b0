"""A GGUF as a value that a test can bend, and the bytes that it makes.

Nothing is checked here: any field can be made wrong.
"""

from __future__ import annotations

import copy
import random
import struct
from dataclasses import dataclass, field

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B"}
CODES |= {U64: "Q", I64: "q", F64: "d"}
KIND_F32, KIND_F16, KIND_Q4_0, KIND_Q8_0 = 0, 1, 2, 8
SIZES = {KIND_F32: (1, 4), KIND_F16: (1, 2), KIND_Q4_0: (32, 18), KIND_Q8_0: (32, 34)}


@dataclass
class Tensor:
    name: str
    dims: list[int]
    kind: int
    data: bytes
    offset: int | None = None


@dataclass
class File:
    """``entries`` are (key, type, value); of an array the value is (element type, elements)."""

    entries: list[tuple] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    magic: bytes = b"GGUF"
    version: int = 3
    n_tensors: int | None = None
    n_entries: int | None = None
    alignment: int = 32
    marks: dict[str, int] = field(default_factory=dict)

    def copy(self) -> File:
        return copy.deepcopy(self)

    def get(self, key):
        return next(value for k, _, value in self.entries if k == key)

    def set(self, key, kind, value) -> File:
        """The value under a key, in its place if it is there."""
        for index, (known, _, _) in enumerate(self.entries):
            if known == key:
                self.entries[index] = (key, kind, value)
                return self
        self.entries.append((key, kind, value))
        return self

    def drop(self, key) -> File:
        self.entries = [entry for entry in self.entries if entry[0] != key]
        return self

    def tensor(self, name) -> Tensor:
        return next(tensor for tensor in self.tensors if tensor.name == name)

    def pack(self) -> bytes:
        """The bytes; ``marks`` then tells where each part begins."""
        n_tensors = len(self.tensors) if self.n_tensors is None else self.n_tensors
        n_entries = len(self.entries) if self.n_entries is None else self.n_entries
        out = bytearray(self.magic + struct.pack("<IQQ", self.version, n_tensors, n_entries))
        self.marks = {"entries": len(out)}
        for key, kind, value in self.entries:
            self.marks[f"key {key}"] = len(out)
            out += text(key) + struct.pack("<I", kind) + encode(kind, value)
        self.marks["tensors"] = len(out)
        offset = 0
        for tensor in self.tensors:
            self.marks[f"tensor {tensor.name}"] = len(out)
            place = offset if tensor.offset is None else tensor.offset
            dims = struct.pack(f"<I{len(tensor.dims)}Q", len(tensor.dims), *tensor.dims)
            out += text(tensor.name) + dims + struct.pack("<IQ", tensor.kind, place)
            offset += -(-len(tensor.data) // self.alignment) * self.alignment
        self.marks["padding"] = len(out)
        out += bytes(-len(out) % self.alignment)
        self.marks["data"] = len(out)
        for tensor in self.tensors:
            out += tensor.data + bytes(-len(tensor.data) % self.alignment)
        return bytes(out)


def text(value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(raw)) + raw


def encode(kind: int, value) -> bytes:
    if kind == STRING:
        return text(value)
    if kind == ARRAY:
        inner, items = value
        head = struct.pack("<IQ", inner, len(items))
        return head + b"".join(encode(inner, item) for item in items)
    return struct.pack("<" + CODES[kind], value)


def vocabulary(words: int = 41) -> tuple[list[str], list[float], list[int]]:
    """Three special tokens, 256 bytes and a few words, as SentencePiece has them."""
    names = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    names += [f"\u2581w{n}" for n in range(words)]
    scores = [0.0] * 259 + [-float(n) for n in range(words)]
    return names, scores, [2, 3, 3] + [6] * 256 + [1] * words


def llama(
    *, width=32, layers=2, heads=4, keys=2, forward=64, context=256, kind=KIND_F32, seed=0
) -> File:
    """A valid random model that llama.cpp loads and decodes with."""
    rng = random.Random(seed)
    names, scores, types = vocabulary()
    n = len(names)
    file = File()
    for key, value_kind, value in (
        ("general.architecture", STRING, "llama"),
        ("general.name", STRING, "tiny"),
        ("general.file_type", U32, 0 if kind == KIND_F32 else 1),
        ("llama.vocab_size", U32, n),
        ("llama.context_length", U32, context),
        ("llama.embedding_length", U32, width),
        ("llama.block_count", U32, layers),
        ("llama.feed_forward_length", U32, forward),
        ("llama.attention.head_count", U32, heads),
        ("llama.attention.head_count_kv", U32, keys),
        ("llama.rope.dimension_count", U32, width // heads),
        ("llama.rope.freq_base", F32, 10000.0),
        ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, names)),
        ("tokenizer.ggml.scores", ARRAY, (F32, scores)),
        ("tokenizer.ggml.token_type", ARRAY, (I32, types)),
        ("tokenizer.ggml.bos_token_id", U32, 1),
        ("tokenizer.ggml.eos_token_id", U32, 2),
        ("tokenizer.ggml.unknown_token_id", U32, 0),
        ("tokenizer.ggml.add_bos_token", BOOL, 1),
    ):
        file.set(key, value_kind, value)
    narrow = width // heads * keys
    shapes = [("token_embd.weight", [width, n])]
    for layer in range(layers):
        blk = f"blk.{layer}."
        shapes += [
            (blk + "attn_norm.weight", [width]),
            (blk + "attn_q.weight", [width, width]),
            (blk + "attn_k.weight", [width, narrow]),
            (blk + "attn_v.weight", [width, narrow]),
            (blk + "attn_output.weight", [width, width]),
            (blk + "ffn_norm.weight", [width]),
            (blk + "ffn_gate.weight", [width, forward]),
            (blk + "ffn_up.weight", [width, forward]),
            (blk + "ffn_down.weight", [forward, width]),
        ]
    shapes += [("output_norm.weight", [width]), ("output.weight", [width, n])]
    for name, dims in shapes:
        file.tensors.append(random_tensor(rng, name, dims, kind if len(dims) > 1 else KIND_F32))
    return file


def random_tensor(rng: random.Random, name: str, dims: list[int], kind: int) -> Tensor:
    count = 1
    for dim in dims:
        count *= dim
    if kind in (KIND_F32, KIND_F16):
        values = [1.0] * count if len(dims) == 1 else [rng.uniform(-0.3, 0.3) for _ in range(count)]
        return Tensor(name, dims, kind, struct.pack(f"<{count}{'fe'[kind]}", *values))
    block, size = SIZES[kind]
    scale = struct.pack("<e", 0.01)
    blocks = (scale + rng.randbytes(size - 2) for _ in range(count // block))
    return Tensor(name, dims, kind, b"".join(blocks))
