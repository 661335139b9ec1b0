"""Data that lead OpenVINO's operators out of their tensors: the process lives, results stay."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("openvino")

import openvino

from tests.backends.openvino import samples
from tests.backends.openvino.running import directly
from wasinn_nb.backends.openvino.hardening import harden
from wasinn_nb.nn import errors

NATIVE = SimpleNamespace(api=openvino)


def count(model):
    return len(model.get_ordered_ops())


@pytest.fixture
def op():
    return openvino.opset13


def test_hostile_data_neither_kill_nor_change_what_is_valid(root):
    child = subprocess.run(
        [sys.executable, "-m", "tests.backends.openvino.hostile_child"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
    assert child.returncode == 0, (lines[-1]["case"], child.stderr[-2000:])
    ends = {line["case"]: line["ends"] for line in lines}
    assert len(ends) >= 24
    refusals = set(dir(errors))
    for case, found in ends.items():
        # valid data first and, after all others, again
        assert (found[0], found[-1]) == ("same", "same"), case
        assert set(found[1:-1]) <= refusals | {"computed", "same"}, case
    # empty indices into empty data are valid
    assert ends["gather_nd_of_any_size"][:2] == ["same", "same"]
    # indices into data that turn out to be empty are not
    assert ends["gather_nd_by_second_output"][2] == "RuntimeFailure"
    # what OpenVINO refuses beyond the end is refused before the beginning as well
    assert set(ends["scatter_elements"][1:-1]) == {"RuntimeFailure"}


def test_models_without_such_operators_are_left_alone(op):
    core = openvino.Core()
    for parts in (samples.ir_convolution(), samples.ir_branches()):
        model = core.read_model(*parts)
        before = count(model)
        harden(NATIVE, model)
        assert count(model) == before
    # sizes that are constants were checked already
    x = op.parameter([4, 4], np.float32)
    begin, end, step = (op.constant([value, value]) for value in (0, 4, 2))
    sliced = op.strided_slice(x, begin, end, step, [0, 0], [0, 0])
    model = openvino.Model([op.tile(sliced, op.constant([2, 1]))], [x], "sizes")
    before = count(model)
    harden(NATIVE, model)
    assert count(model) == before


def test_shapes_that_follow_from_sizes_stay_known(op):
    x, y = op.parameter([2, 3], np.float32), op.parameter([-1, 5], np.float32)
    sizes = op.shape_of(y)
    model = openvino.Model([op.tile(x, sizes)], [x, y], "sizes")
    shape = model.output(0).get_partial_shape()
    harden(NATIVE, model)
    model.validate_nodes_and_infer_types()
    assert model.output(0).get_partial_shape() == shape
    assert str(shape) == "[?,15]"


def test_inputs_and_outputs_of_indexed_models_stay(op):
    table, places = op.parameter([-1, 4], np.float32), op.parameter([3, 1], np.int32)
    found = openvino.opset8.gather_nd(table, places, 0)
    model = openvino.Model([found], [table, places], "rows")
    ports = str(model.inputs), str(model.outputs)
    harden(NATIVE, model)
    model.validate_nodes_and_infer_types()
    assert (str(model.inputs), str(model.outputs)) == ports
    rows = np.arange(20, dtype=np.float32).reshape(5, 4)
    picked = directly(model, [rows, np.array([[-9], [2], [9]], np.int32)])[0]
    assert (picked == rows[[0, 2, 4]]).all()


def test_indices_that_are_weights_are_limited_too(op):
    table = op.parameter([5, 4], np.float32)
    found = openvino.opset8.gather_nd(table, op.constant(np.array([[10**9], [-(10**9)]])), 0)
    model = openvino.Model([found], [table], "rows")
    harden(NATIVE, model)
    rows = np.arange(20, dtype=np.float32).reshape(5, 4)
    assert (directly(model, [rows])[0] == rows[[4, 0]]).all()


def test_rows_of_packed_weights_are_never_left_unset(op):
    rows = np.arange(20 * 64, dtype=np.uint8).reshape(20, 64) % 100
    scale = op.constant(np.full((20, 1), 0.5, np.float32))
    places = op.parameter([5], np.int32)
    table = op.multiply(op.convert(op.constant(rows), np.float32), scale)
    model = openvino.Model([op.gather(table, places, op.constant(0))], [places], "rows")
    harden(NATIVE, model)
    given = np.array([10**9, 3, -1, -20, -(2**31)], np.int32)
    assert (directly(model, [given])[0] == rows[[19, 3, 19, 0, 0]] * np.float32(0.5)).all()
    # the weights stay packed
    compiled = openvino.Core().compile_model(model, "CPU")
    kinds = [
        str(node.get_rt_info()["layerType"].value)
        for node in compiled.get_runtime_model().get_ops()
    ]
    assert "Convert" not in kinds
    assert "Gather" in kinds


def test_beams_without_length_are_not_left_unset(op):
    beams, lengths = np.ones((2, 1, 2), np.int32), op.parameter([1], np.int32)
    found = op.gather_tree(
        op.constant(beams), op.constant(beams), lengths, op.constant(np.int32(9))
    )
    model = openvino.Model([found], [lengths], "beams")
    harden(NATIVE, model)
    for length in (-7, 0, 1):
        picked = directly(model, [np.array([length], np.int32)])[0]
        assert picked.tolist() == [[[1, 1]], [[9, 9]]]


def test_what_crashes_the_compilation_is_refused(op):
    constant, x = op.constant(np.ones((2, 3), np.float32)), op.parameter([2, 3], np.float32)
    sums = openvino.Model([op.add(op.cum_sum(constant, op.constant(2)), x)], [x], "sums")
    with pytest.raises(errors.InvalidArgument, match="axis 2 of 2 dimensions") as caught:
        harden(NATIVE, sums)
    assert caught.value.hint
    top = op.topk(constant, op.constant(16), 1, "max", "value")
    largest = openvino.Model([op.concat([top.output(0), x], 1)], [x], "largest")
    with pytest.raises(errors.InvalidArgument, match="takes 16 of 3 elements"):
        harden(NATIVE, largest)
    steps = op.parameter([2], np.int64)
    ends = op.constant([0, 0]), op.constant([2, 3])
    written = openvino.opset15.slice_scatter(x, constant, *ends, steps)
    with pytest.raises(errors.UnsupportedOperation, match="steps that are not constant"):
        harden(NATIVE, openvino.Model([written], [x, steps], "steps"))


def test_the_limits_of_those_are_no_fault(op):
    constant, x = op.constant(np.ones((2, 3), np.float32)), op.parameter([2, 3], np.float32)
    sums = op.cum_sum(constant, op.constant(-2))
    top = op.topk(constant, op.constant(3), 1, "max", "value")
    ends = op.constant([0, 0]), op.constant([2, 3])
    steps = op.convert(op.constant(np.array([1, 1], np.int32)), np.int64)
    written = openvino.opset15.slice_scatter(x, constant, *ends, steps)
    outputs = [op.add(sums, x), op.concat([top.output(0), x], 1), written]
    model = openvino.Model(outputs, [x], "limits")
    before = count(model)
    harden(NATIVE, model)
    assert count(model) == before
    assert (directly(model, [np.zeros((2, 3), np.float32)])[2] == 1).all()
