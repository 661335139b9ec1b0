"""Graphs of TensorFlow (``GraphDef``): nodes, the links between them, and constants, checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from wasinn_nb.backends.openvino.formats.elements import (
    BITS,
    INDICES,
    elements,
    nbytes,
    shape_fault,
)
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.protobuf import BYTES, Field, integer, message, text
from wasinn_nb.backends.openvino.formats.topology import is_cyclic

ELEMENT_TYPES = {
    1: "f32", 2: "f64", 3: "i32", 4: "u8", 5: "i16", 6: "i8", 7: "string", 9: "i64",
    10: "boolean", 14: "bf16", 17: "u16", 19: "f16", 22: "u32", 23: "u64",
}  # fmt: skip
"""``DataType`` by OpenVINO's names; others are not read by it."""

_BACK = {"NextIteration", "RefNextIteration"}
_LOOP = {*_BACK, "Enter", "Exit", "LoopCond", "Merge", "Switch"}
_VARIABLES = {"VarHandleOp", "VariableV2", "Variable", "ReadVariableOp"}
_MAX_ATTRIBUTES = 4096


@dataclass(slots=True)
class Node:
    """An operation; ``kind`` and ``dims`` are its attributes dtype and shape."""

    name: str = ""
    operator: str = ""
    inputs: list[str] = field(default_factory=list)
    kind: str = ""
    dims: tuple[int, ...] | None = None


class TensorFlowGraph:
    """A graph.

    Args:
        span: the message; its ``value`` and ``end`` are used.

    Raises:
        InvalidArgument: damaged; the message says what and where.
    """

    def __init__(self, part: Part, span: Field) -> None:
        self._part = part
        self.nodes: dict[str, Node] = {}
        self.weights: Counter[str] = Counter()
        self.parameters = 0
        for each in message(part, span, "the graph"):
            if each.number == 1:
                self._node(each)
        if not self.nodes:
            part.damaged("its graph has no nodes")
        self._links()

    @property
    def has_variables(self) -> bool:
        """Whether weights are kept outside the graph."""
        return any(node.operator in _VARIABLES for node in self.nodes.values())

    def _node(self, each: Field) -> None:
        node, what = Node(), f"node {len(self.nodes)}"
        attributes = 0
        for item in message(self._part, each, what):
            if item.number == 1:
                node.name = text(self._part, item, f"the name of {what}")
                what = f"node {quoted(node.name)}"
            elif item.number == 2:
                node.operator = text(self._part, item, f"the operator of {what}")
            elif item.number == 3:
                node.inputs.append(text(self._part, item, f"an input of {what}"))
            elif item.number == 5:
                attributes += 1
                if attributes > _MAX_ATTRIBUTES:
                    self._part.damaged(f"{what} has more than {_MAX_ATTRIBUTES} attributes")
                self._attribute(node, item, what)
        if not node.name or not node.operator:
            self._part.damaged(f"{what} has no name or no operator", each.value)
        if node.operator in _LOOP and not node.inputs:  # OpenVINO looks at it unasked
            self._part.damaged(f"{what} ({node.operator}) has no input", each.value)
        if node.name in self.nodes:
            self._part.damaged(f"two nodes have the name {quoted(node.name)}", each.value)
        self.nodes[node.name] = node

    def _attribute(self, node: Node, each: Field, what: str) -> None:
        key, what = "", f"an attribute of {what}"
        for item in message(self._part, each, what):
            if item.number == 1:
                key = text(self._part, item, what)
            elif item.number == 2 and item.wire == BYTES:
                for value in message(self._part, item, what):
                    if value.number == 6 and key == "dtype":
                        node.kind = ELEMENT_TYPES.get(integer(self._part, value, what), "")
                    elif value.number == 7 and key == "shape":
                        node.dims = read_shape(self._part, value, what)
                    elif value.number == 8:
                        self._tensor(value, f"the constant {quoted(node.name)}")

    def _tensor(self, each: Field, what: str) -> None:
        kind, dims, content = "", None, -1
        for item in message(self._part, each, what):
            if item.number == 1:
                code = integer(self._part, item, f"the type of {what}")
                kind = ELEMENT_TYPES.get(code, "")
            elif item.number == 2:
                dims = read_shape(self._part, item, what)
            elif item.number == 4:
                content = item.end - item.value
        if dims is None:
            return
        fault = "a dimension is unknown" if -1 in dims else shape_fault(dims)
        if fault:
            self._part.damaged(f"{what} is unusable: {fault}")
        if kind not in BITS:
            return
        size = nbytes(dims, kind)
        if content > 0 and content != size:
            self._part.damaged(f"{what} has {content:,} bytes; {kind} {list(dims)} takes {size:,}")
        self.weights[kind] += size
        self.parameters += elements(dims) if kind not in INDICES else 0

    def _links(self) -> None:
        links = []
        for node in self.nodes.values():
            for written in node.inputs:
                name = written.removeprefix("^").split(":")[0]
                before = self.nodes.get(name)
                if before is None:
                    self._part.damaged(
                        f"node {quoted(node.name)} uses {quoted(name)}, which is not there"
                    )
                if before.operator not in _BACK:  # the way back in a loop
                    links.append((node.name, name))
        if is_cyclic(self.nodes, links):
            self._part.damaged("its nodes form a cycle")


def read_shape(part: Part, each: Field, what: str) -> tuple[int, ...] | None:
    """A ``TensorShapeProto``: None if not even the number of dimensions is known."""
    dims = []
    for item in message(part, each, f"the shape of {what}"):
        if item.number == 3 and item.value:
            return None
        if item.number == 2:
            size = 0
            for inner in message(part, item, f"the shape of {what}"):
                if inner.number == 1:
                    size = integer(part, inner, f"a dimension of {what}")
            dims.append(size)
    fault = shape_fault(dims)
    if fault:
        part.damaged(f"{what} is unusable: {fault}")
    return tuple(dims)
