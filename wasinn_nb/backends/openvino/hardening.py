"""Operators that believe their data: a wrong number in an input must not end the process.

OpenVINO's CPU device checks or limits nearly all that operators take from their inputs. What it
takes unseen leads it to memory that is not the tensor's, or to a division by zero. So the model
gets operations in front that change such values, and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wasinn_nb.backends.openvino import limits
from wasinn_nb.backends.openvino.failures import reason
from wasinn_nb.nn.errors import InvalidArgument

if TYPE_CHECKING:
    from wasinn_nb.backends.openvino.native import Native

Guard = Callable[[Any, Any, Any], Any]
"""From the operators there are, an operation and one of its inputs: the operation that makes what
the input becomes, or None to leave it."""


def harden(native: Native, model: Any) -> None:
    """Make an ``openvino.Model`` and the bodies of its loops and branches safe with any data.

    Its inputs, its outputs and its results for valid data stay what they are.

    Raises:
        InvalidArgument: an operation whose inputs do not fit each other or a constant.
        UnsupportedOperation: an operation that OpenVINO's CPU device cannot compile.
    """
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        for body in _bodies(node, kind):
            harden(native, body)
        for port, guard in _GUARDS.get(kind, ()):
            if port < node.get_input_size():
                _guard(native.api, node, port, guard)


def _bodies(node: Any, kind: str) -> tuple[Any, ...]:
    if kind in {"Loop", "TensorIterator"}:
        return (node.get_function(),)
    return (node.get_then_body(), node.get_else_body()) if kind == "If" else ()


def _guard(api: Any, node: Any, port: int, guard: Guard) -> None:
    try:
        _protect(api, node, port, guard)
    except RuntimeError as error:
        raise InvalidArgument(
            f"Input {port} of {limits.named(node)} does not fit the operation: {reason(error)}.",
            hint="The model is damaged; get it again or convert it again.",
        ) from None


def _protect(api: Any, node: Any, port: int, guard: Guard) -> None:
    given = value = node.input_value(port)
    kind = given.get_element_type()
    if kind.is_dynamic() or (guard in _SIZES and limits.constant(given)):
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


def _shapes(node: Any) -> list[Any]:
    return [output.get_partial_shape() for output in node.outputs()]


_SIZES = {limits.not_negative, limits.not_zero, limits.prior_grid, limits.sparse_shape}
"""Guards of inputs that make the shape of an output."""

_GUARDS: dict[str, tuple[tuple[int, Guard], ...]] = {
    "AdaptiveAvgPool": ((1, limits.pooled_sizes),),
    "AdaptiveMaxPool": ((1, limits.pooled_sizes),),
    "CTCGreedyDecoderSeqLen": ((1, limits.not_negative),),
    "CumSum": ((1, limits.constant_axis),),
    "DFT": ((2, limits.not_zero),),
    "DeformableConvolution": ((1, limits.no_nan),),
    "DeformablePSROIPooling": ((1, limits.regions), (2, limits.near)),
    "EmbeddingBagOffsets": ((2, limits.bag_offsets),),
    "EmbeddingBagOffsetsSum": ((2, limits.bag_offsets),),
    "ExperimentalDetectronROIFeatureExtractor": ((0, limits.near),),
    "Gather": ((1, limits.gather_packed),),
    "GatherND": ((1, limits.gather_nd),),
    "GatherTree": ((2, limits.positive),),
    "IDFT": ((2, limits.not_zero),),
    "IRDFT": ((2, limits.not_zero),),
    "ISTFT": ((0, limits.complex_pairs), (4, limits.not_zero)),
    "MulticlassNms": ((2, limits.box_counts),),
    "PSROIPooling": ((1, limits.regions),),
    "PriorBox": ((0, limits.prior_grid),),
    "PriorBoxClustered": ((0, limits.prior_grid),),
    "Proposal": ((1, limits.box_deltas),),
    "RDFT": ((2, limits.not_zero),),
    "ROIPooling": ((1, limits.near),),
    "ScatterElementsUpdate": ((1, limits.scatter_elements),),
    "SegmentMax": ((1, limits.not_negative),),
    "SliceScatter": ((4, limits.steps),),
    "SpaceToBatch": ((1, limits.not_zero),),
    "SparseFillEmptyRows": ((1, limits.sparse_shape), (2, limits.sparse_indices)),
    "StridedSlice": ((3, limits.not_zero),),
    "Tile": ((1, limits.not_negative),),
    "TopK": ((1, limits.most),),
}
