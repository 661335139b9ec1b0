"""Cancel tokens, token streams, events, preload strings, tensors."""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, InvalidArgument, InvalidEncoding, WasinnError
from wasinn_nb.nn.events import EventBus, EventKind
from wasinn_nb.nn.preload import parse_device, parse_preload
from wasinn_nb.nn.stream import StreamState, TokenStream
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType


def test_a_cancel_reaches_observers_once_and_keeps_the_first_reason():
    token, seen = CancelToken(), []
    token.on_cancel(lambda: seen.append("a"))
    undo = token.on_cancel(lambda: seen.append("b"))
    undo()
    token.cancel("timeout")
    token.cancel("stop")
    token.on_cancel(lambda: seen.append("late"))
    assert (seen, token.reason) == (["a", "late"], "timeout")
    with pytest.raises(Cancelled, match="timeout"):
        token.raise_if_cancelled()


def test_many_threads_cancelling_call_an_observer_once():
    token, seen = CancelToken(), []
    token.on_cancel(lambda: seen.append(1))
    threads = [threading.Thread(target=token.cancel) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1]


def interrupted(step, token, work):
    """Do something in a thread that is interrupted once, before a step, by who cancels.

    Returns:
        Whether it has so many steps.
    """
    steps = itertools.count()

    def trace(frame, event, _):
        frame.f_trace_opcodes = True
        if event == "opcode" and next(steps) == step:
            token.cancel("finalizer")
        return trace

    def traced():
        sys.settrace(trace)
        work()
        sys.settrace(None)

    thread = threading.Thread(target=traced, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), f"it hangs when it is interrupted before step {step}"
    return next(steps) > step


INTERRUPTED = {
    "observing": lambda token, seen: token.on_cancel(lambda: seen.append("late")),
    "withdrawing": lambda token, seen: token.on_cancel(lambda: seen.append("never"))(),
    "waiting": lambda token, seen: token.wait(0),
    "cancelling": lambda token, seen: token.cancel("at last"),
}


@pytest.mark.parametrize("work", INTERRUPTED.values(), ids=INTERRUPTED)
def test_a_finalizer_may_cancel_in_the_middle_of_anything(work):
    for step in itertools.count():
        token, seen = CancelToken(), []
        token.on_cancel(partial(seen.append, "early"))
        going_on = interrupted(step, token, partial(work, token, seen))
        token.cancel("in the end")
        assert seen.count("early") == 1
        assert seen.count("late") == (work is INTERRUPTED["observing"])
        assert seen.count("never") <= going_on
        assert token.wait(0)
        if not going_on:
            break
    assert step > 5


@pytest.mark.parametrize("timeout", [None, 60])
def test_a_wait_ends_when_it_is_cancelled(timeout):
    token, ended = CancelToken(), []
    waiting = [
        threading.Thread(target=lambda: ended.append(token.wait(timeout)), daemon=True)
        for _ in range(4)
    ]
    for thread in waiting:
        thread.start()
    assert not token.wait(0.01)
    assert not token.wait(-1)
    token.cancel()
    for thread in waiting:
        thread.join(60)
    assert ended == [True] * 4
    assert token.wait()


@given(st.text(), st.lists(st.integers(0, 40)))
def test_a_stream_joins_split_characters(text, cuts):
    data, stream = text.encode(), TokenStream()
    stream.begin_prompt(1)
    edges = sorted({0, len(data), *(c for c in cuts if c < len(data))})
    shown = ""
    for start, end in itertools.pairwise(edges):
        stream.push(data[start:end])
        shown += stream.drain()
    assert shown + stream.drain(final=True) == text


@given(st.lists(st.binary(max_size=6)))
def test_any_bytes_can_be_drained(pieces):
    stream = TokenStream()
    stream.begin_prompt(1)
    for piece in pieces:
        stream.push(piece)
    assert stream.drain(final=True) == b"".join(pieces).decode("utf-8", "replace")


def test_figures_of_a_generation():
    stream = TokenStream()
    stream.begin_prompt(12, cached=8)
    stream.prompt_progress(12)
    assert stream.figures().state is StreamState.PROMPT
    for _ in range(3):
        stream.push(b"x")
    stream.finish("stop")
    figures = stream.figures()
    assert (figures.tokens, figures.prompt_cached, figures.prompt_total) == (3, 8, 12)
    assert figures.state is StreamState.FINISHED
    assert figures.time_to_first_token is not None
    assert figures.tokens_per_second is not None


def test_an_undrained_stream_is_bounded():
    stream = TokenStream(limit=10)
    stream.begin_prompt(1)
    for number in range(100):
        stream.push(b"%d" % (number % 10))
    assert stream.drain() == "0123456789"
    assert stream.figures().tokens == 100


def test_events_reach_every_watcher_and_queues_are_bounded():
    bus = EventBus()
    with bus.watching() as first, bus.watching(maxlen=2) as second:
        for number in range(3):
            bus.publish(EventKind.NOTICE, "m", number=number)
        assert [e.data["number"] for e in first.drain()] == [0, 1, 2]
        assert [e.data["number"] for e in second.drain()] == [1, 2]
    bus.publish(EventKind.NOTICE)
    assert first.drain() == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("default:GGML:AUTO:a.gguf", ("default", "ggml", "auto", ("a.gguf",))),
        ("--nn-preload m:openvino:Cpu:m.xml:m.bin", ("m", "openvino", "cpu", ("m.xml", "m.bin"))),
        (r"w:ggml:gpu:C:\models\a.gguf", ("w", "ggml", "gpu", (r"C:\models\a.gguf",))),
        (r"w:openvino:cpu:C:\m.xml:C:\m.bin", ("w", "openvino", "cpu", (r"C:\m.xml", r"C:\m.bin"))),
        ("d:openvino:cpu:builtin:digits", ("d", "openvino", "cpu", ("builtin:digits",))),
        ("d:onnx:auto:https://h/m.onnx", ("d", "onnx", "auto", ("https://h/m.onnx",))),
    ],
)
def test_preload_strings(line, expected):
    spec = parse_preload(line)
    assert (spec.name, spec.encoding, spec.target, spec.paths) == expected
    assert isinstance(spec.encoding, GraphEncoding)
    assert isinstance(spec.target, ExecutionTarget)


@pytest.mark.parametrize(
    "line", ["", "a", "a:ggml:cpu", "a:ggml:cpu:", ":ggml:cpu:x", "a:b:cpu:x", "a:ggml:x:y"]
)
def test_malformed_preload_strings_say_so(line):
    with pytest.raises((InvalidArgument, InvalidEncoding)) as caught:
        parse_preload(line)
    assert str(caught.value)


@pytest.mark.parametrize(
    ("word", "target", "device"),
    [
        ("auto", "auto", ""),
        ("Npu", "npu", ""),
        ("gpu.1", "gpu", "GPU.1"),
        ("AUTO:GPU,CPU", "auto", "AUTO:GPU,CPU"),
        ("hetero:gpu,cpu", "auto", "HETERO:GPU,CPU"),
        ("MULTI:GPU.0,CPU", "auto", "MULTI:GPU.0,CPU"),
        ("BATCH:GPU(4)", "auto", "BATCH:GPU(4)"),
    ],
)
def test_a_target_can_be_a_device_as_openvino_names_it(word, target, device):
    assert parse_device(word) == (ExecutionTarget(target), device)


@pytest.mark.parametrize("word", ["", "foo", "CPU:", "GPUS", "FOO:CPU", "AUTO:"])
def test_a_word_that_is_no_target_is_refused(word):
    with pytest.raises(InvalidArgument, match="There is no target"):
        parse_device(word)


def test_the_target_of_a_preload_string_can_be_one_device_of_several():
    spec = parse_preload("m:openvino:GPU.1:m.xml:m.bin")
    assert (spec.target, spec.device, spec.paths) == ("gpu", "GPU.1", ("m.xml", "m.bin"))


@pytest.mark.parametrize(
    ("rest", "device", "paths"),
    [
        ("AUTO:GPU,CPU:m.xml:m.bin", "AUTO:GPU,CPU", ("m.xml", "m.bin")),
        ("hetero:gpu.1,cpu:m.xml", "HETERO:GPU.1,CPU", ("m.xml",)),
        (r"MULTI:CPU,GPU:C:\m.xml", "MULTI:CPU,GPU", (r"C:\m.xml",)),
        ("BATCH:GPU(4):m.xml", "BATCH:GPU(4)", ("m.xml",)),
        ("AUTO:-GPU:m.xml", "AUTO:-GPU", ("m.xml",)),
        ("AUTO:cpu.xml:cpu.bin", "", ("cpu.xml", "cpu.bin")),
        ("AUTO:CPU", "", ("CPU",)),
    ],
)
def test_the_target_of_a_preload_string_can_have_a_colon(rest, device, paths):
    spec = parse_preload(f"m:openvino:{rest}")
    assert (spec.target, spec.device, spec.paths) == ("auto", device, paths)


@given(st.text())
def test_no_text_crashes_the_preload_parser(line):
    with contextlib.suppress(WasinnError):
        parse_preload(line)


@pytest.mark.parametrize("kind", [k for k in TensorType if k is not TensorType.BF16])
def test_tensors_round_trip_through_numpy(kind):
    array = np.arange(12).reshape(3, 4).astype(kind.dtype)
    tensor = Tensor.from_numpy(array[:, ::-1])
    assert (tensor.type, tensor.dims, tensor.nbytes) == (kind, (3, 4), 12 * kind.itemsize)
    assert np.array_equal(tensor.numpy(), array[:, ::-1])
    with pytest.raises(ValueError, match="read-only"):
        tensor.numpy()[0, 0] = 1
