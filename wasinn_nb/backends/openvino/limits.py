"""Limits for the data of operators that believe them, as operations in front of an input.

Each function gets the operators there are (a module ``openvino.opset...``), an operation and one
of its inputs. It returns the operation that makes what the input becomes, or None to leave it.
Data that are valid stay what they are.
"""

from __future__ import annotations

from typing import Any

from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation

_FAR = 1e6
"""Farther outside an image than any region is; of a type that half precision does not have."""
_FAR_HALF = 6e4
_MOST_PRIORS = 1 << 24
_UNPACKING = {"Convert", "Multiply", "Reshape", "Subtract"}
"""What makes numbers of weights in few bits; OpenVINO does it in the operation that uses them."""


def constant(output: Any) -> bool:
    """Whether a value is written in the model."""
    return bool(output.get_node().get_type_name() == "Constant")


# ---------------------------------------------------------------- guards of any operator


def no_nan(op: Any, _: Any, value: Any) -> Any:
    """What is not a number becomes 0."""
    return op.select(op.is_nan(value), _number(op, 0, value), value)


def not_negative(op: Any, _: Any, value: Any) -> Any:
    """What is below 0 becomes 0."""
    return op.maximum(value, _number(op, 0, value))


def positive(op: Any, _: Any, value: Any) -> Any:
    """What is below 1 becomes 1."""
    return op.maximum(value, _number(op, 1, value))


def not_zero(op: Any, _: Any, value: Any) -> Any:
    """What is 0 becomes 1."""
    zero, one = _number(op, 0, value), _number(op, 1, value)
    return op.select(op.equal(value, zero), one, value)


def _size(op: Any, output: Any, axis: int, like: Any) -> Any:
    """The size of a dimension, as a scalar of the type of another output."""
    sizes = op.shape_of(output, "i64")
    size = op.gather(sizes, op.constant(axis), op.constant(0))
    return op.convert(size, like.get_element_type())


def _number(op: Any, number: float, like: Any) -> Any:
    return op.constant(number, like.get_element_type())


# ---------------------------------------------------------------- indices


def gather_nd(op: Any, node: Any, indices: Any) -> Any:
    """Indices beyond the end become the last, those before the beginning the first.

    There is none in a dimension of size 0, where the computation fails instead.
    """
    data, shape = node.input_value(0), indices.get_partial_shape()
    if shape.rank.is_dynamic or shape[-1].is_dynamic:
        return None  # of unknown rank, which the CPU device refuses
    kind = indices.get_element_type()
    zero, one = op.constant(0, kind), op.constant(1, kind)
    count, first = shape[-1].get_length(), node.get_attributes()["batch_dims"]
    places = op.constant(list(range(count)), kind)
    sizes = op.gather(op.shape_of(data, kind), op.add(places, op.constant(first, kind)), zero)
    last = op.subtract(sizes, one)
    if _may_be_empty(data):
        # GatherElements fails for a place that is not there; without indices there is no fault
        many = op.reduce_prod(op.shape_of(indices, kind), zero)
        absent = op.select(op.equal(sizes, zero), op.multiply(many, op.constant(count, kind)), zero)
        last = op.gather_elements(last, op.add(places, absent), 0)
    return op.minimum(op.maximum(indices, op.negative(sizes)), last)


def _may_be_empty(data: Any) -> bool:
    shape = data.get_partial_shape()
    return shape.rank.is_dynamic or any(not dim.get_min_length() for dim in shape)


def gather_packed(op: Any, node: Any, indices: Any) -> Any:
    """Indices of rows of packed weights are as those of ``GatherND``; others are checked."""
    data = node.input_value(0).get_node()
    if data.get_type_name() not in _UNPACKING:
        return None
    while data.get_type_name() in _UNPACKING:
        data = data.input_value(0).get_node()
    if data.get_type_name() != "Constant":
        return None
    sizes = op.shape_of(node.input_value(0), indices.get_element_type())
    size = op.gather(sizes, node.input_value(2), op.constant(0))
    last = op.subtract(size, _number(op, 1, indices))
    return op.minimum(op.maximum(indices, op.negative(size)), last)


def scatter_elements(op: Any, node: Any, indices: Any) -> Any:
    """Indices before the beginning become one beyond the end, which OpenVINO does refuse."""
    kind = indices.get_element_type()
    sizes = op.shape_of(node.input_value(0), kind)
    size = op.gather(sizes, node.input_value(3), op.constant(0, kind))
    return op.select(op.less(indices, op.negative(size)), size, indices)


def bag_offsets(op: Any, node: Any, offsets: Any) -> Any:
    """A bag begins with one of the indices, or behind them."""
    return op.minimum(offsets, _size(op, node.input_value(1), 0, offsets))


def sparse_shape(op: Any, node: Any, shape: Any) -> Any:
    """What holds an element is not empty."""
    return op.maximum(
        shape, op.minimum(_size(op, node.input_value(2), 0, shape), _number(op, 1, shape))
    )


def sparse_indices(op: Any, node: Any, indices: Any) -> Any:
    """The places of elements, [M, 2], are inside the shape."""
    zero, one = _number(op, 0, indices), _number(op, 1, indices)
    last = op.subtract(op.convert(node.input_value(1), indices.get_element_type()), one)
    return op.minimum(op.maximum(indices, zero), op.maximum(last, zero))


def box_counts(op: Any, node: Any, counts: Any) -> Any:
    """The images have no more boxes, [C, M, 4], than there are."""
    total, zero = _size(op, node.input_value(0), 1, counts), _number(op, 0, counts)
    each = op.minimum(op.maximum(counts, zero), total)
    ends = op.minimum(op.cum_sum(each, op.constant(0)), total)
    begins = op.minimum(op.cum_sum(each, op.constant(0), exclusive=True), total)
    return op.subtract(ends, begins)


# ---------------------------------------------------------------- regions of images


def near(op: Any, _: Any, value: Any) -> Any:
    """Coordinates are numbers that a conversion to an integer can hold."""
    far = _FAR if value.get_element_type().bitwidth > 16 else _FAR_HALF
    known = op.select(op.is_finite(value), value, _number(op, 0, value))
    return op.minimum(op.maximum(known, _number(op, -far, value)), _number(op, far, value))


def regions(op: Any, node: Any, boxes: Any) -> Any:
    """Regions are (image, x, y, x, y): the first is an index, and all are numbers."""
    parts = op.variadic_split(near(op, node, boxes), op.constant(1), op.constant([1, 4]))
    images = _size(op, node.input_value(0), 0, boxes)
    last = op.subtract(images, _number(op, 1, boxes))
    image = op.minimum(op.maximum(parts.output(0), _number(op, 0, boxes)), last)
    return op.concat([image, parts.output(1)], 1)


def box_deltas(op: Any, node: Any, deltas: Any) -> Any:
    """Changes of boxes, [N, 4 A, H, W], belong to scores, [N, 2 A, H, W]; no others fit."""
    shape = op.shape_of(node.input_value(0), "i64")
    return op.reshape(deltas, op.multiply(shape, op.constant([1, 2, 1, 1])), special_zero=False)


def prior_grid(op: Any, _: Any, sizes: Any) -> Any:
    """A grid, (height, width), has at least one place and not more than fit in memory."""
    one, most = _number(op, 1, sizes), _number(op, _MOST_PRIORS, sizes)
    height = op.gather(sizes, op.constant([0]), op.constant(0))
    height = op.minimum(op.maximum(height, one), most)
    width = op.gather(sizes, op.constant([1]), op.constant(0))
    width = op.minimum(op.maximum(width, one), op.divide(most, height))
    return op.concat([height, width], 0)


# ---------------------------------------------------------------- shapes


def complex_pairs(op: Any, _: Any, value: Any) -> Any:
    """Complex numbers are pairs; a last dimension of another size does not fit."""
    shape = value.get_partial_shape()
    if shape.rank.is_dynamic or shape[-1].is_static:
        return None
    places = op.constant(list(range(shape.rank.get_length() - 1)))
    outer = op.gather(op.shape_of(value, "i64"), places, op.constant(0))
    return op.reshape(value, op.concat([outer, op.constant([2])], 0), special_zero=False)


def pooled_sizes(op: Any, node: Any, sizes: Any) -> Any:
    """There is one size for each dimension of the image; no other number of them fits."""
    rank, shape = node.input_value(0).get_partial_shape().rank, sizes.get_partial_shape()
    if rank.is_dynamic or shape.is_static:
        return None
    return op.reshape(sizes, op.constant([rank.get_length() - 2]), special_zero=False)


# ---------------------------------------------------------------- what crashes the compilation


def constant_axis(_: Any, node: Any, axis: Any) -> None:
    """An axis that is a constant is not checked where constants are folded; others are."""
    rank = node.input_value(0).get_partial_shape().rank
    if rank.is_dynamic or not constant(axis):
        return
    given, count = int(axis.get_node().data), rank.get_length()
    if not -count <= given < count:
        raise _damaged(node, f"works along axis {given:,} of {count} dimensions")


def most(_: Any, node: Any, count: Any) -> None:
    """The largest of a constant are not counted where they are computed while it compiles."""
    data = node.input_value(0)
    if not constant(count) or data.get_partial_shape().is_dynamic:
        return
    wanted, there = int(count.get_node().data), data.get_shape()[node.get_attributes()["axis"]]
    if wanted > there and _folds(data):
        raise _damaged(node, f"takes {wanted:,} of {there:,} elements")


def steps(_: Any, node: Any, values: Any) -> None:
    """What divides by steps does so while the model compiles, when they are not known yet."""
    if not _folds(values):
        raise UnsupportedOperation(
            f"{named(node)} has steps that are not constant; OpenVINO cannot compile it.",
            hint="Export the model with constant steps.",
        )


def _folds(output: Any) -> bool:
    """Whether a value is computed from constants alone."""
    waiting, seen = [output], set()
    while waiting:
        node = waiting.pop().get_node()
        inputs = node.input_values()
        if not inputs and node.get_type_name() != "Constant":
            return False
        if node.get_name() not in seen:
            seen.add(node.get_name())
            waiting += inputs
    return True


def _damaged(node: Any, how: str) -> InvalidArgument:
    return InvalidArgument(
        f"{named(node)} {how}.",
        hint="The model is damaged; get it again or convert it again.",
    )


def named(node: Any) -> str:
    """An operation, in an error."""
    return f"{node.get_type_name()} {node.get_friendly_name()!r}"
