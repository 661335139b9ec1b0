"""What a form shows for one model on machines that are made up, and where its layers go."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.backends.gguf_writer import llama
from wasinn_nb.backends.ggml import backend as backend_module
from wasinn_nb.backends.ggml.backend import GgmlBackend
from wasinn_nb.backends.ggml.gguf import model_info, read_gguf
from wasinn_nb.backends.ggml.gguf_memory import estimate, fitting_layers, placement
from wasinn_nb.backends.ggml.native import native
from wasinn_nb.backends.ggml.settings import ALL_LAYERS, FITTING_LAYERS, schema
from wasinn_nb.backends.ggml.tailoring import PROMINENT, tailored
from wasinn_nb.nn.backend import Device
from wasinn_nb.nn.errors import NNError
from wasinn_nb.nn.offers import Span
from wasinn_nb.nn.settings import Scope
from wasinn_nb.nn.types import ExecutionTarget

GIB = 1 << 30
NO_GPU = "this llama.cpp was built without a GPU"


def gpus(*free, total=24 * GIB):
    return [
        Device(f"CUDA{n}", ExecutionTarget.GPU, "a card", total, amount)
        for n, amount in enumerate(free)
    ]


def info(**shape):
    return model_info(read_gguf(llama(**shape).pack()))


def large(layers=32, layer=400 << 20, output=500 << 20):
    """A model as if its layers were that large."""
    small = info(layers=2, width=64, context=4096)
    sizes = {
        "wasinn.layer_bytes": [layer] * layers,
        "wasinn.expert_bytes": [0] * layers,
        "wasinn.output_bytes": output,
    }
    nbytes = layers * layer + 2 * output
    return replace(small, layers=layers, nbytes=nbytes, metadata={**small.metadata, **sizes})


def form(model=None, cards=(), why="", cpus=8):
    return tailored(model, cards, why_no_gpu=why, cpus=cpus)


def test_prominent_settings_come_first_and_each_can_be_chosen():
    shown = form(large(), gpus(GIB, GIB))
    assert tuple(shown)[: len(PROMINENT)] == PROMINENT
    assert [key for key, setting in shown.items() if setting.prominent] == list(PROMINENT)
    assert set(shown) == set(schema())
    for key, setting in shown.items():
        assert setting.scope is schema()[key].scope
        assert not (setting.prominent and setting.scope is Scope.REQUEST)
        for offer in setting.offered:
            assert setting.check(offer.value) == offer.value
            assert offer.label
        if setting.span is not None:
            assert setting.span.low < setting.span.high
            assert setting.check(int(setting.span.high)) == setting.span.high


@given(st.dictionaries(st.sampled_from(sorted(schema())), st.none() | st.booleans()
       | st.integers(-9, 2**31) | st.floats(allow_nan=False) | st.text(max_size=8)))  # fmt: skip
def test_a_form_takes_nothing_from_guests(document):
    text = json.dumps(document).encode("utf-8", "surrogatepass")
    results = []
    for own in (schema(), form(large(), gpus(GIB, GIB)), form(None, why=NO_GPU, cpus=1)):
        try:
            results.append(own.parse_guest(text))
        except NNError as error:
            results.append(str(error))
    assert results[0] == results[1] == results[2]


def test_layers_and_context_are_the_models_own():
    shown = form(large(layers=32), gpus(GIB))
    layers, context = shown["n-gpu-layers"], shown["ctx-size"]
    assert layers.span == Span(0, 33)
    assert {offer.label: offer.value for offer in layers.offered} == {
        "all": ALL_LAYERS,
        "auto": FITTING_LAYERS,
    }
    assert context.span == Span(256, 4096, 256)
    assert context.offered[0].note == "4,096 tokens"
    assert context.check(32_768) == 32_768  # with its positions scaled
    unknown = form(None, gpus(GIB))
    assert (unknown["n-gpu-layers"].span, unknown["ctx-size"].span) == (None, None)
    assert form(info(context=256))["ctx-size"].span is None


def test_what_needs_gpus_says_why_it_is_of_no_use():
    none, one, two = form(large(), (), NO_GPU), form(large(), gpus(1)), form(large(), gpus(1, 2))
    for key in ("n-gpu-layers", "main-gpu", "split-mode", "tensor-split", "no-kv-offload"):
        assert none[key].unavailable == NO_GPU
        assert two[key].unavailable == ""
    assert one["n-gpu-layers"].unavailable == ""
    assert "only one" in one["split-mode"].unavailable
    assert [offer.label for offer in two["main-gpu"].offered] == ["CUDA0", "CUDA1"]
    assert two["main-gpu"].offered[0].note == "a card, 25.8 GB of memory"
    assert "no experts" in two["cpu-moe"].unavailable
    assert [key for key, s in none.items() if s.unavailable and s.scope is Scope.REQUEST] == []


def test_a_cache_type_that_does_not_fit_the_heads_says_so():
    def refused(model, key):
        return {offer.label for offer in form(model)[key].offered if offer.unavailable}

    assert refused(info(width=256, heads=4), "cache-type-k") == set()  # heads of 64
    small = {"q8_0", "q5_0", "q5_1", "q4_0", "q4_1", "iq4_nl"}
    assert refused(info(width=32, heads=4), "cache-type-k") == small  # heads of 8
    assert refused(None, "cache-type-v") == set()
    assert "8 values" in form(info(width=32, heads=4))["cache-type-k"].offered[3].unavailable


def test_threads_go_up_to_what_this_process_may_use():
    assert form(cpus=6)["threads"].span == Span(1, 6)


# -- where layers go -----------------------------------------------------------------------------


def test_the_output_goes_first_and_the_last_layers_follow():
    one = gpus(GIB)
    assert placement(4, 0, one, {}) == [None] * 5
    assert placement(4, 1, one, {}) == [None] * 4 + [0]
    assert placement(4, 3, one, {}) == [None, None, 0, 0, 0]
    assert placement(4, 5, one, {}) == placement(4, -1, one, {}) == placement(4, 99, one, {})
    assert placement(4, -1, [], {}) == [None] * 5


def test_devices_share_by_free_memory_or_as_told():
    two = gpus(3 * GIB, GIB)
    assert placement(7, -1, two, {}) == [0] * 6 + [1] * 2
    assert placement(7, -1, two, {"tensor-split": "1,1"}) == [0] * 4 + [1] * 4
    assert placement(7, -1, two, {"tensor-split": "0,1"}) == [1] * 8
    assert placement(7, -1, two, {"split-mode": "none", "main-gpu": 1}) == [1] * 8
    assert placement(7, -1, gpus(0, 0), {}) == [0] * 4 + [1] * 4


@given(st.integers(1, 80), st.integers(-2, 100), st.lists(st.integers(0, 2**36), max_size=4),
       st.lists(st.floats(0, 100, allow_subnormal=False), max_size=5))  # fmt: skip
def test_every_layer_has_one_place(layers, offloaded, free, split):
    where = placement(layers, offloaded, gpus(*free), {"tensor-split": ",".join(map(str, split))})
    count = layers + 1 if offloaded < 0 else min(offloaded, layers + 1)
    on_gpus = [gpu for gpu in where if gpu is not None]
    assert len(where) == layers + 1
    assert len(on_gpus) == (count if free else 0)
    assert where[len(where) - len(on_gpus) :] == on_gpus == sorted(on_gpus)
    assert set(on_gpus) <= set(range(len(free)))


def test_experts_stay_at_home_when_told_to():
    model = large(layers=4)
    metadata = {**model.metadata, "wasinn.expert_bytes": [300 << 20] * 4}
    model = replace(model, metadata=metadata)
    every, none, half = (
        estimate(model, {"n-gpu-layers": -1, **config}, gpus=gpus(GIB)).devices["CUDA0"].weights
        for config in ({}, {"cpu-moe": True}, {"n-cpu-moe": 2})
    )
    assert (every - none, every - half) == (1200 << 20, 600 << 20)


def test_rows_are_cut_for_all_devices_and_caches_stay_with_the_layers():
    model = large(layers=4)
    shares = estimate(
        model, {"n-gpu-layers": -1, "split-mode": "row", "tensor-split": "1,3"}, gpus=gpus(1, 1)
    ).devices
    assert shares["CUDA1"].weights == pytest.approx(3 * shares["CUDA0"].weights, rel=1e-6)
    assert sum(share.kv_cache for share in shares.values()) == estimate(model, {}).kv_cache


def test_an_embedding_that_is_also_the_output_is_copied_to_the_device():
    model = large(layers=4)
    metadata = {**model.metadata, "wasinn.output_bytes": 0, "wasinn.embedding_bytes": 7 << 20}
    tied = replace(model, metadata=metadata)
    output_only = estimate(tied, {"n-gpu-layers": 1}, gpus=gpus(GIB))
    assert output_only.devices["CUDA0"].weights == 7 << 20
    assert output_only.weights == tied.nbytes + (7 << 20)
    assert output_only.on_host.weights == tied.nbytes


# -- auto ----------------------------------------------------------------------------------------


def takes(model, count, cards, config):
    taken = estimate(model, {**config, "n-gpu-layers": count}, gpus=cards)
    return {name: share.total for name, share in taken.devices.items()}


@given(st.integers(0, 20 * GIB), st.sampled_from([0, 512, 4096, 32_768]))
def test_auto_takes_all_that_fit_and_not_one_more(free, context):
    model, cards, config = large(), gpus(free), {"ctx-size": context}
    count = fitting_layers(model, config, cards)
    assert 0 <= count <= 33
    assert count == 0 or takes(model, count, cards, config)["CUDA0"] <= free - (256 << 20)
    if count < 33:
        more = takes(model, count + 1, cards, config)["CUDA0"]
        assert more > free - max(256 << 20, free * 0.05) - 1


@given(st.lists(st.integers(0, 12 * GIB), min_size=2, max_size=3))
def test_auto_leaves_room_on_every_device(free):
    assume(any(free))
    model, cards = large(), gpus(*free)
    count = fitting_layers(model, {}, cards)
    for card in cards:
        assert takes(model, count, cards, {}).get(card.name, 0) <= card.free


def test_auto_makes_room_for_the_cache_it_is_told_of():
    cards = gpus(6 * GIB)
    counts = [
        fitting_layers(large(), config, cards)
        for config in ({"ctx-size": 256}, {"ctx-size": 2**21}, {"ctx-size": 2**21, "cache-type-k":
                       "q4_0", "cache-type-v": "q4_0"})
    ]  # fmt: skip
    assert counts[0] > counts[2] > counts[1] > 0
    assert fitting_layers(large(), {}, []) == 0


class _Cards:
    """The library of this machine, with GPUs."""

    offloads, why_no_gpu = True, ""

    def __init__(self, *free):
        self._gpus = gpus(*free)

    def devices(self):
        return (Device("CPU", ExecutionTarget.CPU, "", GIB, GIB), *self._gpus)


@pytest.fixture
def with_cards(monkeypatch):
    def make(*free):
        library = _Cards(*free)
        monkeypatch.setattr(backend_module, "_library", lambda: library)
        return GgmlBackend()

    return make


def configured(backend, **values):
    load = {key.replace("_", "-"): value for key, value in values.items()}
    return backend.normalise(backend.schema().resolve(load=load))


def test_auto_is_settled_when_the_model_is_loaded(with_cards):
    backend, model, auto = with_cards(6 * GIB), large(), ExecutionTarget.AUTO
    config = configured(backend, n_gpu_layers=FITTING_LAYERS)
    assert config["n-gpu-layers"] == FITTING_LAYERS
    settled = backend.settle(model, config, auto, {})["n-gpu-layers"]
    assert 5 < settled < 33
    assert backend.settle(model, config, auto, {"CUDA0": 23 * GIB})["n-gpu-layers"] == 33
    assert backend.settle(model, config, ExecutionTarget.CPU, {})["n-gpu-layers"] == 0
    every = configured(backend, n_gpu_layers=ALL_LAYERS)
    assert backend.settle(model, every, auto, {}) is every
    assert backend.tailored(model)["n-gpu-layers"].unavailable == ""
    taken = backend.estimate(model, backend.settle(model, config, auto, {}))
    assert taken.devices["CUDA0"].total < 6 * GIB < backend.estimate(model, every).device


def test_without_a_gpu_auto_is_nothing(backend, random_path):
    if native().offloads:
        pytest.skip("this llama.cpp has a GPU")
    config = configured(backend, n_gpu_layers=FITTING_LAYERS)
    assert config["n-gpu-layers"] == 0
    assert backend.schema()["n-gpu-layers"].parse("auto") == FITTING_LAYERS
    assert NO_GPU in native().why_no_gpu
    model = model_info(read_gguf(random_path))
    shown = backend.tailored(model)
    assert shown["n-gpu-layers"].span == Span(0, 3)
    assert shown["n-gpu-layers"].unavailable == NO_GPU
