"""The file that ships: its size, its header, its vocabulary, and that the card describes it."""

from __future__ import annotations

import re
from pathlib import Path

import gguf
import numpy as np
import pytest

import wasinn_nb.models
from scripts.tinytales import lexicon as lx
from scripts.tinytales.corpus import BEGIN, CHAT_TEMPLATE, END, SPECIAL_TOKENS, STOP
from wasinn_nb.models import builtin_names, builtin_path
from wasinn_nb.nn.errors import ModelNotFound

PATH = builtin_path("tinytales")
CARD = Path(wasinn_nb.models.__file__).with_name("tinytales.md")


@pytest.fixture(scope="module")
def reader():
    return gguf.GGUFReader(PATH)


@pytest.fixture(scope="module")
def value(reader):
    return lambda key: reader.fields[key].contents()


def test_builtin_names_and_paths():
    assert "tinytales" in builtin_names()
    assert PATH.is_file()
    with pytest.raises(ModelNotFound, match="tinytales"):
        builtin_path("nonsense")
    with pytest.raises(ModelNotFound):
        builtin_path("../models/tinytales")


def test_at_most_four_megabytes():
    assert PATH.stat().st_size <= 4_000_000


def test_header(value):
    assert value("general.architecture") == "llama"
    assert value("general.license") == "apache-2.0"
    assert value("llama.context_length") >= 512
    assert value("tokenizer.ggml.model") == "gpt2"
    heads, dim = value("llama.attention.head_count"), value("llama.embedding_length")
    assert value("llama.rope.dimension_count") == dim // heads
    assert heads % value("llama.attention.head_count_kv") == 0


def test_tensors_match_the_header(reader, value):
    dim, ffn = value("llama.embedding_length"), value("llama.feed_forward_length")
    kv = dim // value("llama.attention.head_count") * value("llama.attention.head_count_kv")
    shapes = {tensor.name: tuple(int(n) for n in tensor.shape) for tensor in reader.tensors}
    expected = {
        "token_embd.weight": (dim, len(value("tokenizer.ggml.tokens"))),
        "output_norm.weight": (dim,),
    }
    for layer in range(value("llama.block_count")):
        expected |= {
            f"blk.{layer}.{name}.weight": shape
            for name, shape in {
                "attn_norm": (dim,), "attn_q": (dim, dim), "attn_k": (dim, kv),
                "attn_v": (dim, kv), "attn_output": (dim, dim), "ffn_norm": (dim,),
                "ffn_gate": (dim, ffn), "ffn_up": (dim, ffn), "ffn_down": (ffn, dim),
            }.items()
        }  # fmt: skip
    assert shapes == expected


def test_weights_are_finite_and_not_constant(reader):
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.isfinite(values).all(), tensor.name
        assert values.std() > 1e-4, tensor.name


def test_special_tokens(value):
    tokens, kinds = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    control = {token for token, kind in zip(tokens, kinds, strict=True) if kind == 3}
    assert control == set(SPECIAL_TOKENS)
    assert tokens[value("tokenizer.ggml.bos_token_id")] == BEGIN
    assert tokens[value("tokenizer.ggml.eos_token_id")] == STOP
    assert tokens[value("tokenizer.ggml.eot_token_id")] == END
    assert value("tokenizer.chat_template") == CHAT_TEMPLATE


def test_emoji_are_split_over_tokens(value):
    """A byte-level token of an emoji's two or more bytes would be two or more letters long."""
    letters = "[\u00a1-\u0143]"  # how byte-level BPE writes bytes from 0x80 on
    tokens = value("tokenizer.ggml.tokens")
    joined = {token for token in tokens if re.fullmatch(f".*{letters}{{2,}}.*", token)}
    starts = {byte_letter(emoji.encode()[0]) for emoji in lx.EMOJI.values()}
    assert not [token for token in joined if token[0] in starts or token[1:2] in starts]
    assert all(byte_letter(byte) in tokens for byte in range(256))


def byte_letter(byte):
    """The character that stands for ``byte`` in a byte-level vocabulary."""
    kept = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    if byte in kept:
        return chr(byte)
    return chr(256 + sorted(set(range(256)) - set(kept)).index(byte))


def test_the_card_states_the_file(value):
    card = CARD.read_text("utf-8").replace("\\|", "|")
    assert f"{PATH.stat().st_size:,} bytes" in card
    assert f"{value('llama.context_length'):,} tokens" in card
    for token in SPECIAL_TOKENS:
        assert token in card
