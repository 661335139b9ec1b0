"""Inputs and outputs of an OpenVINO model as this project describes tensors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wasinn_nb.backends.openvino.formats.elements import INDICES
from wasinn_nb.nn.errors import InvalidArgument, UnsupportedOperation
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import TensorType

TYPES = {
    "f16": TensorType.F16,
    "f32": TensorType.F32,
    "f64": TensorType.F64,
    "bf16": TensorType.BF16,
    "u8": TensorType.U8,
    "i8": TensorType.I8,
    "i32": TensorType.I32,
    "i64": TensorType.I64,
    "boolean": TensorType.BOOL,
}
"""OpenVINO's names of the element types that a tensor of a guest can have."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a compiled model.

    Attributes:
        element: the ``openvino.Type`` of its elements.
        limits: the least and greatest size of each dimension (-1: no greatest); None where not
            even the number of dimensions is fixed.
    """

    spec: TensorSpec
    element: Any
    limits: tuple[tuple[int, int], ...] | None

    @property
    def dims(self) -> tuple[int, ...] | None:
        """The shape if it is fixed, else None."""
        dims = self.spec.dims
        return dims if dims is not None and -1 not in dims else None

    @property
    def least(self) -> tuple[int, ...]:
        """The smallest shape that it can have."""
        return tuple(low for low, _ in self.limits or ())


def input_ports(model: Any, known: Sequence[TensorSpec]) -> tuple[Port, ...]:
    """The inputs of an ``openvino.Model``.

    Args:
        known: what the files said of them, for the order of names.

    Raises:
        UnsupportedOperation: an input whose elements no guest can send.
    """
    return tuple(
        _port(port, "input", port.get_node().friendly_name, _known(known, index))
        for index, port in enumerate(model.inputs)
    )


def output_ports(model: Any, known: Sequence[TensorSpec]) -> tuple[Port, ...]:
    """The outputs of an ``openvino.Model``; as :func:`input_ports`."""
    return tuple(
        _port(port, "output", _source_name(port), _known(known, index))
        for index, port in enumerate(model.outputs)
    )


def _known(known: Sequence[TensorSpec], index: int) -> TensorSpec | None:
    return known[index] if index < len(known) else None


def _source_name(port: Any) -> str:
    return str(port.get_node().input_value(0).get_node().friendly_name)


def _port(port: Any, what: str, friendly: str, known: TensorSpec | None) -> Port:
    name, aliases = _names(port.get_names(), friendly, known)
    kind = port.get_element_type()
    element = TYPES.get(kind.get_type_name())
    if element is None:
        there = ", ".join(TYPES)
        raise UnsupportedOperation(
            f"The {what} {name!r} has elements of type {kind.get_type_name()}; wasi-nn tensors can "
            f"be {there}.",
            hint="Convert the model so that it takes and gives one of these.",
        )
    shape = port.get_partial_shape()
    limits = None
    dims = None
    if shape.rank.is_static:
        limits = tuple((int(dim.min_length), int(dim.max_length)) for dim in shape)
        dims = tuple(low if low == high else -1 for low, high in limits)
    layout = _layout(port.get_node(), known)
    spec = TensorSpec(name, dims, element, layout, aliases)
    return Port(spec, kind, limits)


def _names(
    names: Iterable[str], friendly: str, known: TensorSpec | None
) -> tuple[str, tuple[str, ...]]:
    """The name to show and the others; OpenVINO keeps a tensor's names without an order."""
    there = sorted(names)
    if not there:
        return friendly, ()
    wanted = [*([known.name] if known else ()), friendly]
    name = next((one for one in wanted if one in there), there[0])
    return name, tuple(one for one in there if one != name)


def _layout(node: Any, known: TensorSpec | None) -> str:
    letters = str(node.layout) if hasattr(node, "layout") else ""
    if known is not None and known.layout:
        return known.layout
    return "" if "." in letters else letters.strip("[]").replace(",", "")


def check_ranks(inputs: Sequence[Port]) -> None:
    """Refuse inputs without a fixed number of dimensions, which no device computes with.

    Raises:
        InvalidArgument: there is one; the message says how to fix it.
    """
    for port in inputs:
        if port.limits is None:
            raise InvalidArgument(
                f"The model does not say how many dimensions its input {port.spec.name!r} has.",
                hint="Give its shape when the model is loaded: reshape=[1,3,224,224] (? = any).",
            )


def count_parameters(model: Any) -> int:
    """Elements of the constants of an ``openvino.Model`` that are weights, not indices or sizes."""
    total = 0
    for node in model.get_ops():
        if node.get_type_name() == "Constant":
            kind = node.get_output_element_type(0).get_type_name()
            total += 0 if kind in INDICES else math.prod(node.get_output_shape(0))
    return total
