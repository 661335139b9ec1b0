"""Loading: every encoding from files and from bytes, settings, errors, progress and cancel."""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from tests.backends.openvino import protobuf_writer, samples
from tests.backends.openvino.running import computed, configured, directly, tensor
from tests.backends.openvino.test_tensors import doubling
from wasinn_nb.backends.openvino.properties import compile_properties
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import (
    Cancelled,
    InvalidArgument,
    InvalidEncoding,
    ModelNotFound,
    RuntimeFailure,
    UnsupportedOperation,
)
from wasinn_nb.nn.types import GraphEncoding

IR, ONNX = GraphEncoding.OPENVINO, GraphEncoding.ONNX
TENSORFLOW, TFLITE = GraphEncoding.TENSORFLOW, GraphEncoding.TENSORFLOWLITE
PYTORCH = GraphEncoding.PYTORCH


def models():
    """Each encoding: the names its files have, their bytes, and an input."""
    image = np.random.default_rng(1).random((1, 1, 8, 8), dtype=np.float32)
    yield IR, ("m.xml", "m.bin"), samples.ir_convolution(), image
    yield ONNX, ("m.onnx",), (samples.onnx_convolution().SerializeToString(),), image
    lite = samples.packed(samples.tflite_convolution())
    yield TFLITE, ("m.tflite",), (lite,), np.moveaxis(image, 1, 3)
    graph = protobuf_writer.message(samples.graph_def())
    yield TENSORFLOW, ("m.pb",), (graph,), image.reshape(16, 4)


@pytest.fixture
def private(tmp_path, monkeypatch):
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    return tmp_path / "private"


@pytest.mark.parametrize("model", list(models()), ids=lambda model: model[0])
@pytest.mark.parametrize("suffixes", [True, False], ids=["named", "unnamed"])
def test_files_and_bytes_are_the_same_model(
    open_context, backend, tmp_path, private, model, suffixes
):
    encoding, names, parts, array = model
    files = [tmp_path / name for name in names]
    for path, part in zip(files, parts, strict=True):
        path.write_bytes(part)
    threads = configured(backend)["threads"]
    (expected,) = directly(files, [array], INFERENCE_NUM_THREADS=threads)
    if not suffixes:
        files = [path.rename(path.with_name(f"part{n}")) for n, path in enumerate(files)]
    for given in (files, parts):
        context = open_context(*given, encoding=encoding)
        assert computed(context, array).tobytes() == expected.tobytes()
        assert list(private.iterdir()) == []


def test_a_saved_model_is_a_directory(open_context, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(protobuf_writer.message(samples.saved_model()))
    context = open_context(tmp_path, encoding=TENSORFLOW)
    rows = np.random.default_rng(1).random((2, 4), dtype=np.float32)
    expected = rows @ samples.weights(4, 3) + samples.weights(3)
    assert computed(context, rows) == pytest.approx(expected, abs=0.05)


def test_the_private_file_is_gone_when_reading_fails(load, private, monkeypatch, backend):
    lite = samples.packed(samples.tflite_convolution())
    monkeypatch.setattr(backend, "inspect", lambda files: ModelInfo(files.encoding))
    for data in (lite[:400], b"nothing of the kind"):
        with pytest.raises(
            RuntimeFailure, match="OpenVINO cannot read the model as tensorflowlite"
        ):
            load(data, encoding=TFLITE)
    with pytest.raises(InvalidArgument):
        load(lite, encoding=TFLITE, properties='{"NO_SUCH": 1}')
    assert list(private.iterdir()) == []


def test_the_shipped_model_in_both_encodings(open_context, rng):
    image = rng.random((3, 1, 8, 8), dtype=np.float32)
    ir = computed(open_context(*digits("digits")), image)
    assert ir.shape == (3, 10)
    assert ir.sum(axis=1) == pytest.approx(np.ones(3), abs=0.01)
    onnx = computed(open_context(*digits("digits.onnx"), encoding=ONNX), image)
    assert onnx == pytest.approx(ir, abs=0.02)


def digits(name):
    path = builtin_path(name)
    return path if isinstance(path, tuple) else (path,)


@pytest.mark.parametrize(
    ("encoding", "count"), [(IR, 0), (IR, 3), (ONNX, 0), (ONNX, 2), (TFLITE, 2), (TENSORFLOW, 3)]
)
def test_a_wrong_number_of_parts(load, encoding, count):
    with pytest.raises(InvalidArgument, match=rf"\b{count}\b|none"):
        load(*[b"part"] * count, encoding=encoding)


def test_files_that_are_gone(load, tmp_path, monkeypatch, backend):
    xml, _ = samples.ir_convolution()
    (tmp_path / "m.xml").write_bytes(xml)
    with pytest.raises((ModelNotFound, InvalidArgument), match=r"\.bin|weights"):
        load(tmp_path / "m.xml")
    monkeypatch.setattr(backend, "inspect", lambda files: ModelInfo(files.encoding))
    with pytest.raises(ModelNotFound, match=r"m\.bin is gone"):
        load(tmp_path / "m.xml", tmp_path / "m.bin")
    with pytest.raises(RuntimeFailure, match="weights"):
        load(tmp_path / "m.xml")


# -- PyTorch ---------------------------------------------------------------------------------------


def test_pytorch_without_pytorch(load, monkeypatch, backend):
    monkeypatch.setattr(backend, "inspect", lambda files: ModelInfo(files.encoding))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UnsupportedOperation, match="pip install torch"):
        load(archive("net/code/net.py", "net/constants.pkl"), encoding=PYTORCH)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["net/data.pkl", "net/data/0"], "checkpoint of weights, a pickle"),
        (["net/archive_format", "net/data/aotinductor/m/m.so"], "compiled native code"),
    ],
)
def test_pickles_and_native_code_are_refused(load, monkeypatch, backend, names, said):
    monkeypatch.setattr(backend, "inspect", lambda files: ModelInfo(files.encoding))
    with pytest.raises((UnsupportedOperation, InvalidEncoding), match=said):
        load(archive(*names), encoding=PYTORCH)


def archive(*names):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as written:
        for name in names:
            written.writestr(name, b"")
    return data.getvalue()


def test_pytorch_programs(tmp_path):
    """In a process of its own: PyTorch starts threads, and imports much."""
    pytest.importorskip("torch", reason="PyTorch is not installed (pip install torch packaging)")
    pytest.importorskip("packaging")
    script = Path(__file__).with_name("pytorch_child.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["all right"], done.stdout + done.stderr


# -- settings --------------------------------------------------------------------------------------


def test_only_what_was_given_becomes_a_property(backend):
    one = configured(backend, threads=1)
    assert compile_properties(one, device="CPU", pipeline="") == {"INFERENCE_NUM_THREADS": 1}
    assert compile_properties(one, device="GPU.1", pipeline="") == {}
    assert compile_properties(one, device="NPU", pipeline="CPU") == {
        "INFERENCE_NUM_THREADS": 1,
        "NPU_USE_NPUW": "YES",
        "NPUW_DEVICES": "CPU",
    }


@pytest.mark.parametrize(
    ("settings", "name", "value"),
    [
        ({"performance_hint": "throughput"}, "PERFORMANCE_HINT", "THROUGHPUT"),
        ({"num_requests": 3}, "PERFORMANCE_HINT_NUM_REQUESTS", "3"),
        ({"execution_mode": "accuracy"}, "EXECUTION_MODE_HINT", "ExecutionMode.ACCURACY"),
        ({"inference_precision": "f32"}, "INFERENCE_PRECISION_HINT", "<Type: 'float32'>"),
        ({"inference_precision": "dynamic"}, "INFERENCE_PRECISION_HINT", "<Type: 'dynamic'>"),
        ({"num_streams": 2, "threads": 2}, "NUM_STREAMS", "2"),
        ({"threads": 2}, "INFERENCE_NUM_THREADS", "2"),
        ({"cpu_pinning": "off"}, "ENABLE_CPU_PINNING", "False"),
        ({"hyper_threading": "off"}, "ENABLE_HYPER_THREADING", "False"),
        ({"core_type": "performance"}, "SCHEDULING_CORE_TYPE", "SchedulingCoreType.PCORE_ONLY"),
        ({"properties": '{"PERF_COUNT": true}'}, "PERF_COUNT", "YES"),
    ],
)
def test_every_setting_reaches_openvino(load, settings, name, value):
    graph = load(*samples.ir_convolution(), **settings)
    assert str(graph.compiled.get_property(name)) == value


@pytest.mark.parametrize("settings", [{"num_streams": "auto"}, {"num_streams": "numa"},
                                      {"use_mmap": False}])  # fmt: skip
def test_settings_that_only_openvino_can_judge(load, settings, road):
    assert load(*road, **settings).device == "CPU"


def test_compiled_models_are_kept(load, tmp_path):
    model = samples.ir_convolution()
    for _ in range(2):
        load(*model, cache_dir=str(tmp_path / "cache"))
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"device": "G PU"}, "Write CPU, GPU, GPU.1"),
        ({"reshape": "1,1,8,8"}, "is not a shape"),
        ({"reshape": "[1,x]"}, "'x' is not a size"),
        ({"reshape": "[5..2]"}, "is not a size"),
        ({"reshape": "[99999999999]"}, "is not a size"),
        ({"reshape": "a:[1];a:[2]"}, "each input is given once"),
        ({"properties": "[1]"}, "must be a JSON object"),
        ({"properties": "{"}, "not valid JSON"),
        ({"properties": '{"A": null}'}, "must be a JSON object"),
        ({"inference_precision": "int4"}, "it can be 'default', 'f32'"),
        ({"num_streams": -3}, "the least is -2"),
    ],
)
def test_settings_that_cannot_be_read_are_refused_at_once(backend, settings, said):
    with pytest.raises(InvalidArgument) as caught:
        configured(backend, **settings)
    assert said in str(caught.value)


@pytest.mark.parametrize("properties", ['{"NO_SUCH_KEY": 1}', '{"NUM_STREAMS": "many"}'])
def test_properties_that_openvino_refuses(load, properties):
    with pytest.raises(InvalidArgument) as caught:
        load(*samples.ir_convolution(), properties=properties)
    message = str(caught.value)
    assert "for CPU" in message
    assert "These settings were given: properties=" in message
    assert "src/" not in message


# -- shapes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("[4,3]", (4, 3)),
        ("in0: [ 4 , 3 ]", (4, 3)),
        ("[?,3]", (-1, 3)),
        ("[-1,-1]", (-1, -1)),
        ("[1..8,3]", (-1, 3)),
    ],
)
def test_reshape(load, text, dims):
    graph = load(*doubling([2, 3]), reshape=text)
    assert graph.describe().inputs[0].dims == dims
    assert graph.describe().outputs[0].dims == dims


def test_reshape_of_several_inputs(open_context):
    context = open_context(*doubling([2], count=2), reshape="in1:[5];in0:[?]")
    context.set_input(0, tensor(np.ones(7, np.float32)))
    context.set_input(1, tensor(np.ones(5, np.float32)))
    context.compute()
    assert [context.output_tensor(index).dims for index in (0, 1)] == [(7,), (5,)]


@pytest.mark.parametrize(
    ("count", "text", "said"),
    [
        (2, "[5]", "the model has 2 inputs: in0: float32 [2], in1: float32 [2]"),
        (1, "nope:[5]", "no input 'nope'; it has 0 (in0: float32 [2])"),
    ],
)
def test_reshape_that_does_not_fit(load, count, text, said):
    with pytest.raises(InvalidArgument) as caught:
        load(*doubling([2], count=count), reshape=text)
    assert said in str(caught.value)


def test_reshape_that_the_model_cannot_take(load):
    with pytest.raises(InvalidArgument, match=r"cannot take the shapes \[1, 2, 8, 8\]"):
        load(*samples.ir_convolution(), reshape="[1,2,8,8]")


def test_an_input_of_any_rank_needs_a_shape(open_context):
    x = op.parameter(openvino.PartialShape.dynamic(), np.float32, name="x")
    model = samples.serialized([op.relu(x).output(0)], [x])
    with pytest.raises(InvalidArgument, match=r"how many dimensions its input 'x' has"):
        open_context(*model)
    array = np.array([[-1, 2]], np.float32)
    assert computed(open_context(*model, reshape="[?,2]"), array).tolist() == [[0, 2]]


def test_the_estimate_counts_the_shapes_that_are_asked_for(backend):
    files = ModelFiles(doubling([-1, 3]), "m", IR)
    info = backend.inspect(files)
    small = backend.estimate(info, configured(backend))
    large = backend.estimate(info, configured(backend, reshape="[1000,3]"))
    assert large.compute - small.compute >= 1000 * 3 * 4
    assert large.weights == small.weights >= info.nbytes


# -- progress and cancel ---------------------------------------------------------------------------


def test_progress_tells_the_stages(load):
    told = []
    load(*samples.ir_convolution(), progress=lambda what, fraction: told.append((what, fraction)))
    assert [what for what, _ in told] == [
        "reading the model",
        "compiling for CPU",
        "making room for inputs and outputs",
    ]
    assert [fraction for _, fraction in told] == sorted(fraction for _, fraction in told)


@pytest.mark.parametrize("stage", ["reading", "compiling", "making"])
def test_a_cancelled_load_returns_and_keeps_nothing(load, stage, private):
    cancel = CancelToken()
    told = []

    def progress(what, fraction):
        del fraction
        told.append(what)
        if what.startswith(stage):
            cancel.cancel("timeout")

    with pytest.raises(Cancelled, match="timeout"):
        load(samples.packed(samples.tflite_convolution()), encoding=TFLITE, progress=progress,
             cancel=cancel)  # fmt: skip
    wait_for(lambda: list(private.iterdir()) == [])
    assert told[-1].startswith(stage)


def test_a_load_that_nobody_waits_for_is_thrown_away(load, monkeypatch, backend):
    cancel, closed, go_on = CancelToken(), threading.Event(), threading.Event()
    graphs = "wasinn_nb.backends.openvino.loading.OpenVINOGraph"
    module = sys.modules["wasinn_nb.backends.openvino.loading"]

    class Graph(module.OpenVINOGraph):
        def __init__(self, *args, **options):
            cancel.cancel("stop")
            assert go_on.wait(30)
            super().__init__(*args, **options)

        def close(self):
            super().close()
            closed.set()

    monkeypatch.setattr(graphs, Graph)
    with pytest.raises(Cancelled):
        load(*samples.ir_convolution(), cancel=cancel)
    assert not closed.is_set()
    go_on.set()
    assert closed.wait(30)


def test_an_error_of_whoever_is_told_ends_the_load(load):
    def progress(what, fraction):
        raise KeyError(what, fraction)

    with pytest.raises(KeyError, match="reading"):
        load(*samples.ir_convolution(), progress=progress, cancel=CancelToken())


def wait_for(condition):
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not happen within 30 s")


# -- the library -----------------------------------------------------------------------------------


def test_nothing_is_imported_before_it_is_used():
    code = """
import sys
from wasinn_nb.backends import catalog
backend = catalog()["openvino"]
backend.normalise(backend.schema().resolve())
assert backend.log() == "" and "openvino" not in sys.modules
assert backend.status().available and "openvino" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_openvino_logs_is_kept_and_never_printed(load, backend, capfd):
    with backend.capture_log() as log:
        load(*samples.ir_convolution(), device="MULTI:CPU", cancel=CancelToken(),
             properties='{"LOG_LEVEL": "LOG_DEBUG"}')  # fmt: skip
    assert "CPU" in log.text()
    assert log.text().splitlines()[0] in backend.log()
    assert capfd.readouterr() == ("", "")
