"""OpenVINO through a component that brings its model along."""

from __future__ import annotations

import numpy as np
import pytest

import wasinn_nb as wn
from tests.abi.wit.component import component

# load(model) as ONNX for the CPU, a context, one input, and the bytes of the first output
CORE = """
  (data (i32.const 16) "x")
  (func (export "infer") (param $model i32) (param $size i32) (param $at i32) (param $count i32)
    (result i32) (local $context i32)
    (i32.store (i32.const 64) (local.get $model))
    (i32.store (i32.const 68) (local.get $size))
    (call $load (i32.const 64) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    (call $graph.init-execution-context (i32.load (i32.const 132)) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    (local.set $context (i32.load (i32.const 132)))
    (i32.store (i32.const 32) (i32.const 1))
    (i32.store (i32.const 36) (i32.div_u (local.get $count) (i32.const 4)))
    (i32.store (i32.const 80) (i32.const 16))
    (i32.store (i32.const 84) (i32.const 1))
    (i32.store (i32.const 88)
      (call $tensor (i32.const 32) (i32.const 2) (i32.const 1) (local.get $at) (local.get $count)))
    (call $graph-execution-context.compute (local.get $context) (i32.const 80) (i32.const 1)
      (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    (call $tensor.data (i32.load offset=8 (i32.load (i32.const 132))) (i32.const 160))
    (i32.const 160))
"""
EXPORT = """
  (func (export "infer") (param "model" (list u8)) (param "input" (list u8)) (result (list u8))
    (canon lift (core func $main "infer") (memory $memory) (realloc $realloc)))
"""
WANTED = [
    "load",
    "graph.init-execution-context",
    "tensor",
    "tensor.data",
    "graph-execution-context.compute",
]


@pytest.fixture(scope="module")
def guest():
    wasm = component(["wasi-nn-0.2.0-rc-2024-10-28"], CORE, EXPORT, wanted=WANTED)
    guest = wn.host().runner.guest(wasm, name="brings its model")
    yield guest
    guest.exports.reset()


def matrix(weights):
    """A model that multiplies its input with a matrix."""
    from onnx import helper, numpy_helper

    rows, columns = weights.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "matrix",
        [helper.make_tensor_value_info("x", 1, [1, rows])],
        [helper.make_tensor_value_info("y", 1, [1, columns])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model.SerializeToString()


def test_a_model_of_megabytes_is_loaded_and_computes(guest, rng):
    weights = rng.standard_normal((1300, 1024), np.float32)
    model = matrix(weights)
    assert len(model) > 5 << 20
    given = rng.standard_normal((1, 1300), np.float32)
    output = guest.exports.infer(model, given.tobytes())
    found = np.frombuffer(bytes(output), np.float32)
    np.testing.assert_allclose(found, (given @ weights)[0], rtol=0.05, atol=0.5)
