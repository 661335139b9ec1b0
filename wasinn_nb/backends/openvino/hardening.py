"""Operators that believe their data: a wrong number in an input must not end the process.

OpenVINO's CPU device checks or limits nearly all that operators take from their inputs. What it
takes unseen leads it to memory that is not the tensor's, or to a division by zero. So the model
gets operations in front that change such values, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wasinn_nb.nn.errors import InvalidArgument

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native

Guard = Callable[[Any, Any, Any], Any]
"""From the operators there are, an operation and one of its inputs: the operation that makes what
the input becomes, or None to leave it."""

_FAR = 1e6
"""Farther outside an image than any region is; of a type that half precision does not have."""
_FAR_HALF = 6e4
_MOST_PRIORS = 1 << 24


def harden(native: Native, model: Any) -> None:
    """Make an ``openvino.Model`` and the bodies of its loops and branches safe with any data.

    Its inputs, its outputs and its results for valid data stay what they are.

    Raises:
        InvalidArgument: an operation that OpenVINO would crash with while it compiles.
    """
    for graph in _graphs(model):
        for node in graph.get_ordered_ops():
            for port, guard in _GUARDS.get(node.get_type_name(), ()):
                if port < node.get_input_size():
                    _protect(native.api, node, port, guard)


def _graphs(model: Any) -> Iterator[Any]:
    yield model
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind in {"Loop", "TensorIterator"}:
            yield from _graphs(node.get_function())
        elif kind == "If":
            yield from _graphs(node.get_then_body())
            yield from _graphs(node.get_else_body())


def _protect(api: Any, node: Any, port: int, guard: Guard) -> None:
    given = value = node.input_value(port)
    kind = given.get_element_type()
    if kind.is_dynamic() or (guard in _SIZES and _constant(given)):
        return  # sizes that are constants were checked as OpenVINO read the model
    if kind.is_integral() and not kind.is_signed():
        value = api.opset13.convert(given, api.Type.i64).output(0)
    guarded = guard(api.opset13, node, value)
    if guarded is None:
        return
    shapes = _shapes(node)
    node.input(port).replace_source_output(guarded.output(0))
    node.validate_and_infer_types()
    if _shapes(node) != shapes:  # the sizes were known to be within limits
        node.input(port).replace_source_output(given)
        node.validate_and_infer_types()


def _constant(output: Any) -> bool:
    return bool(output.get_node().get_type_name() == "Constant")


def _shapes(node: Any) -> list[Any]:
    return [output.get_partial_shape() for output in node.outputs()]


# ---------------------------------------------------------------- guards of any operator


def _no_nan(op: Any, _: Any, value: Any) -> Any:
    """What is not a number becomes 0."""
    return op.select(op.is_nan(value), _number(op, 0, value), value)


def _not_negative(op: Any, _: Any, value: Any) -> Any:
    return op.maximum(value, _number(op, 0, value))


def _not_zero(op: Any, _: Any, value: Any) -> Any:
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


def _gather_nd(op: Any, node: Any, indices: Any) -> Any:
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


def _axis(_: Any, node: Any, axis: Any) -> None:
    """An axis that is a constant is not checked where constants are folded; others are."""
    rank = node.input_value(0).get_partial_shape().rank
    if rank.is_dynamic or not _constant(axis):
        return
    given, count = int(axis.get_node().data), rank.get_length()
    if not -count <= given < count:
        raise InvalidArgument(
            f"{node.get_type_name()} {node.get_friendly_name()!r} works along axis {given:,} of "
            f"{count} dimensions.",
            hint="The model is damaged; get it again or convert it again.",
        )


def _scatter_elements(op: Any, node: Any, indices: Any) -> Any:
    """Indices before the beginning become one beyond the end, which OpenVINO does refuse."""
    kind = indices.get_element_type()
    sizes = op.shape_of(node.input_value(0), kind)
    size = op.gather(sizes, node.input_value(3), op.constant(0, kind))
    return op.select(op.less(indices, op.negative(size)), size, indices)


def _bag_offsets(op: Any, node: Any, offsets: Any) -> Any:
    """A bag begins with one of the indices, or behind them."""
    return op.minimum(offsets, _size(op, node.input_value(1), 0, offsets))


def _sparse_shape(op: Any, node: Any, shape: Any) -> Any:
    """What holds an element is not empty."""
    return op.maximum(
        shape, op.minimum(_size(op, node.input_value(2), 0, shape), _number(op, 1, shape))
    )


def _sparse_indices(op: Any, node: Any, indices: Any) -> Any:
    """The places of elements, [M, 2], are inside the shape."""
    zero, one = _number(op, 0, indices), _number(op, 1, indices)
    last = op.subtract(op.convert(node.input_value(1), indices.get_element_type()), one)
    return op.minimum(op.maximum(indices, zero), op.maximum(last, zero))


def _box_counts(op: Any, node: Any, counts: Any) -> Any:
    """The images have no more boxes, [C, M, 4], than there are."""
    total, zero = _size(op, node.input_value(0), 1, counts), _number(op, 0, counts)
    each = op.minimum(op.maximum(counts, zero), total)
    ends = op.minimum(op.cum_sum(each, op.constant(0)), total)
    begins = op.minimum(op.cum_sum(each, op.constant(0), exclusive=True), total)
    return op.subtract(ends, begins)


# ---------------------------------------------------------------- regions of images


def _near(op: Any, _: Any, value: Any) -> Any:
    """Coordinates are numbers that a conversion to an integer can hold."""
    far = _FAR if value.get_element_type().bitwidth > 16 else _FAR_HALF
    known = op.select(op.is_finite(value), value, _number(op, 0, value))
    return op.minimum(op.maximum(known, _number(op, -far, value)), _number(op, far, value))


def _regions(op: Any, node: Any, regions: Any) -> Any:
    """Regions are (image, x, y, x, y): the first is an index, and all are numbers."""
    axis = op.constant(1)
    parts = op.variadic_split(_near(op, node, regions), axis, op.constant([1, 4]))
    images = _size(op, node.input_value(0), 0, regions)
    last = op.subtract(images, _number(op, 1, regions))
    image = op.minimum(op.maximum(parts.output(0), _number(op, 0, regions)), last)
    return op.concat([image, parts.output(1)], 1)


def _prior_grid(op: Any, _: Any, sizes: Any) -> Any:
    """A grid, (height, width), has at least one place and not more than fit in memory."""
    one, most = _number(op, 1, sizes), _number(op, _MOST_PRIORS, sizes)
    height = op.gather(sizes, op.constant([0]), op.constant(0))
    height = op.minimum(op.maximum(height, one), most)
    width = op.gather(sizes, op.constant([1]), op.constant(0))
    width = op.minimum(op.maximum(width, one), op.divide(most, height))
    return op.concat([height, width], 0)


_SIZES = {_not_negative, _not_zero, _prior_grid, _sparse_shape}
"""Guards of inputs that make the shape of an output."""

_GUARDS: dict[str, tuple[tuple[int, Guard], ...]] = {
    "CTCGreedyDecoderSeqLen": ((1, _not_negative),),
    "CumSum": ((1, _axis),),
    "DFT": ((2, _not_zero),),
    "DeformableConvolution": ((1, _no_nan),),
    "DeformablePSROIPooling": ((1, _regions), (2, _near)),
    "EmbeddingBagOffsets": ((2, _bag_offsets),),
    "EmbeddingBagOffsetsSum": ((2, _bag_offsets),),
    "ExperimentalDetectronROIFeatureExtractor": ((0, _near),),
    "GatherND": ((1, _gather_nd),),
    "IDFT": ((2, _not_zero),),
    "IRDFT": ((2, _not_zero),),
    "ISTFT": ((4, _not_zero),),
    "MulticlassNms": ((2, _box_counts),),
    "PSROIPooling": ((1, _regions),),
    "PriorBox": ((0, _prior_grid),),
    "PriorBoxClustered": ((0, _prior_grid),),
    "RDFT": ((2, _not_zero),),
    "ROIPooling": ((1, _near),),
    "ScatterElementsUpdate": ((1, _scatter_elements),),
    "SegmentMax": ((1, _not_negative),),
    "SpaceToBatch": ((1, _not_zero),),
    "SparseFillEmptyRows": ((1, _sparse_shape), (2, _sparse_indices)),
    "StridedSlice": ((3, _not_zero),),
    "Tile": ((1, _not_negative),),
}
