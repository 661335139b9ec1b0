"""The sampler chain against llama.cpp's samplers applied by hand, and each setting's effect."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest

from wasinn_nb.backends.ggml.native import native
from wasinn_nb.backends.ggml.sampler import SamplerPlan, _samplers
from wasinn_nb.nn.errors import InvalidArgument


def chain(graph, **values):
    """The names of the samplers for some settings, in order."""
    config = graph.normalised(
        graph.config.overlay({key.replace("_", "-"): value for key, value in values.items()})
    )
    plan = SamplerPlan.from_config(config, graph.vocabulary)
    api = native().api
    names = []
    for sampler in _samplers(graph.native, graph.vocabulary, plan, 256):
        names.append(api.llama_sampler_name(sampler).decode())
        api.llama_sampler_free(sampler)
    return names


def test_order(load):
    graph = load()
    everything = {
        "temp": 0.8, "repeat_penalty": 1.1, "dry_multiplier": 0.8, "typ_p": 0.9,
        "xtc_probability": 0.5, "logit_bias": '{"5": 1}',
    }  # fmt: skip
    assert chain(graph, **everything) == [
        "logit-bias", "penalties", "dry", "top-k", "typical", "top-p", "min-p", "xtc", "temp-ext",
        "dist",
    ]  # fmt: skip
    assert chain(graph, temp=0.8) == ["top-k", "top-p", "min-p", "temp-ext", "dist"]
    assert chain(graph, temp=0) == ["greedy"]
    assert chain(graph, temp=0.8, mirostat=1) == ["temp", "mirostat"]
    assert chain(graph, temp=0.8, mirostat=2) == ["temp", "mirostat-v2"]


def test_temperature_zero_is_the_likeliest_token(context):
    driver = context(temp=0.0, n_predict=30)
    greedy = driver.generate("hello")
    assert driver.generate(temp=0.8, top_k=1) == greedy
    assert driver.generate(temp=-5.0, top_k=40, seed=99) == greedy
    assert driver.generate(temp=1.0, seed=5) != greedy


def test_a_seed_repeats_and_the_default_does_not(context):
    driver = context(temp=1.0, n_predict=30)
    assert driver.generate("hello", seed=3) == driver.generate(seed=3) != driver.generate(seed=4)
    texts = {driver.generate(seed=-1) for _ in range(3)}
    assert len(texts) > 1
    assert driver.generate(seed=2**32 + 3) == driver.generate(seed=3)


@pytest.mark.parametrize(
    "values",
    [
        {"top_k": 2}, {"top_p": 0.1}, {"min_p": 0.9}, {"typ_p": 0.2}, {"temp": 2.5},
        {"xtc_probability": 1.0, "xtc_threshold": 0.01}, {"dynatemp_range": 0.7},
        {"mirostat": 1}, {"mirostat": 2}, {"mirostat": 2, "mirostat_tau": 0.1},
        {"mirostat": 2, "mirostat_eta": 5.0}, {"logit_bias": '{"70": 20}'},
    ],
    ids=str,
)  # fmt: skip
def test_settings_change_the_draw(context, values):
    driver = context(temp=1.2, seed=11, n_predict=60)
    usual = driver.generate("hello")
    assert driver.generate(**values) != usual


@pytest.mark.parametrize(
    "values",
    [
        {"repeat_penalty": 2.0},
        {"presence_penalty": 5.0},
        {"frequency_penalty": 5.0},
        {"dry_multipier": 5.0, "dry_allowed_length": 1},
        {"dry_multiplier": 5.0, "dry_allowed_length": 1},
    ],
    ids=str,
)
def test_penalties_make_repetition_rarer(context, values):
    driver = context(n_predict=120, logit_bias='{"70": 3, "71": 3, "72": 3}')

    def repeated(text):
        pairs = Counter(pairwise(text))
        return pairs.most_common(1)[0][1]

    usual = repeated(driver.generate("hello"))
    assert repeated(driver.generate(last_n_penalty=-1, **values)) < usual


def test_a_repeat_penalty_of_zero_is_none(context):
    driver = context(n_predict=30)
    usual = driver.generate("hello")
    assert driver.generate(repeat_penalty=0.0) == usual
    assert driver.generate(repeat_penalty=5.0, last_n_penalty=0) == usual


def test_logit_bias_by_token_and_by_text(context):
    driver = context(n_predict=4)
    driver.generate("hello", logit_bias=json.dumps({"7": 1000}))
    assert len(set(driver.text)) == 1
    assert driver.generate(logit_bias='{"Q": 1000}') == b"QQQQ"
    assert b"Q" not in driver.generate(logit_bias='{"Q": false}', n_predict=50)


@pytest.mark.parametrize(
    "bias", ["x", "[]", '{"99999": 1}', '{"-1": 1}', '{"1": "a"}', '{"1": true}']
)
def test_bad_logit_bias_is_refused(context, bias):
    driver = context()
    with pytest.raises(InvalidArgument, match="logit-bias"):
        driver.settings(logit_bias=bias)
