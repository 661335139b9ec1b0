"""Models whose memory or attention is of another kind than llama's."""

from __future__ import annotations

import json

import pytest

from tests.backends.ggml.architectures import write_bert, write_mamba
from wasinn_nb.nn.errors import PromptTooLong, UnsupportedOperation


@pytest.fixture(scope="module")
def mamba(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "mamba.gguf"
    write_mamba(path)
    return path


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "bert.gguf"
    write_bert(path)
    return path


def test_a_recurrent_model_evaluates_again_what_it_cannot_take_back(context, mamba):
    driver = context(mamba, n_predict=8)
    alone = {text: context(mamba, n_predict=8).generate(text) for text in ("abcdef", "abc", "xyz")}
    assert len(set(alone.values())) == 3
    for text in ("abcdef", "abc", "xyz", "abcdef", "abcdef"):
        assert driver.generate(text) == alone[text]
    longer = driver.generate("abcdef" + "g" * 3)
    assert longer == context(mamba, n_predict=8).generate("abcdefggg")


def test_a_recurrent_model_goes_on_after_a_cancel(context, mamba):
    text = context(mamba, n_predict=30).generate("hello")
    driver = context(mamba, n_predict=30)
    driver.prompt("hello")
    for _ in range(5):
        driver.compute_single()
    driver.context._guard.running = True
    driver.cancel()
    driver.context._guard.running = False
    with pytest.raises(Exception, match="cancelled"):
        driver.compute_single()
    assert driver.generate() == text


def test_an_encoder_makes_embeddings_and_no_text(context, bert):
    driver = context(bert, ctx_size=512)
    driver.prompt("ab cd")
    for call in (driver.compute, driver.compute_single):
        with pytest.raises(UnsupportedOperation, match="embedding"):
            call()
    driver.settings(embedding=True)
    texts = [driver.generate(text) for text in ("ab cd", "ef", "ab cd")]
    assert texts[0] == texts[2] != texts[1]
    assert json.loads(texts[0])["n_embedding"] == 32
    driver.prompt("a " * 600)
    with pytest.raises(PromptTooLong):
        driver.compute()
    driver.prompt("a " * 400)
    driver.compute()


def test_attention_over_the_whole_prompt_needs_it_in_one_batch(context):
    driver = context(attention_type=1, batch_size=16, n_predict=3)
    driver.prompt("x" * 20)
    with pytest.raises(PromptTooLong):
        driver.compute()
    driver.generate("x" * 10)
    assert driver.metadata["output_tokens"] == 3
