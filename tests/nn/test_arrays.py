"""What Python gives for an input: arrays of exactly its type, and lists that mean the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.nn.arrays import as_tensor
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import TensorType

ml_dtypes = pytest.importorskip("ml_dtypes")


def spec(kind):
    return TensorSpec("x", (2,), kind)


@pytest.mark.parametrize("kind", list(TensorType))
def test_an_array_of_the_type_is_taken_as_it_is(kind):
    dtype = ml_dtypes.bfloat16 if kind is TensorType.BF16 else kind.dtype
    array = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    for same in (array, array.astype(array.dtype.newbyteorder(">")), np.asfortranarray(array)):
        tensor = as_tensor(spec(kind), same)
        assert (tensor.dims, tensor.type, tensor.data) == ((2, 3), kind, array.tobytes())
    if kind is TensorType.BF16:
        assert as_tensor(spec(kind), array.view(np.uint16)).data == array.tobytes()


@pytest.mark.parametrize("kind", list(TensorType))
@pytest.mark.parametrize("given", ["uint32", "complex64", "object", "datetime64[s]"])
def test_an_array_of_another_type_is_refused(kind, given):
    with pytest.raises(InvalidArgument, match=f"x: {kind.dtype} .* was given as"):
        as_tensor(spec(kind), np.zeros(2, given))


@pytest.mark.parametrize("value", ["abc", b"\0" * 100_000, None, {1: 2}])
def test_what_is_no_array_is_refused_in_a_short_message(value):
    with pytest.raises(InvalidArgument, match=f"was given as {type(value).__name__}") as caught:
        as_tensor(spec(TensorType.F32), value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (TensorType.I64, [1, 2.5], "cannot hold 2.5"),
        (TensorType.I64, [float("nan")], "cannot hold nan"),
        (TensorType.U8, [-1], "cannot hold -1"),
        (TensorType.I8, [127, 128], "cannot hold 128"),
        (TensorType.BOOL, [0, 2], "cannot hold 2"),
        (TensorType.F32, [[1, 2], [3]], "lists of different lengths"),
        (TensorType.F32, ["1.5"], "no array of numbers"),
        (TensorType.F32, [None], "no array of numbers"),
        (TensorType.I64, [2**70], "no array of numbers"),
    ],
)
def test_a_list_that_its_type_cannot_hold_is_refused(kind, value, said):
    with pytest.raises(InvalidArgument, match=said):
        as_tensor(spec(kind), value)


@pytest.mark.parametrize("kind", list(TensorType))
def test_lists_and_numbers_become_arrays_of_the_type(kind):
    dtype = ml_dtypes.bfloat16 if kind is TensorType.BF16 else kind.dtype
    for value in ([[0, 1], [1, 0]], ((0, 1.0),), [True, False], 1, []):
        tensor = as_tensor(spec(kind), value)
        assert tensor.data == np.asarray(value).astype(dtype).tobytes()
        assert tensor.dims == np.shape(value)


@given(st.lists(st.floats(width=32), min_size=1))
def test_bfloat16_of_a_list_is_rounded_to_the_nearest(values):
    bits = np.frombuffer(as_tensor(spec(TensorType.BF16), values).data, np.uint16)
    expected = np.array(values, np.float32).astype(ml_dtypes.bfloat16)
    numbers = ~np.isnan(np.array(values))
    assert np.array_equal(bits[numbers], expected.view(np.uint16)[numbers])
    assert np.isnan(bits.view(ml_dtypes.bfloat16)[~numbers]).all()
