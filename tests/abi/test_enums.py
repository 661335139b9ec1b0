from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.enums import TENSOR_TYPES, sniff_encoding, stand_in, tensor_type
from wasinn_nb.abi.core.errno import ERRNO, errno_name
from wasinn_nb.nn.errors import ErrorCode
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import TensorType

OLD = {2: TensorType.U8, 3: TensorType.I32}


@given(
    st.integers(0, 255),
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 9), max_size=6).map(tuple),
    st.integers(0, 2**32 - 1) | st.integers(0, 500),
)
def test_a_type_is_of_one_of_the_two_generations(number, dims, nbytes):
    kind = tensor_type(number, dims, nbytes)
    if number not in TENSOR_TYPES:
        assert kind is None
        return
    assert kind in {TENSOR_TYPES[number], OLD.get(number, TENSOR_TYPES[number])}
    if kind is not TENSOR_TYPES[number]:
        assert math.prod(dims) * kind.itemsize == nbytes


@given(st.sampled_from(sorted(TENSOR_TYPES)), st.lists(st.integers(1, 9), max_size=4).map(tuple))
def test_a_size_that_fits_decides(number, dims):
    for table in (TENSOR_TYPES, OLD):
        if number in table:
            kind = table[number]
            assert tensor_type(number, dims, math.prod(dims) * kind.itemsize) is kind


@given(st.binary(max_size=100))
def test_sniffing_takes_any_bytes(head):
    assert sniff_encoding(head) is sniff_encoding(memoryview(head))


def test_every_code_has_its_number_in_every_dialect():
    for dialect in DIALECTS.values():
        assert set(dialect.errno) == set(ErrorCode)
    assert sorted(ERRNO.values()) == [*range(1, 9), *range(100, 104)]
    assert [errno_name(n) for n in (0, 8, 102, 77)] == [
        "success",
        "not_found",
        "prompt_too_long",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("said", "declared", "taken"),
    [
        ("U8", "BOOL", "BOOL"),
        ("U8", "I8", "I8"),
        ("F16", "BF16", "BF16"),
        ("F32", "BF16", "F32"),
        ("U8", "F16", "U8"),
        ("I32", "BOOL", "I32"),
    ],
)
def test_types_without_a_number_have_a_stand_in_of_the_same_width(said, declared, taken):
    inputs = (TensorSpec("a", (1,), TensorType.F64), TensorSpec("b", (2,), TensorType[declared]))
    assert stand_in(TensorType[said], inputs, 1) is TensorType[taken]
    assert stand_in(TensorType[said], inputs, 2) is TensorType[said]
