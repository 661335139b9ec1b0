"""Devices: what can be asked for, what is refused, and that nothing else is ever used instead."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wasinn_nb as wn
from tests.backends.openvino.running import computed, configured, directly
from tests.backends.openvino.samples import ir_convolution
from wasinn_nb.backends.openvino.devices import asked_for, check_there, choose, parse
from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation
from wasinn_nb.nn.types import ExecutionTarget

LAPTOP = ("CPU", "GPU.0", "GPU.1", "NPU")

name = st.sampled_from(["CPU", "GPU", "GPU.0", "GPU.1", "NPU", "TEMPLATE"])


class Machine:
    """The devices of another machine."""

    def __init__(self, *names):
        self.names = names

    def device_names(self):
        return self.names

    def why_missing(self, name):
        return f"no driver for {name}"


def chosen(text, *there):
    return choose(Machine(*there), parse(text))


@given(
    st.sampled_from(["AUTO", "MULTI", "HETERO"]),
    st.lists(name, min_size=1, max_size=4, unique=True),
)
def test_lists_are_read_as_they_are_written(virtual, names):
    text = f"{virtual}:{','.join(names)}"
    assert str(parse(text)) == text
    assert parse(text.lower()) == parse(text)
    assert [part.name for part in parse(text).parts] == names


@given(st.text(alphabet="CPUGAUTO:.,()-01 \x00é", max_size=24))
def test_reading_a_device_gives_it_or_a_clear_error(text):
    try:
        request = parse(text)
    except InvalidArgument:
        return
    assert parse(str(request)) == request


@pytest.mark.parametrize(
    "text",
    ["", "CPU,GPU", "HETERO", "MULTI:", "AUTO:", "BATCH:GPU,CPU", "GPU(4)", "-GPU", "HETERO:-GPU",
     "AUTO:MULTI:CPU", "CPU:GPU", "G PU", "BATCH:GPU(0)", "AUTO:GPU,,CPU"],
)  # fmt: skip
def test_what_is_no_device(text):
    with pytest.raises(InvalidArgument, match="not one that OpenVINO could have"):
        parse(text)


@pytest.mark.parametrize(
    ("asked", "there", "used"),
    [
        ("CPU", ("CPU",), "CPU"),
        ("GPU", LAPTOP, "GPU"),
        ("GPU.1", LAPTOP, "GPU.1"),
        ("GPU.0", ("CPU", "GPU"), "GPU.0"),
        ("AUTO", ("CPU",), "CPU"),
        ("AUTO", LAPTOP, "AUTO"),
        ("AUTO:GPU,CPU", ("CPU",), "CPU"),
        ("AUTO:GPU,CPU", LAPTOP, "AUTO:GPU,CPU"),
        ("AUTO:GPU.3,NPU,CPU", LAPTOP, "AUTO:NPU,CPU"),
        ("AUTO:-GPU", LAPTOP, "AUTO:CPU,NPU"),
        ("AUTO:-CPU", ("CPU", "NPU"), "NPU"),
        ("HETERO:GPU,CPU", LAPTOP, "HETERO:GPU,CPU"),
        ("MULTI:GPU.1(4),CPU(2)", LAPTOP, "MULTI:GPU.1(4),CPU(2)"),
        ("BATCH:GPU(8)", LAPTOP, "BATCH:GPU(8)"),
    ],
)
def test_what_is_used(asked, there, used):
    assert chosen(asked, *there) == used


@pytest.mark.parametrize(
    ("asked", "there", "missing"),
    [
        ("GPU", ("CPU",), "GPU"),
        ("GPU.2", LAPTOP, "GPU.2"),
        ("CPU.0", LAPTOP, "CPU.0"),
        ("HETERO:GPU,CPU", ("CPU",), "GPU"),
        ("HETERO:CPU,GPU", ("CPU",), "GPU"),
        ("MULTI:CPU,NPU", ("CPU", "GPU"), "NPU"),
        ("BATCH:GPU(4)", ("CPU",), "GPU"),
        ("AUTO:GPU,NPU", ("CPU",), "GPU"),
    ],
)
def test_a_missing_device_is_an_error_that_lists_what_there_is(asked, there, missing):
    with pytest.raises(UnsupportedOperation) as caught:
        chosen(asked, *there)
    assert f"no device {missing} here" in str(caught.value)
    assert ", ".join(there) in str(caught.value)


def test_auto_without_any_device_left():
    with pytest.raises(UnsupportedOperation, match="AUTO:-CPU leaves no device: there is CPU"):
        chosen("AUTO:-CPU", "CPU")


def test_targets():
    assert str(asked_for("", ExecutionTarget.NPU)) == "NPU"
    assert str(asked_for("hetero:gpu,cpu", ExecutionTarget.CPU)) == "HETERO:GPU,CPU"
    with pytest.raises(UnsupportedOperation, match="no devices of the kind tpu"):
        asked_for("", ExecutionTarget.TPU)


def test_the_pipeline_of_an_npu_is_checked_as_well():
    assert check_there(Machine(*LAPTOP), "gpu.0, cpu") == "GPU.0,CPU"
    with pytest.raises(UnsupportedOperation, match="no device GPU here"):
        check_there(Machine("CPU"), "CPU,GPU")


# -- the real library on this machine --------------------------------------------------------------


def test_status_tells_devices_and_why_others_are_missing(backend):
    status = backend.status()
    assert status.available
    cpu = next(device for device in status.devices if device.name == "CPU")
    assert cpu.target is ExecutionTarget.CPU
    assert cpu.description
    there = {device.name.partition(".")[0] for device in status.devices}
    for kind in {"GPU", "NPU"} - there:
        assert f"no {kind}: " in status.detail
    assert "/" not in status.detail
    assert "Exception" not in status.detail


def test_a_device_that_is_not_here(load, backend):
    there = {device.name.partition(".")[0] for device in backend.status().devices}
    for device in {"GPU", "NPU"} - there:
        for asked in (device, f"HETERO:{device},CPU", f"MULTI:CPU,{device}", f"AUTO:{device}"):
            with pytest.raises(UnsupportedOperation, match=f"no device {device} here"):
                load(*ir_convolution(), device=asked)


@pytest.mark.parametrize(
    "device", ["CPU", "cpu", "AUTO:CPU", "HETERO:CPU", "MULTI:CPU", "BATCH:CPU(2)"]
)
def test_every_form_computes_the_same_and_says_what_computes(open_context, backend, device, rng):
    model = ir_convolution()
    image = rng.random((1, 1, 8, 8), dtype="float32")
    context = open_context(*model, device=device)
    (expected,) = directly(model, [image], INFERENCE_NUM_THREADS=threads(backend))
    assert computed(context, image).tobytes() == expected.tobytes()


def test_the_device_in_use_is_told(load):
    for device in ("", "AUTO", "AUTO:CPU,GPU", "HETERO:CPU"):
        target = ExecutionTarget.AUTO if device else ExecutionTarget.CPU
        assert "CPU" in load(*ir_convolution(), device=device, target=target).device


def test_contexts_on_the_layer_that_spreads_work(load, backend, rng):
    graph = load(*ir_convolution(), device="MULTI:CPU", num_streams=2)
    image = rng.random((1, 1, 8, 8), dtype="float32")
    contexts = [graph.create_context(configured(backend)) for _ in range(3)]
    results = {computed(context, image).tobytes() for context in contexts}
    assert len(results) == 1


# -- the pipeline of an NPU ------------------------------------------------------------------------


def test_the_pipeline_of_an_npu_on_the_cpu(open_context, backend, rng):
    model = ir_convolution()
    image = rng.random((1, 1, 8, 8), dtype="float32")
    (expected,) = directly(model, [image], INFERENCE_NUM_THREADS=threads(backend))
    for settings in ({"device": "NPU"}, {"target": ExecutionTarget.NPU}):
        context = open_context(*model, npuw_devices="CPU", inference_precision="f32", **settings)
        assert computed(context, image) == pytest.approx(expected, abs=0.02)


def test_the_pipeline_of_an_npu_without_partitions_is_the_cpu(load, backend, road, rng):
    graph = load(
        *road, device="NPU", npuw_devices="CPU", properties='{"NPUW_ONLINE_PIPELINE": "NONE"}'
    )
    assert graph.device == "NPU (on CPU)"
    image = rng.random((1, 3, 512, 896), dtype="float32") * 255
    context = graph.create_context(configured(backend))
    (expected,) = directly(road, [image], INFERENCE_NUM_THREADS=threads(backend))
    assert computed(context, image).tobytes() == expected.tobytes()


def test_only_an_npu_has_that_pipeline(load):
    with pytest.raises(InvalidArgument, match="only an NPU has that pipeline"):
        load(*ir_convolution(), npuw_devices="CPU")
    with pytest.raises(InvalidArgument, match="only an NPU has that pipeline"):
        load(*ir_convolution(), npuw_devices="CPU", device="CPU")


@pytest.mark.parametrize(
    ("key", "one", "other", "usual"),
    [
        ("device", "hetero:cpu", " HETERO: CPU", "HETERO:CPU"),
        ("reshape", "[2,1, 8,8]", "[2,1,8,8];", "[2,1,8,8]"),
    ],
)
def test_a_setting_written_otherwise_is_the_same_load(host, key, one, other, usual):
    host.load("net", ir_convolution(), config={key: one})
    host.registry.pin("net", {key: other})
    record = host.registry.load("net")
    assert (record.loads, record.pins[key], record.config[key]) == (1, usual, usual)
    assert record.notes == ()


@pytest.mark.parametrize(
    "bad",
    [
        {"device": "a GPU"},
        {"reshape": "[a]"},
        {"properties": "[1"},
        {"npuw-devices": "a GPU"},
        {"npuw-devices": "CPU", "device": "CPU"},
        {"device": "MULTI:CPU,CPU"},
        {"device": "GPU" + ".0" * 4096},
        {"reshape": "[" * 4097},
    ],
)
def test_settings_that_cannot_be_are_refused_and_change_nothing(host, bad):
    host.load("net", ir_convolution())
    with pytest.raises(InvalidArgument):
        host.registry.pin("net", bad)
    with pytest.raises(InvalidArgument):
        host.load("net", ir_convolution(), config=bad)
    with pytest.raises(InvalidArgument):
        host.load("other", ir_convolution(), config=bad)
    (record,) = host.models()
    assert (record.name, record.pins, record.loads) == ("net", {}, 1)
    assert host.registry.load("net").asked == "auto"


def test_a_model_that_is_looked_at_has_the_encoding_of_its_files(host):
    host.registry.register("net", "builtin:digits")
    record = host.describe("net")
    assert (record.encoding, record.loads) == ("openvino", 0)
    assert record.info.encoding is record.encoding


@pytest.fixture
def host():
    with contextlib.closing(wn.Host()) as host:
        yield host


def threads(backend):
    return configured(backend)["threads"]
