"""In whose thread inferences run, and that errors come out of each."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import onnx
import openvino
import pytest
from onnx import numpy_helper
from openvino import opset13 as op

from tests.backends.openvino.running import computed, configured, tensor
from tests.backends.openvino.samples import ir_convolution, onnx_branches, serialized
from wasinn_nb.backends.openvino.streams import stream_properties
from wasinn_nb.nn.errors import RuntimeFailure

OTHERS = {"own thread": {"threads": 1, "num_streams": 1}, "hetero": {"device": "HETERO:CPU"}}
INLINE = {"one thread": {"threads": 1}, "two threads": {"threads": 2}}


@pytest.fixture(scope="module")
def table():
    """Rows of a table by index: an index that is too large is an error of the inference."""
    index = op.parameter(openvino.PartialShape([-1, 4]), np.int64, name="index")
    rows = op.constant(np.arange(40, dtype=np.float32).reshape(10, 4))
    return serialized([op.gather_elements(rows, index, 0).output(0)], [index])


@pytest.fixture(scope="module")
def fitting():
    """A picture of any height, whose features are reshaped as if it were 8 high."""
    image = op.parameter(openvino.PartialShape([1, 1, -1, 8]), np.float32, name="image")
    kernel = op.constant(np.ones((4, 1, 3, 3), np.float32))
    features = op.convolution(image, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    return serialized([op.reshape(features, np.array([1, 256]), False).output(0)], [image])


@pytest.mark.parametrize("settings", [*INLINE.values(), *OTHERS.values()], ids=[*INLINE, *OTHERS])
def test_an_inference_that_fails_says_so(load, backend, table, settings):
    graph = load(*table, **settings)
    assert (graph.turns is None) == (settings in OTHERS.values())
    context = graph.create_context(configured(backend))
    for _ in range(3):
        assert computed(context, np.full((2, 4), 3))[0, 0] == 12
        context.set_input(0, tensor(np.full((2, 4), 10**9)))
        with pytest.raises(RuntimeFailure, match="The inference on CPU failed"):
            context.compute()
        with pytest.raises(RuntimeFailure, match="Call compute first"):
            context.get_output(0)


@pytest.mark.parametrize("settings", INLINE.values(), ids=INLINE)
def test_a_shape_that_does_not_fit_spoils_nothing_for_others(load, backend, fitting, settings):
    graph = load(*fitting, **settings)
    good, bad = (graph.create_context(configured(backend)) for _ in range(2))
    image = np.ones((1, 1, 8, 8), np.float32)
    expected = computed(good, image)
    bad.set_input(0, tensor(np.ones((1, 1, 4, 8), np.float32)))
    for _ in range(2):
        with pytest.raises(RuntimeFailure):
            bad.compute()
    good.compute()  # with the input that it has
    assert np.frombuffer(good.get_output(0), np.float32).tobytes() == expected.tobytes()
    assert np.array_equal(computed(bad, image), expected)
    later = graph.create_context(configured(backend))
    assert np.array_equal(computed(later, image), expected)


def test_one_stream_of_one_thread_is_not_made():
    one = {"INFERENCE_NUM_THREADS": 1}
    assert stream_properties("CPU", one, lengthy=False) == {**one, "NUM_STREAMS": 0}
    for device, given, lengthy in (
        ("CPU", {"INFERENCE_NUM_THREADS": 2}, False),
        ("CPU", {**one, "NUM_STREAMS": 1}, False),
        ("CPU", one, True),
        ("HETERO:CPU", one, False),
    ):
        assert stream_properties(device, given, lengthy=lengthy) == given


def test_small_weights_and_one_thread_give_what_openvino_gives(load, backend):
    xml, weights = ir_convolution()
    core = openvino.Core()
    [expected] = (
        core.compile_model(core.read_model(xml, weights), "CPU")
        .create_infer_request()
        .infer([image := np.random.default_rng(1).random((1, 1, 8, 8), np.float32)])
        .values()
    )
    for settings in INLINE.values():
        context = load(xml, weights, **settings).create_context(configured(backend))
        assert np.array_equal(computed(context, image), expected)


def test_every_stream_has_a_thread(backend, monkeypatch):
    monkeypatch.setattr("wasinn_nb.backends.openvino.properties.default_threads", lambda: 3)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    threads = {n: configured(backend, num_streams=n)["threads"] for n in (0, 2, 5, 20)}
    assert threads == {0: 3, 2: 3, 5: 5, 20: 8}
    assert configured(backend, num_streams=5, threads=2)["threads"] == 2


_ENDLESS = """
import sys, threading, time
import numpy as np
import wasinn_nb as wn
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled
host = wn.host()
info = host.load("endless", sys.argv[1]).info
token = CancelToken()
threading.Timer(0.5, token.cancel, ["stop"]).start()
inputs = {s.name: np.ones([max(1, n) for n in s.dims], s.type.dtype) for s in info.inputs}
try:
    host.infer("endless", inputs, cancel=token)
except Cancelled:
    print("stopped", flush=True)
print(host.unload("endless").was_loaded, flush=True)
import os
os._exit(0)  # the loop still runs
"""


def test_a_loop_without_end_is_left_and_the_model_unloaded(tmp_path):
    model = onnx_branches()
    for constant in model.graph.initializer:
        if constant.name == "trips":
            constant.CopyFrom(numpy_helper.from_array(np.array(2**62), "trips"))
    onnx.save(model, tmp_path / "endless.onnx")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _ENDLESS, str(tmp_path / "endless.onnx")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("stopped\nTrue\n", "")
    assert time.monotonic() - began < 60
