"""Operators that believe what comes in as data: a wrong number must not end the process.

OpenVINO's CPU device checks or limits what nearly all operators take from their inputs. These it
takes as it is, and reads memory that is not the tensor's:

- ``GatherND``: indices outside the data;
- ``DeformableConvolution``: offsets that are not a number.

The model is given operations in front of them that change such values only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native

_OFFSETS = 1


def harden(native: Native, model: Any) -> None:
    """Make an ``openvino.Model`` and the bodies of its loops and branches safe with any data.

    Its results for valid data, and its inputs and outputs, stay what they are. Indices beyond the
    end become the last one and those before the beginning the first; indices into data that are
    empty fail when they are computed; offsets that are not a number become 0.
    """
    for graph in _graphs(model):
        for node in graph.get_ordered_ops():
            kind = node.get_type_name()
            if kind == "GatherND":
                _limit_indices(native.api, node)
            elif kind == "DeformableConvolution":
                _replace_nan(native.api, node)


def _graphs(model: Any) -> Iterator[Any]:
    yield model
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind in {"Loop", "TensorIterator"}:
            yield from _graphs(node.get_function())
        elif kind == "If":
            yield from _graphs(node.get_then_body())
            yield from _graphs(node.get_else_body())


def _limit_indices(api: Any, node: Any) -> None:
    """Keep the indices, [..., n], within [-size, size - 1] of the n dimensions that they index."""
    op = api.opset13
    data, indices = node.input_value(0), node.input_value(1)
    sizes = data.get_partial_shape()
    if sizes.rank.is_dynamic or indices.get_partial_shape().rank.is_dynamic:
        return  # how many dimensions are indexed is not known; the CPU device refuses it
    kind = indices.get_element_type()
    if kind not in {api.Type.i32, api.Type.i64}:
        kind = api.Type.i64
        indices = op.convert(indices, "i64").output(0)
    first = node.get_attributes()["batch_dims"]
    count = indices.get_partial_shape()[-1]
    if count.is_dynamic:
        return
    places = list(range(first, first + count.get_length()))
    least = op.constant(0, kind)
    one = op.constant(1, kind)
    bounds = op.gather(op.shape_of(data, kind), op.constant(places, kind), least)
    ...
