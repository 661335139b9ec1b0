"""OpenVINO through the core ABI: all ways to load, both numberings of types, what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from openvino import opset13 as op

import wasinn_nb as wn
from tests.backends.openvino import protobuf_writer, samples
from tests.backends.openvino.running import directly
from tests.backends.openvino.test_tensors import ELEMENTS, doubled, doubling, sample
from wasinn_nb.nn.types import TensorType

GUEST = Path(__file__).parents[2] / "guests" / "tensors.c"
IR, ONNX, TENSORFLOW, PYTORCH, TFLITE = range(5)
F16, F32, F64, U8, I32, I64 = range(6)
OLD_U8, OLD_I32 = 2, 3


@pytest.fixture(scope="module")
def host():
    return wn.host()


@pytest.fixture
def name(host, request):
    """A name that nobody else uses; what is registered under it goes with the test."""
    name = f"guests-{abs(hash(request.node.name))}"
    yield name
    if name in host.registry.names():
        host.forget(name)


@pytest.fixture
def guest(tmp_path):
    """``guest(how, ..., array, kind, parts=(), **options)``: the outputs' bytes and the run."""
    built = wn.build(GUEST.read_text(encoding="utf-8"), language="c")

    def guest(*args, array, kind, parts=(), dims=None, **options):
        for number, part in enumerate(parts):
            (tmp_path / f"part{number}").write_bytes(part)
        (tmp_path / "input").write_bytes(array.tobytes())
        shape = ",".join(map(str, array.shape if dims is None else dims))
        run = built.run(
            args=[*map(str, args), str(kind), shape],
            dirs={str(tmp_path): ("/io", "rw")},
            check=False,
            **options,
        )
        found = sorted(tmp_path.glob("output*"))
        return [path.read_bytes() for path in found], run

    return guest


def threads(host, name):
    return host.describe(name).config["threads"]


@pytest.fixture
def image(rng):
    return rng.random((1, 1, 8, 8), dtype=np.float32)


def test_by_name_and_with_a_configuration(host, guest, name, image):
    model = samples.ir_convolution()
    host.load(name, model, encoding="openvino", target="cpu")
    options = {"array": image, "kind": F32, "models": {"net": name}}
    for precision, args in (
        ({}, ("name", "net")),
        ({"INFERENCE_PRECISION_HINT": "f32"}, ("config", "net", '{"inference-precision": "f32"}')),
    ):
        (output,), run = guest(*args, **options)
        expected = directly(model, [image], INFERENCE_NUM_THREADS=threads(host, name), **precision)
        assert output == expected[0].tobytes(), run.stdout
        assert run.stdout == "get_output=1\n"  # there is no second output


def test_a_preload_string(host, guest, name, image, tmp_path):
    for file, part in zip(("net.xml", "net.bin"), samples.ir_convolution(), strict=True):
        (tmp_path / file).write_bytes(part)
    record = host.registry.preload(f"{name}:OpenVINO:AUTO:{tmp_path}/net.xml:{tmp_path}/net.bin")
    assert record.asked == "auto"
    (output,), run = guest("name", name, array=image, kind=F32)
    assert run.exit_code == 0, run.stderr
    (expected,) = directly(
        (tmp_path / "net.xml",), [image], INFERENCE_NUM_THREADS=threads(host, name)
    )
    assert output == expected.tobytes()
    assert "CPU" in host.describe(name).device


@pytest.mark.parametrize("encoding", [IR, ONNX, TENSORFLOW, TFLITE])
def test_a_guest_brings_its_model(host, guest, encoding, image):
    graph = protobuf_writer.message(samples.graph_def())
    parts, array = {
        IR: (samples.ir_convolution(), image),
        ONNX: ([samples.onnx_convolution().SerializeToString()], image),
        TENSORFLOW: ([graph], image.reshape(16, 4)),
        TFLITE: ([samples.packed(samples.tflite_convolution())], image.reshape(1, 8, 8, 1)),
    }[encoding]
    before = host.registry.names()
    (output,), run = guest("bytes", encoding, len(parts), array=array, kind=F32, parts=parts)
    assert run.exit_code == 0, run.stdout
    assert len(np.frombuffer(output, np.float32)) in {3 * 16, 10}
    assert host.registry.names() == before


@pytest.mark.parametrize(("encoding", "count"), [(IR, 1), (IR, 3), (ONNX, 2), (TFLITE, 2)])
def test_a_wrong_number_of_parts_is_an_invalid_argument(guest, encoding, count, image):
    parts = [*samples.ir_convolution(), b"more"][:count]
    _, run = guest("bytes", encoding, count, array=image, kind=F32, parts=parts)
    assert (run.stdout, run.exit_code) == ("load=1\n", 1)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (TensorType.F16, [F16]),
        (TensorType.BF16, [F16]),
        (TensorType.F32, [F32]),
        (TensorType.F64, [F64]),
        (TensorType.U8, [U8, OLD_U8]),
        (TensorType.I8, [U8, OLD_U8]),
        (TensorType.BOOL, [U8, OLD_U8]),
        (TensorType.I32, [I32, OLD_I32]),
        (TensorType.I64, [I64]),
    ],
    ids=lambda value: getattr(value, "dtype", ""),
)
def test_every_type_in_both_numberings(host, guest, name, kind, numbers):
    element = ELEMENTS[kind]
    host.load(name, doubling([-1, 3], element), encoding="openvino", target="cpu")
    array = sample(kind, (4, 3))
    for number in numbers:
        (output,), run = guest("name", name, array=array, kind=number)
        assert output == doubled(kind, array).tobytes(), run.stdout
        kept = run.tensors[0]
        assert kept.shape == (4, 3)


@pytest.mark.parametrize(
    ("number", "dims", "said"),
    [
        (I32, (2, 3), "elements of type float32; int32 [2, 3] was given"),
        (F32, (3, 2), "another shape: float32 [3, 2] was given"),
        (F32, (6,), "another shape: float32 [6] was given"),
        (F32, (2**31, 3), "another shape: float32 [2147483648, 3] was given"),
    ],
)
def test_what_a_guest_is_told_of_a_wrong_tensor(host, guest, name, number, dims, said):
    host.load(name, doubling([2, 3]), encoding="openvino", target="cpu")
    array = np.zeros((2, 3), np.float32)
    _, run = guest("name", name, array=array, kind=number, dims=dims)
    assert run.stdout == "set_input=1\n"
    assert said in str(run.error)


def test_a_shape_of_more_elements_than_memory(host, guest, name):
    host.load(name, doubling([-1, -1]), encoding="openvino", target="cpu")
    array = np.zeros(4, np.float32)
    _, run = guest("name", name, array=array, kind=F32, dims=(65_536, 32_768))
    assert run.stdout == "set_input=1\n"
    assert f"has {math.prod((65_536, 32_768, 4))} bytes; 16 were given" in str(run.error)


def test_a_guest_asks_for_a_device_that_is_not_here(host, guest, name, image):
    host.load(name, samples.ir_convolution(), encoding="openvino", target="cpu")
    _, run = guest("config", name, '{"device": "GPU.7"}', array=image, kind=F32)
    assert run.stdout == "load_by_name_with_config=6\n"
    assert "no device GPU.7 here" in str(run.error)
    assert host.describe(name).device == "CPU"


def test_a_published_model_through_a_guest(host, guest, name, road, rng):
    host.load(name, road, target="cpu")
    array = rng.random((1, 3, 512, 896), dtype=np.float32) * 255
    (output,), run = guest("name", name, array=array, kind=F32)
    assert run.exit_code == 0, run.stdout
    (expected,) = directly(road, [array], INFERENCE_NUM_THREADS=threads(host, name))
    assert output == expected.tobytes()
    assert run.tensors["L0317_ReWeight"].tobytes() == output


def test_an_old_guest_sends_pixels_in_the_other_order_if_that_is_asked_for(host, guest, rng):
    x = op.parameter([1, 3, 4, 5], np.float32, name="x")
    model = samples.serialized([op.multiply(x, np.float32(2)).output(0)], [x])
    pixels = rng.random((1, 4, 5, 3), dtype=np.float32)
    options = {"array": pixels, "kind": F32, "dims": (1, 3, 4, 5), "parts": model}
    (as_said,), _ = guest("bytes", IR, 2, **options)
    assert as_said == (pixels * 2).tobytes()
    (in_order,), _ = guest("bytes", IR, 2, **options, compat="wasmedge-0.14")
    assert in_order == np.ascontiguousarray(pixels.transpose(0, 3, 1, 2) * 2).tobytes()
    doubles = {**options, "array": pixels.astype(np.uint8), "kind": OLD_U8}
    _, run = guest("bytes", IR, 2, **doubles, compat="wasmedge-0.14")
    assert run.stdout == "set_input=1\n"
    assert "uint8" in str(run.last_error)


def test_what_wasmedge_answers_for_a_model_that_cannot_be_read(guest, image):
    xml, weights = samples.ir_convolution()
    for parts, compat, said in (
        ([xml[:200], weights], "auto", "load=1\n"),
        ([xml[:200], weights], "wasmedge", "load=5\n"),
        ([xml], "wasmedge", "load=1\n"),
    ):
        _, run = guest("bytes", IR, len(parts), array=image, kind=F32, parts=parts, compat=compat)
        assert run.stdout == said


def test_pixels_in_the_wrong_order_are_told_what_to_do(guest, rng):
    x = op.parameter([1, 3, 4, 5], np.float32, name="x")
    model = samples.serialized([op.relu(x).output(0)], [x])
    pixels = rng.random((1, 4, 5, 3), dtype=np.float32)
    _, run = guest("bytes", IR, 2, array=pixels, kind=F32, parts=model)
    assert "transpose(0, 3, 1, 2)" in str(run.last_error)


def test_a_guest_that_overlooks_an_error_is_mentioned(host, name, image):
    host.load(name, samples.ir_convolution(), encoding="openvino")
    source = """
    #include <wasi_nn.h>
    int main(void) {
        wasi_nn_graph graph;
        wasi_nn_context context;
        if (wasi_nn_open("net", &graph, &context)) return 1;
        (void)wasi_nn_compute(context); /* without an input */
        return 0;
    }
    """
    run = wn.build(source, language="c").run(models={"net": name})
    [warning] = run.warnings
    assert warning.startswith("A wasi-nn call failed, and the guest went on: compute returned 1")
