"""What a run keeps of the outputs that its guest read."""

from __future__ import annotations

import numpy as np
import pytest

from tests.guest.run import guests
from tests.support.echo_backend import EchoBackend
from tests.support.tensor_backend import TensorBackend, write_model
from wasinn_nb.guest import tensors as module
from wasinn_nb.guest.runner import Runner
from wasinn_nb.guest.tensors import Tensors
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import GraphEncoding, TensorType

NET = [{"name": "scores"}, {"name": "label", "type": "I64"}, {}, {"name": "b", "type": "BF16"}]


@pytest.fixture
def registry(tmp_path):
    resolver = SourceResolver(cache_dir=tmp_path / "cache", builtin=lambda name: tmp_path / name)
    registry = ModelRegistry({"echo": EchoBackend(), "tensors": TensorBackend()}, resolver)
    for name in ("net", "other"):
        path = write_model(tmp_path / f"{name}.onnx", NET)
        registry.register(name, path, encoding=GraphEncoding.ONNX)
    (tmp_path / "tale.gguf").write_bytes(b"ECHO and then some")
    registry.register("tale", tmp_path / "tale.gguf", encoding=GraphEncoding.GGML)
    return registry


@pytest.fixture
def compute(registry):
    """``compute(*steps)``: the run of a guest that takes these steps."""
    return lambda *steps, **options: Runner(registry).guest(guests.tensors(*steps)).run(**options)


def one(value=1.0, model="net"):
    return ("load", model), ("open", 0), ("set", 0, 0, value), ("compute", 0)


def test_outputs_have_their_names_in_the_order_of_first_reads(compute):
    tensors = compute(*one(3), ("get", 0, 1), ("get", 0, 0), ("get", 0, 1)).tensors
    assert list(tensors) == ["label", "scores"]
    np.testing.assert_array_equal(tensors["scores"], np.array([3, 3], "f4"), strict=True)
    np.testing.assert_array_equal(tensors["label"], np.array([6, 6], "i8"), strict=True)
    assert tensors[0].dtype == np.int64
    assert tensors[-1] is not None
    assert (len(tensors), "label" in tensors, "x" in tensors) == (2, True, False)
    assert tensors.get("x") is None
    with pytest.raises(ValueError, match="read-only"):
        tensors["scores"][0] = 1
    assert tensors._ipython_key_completions_() == ["label", "scores"]


def test_what_was_not_read_is_not_there(compute):
    tensors = compute(*one(), ("get", 0, 0)).tensors
    for key in ("label", 1, -2, None):
        with pytest.raises(KeyError, match=r"^The guest read no output .*; it read 'scores'\.$"):
            tensors[key]
    assert repr(compute(("load", "net")).tensors) == "<Tensors: 0 read>"


def test_the_last_value_counts(compute):
    steps = [*one(1), ("get", 0, 0), ("set", 0, 0, 5), ("compute", 0)]
    np.testing.assert_array_equal(compute(*steps).tensors["scores"], [1, 1])
    np.testing.assert_array_equal(compute(*steps, ("get", 0, 0)).tensors["scores"], [5, 5])


def test_an_output_without_a_name_goes_by_its_index(compute):
    tensors = compute(*one(2), ("get", 0, 2)).tensors
    assert list(tensors) == ["output 2"]
    np.testing.assert_array_equal(tensors["output 2"], [6, 6])


def test_bfloat16_is_there_as_its_bits(compute):
    tensors = compute(*one(1), ("get", 0, 3)).tensors
    np.testing.assert_array_equal(tensors["b"], np.array([0x4080, 0x4080], "u2"), strict=True)
    assert tensors.tensor("b").type is TensorType.BF16
    assert repr(tensors) == "<Tensors: 1 read:\n  b: bfloat16 [2]>"


def test_two_contexts_and_two_models_keep_their_outputs_apart(compute):
    steps = [("load", "net"), ("load", "other")]
    for context, (graph, value) in enumerate([(0, 1), (0, 2), (1, 3), (1, 4)]):
        steps += [("open", graph), ("set", context, 0, value), ("compute", context)]
        steps += [("get", context, 0)]
    tensors = compute(*steps).tensors
    assert {name: array[0] for name, array in tensors.items()} == {
        "scores": 1,
        "scores (net/2)": 2,
        "scores (other/1)": 3,
        "scores (other/2)": 4,
    }


def test_a_context_in_the_place_of_a_closed_one_is_another(compute):
    steps = [("load", "net")]
    for context in range(5):
        steps += [("open", 0), ("set", context, 0, context), ("compute", context)]
        steps += [("get", context, 0), ("close", context)]
    values = [array[0] for array in compute(*steps).tensors.values()]
    assert values == [0, 1, 2, 3, 4]


def test_models_may_name_their_outputs_as_they_like(compute, registry, tmp_path):
    names = ["a", "a", "a (net/1)", "output 1", "", "a\n\x1b[31m"]
    path = write_model(tmp_path / "odd.onnx", [{"name": name} for name in names])
    registry.register("net", path, encoding=GraphEncoding.ONNX)
    run = compute(*one(), *(("get", 0, index) for index in range(6)))
    assert [array[0] for array in run.tensors.values()] == [1, 2, 3, 4, 5, 6]
    assert list(run.tensors)[:2] == ["a", "a (net/1)"]
    assert "\x1b" not in repr(run.tensors)
    assert len(repr(run.tensors).splitlines()) == 8
    assert "\x1b" not in repr(run)


def test_a_model_that_the_guest_brought_along(compute, tmp_path):
    model = write_model(tmp_path / "own.onnx", [{"name": "scores"}]).read_bytes()
    run = compute(*one(), ("get", 0, 0), ("bring", model), ("open", 1),
                  ("set", 1, 0, 9), ("compute", 1), ("get", 1, 0))  # fmt: skip
    assert list(run.tensors) == ["scores", "scores (graph-1/1)"]


def test_nothing_is_copied(compute, monkeypatch):
    given = []
    keep = module.ReadTensors.keep

    def watched(self, context, index, tensor, data):
        given.append(data)
        keep(self, context, index, tensor, data)

    monkeypatch.setattr(module.ReadTensors, "keep", watched)
    tensors = compute(*one(), ("get", 0, 0)).tensors
    assert tensors.tensor("scores").data is given[0]
    assert np.shares_memory(tensors["scores"], np.frombuffer(given[0], "u1"))


def test_what_is_too_large_is_not_kept_and_an_older_value_does_not_pass_for_it(
    compute, monkeypatch
):
    monkeypatch.setattr(module, "_KEPT_BYTES", 24)
    again = [("set", 0, 0, 5), ("compute", 0)]
    run = compute(*one(), ("get", 0, 0), *again, ("get", 0, 0), ("get", 0, 1))
    assert list(run.tensors) == ["scores", "label"]
    assert not run.warnings
    run = compute(*one(), ("get", 0, 0), ("get", 0, 1), ("get", 0, 2), *again, ("get", 0, 0))
    assert list(run.tensors) == ["scores", "label"]
    assert run.tensors["scores"][0] == 5
    assert run.warnings == [
        "The outputs that the guest read are too large to be kept with the run."
    ]
    larger = [("set", 0, 0, 7, 4), ("compute", 0), ("get", 0, 0)]
    run = compute(*one(), ("get", 0, 0), ("get", 0, 1), *larger)
    assert list(run.tensors) == ["label"]
    run = compute(*one(), ("get", 0, 0), ("get", 0, 1), *larger, *again, ("get", 0, 0))
    assert list(run.tensors) == ["label", "scores"], "there is room again"


def test_of_very_many_outputs_the_first_are_kept(compute, monkeypatch):
    monkeypatch.setattr(module, "_KEPT_OUTPUTS", 2)
    run = compute(*one(), *(("get", 0, index) for index in (0, 1, 2, 3, 1)))
    assert list(run.tensors) == ["scores", "label"]
    assert run.warnings == ["The guest read more outputs than are kept: 2."]


def test_a_run_says_in_short_what_it_read(compute):
    assert ", read scores [2]>" in repr(compute(*one(), ("get", 0, 0)))
    many = Tensors({f"o{n}": Tensor((n, 2), TensorType.U8, bytes(2 * n)) for n in range(5)})
    assert many.short() == "o0 [0, 2], o1 [1, 2], o2 [2, 2] and 2 more"
    lines = repr(Tensors({f"o{n}": many.tensor(1) for n in range(60)})).splitlines()
    assert (len(lines), lines[-1]) == (52, "  and 10 more>")


def test_text_models_may_give_tensors_too(compute):
    run = compute(("load", "tale"), ("open", 0), ("set", 0, 2, 1), ("compute", 0), ("get", 0, 2))
    np.testing.assert_array_equal(run.tensors["output 2"].view("f4"), [1, 1])
