"""Reuse of a KV cache: what is evaluated again, and that the text is the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.backends.ggml.conftest import Driver
from wasinn_nb.backends.ggml.kv import common_prefix

TOKENS = st.lists(st.integers(0, 2), max_size=12)

STORY = "Once upon a time there was a dog. "


@given(TOKENS, TOKENS)
def test_common_prefix(a, b):
    expected = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y),
                    min(len(a), len(b)))  # fmt: skip
    assert common_prefix(a, b) == expected


def test_a_dialogue_evaluates_only_what_is_new(context):
    # digits are always a token each, so that the text read back is the tokens drawn; f32 keeps the
    # difference between tokens evaluated together and one by one in the last bits
    settings = {"ctx_size": 1024, "n_predict": 20, "cache_type_k": 0, "cache_type_v": 0}
    settings["grammar"] = "root ::= [0-9]+"
    cached, fresh = context(**settings), context(**settings, cache_prompt=False)
    dialogue, known = STORY, 0
    for _ in range(4):
        text = cached.generate(dialogue)
        assert fresh.generate(dialogue) == text
        assert fresh.metadata["prompt_tokens_cached"] == 0
        figures = cached.metadata
        assert figures["prompt_tokens_cached"] == known
        # the token drawn last was not evaluated
        known = figures["input_tokens"] + figures["output_tokens"] - 1
        dialogue += text.decode() + " And then "


def test_the_same_prompt_evaluates_nothing_and_gives_the_same_text(context, tales_path):
    driver = context(tales_path, ctx_size=1024, n_predict=100, temp=1.5)
    first = driver.generate(STORY)
    for _ in range(3):
        assert driver.generate(STORY) == first
        figures = driver.metadata
        assert figures["prompt_tokens_cached"] == figures["input_tokens"]


def test_the_same_prompt_is_evaluated_again_when_its_place_is_gone(context, tales_path):
    driver = context(tales_path, ctx_size=1024, n_predict=60, temp=1.5)
    first = driver.generate(STORY)
    driver.generate("Quite another beginning")
    assert driver.generate(STORY) == first
    assert driver.metadata["prompt_tokens_cached"] < driver.metadata["input_tokens"]


def test_a_different_or_shorter_prompt_is_not_polluted(context):
    driver = context(n_predict=8)
    alone = {text: context(n_predict=8).generate(text) for text in ("abc", "ab", "xyz", "abcdef")}
    for text in ("abcdef", "ab", "abc", "xyz", "abcdef", "abc"):
        assert driver.generate(text) == alone[text]


def test_the_next_context_takes_over_the_cache(load, tales_path):
    graph = load(tales_path, ctx_size=1024, n_predict=10)
    first = Driver(graph.create_context(graph.config))
    text = first.generate(STORY)
    assert graph.memory().contexts > 0
    first.close()
    assert graph.memory().contexts > 0
    second = Driver(graph.create_context(graph.config))
    assert second.generate(STORY) == text
    figures = second.metadata
    assert figures["prompt_tokens_cached"] == figures["input_tokens"]
    second.close()

    larger = Driver(graph.create_context(graph.config.overlay({"ctx-size": 512})))
    larger.generate(STORY)
    assert larger.metadata["prompt_tokens_cached"] == 0
    larger.close()
    assert graph.trim() > 0
    assert graph.trim() == 0
    assert graph.memory().contexts == 0


def test_an_embedding_context_is_another_one(load):
    graph = load(n_predict=3)
    writer = Driver(graph.create_context(graph.config))
    text = writer.generate("hello")
    writer.settings(embedding=True)
    writer.compute()
    assert writer.text.startswith(b'{"n_embedding": 64')
    writer.settings(embedding=False)
    assert writer.generate() == text


def test_a_full_context_can_be_used_again(context):
    driver = context()
    driver.prompt("1234")
    texts = []
    for _ in range(2):
        try:
            driver.compute()
        except Exception as error:  # noqa: BLE001
            texts.append((type(error).__name__, driver.text))
    assert texts[0] == texts[1]
    assert texts[0][0] == "ContextFull"
