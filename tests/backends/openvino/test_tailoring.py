"""What a form shows for a model of OpenVINO's, on machines that are made up and on this one."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.backends.openvino.backend import OpenVINOBackend
from wasinn_nb.backends.openvino.settings import schema
from wasinn_nb.backends.openvino.tailoring import PROMINENT, tailored
from wasinn_nb.nn.backend import Device
from wasinn_nb.nn.errors import NNError
from wasinn_nb.nn.offers import Span
from wasinn_nb.nn.types import ExecutionTarget

CPU = Device("CPU", ExecutionTarget.CPU, "a processor")
GPUS = [Device(f"GPU.{n}", ExecutionTarget.GPU, f"card {n}") for n in range(2)]
ABSENT = {"GPU": "the OpenCL loader is missing", "NPU": "no such device"}


def form(devices=(CPU,), absent=ABSENT, capabilities=("FP32", "BF16"), cpus=8):
    return tailored(list(devices), absent, frozenset(capabilities), cpus=cpus)


def offers(setting):
    return {offer.value: offer for offer in setting.offered}


def test_prominent_settings_come_first_and_each_offer_is_legal():
    for shown in (form(), form([CPU, *GPUS], {}), form((), dict.fromkeys("A", "gone"), ())):
        assert tuple(shown)[: len(PROMINENT)] == PROMINENT
        assert [key for key, setting in shown.items() if setting.prominent] == list(PROMINENT)
        assert set(shown) == set(schema())
    for setting in form([CPU, *GPUS], {}).values():
        assert all(setting.check(offer.value) == offer.value for offer in setting.offered)


def test_devices_that_are_not_here_are_offered_with_the_reason():
    device = offers(form()["device"])
    assert list(device) == ["", "AUTO", "CPU", "GPU", "NPU"]
    assert device["GPU"].unavailable == "the OpenCL loader is missing"
    assert (device["CPU"].unavailable, device["CPU"].note) == ("", "a processor")
    assert form()["device"].check("gpu.1") == "GPU.1"


def test_combinations_are_offered_where_there_are_several_devices():
    device = offers(form([CPU, *GPUS], {"NPU": "no such device"})["device"])
    assert list(device)[-2:] == ["HETERO:GPU.0,GPU.1,CPU", "MULTI:GPU.0,GPU.1,CPU"]
    assert device["GPU.1"].note == "card 1"
    assert not device["HETERO:GPU.0,GPU.1,CPU"].unavailable


def test_precisions_that_no_device_has_say_so():
    precision = offers(form()["inference-precision"])
    assert [word for word, offer in precision.items() if offer.unavailable] == ["f16"]
    unknown = offers(form(capabilities=())["inference-precision"])
    assert not any(offer.unavailable for offer in unknown.values())


def test_settings_of_the_cpu_are_of_no_use_without_one():
    assert form()["threads"].unavailable == ""
    assert form()["threads"].span == form()["num-streams"].span == Span(1, 8)
    assert "CPU" in form(GPUS, {})["core-type"].unavailable


@given(st.dictionaries(st.sampled_from(sorted(schema())), st.none() | st.booleans()
       | st.integers(-9, 2**31) | st.sampled_from(["GPU", "auto", "bf16", "HETERO:GPU,CPU"])
       | st.text(max_size=8)))  # fmt: skip
def test_a_form_takes_nothing_from_guests(document):
    text = json.dumps(document).encode("utf-8", "surrogatepass")
    results = []
    for own in (schema(), form(), form((), {}, ())):
        try:
            results.append(own.parse_guest(text))
        except NNError as error:
            results.append(str(error))
    assert results[0] == results[1] == results[2]


def test_this_machine_has_a_form():
    backend = OpenVINOBackend()
    device = offers(backend.tailored(None)["device"])
    for there in backend.status().devices:
        assert not device[there.name].unavailable
    missing = [name for name, offer in device.items() if offer.unavailable]
    assert all(name in backend.status().detail for name in missing)
