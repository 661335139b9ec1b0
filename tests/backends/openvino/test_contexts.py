"""Contexts: in parallel, cancelled, closed under a running inference, and on a lost device."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from openvino import opset13 as op

from tests.backends.openvino.running import computed, configured, tensor
from tests.backends.openvino.samples import ir_convolution, serialized
from wasinn_nb.backends import catalog
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import (
    Busy,
    Cancelled,
    InvalidArgument,
    NNError,
    RuntimeFailure,
)
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.types import GraphEncoding

ROWS = 2048
"""Rows of the square matrix that the slow model multiplies by itself 60 times: some seconds."""


@pytest.fixture(scope="module")
def slow():
    x = op.parameter([ROWS, ROWS], np.float32, name="x")
    y = x
    for _ in range(60):
        y = op.matmul(y, x, transpose_a=False, transpose_b=False)
    return serialized([y.output(0)], [x])


@pytest.fixture
def matrix():
    return tensor(np.zeros((ROWS, ROWS), np.float32))


class Thread(threading.Thread):
    """Runs a call; its error, if any, is kept."""

    def __init__(self, call):
        super().__init__()
        self.call, self.error, self.ended = call, None, 0.0
        self.start()

    def run(self):
        try:
            self.call()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self.ended = time.monotonic()


def computing(context):
    """A thread that is inside ``compute``."""
    thread = Thread(context.compute)
    while not context._guard.running:
        time.sleep(0.001)
    time.sleep(0.05)
    assert thread.is_alive()
    return thread


# -- in parallel -----------------------------------------------------------------------------------


def test_contexts_of_one_graph_compute_at_the_same_time(load, backend, slow, matrix):
    graph = load(*slow)
    contexts = [graph.create_context(configured(backend)) for _ in range(2)]
    for context in contexts:
        context.set_input(0, matrix)
    threads = [computing(context) for context in contexts]
    assert all(thread.is_alive() for thread in threads)
    for context in contexts:
        context.cancel()
    for thread in threads:
        thread.join()
        assert isinstance(thread.error, Cancelled)


def test_many_threads_get_their_own_results(load, backend):
    graph = load(*ir_convolution())
    config = configured(backend)
    rng = np.random.default_rng(3)
    images = [rng.random((1, 1, 8, 8), dtype=np.float32) for _ in range(6)]
    alone = graph.create_context(config)
    expected = [computed(alone, image) for image in images]
    wrong = []

    def work(number):
        for _ in range(40):
            context = graph.create_context(config)
            if not np.array_equal(computed(context, images[number]), expected[number]):
                wrong.append(number)
            context.close()

    threads = [Thread(lambda n=n: work(n)) for n in range(6)]
    for thread in threads:
        thread.join()
    assert [thread.error for thread in threads] == [None] * 6
    assert wrong == []


def test_one_context_is_used_by_one_thread(open_context, slow, matrix):
    context = open_context(*slow)
    context.set_input(0, matrix)
    thread = computing(context)
    with pytest.raises(Busy):
        context.set_input(0, matrix)
    with pytest.raises(Busy):
        context.compute()
    context.cancel()
    thread.join()


# -- cancel ----------------------------------------------------------------------------------------


def test_cancel_stops_a_long_inference(open_context, slow, matrix):
    context = open_context(*slow)
    context.set_input(0, matrix)
    thread = computing(context)
    asked = time.monotonic()
    context.cancel()
    thread.join()
    assert isinstance(thread.error, Cancelled)
    context._slot.settle()
    settled = time.monotonic()
    with pytest.raises(RuntimeFailure, match="Call compute first"):
        context.get_output(0)
    whole = Thread(context.compute)
    began = time.monotonic()
    whole.join()
    assert whole.error is None
    assert settled - asked < (whole.ended - began) / 2  # the CPU lets go of it
    assert np.frombuffer(context.get_output(0), np.float32)[0] == 0


def test_an_inference_that_cannot_be_aborted_is_left(load, backend, slow, matrix, monkeypatch):
    monkeypatch.setattr("wasinn_nb.backends.openvino.graph._PATIENCE", 120)  # of a busy machine
    graph = load(*slow, device="MULTI:CPU")
    context = graph.create_context(configured(backend))
    context.set_input(0, matrix)
    whole = Thread(context.compute)
    began = time.monotonic()
    whole.join()
    left = computing(context)
    asked = time.monotonic()
    context.cancel()
    left.join()
    assert isinstance(left.error, Cancelled)
    assert left.ended - asked < (whole.ended - began) / 2
    assert context._slot.left
    context.compute()  # after what was left has ended
    assert np.frombuffer(context.get_output(0), np.float32)[0] == 0
    again = computing(context)
    context.close()
    again.join()
    assert len(graph._settling) == 1
    graph.close()
    assert graph._settling == set()


def test_the_token_of_a_run_stops_it_for_good(open_context, slow, matrix):
    cancel = CancelToken()
    context = open_context(*slow, cancel=cancel)
    context.set_input(0, matrix)
    thread = computing(context)
    cancel.cancel("timeout")
    thread.join()
    assert thread.error.reason == "timeout"
    with pytest.raises(Cancelled, match="timeout"):
        context.compute()


def test_cancel_between_computations_is_forgotten(open_context):
    context = open_context(*ir_convolution())
    image = np.zeros((1, 1, 8, 8), np.float32)
    expected = computed(context, image)
    context.cancel()
    assert np.array_equal(computed(context, image), expected)


def test_a_cancel_at_any_moment_is_an_error_or_a_whole_result(load, backend):
    graph = load(*ir_convolution())
    image = np.ones((1, 1, 8, 8), np.float32)
    expected = computed(graph.create_context(configured(backend)), image)
    for delay in np.linspace(0, 0.0004, 60):
        cancel = CancelToken()
        context = graph.create_context(configured(backend), cancel=cancel)
        context.set_input(0, tensor(image))
        timer = threading.Timer(delay, cancel.cancel)
        timer.start()
        try:
            context.compute()
        except Cancelled:
            pass
        else:
            assert np.array_equal(context.output_tensor(0).numpy(), expected)
        timer.join()
        context.close()


# -- close -----------------------------------------------------------------------------------------


def test_closing_stops_the_inference_and_waits(open_context, slow, matrix):
    context = open_context(*slow)
    context.set_input(0, matrix)
    thread = computing(context)
    context.close()
    assert not context._guard.running
    thread.join()
    assert thread.error.reason == "closed"
    for call in (context.compute, lambda: context.set_input(0, matrix)):
        with pytest.raises(InvalidArgument, match="context was closed"):
            call()


def test_unloading_while_another_thread_computes(load, backend, slow, matrix):
    graph = load(*slow)
    context = graph.create_context(configured(backend))
    context.set_input(0, matrix)
    thread = computing(context)
    graph.close()
    thread.join()
    assert isinstance(thread.error, Cancelled)
    with pytest.raises(InvalidArgument, match="was unloaded"):
        graph.create_context(configured(backend))
    with pytest.raises(InvalidArgument, match="was unloaded"):
        context.compute()
    assert graph.device == "CPU"


def test_closing_from_everywhere_at_once(load, backend):
    image = tensor(np.zeros((1, 1, 8, 8), np.float32))
    for _ in range(10):
        graph = load(*ir_convolution())

        def work(graph=graph):
            with suppress(InvalidArgument, Cancelled):
                while True:
                    context = graph.create_context(configured(backend))
                    context.set_input(0, image)
                    context.compute()
                    context.close()

        threads = [Thread(work) for _ in range(3)]
        closers = [Thread(graph.close) for _ in range(2)]
        for thread in threads + closers:
            thread.join()
            assert thread.error is None


def test_nothing_of_a_closed_graph_is_left(load, backend):
    graph = load(*ir_convolution())
    context = graph.create_context(configured(backend))
    computed(context, np.zeros((1, 1, 8, 8), np.float32))
    compiled, slot = weakref.ref(graph.compiled), weakref.ref(context._slot)
    gc.collect()
    gc.disable()  # nothing may depend on it: models are large
    try:
        graph.close()
        assert (compiled(), slot()) == (None, None)
    finally:
        gc.enable()
    assert len(context.get_output(0)) == 40


def test_the_next_context_gets_the_request_of_the_last(load, backend):
    graph = load(*ir_convolution())
    first = graph.create_context(configured(backend))
    slot = first._slot
    other = graph.create_context(configured(backend))
    assert other._slot is not slot
    first.close()
    assert graph.create_context(configured(backend))._slot is slot


# -- a device that disappears ----------------------------------------------------------------------


def lost(request, *args, **options):
    del request, args, options
    raise RuntimeError(
        "Exception from src/inference/src/cpp/infer_request.cpp:246:\n"
        "Caught exception: [GPU] clFinish, error code: -36 CL_INVALID_COMMAND_QUEUE: device lost\n"
    )


@pytest.mark.parametrize(
    ("how", "device"), [("_infer", "CPU"), ("_start", "HETERO:CPU"), ("_wait", "HETERO:CPU")]
)
def test_a_device_that_is_lost_while_it_computes(load, backend, how, device):
    graph = load(*ir_convolution(), device=device)
    context = graph.create_context(configured(backend))
    image = np.zeros((1, 1, 8, 8), np.float32)
    expected = computed(context, image)
    context.set_input(0, tensor(image))
    whole, broken = getattr(context, how), context._slot

    def wait_and_lose(*args, **options):
        if how == "_wait":
            with suppress(RuntimeError):
                whole(*args, **options)
        lost(*args, **options)

    setattr(context, how, wait_and_lose)
    with pytest.raises(RuntimeFailure) as caught:
        context.compute()
    message = str(caught.value)
    assert message.startswith("OpenVINO lost the device CPU: [GPU] clFinish")
    assert message.endswith("Load the model again, or on another device.")
    with pytest.raises(RuntimeFailure, match="Call compute first"):
        context.get_output(0)
    setattr(context, how, whole)
    context.compute()  # with the input that was set before
    assert graph.compiled is not broken.compiled
    assert np.frombuffer(context.get_output(0), np.float32).tobytes() == expected.tobytes()
    context.close()
    healthy = graph.create_context(configured(backend))
    assert healthy._slot is not broken
    assert computed(healthy, image).shape == (1, 10)


# -- through the registry --------------------------------------------------------------------------


def test_a_model_comes_back_after_its_device_was_lost(tmp_path):
    registry = ModelRegistry(catalog(), SourceResolver(cache_dir=tmp_path, builtin=Path))
    registry.register("net", ir_convolution(), encoding=GraphEncoding.OPENVINO)
    lease = registry.acquire("net", holder="a test")
    context = lease.create_context()
    image = tensor(np.zeros((1, 1, 8, 8), np.float32))
    context.set_input(0, image)
    context._start = context._infer = lost
    with pytest.raises(NNError):
        context.compute()
    lease.release()
    registry.unload("net")
    lease = registry.acquire("net", holder="a test")
    again = lease.create_context()
    again.set_input(0, image)
    again.compute()
    assert len(again.get_output(0)) == 40
    lease.release()
    registry.unload_all()


def test_an_interrupt_stops_an_inference_in_the_main_thread(tmp_path, slow):
    for name, part in zip(("m.xml", "m.bin"), slow, strict=True):
        (tmp_path / name).write_bytes(part)
    code = """
import os, signal, sys, threading, time
import numpy as np
import wasinn_nb as wn
host = wn.host()
host.load("slow", sys.argv[1])
def interrupt():
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
matrix = np.zeros((int(sys.argv[2]),) * 2, np.float32)
try:
    host.infer("slow", matrix)
except KeyboardInterrupt:
    print("interrupted", host.unload("slow").was_loaded)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "m.xml"), str(ROWS)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("interrupted True\n", "")
