"""The embedding of a prompt and its exact text."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.backends.ggml.embeddings import embedding_json, normalized
from wasinn_nb.nn.errors import PromptTooLong, UnsupportedOperation


def test_the_exact_text():
    vector = [0.5426152348518372, -0.0384028255939, 1e-12, 0.0, float("nan"), 1.0]
    assert embedding_json(vector) == (
        b'{"n_embedding": 6, "embedding": [0.5426152349,-0.03840282559,1e-12,0,nan,1]}'
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_normalized_has_length_one(vector):
    length = math.sqrt(sum(x * x for x in normalized(vector)))
    assert length == pytest.approx(1) or not any(vector) or max(map(abs, vector)) < 1e-150


def test_compute_gives_the_embedding(context):
    driver = context(embedding=True)
    text = driver.generate("hello")
    assert re.fullmatch(rb'\{"n_embedding": 64, "embedding": \[[^ ]*\]\}', text)
    vector = json.loads(text)["embedding"]
    assert len(vector) == 64
    assert math.hypot(*vector) == pytest.approx(1, abs=1e-6)
    assert driver.metadata["output_tokens"] == 0
    assert driver.generate("hello") == text
    assert driver.generate("other") != text
    with pytest.raises(UnsupportedOperation):
        driver.compute_single()


def test_pooling(context):
    texts = {}
    for pooling in (0, 1, 2, 3):
        driver = context(embedding=True, pooling_type=pooling)
        texts[pooling] = driver.generate("hello")
    # without pooling it is the last token's
    assert texts[0] == texts[3]
    assert len(set(texts.values())) == 3


def test_a_pooled_vector_is_of_the_whole_prompt(context):
    whole = context(embedding=True, pooling_type=1).generate("0123456789" * 4)
    assert (
        context(embedding=True, pooling_type=1, ubatch_size=8).generate("0123456789" * 4) == whole
    )


def test_a_prompt_must_fit_one_batch(context):
    driver = context(embedding=True, batch_size=8, ctx_size=256)
    driver.prompt("1234567")
    driver.compute()
    driver.prompt("12345678")
    with pytest.raises(PromptTooLong) as caught:
        driver.compute()
    assert (caught.value.limit, caught.value.actual) == (8, 9)
    assert driver.text == b""
