"""Reading and validating GGUF headers."""

import math
import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backends.gguf_writer import (
    ARRAY,
    BOOL,
    CODES,
    F32,
    F64,
    I32,
    KIND_F16,
    KIND_F32,
    KIND_Q8_0,
    SIZES,
    STRING,
    U16,
    U32,
    File,
    Tensor,
    llama,
    random_tensor,
)
from wasinn_nb.backends.ggml import gguf
from wasinn_nb.backends.ggml.gguf import (
    GGUFArray,
    model_info,
    read_gguf,
    split_paths,
    validate,
    validate_adapter,
)
from wasinn_nb.backends.ggml.gguf_tables import TENSOR_KINDS
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound, NNError


def numbers(kind):
    """Values that survive a round trip through ``struct``."""
    if kind == F32:
        return st.floats(width=32, allow_nan=False)
    if kind == F64:
        return st.floats(allow_nan=False)
    if kind == BOOL:
        return st.integers(0, 1)
    bits = struct.calcsize(CODES[kind]) * 8
    if CODES[kind].islower():
        return st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    return st.integers(0, (1 << bits) - 1)


SCALARS = st.sampled_from(sorted(CODES)).flatmap(lambda k: st.tuples(st.just(k), numbers(k)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
FLAT = st.one_of(
    st.sampled_from(sorted(CODES)).flatmap(
        lambda k: st.tuples(st.just(k), st.lists(numbers(k), max_size=40))
    ),
    st.tuples(st.just(STRING), st.lists(TEXTS, max_size=40)),
)
ARRAYS = st.one_of(FLAT, st.tuples(st.just(ARRAY), st.lists(FLAT, max_size=3)))
VALUES = st.one_of(SCALARS, st.tuples(st.just(STRING), TEXTS), st.tuples(st.just(ARRAY), ARRAYS))
KEYS = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=1, max_size=30)


@st.composite
def files(draw):
    file = File(version=draw(st.sampled_from([2, 3])))
    for key in draw(st.lists(KEYS, unique=True, max_size=8)):
        if key != "general.alignment":
            file.set(key, *draw(VALUES))
    alignment = draw(st.sampled_from([1, 8, 32, 64, 4096]))
    if alignment != 32:
        file.set("general.alignment", U32, alignment)
        file.alignment = alignment
    names = draw(st.lists(st.text("abc.0_", min_size=1, max_size=63), unique=True, max_size=5))
    for name in names:
        kind = draw(st.sampled_from(sorted(SIZES)))
        block, size = SIZES[kind]
        dims = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
        dims[0] *= block
        file.tensors.append(Tensor(name, dims, kind, bytes(math.prod(dims) // block * size)))
    return file


def plain(value):
    """A parsed value as the writer has it."""
    if not isinstance(value, GGUFArray):
        return value
    if value.items or value.type == ARRAY:
        return (value.type, [plain(item) for item in value.items])
    if value.type == STRING:
        return (value.type, [item.decode() for item in value.strings()])
    return (value.type, list(value.numbers()))


@settings(max_examples=150)
@given(files())
def test_what_is_written_is_read(file):
    data = file.pack()
    header = read_gguf(data)
    assert header.version == file.version
    assert [(k, header.types[k], plain(v)) for k, v in header.metadata.items()] == [
        (k, t, bool(v) if t == BOOL else v) for k, t, v in file.entries
    ]
    assert [(t.name, list(t.dims), t.kind, t.nbytes) for t in header.tensors] == [
        (t.name, t.dims, TENSOR_KINDS[t.kind], len(t.data)) for t in file.tensors
    ]
    if file.tensors:
        assert header.data_offset == file.marks["data"]
        assert data[header.data_offset :].startswith(file.tensors[0].data)


@settings(max_examples=200)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_a_header_or_an_error(data, magic):
    try:
        read_gguf(b"GGUF\x03\0\0\0" + data if magic else data)
    except NNError as error:
        assert error.message  # noqa: PT017 - either outcome is right


VALID = llama().pack()


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 9000), st.binary(min_size=1, max_size=9)), max_size=4))
def test_any_damage_is_told_or_harmless(changes):
    data = bytearray(VALID)
    for at, new in changes:
        data[at : at + len(new)] = new
    try:
        header = read_gguf(bytes(data))
        validate(header)
        model_info(header)
    except NNError as error:
        assert error.message  # noqa: PT017


@pytest.mark.parametrize("part", ["key tokenizer.ggml.scores", "tensors", "padding", "data"])
def test_a_cut_file_tells_both_sizes(part):
    file = llama()
    data = file.pack()
    size = file.marks[part] + 7
    with pytest.raises(InvalidArgument) as caught:
        read_gguf(data[:size])
    assert f"found {size:,}" in str(caught.value)
    assert "download is probably incomplete" in str(caught.value)


def test_the_whole_size_is_told_when_only_data_is_missing():
    with pytest.raises(InvalidArgument, match=f"expected {len(VALID):,} bytes, found"):
        read_gguf(VALID[:-1])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"GG", "begins with b'GG'"),
        (b"<!DOCTYPE html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"FUGG\0\0\0\3", "big-endian"),
        (b"GGUF\0\0\0\3" + bytes(16), "big-endian"),
        (b"GGUF\1\0\0\0" + bytes(16), "version 1"),
        (b"GGUF\4\0\0\0" + bytes(16), "version 4"),
    ],
)
def test_other_files_are_named(data, words):
    with pytest.raises(InvalidEncoding, match=words):
        read_gguf(data)


def refusal(file, check=validate):
    with pytest.raises(InvalidArgument) as caught:
        check(read_gguf(file.pack()))
    return str(caught.value)


def test_places_are_told():
    file = llama()
    file.entries.append(file.entries[3])
    data = file.pack()
    at = data.rindex(b"llama.vocab_size") - 8
    with pytest.raises(InvalidArgument, match=rf"occurs twice \(byte {at:,}\)"):
        read_gguf(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f.set("general.architecture", STRING, "lama"), "Near names: llama"),
        (lambda f: f.set("general.architecture", STRING, "clip"), "vision part"),
        (lambda f: f.drop("general.architecture"), "does not name its architecture"),
        (lambda f: f.drop("llama.block_count"), "llama.block_count is missing"),
        (lambda f: f.set("llama.block_count", U32, 3), "no tensors of block 2"),
        (lambda f: f.set("llama.block_count", U32, 1), "tensors of block 1"),
        (lambda f: f.set("llama.context_length", U32, 0), "context_length is 0"),
        (lambda f: f.set("llama.context_length", I32, 5), "stored as int32"),
        (lambda f: f.tensor("output.weight").dims.reverse(), "instead of 32 x 300"),
        (lambda f: f.set("llama.attention.head_count", U32, 5), "cannot share"),
        (lambda f: f.set("llama.attention.head_count_kv", U32, 3), "cannot share 3"),
        (lambda f: f.set("llama.rope.dimension_count", U32, 6), "which must be equal"),
        (lambda f: f.set("llama.rope.scaling.type", STRING, "su"), "none, linear, yarn"),
        (
            lambda f: f.set("llama.attention.layer_norm_rms_epsilon", F32, math.nan),
            "epsilon is nan",
        ),
        (lambda f: f.set("llama.expert_count", U32, 4), "0 of 4 experts"),
        (lambda f: f.set("tokenizer.ggml.model", STRING, "lama"), "Near names: llama"),
        (lambda f: f.set("tokenizer.ggml.model", STRING, "no_vocab"), "no tokenizer"),
        (lambda f: f.set("tokenizer.ggml.scores", ARRAY, (F32, [0.0])), "1 elements for 300"),
        (lambda f: f.set("tokenizer.ggml.eos_token_id", U32, 300), "outside the vocabulary"),
        (lambda f: f.get("tokenizer.ggml.tokens")[1].__setitem__(7, "<s>"), "token 7"),
        (lambda f: f.get("tokenizer.ggml.tokens")[1].__setitem__(68, "A!"), "the byte 0x41"),
        (lambda f: f.tensors.pop(0), "'token_embd.weight' is missing"),
        (
            lambda f: f.set("tokenizer.ggml.model", STRING, "gpt2").set(
                "tokenizer.ggml.merges", ARRAY, (STRING, ["ab"])
            ),
            "merge 0",
        ),
    ],
)
def test_what_llama_cpp_asserts_is_told(change, words):
    file = llama()
    change(file)
    assert words in refusal(file)


def test_types_without_kernels_are_refused():
    file = llama()
    norm = file.tensor("output_norm.weight")
    norm.kind, norm.data = KIND_F16, bytes(64)
    assert "must be F32" in refusal(file)
    file = llama()
    matrix = file.tensor("output.weight")
    matrix.kind, matrix.data = 27, bytes(32 * 300 * 8)
    assert "stored as I64" in refusal(file)


def test_the_description():
    file = llama(kind=KIND_F16, layers=3)
    file.set("tokenizer.chat_template", STRING, "{{ messages }}")
    info = model_info(read_gguf(file.pack()))
    assert (info.architecture, info.name, info.quantization) == ("llama", "tiny", "F16")
    assert (info.layers, info.vocabulary, info.embedding_length) == (3, 300, 32)
    assert info.context_length == 256
    assert info.parameters == sum(math.prod(t.dims) for t in file.tensors)
    assert info.nbytes == sum(len(t.data) for t in file.tensors)
    assert info.chat_template == "{{ messages }}"
    assert info.metadata["llama.attention.head_count"] == 4
    assert len(info.metadata["tokenizer.ggml.tokens"]) == 300


def test_a_large_array_is_left_out_of_the_description_but_can_be_read(tmp_path):
    file = llama().set("general.tags", ARRAY, (STRING, [f"tag {n}" for n in range(5000)]))
    path = tmp_path / "model.gguf"
    path.write_bytes(file.pack())
    header = read_gguf(path)
    assert "general.tags" not in model_info(header).metadata
    assert header.metadata["general.tags"].inline is None
    assert header.metadata["general.tags"].strings()[4999] == b"tag 4999"
    path.write_bytes(VALID[:100])
    with pytest.raises(ModelNotFound, match="changed"):
        header.metadata["general.tags"].strings()


def test_the_dominant_type_names_a_file_without_a_file_type():
    file = llama(width=64, kind=KIND_Q8_0).drop("general.file_type")
    assert model_info(read_gguf(file.pack())).quantization == "Q8_0"


def test_the_same_file_is_parsed_once(tmp_path, monkeypatch):
    path = tmp_path / "model.gguf"
    path.write_bytes(VALID)
    parsed = []
    monkeypatch.setattr(gguf, "parse", lambda p, inner=gguf.parse: (parsed.append(p), inner(p))[1])
    first = read_gguf(path)
    assert read_gguf(path) is first
    assert len(parsed) == 1
    os.utime(path, ns=(1, 1))
    assert read_gguf(path) is not first
    path.write_bytes(VALID[:-1])
    with pytest.raises(InvalidArgument, match="cut short"):
        read_gguf(path)


def test_missing_files_and_directories(tmp_path):
    with pytest.raises(ModelNotFound, match="no file"):
        read_gguf(tmp_path / "absent.gguf")
    with pytest.raises(ModelNotFound, match="directory"):
        read_gguf(tmp_path)


def split(tmp_path, count=3):
    """A valid model in parts, each tensor in one of them."""
    whole = llama()
    paths = [tmp_path / f"m-{n + 1:05}-of-{count:05}.gguf" for n in range(count)]
    for number, path in enumerate(paths):
        part = whole.copy() if number == 0 else File()
        part.set("split.no", U16, number).set("split.count", U16, count)
        part.set("split.tensors.count", I32, len(whole.tensors))
        part.tensors = whole.tensors[number::count]
        path.write_bytes(part.pack())
    return paths


def test_a_split_model_is_one_model(tmp_path):
    paths = split(tmp_path)
    header = read_gguf(paths[0])
    validate(header)
    assert header.nbytes == sum(path.stat().st_size for path in paths)
    assert model_info(header).parameters == model_info(read_gguf(VALID)).parameters
    assert split_paths(paths[0]) == tuple(paths)


def test_a_split_model_needs_all_parts_and_its_first(tmp_path):
    paths = split(tmp_path)
    with pytest.raises(InvalidArgument, match="Name the first part, m-00001-of-00003"):
        read_gguf(paths[1])
    paths[1].unlink()
    with pytest.raises(ModelNotFound, match=r"m-00002-of-00003.gguf is missing"):
        read_gguf(paths[0])
    paths[1].write_bytes(paths[2].read_bytes())
    with pytest.raises(InvalidArgument, match=r"part 2 of the model instead of part 1"):
        read_gguf(paths[0])


def test_a_part_under_another_name_is_refused(tmp_path):
    path = split(tmp_path)[0].rename(tmp_path / "model.gguf")
    with pytest.raises(InvalidArgument, match="one of 3 parts"):
        read_gguf(path)


def adapter():
    import random

    file = File()
    file.set("general.type", STRING, "adapter").set("general.architecture", STRING, "llama")
    file.set("adapter.type", STRING, "lora").set("adapter.lora.alpha", F32, 8.0)
    rng = random.Random(0)
    for half, dims in (("lora_a", [32, 4]), ("lora_b", [4, 32])):
        name = f"blk.0.attn_q.weight.{half}"
        file.tensors.append(random_tensor(rng, name, dims, KIND_F32))
    return file


def test_adapters():
    base = read_gguf(VALID)
    validate_adapter(read_gguf(adapter().pack()), base)
    changes = [
        (lambda f: f.set("general.type", STRING, "model"), "general.type"),
        (lambda f: f.set("adapter.lora.alpha", F32, math.inf), "alpha"),
        (lambda f: f.set("adapter.lora.alpha", F64, 1.0), "32-bit"),
        (lambda f: setattr(f.tensors[0], "kind", 26), "stored as I32"),
        (lambda f: f.tensors.pop(), "beside it"),
        (lambda f: f.tensors.clear(), "no tensors"),
        (lambda f: setattr(f.tensors[0], "name", "x.weight"), "LoRA pair"),
        (lambda f: [setattr(t, "name", "z." + t.name) for t in f.tensors], "another model"),
    ]
    for change, words in changes:
        file = adapter()
        change(file)
        assert words in refusal(file, lambda header: validate_adapter(header, base))
    assert "An adapter is given with" in refusal(llama().set("general.type", STRING, "adapter"))
