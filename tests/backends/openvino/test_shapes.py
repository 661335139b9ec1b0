"""The setting ``reshape``: every shape survives being written, and everything else is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasinn_nb.backends.openvino.shapes import InputShape, parse_shapes, shapes_text, with_shapes
from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import GraphEncoding, TensorType

size = st.integers(0, 2**31 - 1)
dim = st.one_of(size, st.just(-1), st.tuples(size, size).map(lambda pair: tuple(sorted(pair))))
name = st.text(alphabet="abz_/.:0-9 ", min_size=1).map(str.strip).filter(bool)


def written(shape):
    dims = (f"{d[0]}..{d[1]}" if isinstance(d, tuple) else "?" if d < 0 else d for d in shape.dims)
    return f"{shape.name}{':' if shape.name else ''}[{','.join(map(str, dims))}]"


@given(st.dictionaries(name, st.lists(dim, max_size=6).map(tuple), min_size=1, max_size=4))
def test_named_shapes(shapes):
    expected = tuple(InputShape(key, dims) for key, dims in shapes.items())
    assert parse_shapes("; ".join(map(written, expected))) == expected


@given(st.lists(dim, max_size=6).map(tuple))
def test_one_shape(dims):
    assert parse_shapes(f" {written(InputShape('', dims))} ") == (InputShape("", dims),)


@given(st.text(alphabet="[]:;,.?-0123456789ab \n", max_size=30))
def test_any_text_is_a_shape_or_refused(text):
    try:
        shapes = parse_shapes(text)
    except InvalidArgument:
        return
    assert parse_shapes(shapes_text(text)) == shapes
    assert shapes_text(shapes_text(text)) == shapes_text(text)


@pytest.mark.parametrize(
    ("text", "dims"),
    [("[2,5]", ((2, 5), (3,))), ("b:[7]", ((-1, 5), (7,))), ("other:[7]", ((-1, 5), (7,))),
     ("", ((-1, 5), (3,)))],
)  # fmt: skip
def test_the_shapes_that_a_model_will_have(text, dims):
    specs = (
        TensorSpec("a", (-1, 5), TensorType.F32),
        TensorSpec("b", (3,), TensorType.F32, aliases=("other",)),
    )
    count = 1 if text.startswith("[") else 2
    info = ModelInfo(GraphEncoding.OPENVINO, inputs=specs[:count])
    shaped = with_shapes(info, text)
    assert tuple(spec.dims for spec in shaped.inputs) == dims[:count]
