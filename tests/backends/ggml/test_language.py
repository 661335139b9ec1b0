"""What a context says of its tokens and embeddings beyond bytes."""

from __future__ import annotations

import json
import math

import pytest

from wasinn_nb.nn.backend import LanguageContext
from wasinn_nb.nn.errors import ContextFull, InvalidArgument


def logits_of(driver):
    generator = driver.context._generator
    pointer = generator._slot._last_logits()
    return [pointer[i] for i in range(generator._graph.vocabulary.size)]


def step_for_ever(driver):
    while True:
        driver.compute_single()


def test_a_context_says_more_than_bytes(context):
    assert isinstance(context().context, LanguageContext)


@pytest.mark.parametrize("temp", [0.0, 1.5])
def test_a_tokens_probability_is_the_models_own(context, temp):
    driver = context(temp=temp)
    driver.prompt("once upon a time")
    with pytest.raises(InvalidArgument, match="No token"):
        driver.context.log_probability()
    assert driver.context.token == -1
    for _ in range(5):
        driver.compute_single()
        logits, token = logits_of(driver), driver.context.token
        # the logits are still those that the token was drawn from
        total = math.log(math.fsum(math.exp(x - max(logits)) for x in logits)) + max(logits)
        assert driver.context.log_probability() == pytest.approx(logits[token] - total, abs=1e-4)
        assert temp or logits[token] == max(logits)
        assert driver.context._graph.vocabulary.piece(token) == driver.context.get_output_single(0)


def test_asking_changes_nothing(context, tales_path):
    texts = []
    for ask in (False, True):
        driver = context(tales_path, temp=1.0, seed=7)
        driver.prompt("Once upon a time")
        for _ in range(20):
            driver.compute_single()
            if ask:
                assert driver.context.log_probability() <= 0
        texts.append(bytes(driver.context.get_output(0)))
    assert texts[0] == texts[1]


def test_the_last_token_that_fits_is_known_too(context):
    driver = context(ctx_size=256)
    driver.prompt("a" * 200)
    with pytest.raises(ContextFull):
        step_for_ever(driver)
    assert driver.context.token >= 0
    assert driver.context.log_probability() < 0
    driver.close()
    with pytest.raises(InvalidArgument, match="closed"):
        driver.context.log_probability()


def test_an_embedding_is_the_same_as_numbers_and_as_json(context):
    driver = context(embedding=True)
    with pytest.raises(InvalidArgument, match="No embedding"):
        driver.context.embedding()
    driver.prompt("a sentence")
    driver.compute()
    vector = driver.context.embedding()
    document = json.loads(bytes(driver.context.get_output(0)))
    assert document["n_embedding"] == len(vector)
    assert document["embedding"] == pytest.approx(list(vector), rel=1e-9)
    assert math.hypot(*vector) == pytest.approx(1)
    driver.fini_single()
    assert bytes(driver.context.get_output(0)) == b""
    with pytest.raises(InvalidArgument):
        driver.context.embedding()
