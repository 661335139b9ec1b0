"""Hundreds of broken GGUF files, the same ones every time, made from small valid models."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from tests.backends.gguf_writer import (
    ARRAY,
    BOOL,
    F32,
    F64,
    I32,
    KIND_F16,
    KIND_F32,
    KIND_Q4_0,
    KIND_Q8_0,
    STRING,
    U8,
    U32,
    U64,
    File,
    Tensor,
    llama,
)
from wasinn_nb.backends.ggml.gguf_tables import ARCHITECTURES, TENSOR_KINDS

NAN, INFINITY = float("nan"), float("inf")
LARGE = (1 << 31) - 1, 1 << 31, (1 << 32) - 1
HUGE = (1 << 40), (1 << 62), (1 << 63), (1 << 64) - 1
NUMBERS = (
    "llama.vocab_size",
    "llama.context_length",
    "llama.embedding_length",
    "llama.block_count",
    "llama.feed_forward_length",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.rope.dimension_count",
)
OPTIONAL = (
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.expert_count",
    "llama.expert_used_count",
    "llama.expert_group_count",
    "llama.nextn_predict_layers",
    "llama.pooling_type",
    "llama.attention.sliding_window",
    "llama.rope.scaling.original_context_length",
)
FLOATS = (
    "llama.attention.layer_norm_rms_epsilon",
    "llama.rope.freq_base",
    "llama.rope.scaling.factor",
    "llama.rope.scaling.attn_factor",
    "llama.attention.scale",
    "llama.logit_scale",
    "llama.expert_weights_scale",
)


def mutations() -> Iterator[tuple[str, bytes]]:
    """Names and contents. The names are unique and say what is wrong."""
    base = llama()
    data = base.pack()
    yield from _truncated(base, data)
    yield from _flipped(base, data)
    yield from _preamble(base)
    yield from _numbers(base)
    yield from _floats(base)
    yield from _texts(base)
    yield from _vocabulary(base)
    yield from _entries(base)
    yield from _tensors(base)
    yield from _kinds()


def _truncated(base: File, data: bytes) -> Iterator[tuple[str, bytes]]:
    for name, at in base.marks.items():
        for delta in (0, 9):
            yield f"cut at {name} +{delta}", data[: at + delta]
    for share in (0, 1, 3, 8, 12, 24):
        yield f"cut after {share} bytes", data[:share]
    for tenth in range(1, 10):
        size = base.marks["data"] + (len(data) - base.marks["data"]) * tenth // 10
        yield f"cut in the data at {tenth}0 percent", data[:size]
    yield "one byte short", data[:-1]


def _flipped(base: File, data: bytes) -> Iterator[tuple[str, bytes]]:
    rng = random.Random(1)
    regions = {
        "counts": (0, 24, 24),
        "entries": (24, base.marks["key tokenizer.ggml.tokens"], 120),
        "tokenizer": (base.marks["key tokenizer.ggml.tokens"], base.marks["tensors"], 80),
        "tensors": (base.marks["tensors"], base.marks["padding"], 120),
        "data": (base.marks["data"], len(data), 20),
    }
    for name, (start, end, count) in regions.items():
        for number in range(count):
            at, bit = rng.randrange(start, end), rng.randrange(8)
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            yield f"flip {number} in {name} at {at} bit {bit}", bytes(changed)


def _preamble(base: File) -> Iterator[tuple[str, bytes]]:
    for magic in (b"FUGG", b"GGML", b"\0\0\0\0", b"lmgg", b"<htm"):
        yield f"magic {magic!r}", _with(base, magic=magic)
    for version in (0, 1, 4, 99, 0x03000000, (1 << 32) - 1):
        yield f"version {version}", _with(base, version=version)
    yield "version 2", _with(base, version=2)
    for count in (0, 1, 22, 1 << 20, *HUGE):
        yield f"{count} tensors claimed", _with(base, n_tensors=count)
        yield f"{count} entries claimed", _with(base, n_entries=count)
    for alignment in (0, 1, 3, 8, 16, 64, 1 << 20, 1 << 21, 1 << 31):
        file = base.copy().set("general.alignment", U32, alignment)
        if alignment and alignment <= 4096:
            file.alignment = alignment
        yield f"alignment {alignment}", file.pack()
    yield "alignment as u64", base.copy().set("general.alignment", U64, 32).pack()
    yield "alignment as text", base.copy().set("general.alignment", STRING, "32").pack()


def _numbers(base: File) -> Iterator[tuple[str, bytes]]:
    for key in NUMBERS:
        value = base.get(key)
        for other in (0, 1, 3, 7, value - 1, value + 1, value * 2, 513, *LARGE):
            yield f"{key} is {other}", base.copy().set(key, U32, other).pack()
        yield f"{key} missing", base.copy().drop(key).pack()
        yield f"{key} as i32", base.copy().set(key, I32, value).pack()
        yield f"{key} as text", base.copy().set(key, STRING, str(value)).pack()
        for items in ([], [value], [value] * 2, [0, value], [value] * 600, [LARGE[2]] * 2):
            name = f"{key} as array of {len(items)} from {items[:1]}"
            yield name, base.copy().set(key, ARRAY, (U32, items)).pack()
        yield f"{key} as array of text", base.copy().set(key, ARRAY, (STRING, ["a", "b"])).pack()
    for key in OPTIONAL:
        for other in (0, 1, 2, 5, 7, 8, 16, 1000, *LARGE):
            yield f"{key} is {other}", base.copy().set(key, U32, other).pack()
    for used, groups in ((2, 0), (4, 2), (9, 0), (8, 3)):
        file = base.copy().set("llama.expert_count", U32, 8)
        file.set("llama.expert_used_count", U32, used)
        yield (
            f"8 experts, {used} used, {groups} groups",
            file.set("llama.expert_group_count", U32, groups).pack(),
        )


def _floats(base: File) -> Iterator[tuple[str, bytes]]:
    for key in FLOATS:
        for value in (NAN, INFINITY, -INFINITY, -1.0, 0.0, 1e-38, 3e38):
            yield f"{key} is {value}", base.copy().set(key, F32, value).pack()
        yield f"{key} as f64", base.copy().set(key, F64, 1.0).pack()


def _texts(base: File) -> Iterator[tuple[str, bytes]]:
    for name in ("", "lama", "gptj", "clip", "(unknown)", "x" * 100_000, "t5", "bert", "mamba"):
        yield (
            f"architecture {name[:12]!r}",
            base.copy().set("general.architecture", STRING, name).pack(),
        )
    for name in sorted(ARCHITECTURES):
        file = base.copy().set("general.architecture", STRING, name)
        file.entries = [(k.replace("llama.", f"{name}."), t, v) for k, t, v in file.entries]
        yield f"everything renamed to {name}", file.pack()
    for name in ("none", "linear", "yarn", "longrope", "dynamic", ""):
        yield (
            f"rope scaling {name!r}",
            base.copy().set("llama.rope.scaling.type", STRING, name).pack(),
        )
    yield "architecture missing", base.copy().drop("general.architecture").pack()
    yield "architecture as a number", base.copy().set("general.architecture", U32, 1).pack()
    yield "an adapter", base.copy().set("general.type", STRING, "adapter").pack()
    yield "a vision part", base.copy().set("general.type", STRING, "mmproj").pack()
    yield "name is not UTF-8", base.copy().set("general.name", STRING, b"\xff\xfe\x80").pack()
    yield "name is a number", base.copy().set("general.name", U32, 7).pack()
    yield "template is bytes", base.copy().set("tokenizer.chat_template", STRING, b"{{\xff").pack()


def _vocabulary(base: File) -> Iterator[tuple[str, bytes]]:
    prefix = "tokenizer.ggml."
    _, names = base.get(prefix + "tokens")
    for model in ("none", "no_vocab", "test", "gpt2", "bert", "t5", "rwkv", "plamo2", "gemma4", ""):
        yield f"tokenizer {model!r}", base.copy().set(prefix + "model", STRING, model).pack()
    changes = {
        "empty": [],
        "one": names[:1],
        "short": names[:-1],
        "long": [*names, "extra"],
        "twice": [*names[:-1], names[5]],
        "all the same": ["x"] * len(names),
        "all empty": [""] * len(names),
        "clash with an empty one": ["", "[EMPTY_0]", *names[2:]],
        "not UTF-8": [*names[:-1], b"\xc3\x28\xff"],
        "no bytes": [f"t{n}" for n in range(len(names))],
        "long token": [*names[:-1], "y" * 300_000],
        "zero bytes": [*names[:-1], "a\0b"],
    }
    for name, tokens in changes.items():
        file = base.copy().set(prefix + "tokens", ARRAY, (STRING, tokens))
        yield f"tokens: {name}", file.pack()
        if len(tokens) == len(names):
            for model in ("gpt2", "bert", "t5", "rwkv", "plamo2"):
                other = file.copy().set(prefix + "model", STRING, model)
                other.set(prefix + "merges", ARRAY, (STRING, ["a b", "ab c"]))
                yield f"tokens of {model}: {name}", other.pack()
    yield from _token_arrays(base)
    yield from _special_tokens(base)


def _token_arrays(base: File) -> Iterator[tuple[str, bytes]]:
    prefix = "tokenizer.ggml."
    _, scores = base.get(prefix + "scores")
    _, types = base.get(prefix + "token_type")
    yield "tokens as numbers", base.copy().set(prefix + "tokens", ARRAY, (U32, [1] * 300)).pack()
    yield "tokens missing", base.copy().drop(prefix + "tokens").pack()
    for key, kind, values in (("scores", F32, scores), ("token_type", I32, types)):
        for name, other in (("short", values[:-1]), ("long", [*values, 1]), ("empty", [])):
            yield f"{key}: {name}", base.copy().set(prefix + key, ARRAY, (kind, other)).pack()
        yield f"{key} as u8", base.copy().set(prefix + key, ARRAY, (U8, [1] * 300)).pack()
        yield f"{key} as text", base.copy().set(prefix + key, ARRAY, (STRING, ["a"] * 300)).pack()
        yield f"{key} missing", base.copy().drop(prefix + key).pack()
    yield "scores are NaN", base.copy().set(prefix + "scores", ARRAY, (F32, [NAN] * 300)).pack()
    for kind in (-1, 0, 2, 3, 6, 99):
        file = base.copy().set(prefix + "token_type", ARRAY, (I32, [kind] * 300))
        yield f"all tokens of type {kind}", file.pack()
        for model in ("bert", "gpt2", "rwkv"):
            other = file.copy().set(prefix + "model", STRING, model)
            other.set(prefix + "merges", ARRAY, (STRING, ["a b"]))
            yield f"all tokens of {model} of type {kind}", other.pack()


def _special_tokens(base: File) -> Iterator[tuple[str, bytes]]:
    prefix = "tokenizer.ggml."
    for name in ("bos", "eos", "eot", "unknown", "padding", "seperator", "fim_pre"):
        for value in (0, 299, 300, LARGE[0], LARGE[2]):
            key = f"{prefix}{name}_token_id"
            yield f"{name} is {value}", base.copy().set(key, U32, value).pack()
        yield f"{name} as i32", base.copy().set(f"{prefix}{name}_token_id", I32, -1).pack()
    for name in ("add_bos_token", "add_eos_token", "add_sep_token"):
        file = base.copy().set(prefix + name, BOOL, 1)
        yield (
            f"{name} without ids",
            file.drop(prefix + "bos_token_id").drop(prefix + "eos_token_id").pack(),
        )
        yield f"{name} is 2", base.copy().set(prefix + name, BOOL, 2).pack()
        yield f"{name} is text", base.copy().set(prefix + name, STRING, "yes").pack()
    for name, merges in (("none", []), ("no space", ["ab"]), ("empty", [""]), ("spaces", ["   "])):
        file = base.copy().set(prefix + "model", STRING, "gpt2")
        yield f"merges: {name}", file.set(prefix + "merges", ARRAY, (STRING, merges)).pack()
    yield from _charsmaps(base)


def _charsmaps(base: File) -> Iterator[tuple[str, bytes]]:
    """Normalization tables of a Unigram tokenizer: too short, empty, and of random words."""
    rng = random.Random(4)
    size = struct.pack("<I", 96)
    maps = {f"{n} bytes": size[:n].ljust(n, b"\xff") for n in (0, 3, 4, 99)}
    maps["of zeros"] = struct.pack("<I", 1024) + bytes(1024 + 8)
    maps["without an end"] = struct.pack("<I", 1024) + bytes(1024) + b"abc"
    for number in range(40):
        words = []
        for index in range(512):
            label = rng.choice([0, index & 0xFF, index & 0xFF, rng.randrange(256)])
            leaf = rng.choice([0, 0, 0, 0x100])
            words.append(leaf | label | rng.randrange(1 << rng.choice([1, 2, 8])) << 10)
        maps[f"at random {number}"] = struct.pack("<I512I", 2048, *words) + b"x" * 200 + b"\0"
    for name, data in maps.items():
        file = base.copy().set("tokenizer.ggml.model", STRING, "t5")
        yield (
            f"charsmap {name}",
            file.set("tokenizer.ggml.precompiled_charsmap", ARRAY, (U8, list(data))).pack(),
        )


def _entries(base: File) -> Iterator[tuple[str, bytes]]:
    doubled = base.copy()
    doubled.entries.append(doubled.entries[4])
    yield "a key twice", doubled.pack()
    for key in ("", "k" * 70_000, b"\xff\xfe", "with\0zero", "llama.unheard_of"):
        yield f"key {key[:9]!r}", base.copy().set(key, U32, 1).pack()
    for kind in (13, 99, (1 << 32) - 1):
        file = base.copy()
        data = bytearray(file.pack())
        at = file.marks["key general.name"] + 8 + len("general.name")
        data[at : at + 4] = struct.pack("<I", kind)
        yield f"value type {kind}", bytes(data)
    for count in (1 << 25, *HUGE):
        file = base.copy()
        data = bytearray(file.pack())
        at = file.marks["key tokenizer.ggml.scores"] + 8 + len("tokenizer.ggml.scores") + 8
        data[at : at + 8] = struct.pack("<Q", count)
        yield f"array of {count} elements", bytes(data)
        at = file.marks["key general.name"]
        data = bytearray(file.pack())
        data[at : at + 8] = struct.pack("<Q", count)
        yield f"key of {count} bytes", bytes(data)
    nested = (ARRAY, [(U32, [1, 2]), (U32, [3])])
    yield "array of arrays", base.copy().set("general.nested", ARRAY, nested).pack()
    deep = (U32, [1])
    for _ in range(64):
        deep = (ARRAY, [deep])
    yield "arrays 64 deep", base.copy().set("general.nested", ARRAY, deep).pack()
    yield "split into two", base.copy().set("split.count", 2, 2).set("split.no", 2, 0).pack()
    yield "split count as text", base.copy().set("split.count", STRING, "2").pack()
    rng = random.Random(2)
    for number in range(8):
        file = base.copy()
        values = [value for _, kind, value in file.entries if kind == U32]
        rng.shuffle(values)
        file.entries = [(k, t, values.pop() if t == U32 else v) for k, t, v in file.entries]
        yield f"numbers shuffled {number}", file.pack()


def _tensors(base: File) -> Iterator[tuple[str, bytes]]:
    for index, tensor in enumerate(base.tensors):
        dropped = base.copy()
        del dropped.tensors[index]
        yield f"no {tensor.name}", dropped.pack()
    for name in ("token_embd.weight", "blk.0.attn_q.weight", "blk.1.ffn_norm.weight"):
        size = base.tensor(name).dims
        shapes = [size[::-1], [*size, 1], [*size, 1, 1], [*size, 1, 1, 1], [], [0], [1], [0, *size]]
        shapes += [[d * 2 for d in size], [d + 1 for d in size], [1 << 62], [1 << 32, 1 << 32]]
        shapes += [[(1 << 64) - 1], [size[0], (1 << 64) - 1], [1 << 16] * 4, [math_product(size)]]
        for dims in shapes:
            file = base.copy()
            file.tensor(name).dims = dims
            yield f"{name} is {dims}", file.pack()
        for offset in (1, 32, 64, 1 << 20, *HUGE):
            file = base.copy()
            file.tensor(name).offset = offset
            yield f"{name} at {offset}", file.pack()
        for kind in (*range(44), 255, (1 << 31), (1 << 32) - 1):
            file = base.copy()
            file.tensor(name).kind = kind
            yield f"{name} of type {kind}", file.pack()
        for other in ("", "x" * 63, "x" * 64, "x" * 5000, "blk.0.attn_k.weight", "blk.9.a.weight"):
            file = base.copy()
            file.tensor(name).name = other
            yield f"{name} renamed to {other[:24]!r}{len(other)}", file.pack()
    swapped = base.copy()
    swapped.tensors.reverse()
    yield "tensors in reverse", swapped.pack()
    names = [tensor.name for tensor in base.tensors]
    for number in range(6):
        rng = random.Random(number)
        file = base.copy()
        shuffled = rng.sample(names, len(names))
        for tensor, name in zip(file.tensors, shuffled, strict=True):
            tensor.name = name
        yield f"names shuffled {number}", file.pack()
    more = base.copy()
    more.tensors.append(Tensor("rope_freqs.weight", [4], KIND_F32, bytes(16)))
    yield "rope_freqs all zero", more.pack()
    more.tensors[-1] = Tensor("rope_freqs.weight", [4], KIND_F16, bytes(8))
    yield "rope_freqs of f16", more.pack()
    more.tensors[-1] = Tensor("blk.0.attn_q.bias", [32], KIND_F16, bytes(64))
    yield "a bias of f16", more.pack()
    for value in (NAN, INFINITY, 3e38):
        file = base.copy()
        for tensor in file.tensors:
            tensor.data = struct.pack("<f", value) * (len(tensor.data) // 4)
        yield f"all weights are {value}", file.pack()


def _kinds() -> Iterator[tuple[str, bytes]]:
    """The matrices in every type that exists, with bytes of the right number and no meaning."""
    rng = random.Random(3)
    for number, kind in TENSOR_KINDS.items():
        file = llama(width=256, forward=256, layers=1, heads=4, keys=4)
        for tensor in file.tensors:
            if len(tensor.dims) > 1 and tensor.name != "output.weight":
                tensor.kind = number
                size = math_product(tensor.dims) // kind.block * kind.nbytes
                tensor.data = rng.randbytes(size) if number not in (0, 1) else bytes(size)
        yield f"matrices of {kind.name}", file.pack()
    for number in (KIND_Q4_0, KIND_Q8_0):
        yield f"matrices of type {number}, sound", llama(width=64, kind=number).pack()


def math_product(values: list[int]) -> int:
    product = 1
    for value in values:
        product *= value
    return product


def _with(base: File, **changes: object) -> bytes:
    file = base.copy()
    for name, value in changes.items():
        setattr(file, name, value)
    return file.pack()
