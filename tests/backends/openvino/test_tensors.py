"""Tensors: every type and shape, exact checks, and results that are OpenVINO's own to the bit."""

from __future__ import annotations

import gc

import numpy as np
import openvino
import pytest
from openvino import opset13 as op

from tests.backends.openvino.running import computed, configured, directly, tensor
from tests.backends.openvino.samples import ir_convolution, serialized
from wasinn_nb.backends.openvino.outputs import SMALL
from wasinn_nb.nn.errors import InvalidArgument, RuntimeFailure, UnsupportedOperation
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

ELEMENTS = {
    TensorType.F16: openvino.Type.f16,
    TensorType.F32: openvino.Type.f32,
    TensorType.F64: openvino.Type.f64,
    TensorType.BF16: openvino.Type.bf16,
    TensorType.U8: openvino.Type.u8,
    TensorType.I8: openvino.Type.i8,
    TensorType.I32: openvino.Type.i32,
    TensorType.I64: openvino.Type.i64,
    TensorType.BOOL: openvino.Type.boolean,
}


def doubling(shape, element=openvino.Type.f32, count=1):
    """``count`` inputs, each with an output that is the input and itself, added."""
    inputs = []
    for index in range(count):
        inputs.append(op.parameter(openvino.PartialShape(shape), element))
        inputs[-1].output(0).set_names({f"in{index}"})
    outputs = []
    for index, one in enumerate(inputs):
        combine = op.logical_or if element == openvino.Type.boolean else op.add
        both = combine(one, one)
        outputs.append(both.output(0))
        outputs[-1].set_names({f"out{index}"})
    return serialized(outputs, inputs)


def sample(kind, shape):
    """Values that every step of the types' arithmetic keeps exactly."""
    values = np.arange(int(np.prod(shape))).reshape(shape) % 50
    if kind is TensorType.BF16:
        return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return (values % 2 == 1) if kind is TensorType.BOOL else values.astype(kind.dtype)


def doubled(kind, array):
    if kind is TensorType.BOOL:
        return array
    if kind is TensorType.BF16:
        wide = (array.astype(np.uint32) << 16).view(np.float32) * 2
        return (wide.view(np.uint32) >> 16).astype(np.uint16)
    return array * array.dtype.type(2)


@pytest.mark.parametrize("shape", [(2, 3, 5), (1,), ()], ids=str)
@pytest.mark.parametrize("kind", ELEMENTS, ids=lambda kind: kind.dtype)
def test_every_type_with_a_fixed_shape(open_context, kind, shape):
    context = open_context(*doubling(list(shape), ELEMENTS[kind]))
    array = sample(kind, shape)
    context.set_input(0, tensor(array, kind))
    context.compute()
    output = context.output_tensor(0)
    assert (output.type, output.dims) == (kind, shape)
    assert output.numpy().tobytes() == doubled(kind, array).tobytes()


@pytest.mark.parametrize("kind", ELEMENTS, ids=lambda kind: kind.dtype)
def test_every_type_with_a_shape_that_changes(open_context, kind):
    context = open_context(*doubling([-1, 3], ELEMENTS[kind]))
    for rows in (4, 1, 40_000, 2, 0):
        array = sample(kind, (rows, 3))
        context.set_input(0, tensor(array, kind))
        context.compute()
        output = context.output_tensor(0)
        assert (output.type, output.dims) == (kind, (rows, 3))
        assert output.numpy().tobytes() == doubled(kind, array).tobytes()


def test_special_values_pass_as_in_openvino(open_context, backend):
    model = ir_convolution()
    image = np.zeros((1, 1, 8, 8), np.float32)
    image[0, 0, 2, 3:6] = np.nan, np.inf, -np.inf
    threads = configured(backend)["threads"]
    (expected,) = directly(model, [image], INFERENCE_NUM_THREADS=threads)
    assert computed(open_context(*model), image).tobytes() == expected.tobytes()


@pytest.mark.parametrize("precision", ["default", "f32", "bf16"])
def test_a_published_model_gives_openvinos_own_bits(open_context, backend, road, precision, rng):
    image = rng.random((1, 3, 512, 896), dtype=np.float32) * 255
    properties = {"INFERENCE_NUM_THREADS": configured(backend)["threads"]}
    if precision != "default":
        properties["INFERENCE_PRECISION_HINT"] = precision
    (expected,) = directly(road, [image], **properties)
    context = open_context(*road, inference_precision=precision)
    assert computed(context, image).tobytes() == expected.tobytes()
    assert computed(context, image).tobytes() == expected.tobytes()


# -- several inputs and outputs --------------------------------------------------------------------


def test_inputs_keep_their_values_between_computations(open_context):
    context = open_context(*doubling([2], count=3))
    for index in range(3):
        context.set_input(index, tensor(np.full(2, index + 1, np.float32)))
    context.compute()
    context.set_input(1, tensor(np.full(2, 50, np.float32)))
    context.compute()
    results = [context.output_tensor(index).numpy().tolist() for index in range(3)]
    assert results == [[2, 2], [100, 100], [6, 6]]


def test_an_input_that_was_never_set_is_named(open_context):
    context = open_context(*doubling([2], count=3))
    context.set_input(1, tensor(np.zeros(2, np.float32)))
    with pytest.raises(InvalidArgument) as caught:
        context.compute()
    assert "0 (in0: float32 [2]), 2 (in2: float32 [2])" in str(caught.value)
    assert "set_input" not in str(caught.value)  # which a component's guest may not have


def test_a_new_context_has_no_inputs_of_the_one_before(load, backend):
    graph = load(*doubling([2]))
    first = graph.create_context(configured(backend))
    computed(first, np.ones(2, np.float32))
    first.close()
    second = graph.create_context(configured(backend))
    with pytest.raises(InvalidArgument, match="never set"):
        second.compute()


def test_what_the_graph_tells(load, backend):
    graph = load(*doubling([-1, 3], count=2))
    assert graph.memory().contexts == 0
    graph.create_context(configured(backend)).set_input(0, tensor(np.zeros((4, 3), np.float32)))
    assert graph.memory().contexts == 48
    info = graph.describe()
    assert [(spec.name, spec.dims) for spec in info.inputs] == [("in0", (-1, 3)), ("in1", (-1, 3))]
    assert [spec.name for spec in info.outputs] == ["out0", "out1"]
    assert info.output_index("out1") == 1


# -- checks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "given", "said"),
    [
        ([2, 3], tensor(np.zeros((3, 2), np.float32)), "in0: float32 [2, 3]) has another shape"),
        ([2, 3], tensor(np.zeros(6, np.float32)), "float32 [6] was given"),
        ([2, 3], tensor(np.zeros((2, 3), np.int32)), "elements of type float32; int32 [2, 3]"),
        ([2, 3], Tensor((2, 3), TensorType.F32, bytes(23)), "has 24 bytes; 23 were given"),
        ([-1, 3], Tensor((2, 3), TensorType.F32, bytes(25)), "has 24 bytes; 25 were given"),
        ([-1, 3], tensor(np.zeros((2, 4), np.float32)), "[?, 3]) has another shape"),
        ([-1, 3], tensor(np.zeros((2, 3, 1), np.float32)), "[2, 3, 1] was given"),
        ([-1, 3], Tensor((2**31, 3), TensorType.F32, bytes(24)), "25769803776 bytes; 24 were"),
        ([-1, 3], Tensor((2**32 - 1, 3), TensorType.F32, b""), "bytes; 0 were given"),
        ([-1, -1], Tensor((2**32 - 1,) * 2, TensorType.F32, b""), "cannot be so large"),
        (
            [openvino.Dimension(2, 4), 3],
            tensor(np.zeros((5, 3), np.float32)),
            "Dimension 0 can be 2 to 4.",
        ),
    ],
)
def test_a_wrong_tensor_is_refused_and_changes_nothing(open_context, shape, given, said):
    context = open_context(*doubling(shape))
    right = np.arange(6, dtype=np.float32).reshape(2, 3)
    context.set_input(0, tensor(right))
    with pytest.raises(InvalidArgument) as caught:
        context.set_input(0, given)
    assert said in str(caught.value)
    context.compute()
    assert np.array_equal(context.output_tensor(0).numpy(), right * 2)


@pytest.mark.parametrize("dims", [(0, 2**32 - 1, 2**32 - 1), (2**32 - 1, 2**32 - 1, 0)])
def test_an_empty_tensor_of_boundless_shape_is_refused_and_changes_nothing(open_context, dims):
    context = open_context(*doubling([-1, -1, -1]))
    right = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    context.set_input(0, tensor(right))
    with pytest.raises(InvalidArgument, match="cannot be so large"):
        context.set_input(0, Tensor(dims, TensorType.F32, b""))
    context.compute()
    assert np.array_equal(context.output_tensor(0).numpy(), right * 2)


def test_indexes(open_context):
    context = open_context(*doubling([2]))
    for index in (1, 2**32 - 1):
        with pytest.raises(InvalidArgument, match=r"it has 0 \(in0: float32 \[2\]\)"):
            context.set_input(index, tensor(np.zeros(2, np.float32)))
        with pytest.raises(InvalidArgument, match=r"it has 0 \(out0: float32 \[2\]\)"):
            context.get_output(index)


def test_bytes_that_are_no_booleans(open_context):
    context = open_context(*doubling([3], openvino.Type.boolean))
    with pytest.raises(InvalidArgument, match="bytes of 0 and 1; 7 was given"):
        context.set_input(0, Tensor((3,), TensorType.BOOL, bytes([0, 1, 7])))
    with pytest.raises(InvalidArgument, match="never set"):
        context.compute()


def test_types_that_no_guest_can_send(load):
    x = op.parameter([2], openvino.Type.u16, name="odd")
    with pytest.raises(UnsupportedOperation, match="'odd' has elements of type u16"):
        load(*serialized([op.add(x, x).output(0)], [x]))


def test_outputs_before_any_computation(open_context):
    context = open_context(*doubling([2]))
    with pytest.raises(RuntimeFailure, match="Call compute first"):
        context.get_output(0)


def test_steps_are_for_text(open_context):
    context = open_context(*doubling([2]))
    for call in (context.compute_single, context.fini_single, lambda: context.get_output_single(0)):
        with pytest.raises(InvalidArgument, match="tensor model"):
            call()


# -- copies ----------------------------------------------------------------------------------------


def test_inputs_are_copied_from_any_buffer(open_context):
    context = open_context(*doubling([4]))
    values = np.arange(4, dtype=np.float32)
    for data in (values.tobytes(), bytearray(values.tobytes()), memoryview(values)):
        context.set_input(0, Tensor((4,), TensorType.F32, data))
        if isinstance(data, bytearray):
            data[:] = bytes(16)
        context.compute()
        assert np.array_equal(context.output_tensor(0).numpy(), values * 2)


@pytest.mark.parametrize("rows", [3, SMALL], ids=["small", "large"])
@pytest.mark.parametrize("dynamic", [False, True])
def test_an_output_never_changes_once_it_was_read(open_context, rows, dynamic):
    context = open_context(*doubling([-1 if dynamic else rows]))
    held = []
    for number in range(6):
        context.set_input(0, tensor(np.full(rows, number, np.float32)))
        context.compute()
        held.append(context.get_output(0))
        if number == 3:
            held[1] = None
    context.close()
    gc.collect()
    for number, data in enumerate(held):
        if data is not None:
            assert set(np.frombuffer(data, np.float32)) == {2.0 * number}
    with pytest.raises((TypeError, ValueError)):
        memoryview(held[0])[0] = 1


def test_outputs_of_changing_size_never_change(open_context):
    context = open_context(*doubling([-1]))
    held = []
    for number, size in enumerate((SMALL, 9, 4 * SMALL, SMALL, 8 * SMALL)):
        context.set_input(0, tensor(np.full(size, number, np.float32)))
        context.compute()
        held.append((size, context.get_output(0)))
    for number, (size, data) in enumerate(held):
        assert np.array_equal(np.frombuffer(data, np.float32), np.full(size, 2.0 * number))


def test_two_regions_take_turns_when_nobody_keeps_the_outputs(open_context):
    context = open_context(*doubling([SMALL]))
    places = set()
    last = None
    for number in range(8):
        context.set_input(0, tensor(np.full(SMALL, number, np.float32)))
        context.compute()
        last = np.frombuffer(context.get_output(0), np.float32)
        places.add(last.ctypes.data)
    assert last[0] == 14
    assert len(places) == 2


def test_large_outputs_of_a_closed_context_survive_the_next_one(load, backend):
    graph = load(*doubling([SMALL]))
    closed = []
    for number in range(3):
        context = graph.create_context(configured(backend))
        computed(context, np.full(SMALL, number, np.float32))
        context.close()
        closed.append(context)
    graph.close()
    for number, context in enumerate(closed):
        assert set(context.output_tensor(0).numpy()) == {2.0 * number}
        with pytest.raises(InvalidArgument, match="closed"):
            context.compute()


# -- compatibility ---------------------------------------------------------------------------------


def test_bytes_in_another_order_only_when_asked_for(open_context, backend, rng):
    model = doubling([2, 3, 4, 5])
    image = rng.random((2, 3, 4, 5), dtype=np.float32)
    swapped = Tensor((2, 3, 4, 5), TensorType.F32, image.transpose(0, 2, 3, 1).tobytes())
    assert np.array_equal(computed(open_context(*model, input_layout="nhwc"), swapped), image * 2)
    assert not np.array_equal(computed(open_context(*model), swapped), image * 2)
    flat = np.arange(6, dtype=np.float32)
    context = open_context(*doubling([6]), input_layout="nhwc")
    assert np.array_equal(computed(context, flat), flat * 2)
