"""The random-weight models that benchmarks and other tests stand on."""

import hashlib

import llama_cpp
import pytest

from benchmarks.random_model import BOS, MIN_VOCAB, write_named, write_random_llama

TINY = {"n_vocab": 400, "n_embd": 64, "n_layer": 2, "n_head": 4, "n_ff": 96, "n_ctx": 128}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("random") / "tiny.gguf"
    write_random_llama(path, **TINY, seed=1, dtype="f16", chat_template="{{ messages }}")
    llm = llama_cpp.Llama(str(path), n_ctx=128, n_threads=1, verbose=False)
    yield llm
    llm.close()


@pytest.mark.parametrize("text", ["Once upon a time", "tab\tnewline\n", "żółć 🦙 日本", ""])
def test_text_survives_the_tokenizer(model, text):
    tokens = model.tokenize(text.encode(), add_bos=True)
    assert tokens[0] == BOS
    assert model.detokenize(tokens).decode() == text


def test_metadata_says_what_was_asked(model):
    assert model.n_vocab() == TINY["n_vocab"]
    assert model.n_embd() == TINY["n_embd"]
    assert model.metadata["llama.block_count"] == "2"
    assert model.metadata["llama.context_length"] == "128"
    assert model.metadata["tokenizer.chat_template"] == "{{ messages }}"


def test_it_decodes(model):
    answer = model.create_completion("hello", max_tokens=8, temperature=0.0)
    assert answer["usage"]["prompt_tokens"] > 1
    assert 0 < answer["usage"]["completion_tokens"] <= 8


@pytest.mark.parametrize("dtype", ["f32", "f16", "q8_0", "q4_0"])
def test_every_storage_loads(tmp_path, dtype):
    path = tmp_path / "m.gguf"
    parameters = write_random_llama(path, **TINY, dtype=dtype)
    llm = llama_cpp.Llama(str(path), n_ctx=32, n_threads=1, verbose=False)
    assert parameters == 2 * 400 * 64 + 64 + 2 * (2 * 64 + 4 * 64 * 64 + 3 * 64 * 96)
    llm.close()


def test_same_seed_same_bytes(tmp_path):
    def digest(seed):
        path = tmp_path / f"{seed}.gguf"
        write_random_llama(path, **TINY, seed=seed)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    assert digest(3) == digest(3) != digest(4)


def test_named_shape_has_the_size_it_is_named_after(tmp_path):
    parameters = write_named(tmp_path / "m.gguf", "15m", dtype="q8_0")
    assert 14e6 < parameters < 16e6
    assert (tmp_path / "m.gguf").stat().st_size < 20e6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_vocab": MIN_VOCAB - 1}, "byte-level tokenizer"),
        ({"n_head": 5}, "even whole number"),
        ({"n_head": 64}, "even whole number"),
        ({"dtype": "q9"}, "unknown dtype 'q9'"),
        ({"dtype": "q8_0", "n_ff": 100}, "multiples of 32"),
    ],
)
def test_impossible_shape_is_refused_and_writes_nothing(tmp_path, change, message):
    path = tmp_path / "m.gguf"
    with pytest.raises(ValueError, match=message):
        write_random_llama(path, **{**TINY, **change})
    assert not path.exists()
