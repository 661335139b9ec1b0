"""Graphs of ONNX (``GraphProto``): nodes, the values between them, inputs and outputs, checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wasinn_nb.backends.openvino.formats.elements import (
    BITS,
    MAX_RANK,
    MAX_TENSOR_BYTES,
    nbytes,
    shape_fault,
)
from wasinn_nb.backends.openvino.formats.onnx_operators import required_inputs
from wasinn_nb.backends.openvino.formats.onnx_tensor import (
    ELEMENT_TYPES,
    OnnxTensor,
    read_tensor,
)
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.protobuf import Field, fields, integer, message, text
from wasinn_nb.backends.openvino.formats.topology import is_cyclic

MAX_DEPTH = 16
_DEFAULT_DOMAINS = {"", "ai.onnx"}
_AXES = {"axis", "batch_dims"}
_UNCHECKED_AXIS = {"Unique"}
"""Operators that OpenVINO evaluates for a constant without looking whether it has the axis."""


@dataclass(frozen=True, slots=True)
class Value:
    """A graph's input or output: ``kind`` is its element type, empty if it is not a tensor."""

    name: str
    kind: str
    dims: tuple[int, ...] | None


@dataclass(slots=True)
class Node:
    """An operation.

    ``captured`` are values of this graph that its subgraphs use; ``dims`` is the shape of a tensor
    among its attributes.
    """

    label: str
    operator: str
    domain: str
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    captured: set[str] = field(default_factory=set)
    axis: int | None = None
    dims: tuple[int, ...] | None = None


class OnnxGraph:
    """A graph and the graphs in it.

    Args:
        span: the message.
        opset: version of the operators.
        depth: 0 for the model's own graph, whose inputs come from outside.

    Raises:
        InvalidArgument: damaged; the message says what and where.
        ModelNotFound: a file with the data of a constant is missing.
    """

    def __init__(self, part: Part, span: Field, opset: int, depth: int = 0) -> None:
        self._part = part
        self._opset = opset
        self._depth = depth
        self.name = ""
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.nodes: list[Node] = []
        self.constants: list[OnnxTensor] = []
        self.inner: list[OnnxTensor] = []
        self.operators: Counter[str] = Counter()
        self.free: set[str] = set()
        self._initial: set[str] = set()
        for each in message(part, span, "the graph"):
            self._field(each)
        self._names()
        self._axes()

    @property
    def initialized(self) -> set[str]:
        """Names of the values that are constants."""
        return self._initial

    def _field(self, each: Field) -> None:
        number = each.number
        if number == 1:
            self._node(each)
        elif number == 2:
            self.name = text(self._part, each, "the name of the graph")
        elif number == 5:
            self._constant(each)
        elif number in {11, 12}:
            (self.inputs if number == 11 else self.outputs).append(self._value(each, number))
        elif number == 15:
            self._sparse(each)

    def _constant(self, each: Field) -> None:
        tensor = read_tensor(self._part, each, f"constant {len(self.constants)}")
        if tensor.name in self._initial:
            self._part.damaged(f"the constant {quoted(tensor.name)} is there twice")
        self._initial.add(tensor.name)
        self.constants.append(tensor)

    def _sparse(self, each: Field) -> None:
        values = None
        for inner in message(self._part, each, "a sparse constant"):
            if inner.number in {1, 2}:
                tensor = read_tensor(self._part, inner, "a sparse constant")
                values = tensor if inner.number == 1 else values
        if values is not None:
            self._initial.add(values.name)

    # ------------------------------------------------------------------ nodes

    def _node(self, each: Field) -> None:
        part, index = self._part, len(self.nodes)
        node = Node(f"node {index}", "", "")
        name = ""
        inner: list[Field] = []
        for item in message(part, each, node.label):
            if item.number in {1, 2}:
                listed = node.inputs if item.number == 1 else node.outputs
                listed.append(text(part, item, f"a value of {node.label}"))
            elif item.number == 3:
                name = text(part, item, f"the name of {node.label}")
            elif item.number == 4:
                node.operator = text(part, item, f"the operator of {node.label}")
            elif item.number == 5:
                inner.append(item)
            elif item.number == 7:
                node.domain = text(part, item, f"the domain of {node.label}")
        node.label = f"node {index} ({node.operator[:40]} {quoted(name)})"
        if not node.operator:
            part.damaged(f"{node.label} has no operator")
        for item in inner:
            self._attribute(node, item)
        self._arity(node)
        self.nodes.append(node)
        self.operators[node.operator] += 1

    def _arity(self, node: Node) -> None:
        if node.domain not in _DEFAULT_DOMAINS:
            return
        for place in range(required_inputs(node.operator, self._opset)):
            if place >= len(node.inputs) or not node.inputs[place]:
                self._part.damaged(f"{node.label} has no input {place}, which it needs")
        if not any(node.outputs):
            self._part.damaged(f"{node.label} has no output")

    def _attribute(self, node: Node, each: Field) -> None:
        name, what = "", f"an attribute of {node.label}"
        for item in message(self._part, each, what):
            if item.number == 1:
                name = text(self._part, item, what)
            elif item.number == 3 and name in _AXES:
                axis = integer(self._part, item, what)
                if not -MAX_RANK <= axis <= MAX_RANK:
                    self._part.damaged(f"{name} of {node.label} is {axis:,}")
                node.axis = axis if name == "axis" else node.axis
            elif item.number in {5, 10}:
                self.inner.append(read_tensor(self._part, item, what))
                node.dims = self.inner[-1].dims
            elif item.number in {6, 11} and item.wire == 2:
                self._subgraph(node, item)

    def _subgraph(self, node: Node, item: Field) -> None:
        if self._depth >= MAX_DEPTH:
            self._part.damaged(f"graphs are nested more than {MAX_DEPTH} deep in {node.label}")
        graph = OnnxGraph(self._part, item, self._opset, self._depth + 1)
        self.inner += graph.constants + graph.inner
        self.operators += graph.operators
        node.captured |= graph.free

    def _axes(self) -> None:
        ranks = {constant.name: len(constant.dims) for constant in self.constants}
        for node in self.nodes:
            if node.operator == "Constant" and node.outputs and node.dims is not None:
                ranks[node.outputs[0]] = len(node.dims)
            elif node.operator == "Identity" and node.outputs and node.inputs[0] in ranks:
                ranks[node.outputs[0]] = ranks[node.inputs[0]]
        for node in self.nodes:
            if node.operator not in _UNCHECKED_AXIS or node.axis is None:
                continue
            rank = ranks.get(node.inputs[0])
            if rank is not None and not -rank <= node.axis < rank:
                self._part.damaged(
                    f"axis of {node.label} is {node.axis}, and its input has {rank} dimensions"
                )

    # ------------------------------------------------------------------ values

    def _value(self, each: Field, number: int) -> Value:
        side = "input" if number == 11 else "output"
        what = f"an {side}"
        name, kind, dims = "", "", None
        for item in message(self._part, each, what):
            if item.number == 1:
                name = text(self._part, item, f"the name of {what}")
                what = f"the {side} {quoted(name)}"
            elif item.number == 2:
                kind, dims = self._type(item, what)
        if dims is not None:
            outer_input = number == 11 and not self._depth
            fault = shape_fault(dims, least=1 if outer_input else 0)
            size = nbytes(dims, kind) if kind in BITS and -1 not in dims else 0
            if not fault and size > MAX_TENSOR_BYTES:
                fault = f"{kind} {list(dims)} takes more than {MAX_TENSOR_BYTES:,} bytes"
            if fault:
                self._part.damaged(f"{what} is unusable: {fault}")
        return Value(name, kind, dims)

    def _type(self, each: Field, what: str) -> tuple[str, tuple[int, ...] | None]:
        for item in message(self._part, each, f"the type of {what}"):
            if item.number != 1:  # a sequence, a map, an optional, a sparse tensor
                continue
            kind, dims = "", None
            for inner in message(self._part, item, f"the type of {what}"):
                if inner.number == 1:
                    code = integer(self._part, inner, f"the element type of {what}")
                    kind = ELEMENT_TYPES.get(code, "")
                    if not kind and code:
                        self._part.damaged(f"{what} has the unknown element type {code}")
                elif inner.number == 2:
                    dims = self._shape(inner, what)
            return kind, dims
        return "", None

    def _shape(self, each: Field, what: str) -> tuple[int, ...]:
        dims = []
        for item in message(self._part, each, f"the shape of {what}"):
            if item.number == 1:
                size = -1
                for inner in message(self._part, item, f"the shape of {what}"):
                    if inner.number == 1:
                        size = integer(self._part, inner, f"a dimension of {what}")
                dims.append(size)
        return tuple(dims)

    # ------------------------------------------------------------------ names

    def _names(self) -> None:
        """Every value has one producer, every input exists; ``free`` are values of outer graphs."""
        producer: dict[str, int] = {}
        given = self._initial | {value.name for value in self.inputs}
        for index, node in enumerate(self.nodes):
            for name in filter(None, node.outputs):
                if name in producer or name in self._initial:
                    self._part.damaged(
                        f"{node.label} produces {quoted(name)}, which exists already"
                    )
                producer[name] = index
        links = []
        for index, node in enumerate(self.nodes):
            for name in (*filter(None, node.inputs), *node.captured):
                if name in producer:
                    links.append((index, producer[name]))
                elif name not in given:
                    self._free(name, node.label)
        for value in self.outputs:
            if value.name not in producer and value.name not in given:
                self._free(value.name, "its list of outputs")
        if is_cyclic(range(len(self.nodes)), links):
            self._part.damaged("its nodes form a cycle")

    def _free(self, name: str, user: str) -> None:
        if not self._depth:
            self._part.damaged(f"{user} uses {quoted(name)}, which nothing produces")
        self.free.add(name)


def function_nodes(part: Part, span: Field) -> Counter[str]:
    """Operators of a function of the model."""
    found: Counter[str] = Counter()
    for each in fields(part, span.value, span.end, "a function"):
        if each.number == 7:
            for item in message(part, each, "a node of a function"):
                if item.number == 4:
                    found[text(part, item, "the operator of a node")] += 1
    return found
