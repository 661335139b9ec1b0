"""The graph in an OpenVINO IR: layers, ports, edges and the bodies of control flow, checked."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from typing import NoReturn

from wasinn_nb.backends.openvino.formats.elements import (
    BITS,
    MAX_DIM,
    MAX_TENSOR_BYTES,
    nbytes,
    shape_fault,
)
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.topology import is_cyclic

MAX_BODIES = 24
_BODIES = {"body", "then_body", "else_body"}
_NUMBER = re.compile(r"-?\d{1,20}", re.ASCII)
_DIM = re.compile(r"(?P<size>\d{1,20})|(?P<low>\d{0,20})\.\.(?P<high>\d{0,20})", re.ASCII)
_OTHER_TYPES = {"string", "dynamic", "undefined"}


@dataclass(slots=True)
class Port:
    """An input or output of a layer; ``names`` are those of its tensor."""

    id: str
    dims: tuple[int, ...]
    precision: str
    names: tuple[str, ...]
    layout: str


@dataclass(slots=True)
class Layer:
    """An operation with its attributes (``data``) and ports by id."""

    id: str
    name: str
    type: str
    data: dict[str, str]
    layout: str = ""
    inputs: dict[str, Port] = field(default_factory=dict)
    outputs: dict[str, Port] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Constant:
    """Where a constant lies in the weights: ``elements`` of a type from ``offset`` on."""

    label: str
    kind: str
    offset: int
    nbytes: int
    elements: int


class IRGraph:
    """One graph of the file: the model's, or the body of a loop or branch.

    Args:
        element: has ``layers`` and ``edges``.
        part: the XML, for messages.

    Raises:
        InvalidArgument: damaged; the message says what and where.
    """

    def __init__(self, element: ET.Element, part: Part, depth: int = 0) -> None:
        self._part = part
        self._depth = depth
        self.layers: dict[str, Layer] = {}
        self.source: dict[tuple[str, str], tuple[str, str]] = {}
        self.constants: list[Constant] = []
        self.types: Counter[str] = Counter()
        listed = element.findall("layers")
        if len(listed) != 1 or not len(listed[0]):
            self._damaged("it has no list of layers" if not listed else "its layers are not there")
        for each in listed[0]:
            if each.tag == "layer":
                self._layer(each)
        for edges in element.findall("edges"):
            for edge in edges:
                self._edge(edge)
        self._connected()

    def of_type(self, kind: str) -> list[Layer]:
        """All layers of a type, in the order of the file."""
        return [layer for layer in self.layers.values() if layer.type == kind]

    # ------------------------------------------------------------------ layers

    def _layer(self, element: ET.Element) -> None:
        data = element.find("data")
        layer = Layer(
            element.get("id", ""),
            element.get("name", ""),
            element.get("type", ""),
            {} if data is None else dict(data.attrib),
        )
        label = _label(layer)
        if not layer.id or not layer.type:
            self._damaged(f"{label} has no id or no type")
        if layer.id in self.layers:
            self._damaged(f"two layers have the id {quoted(layer.id)}: {label} is the second")
        self.layers[layer.id] = layer
        self.types[layer.type] += 1
        for child in element:
            if child.tag in {"input", "output"}:
                for port in child:
                    self._port(layer, port, layer.inputs if child.tag == "input" else layer.outputs)
            elif child.tag == "rt_info":
                layer.layout = _layout(child)
            elif child.tag in _BODIES:
                self._body(layer, element, child)
        if layer.type == "Const":
            self._constant(layer)
        elif layer.type == "Parameter":
            self._parameter(layer)

    def _port(self, layer: Layer, element: ET.Element, ports: dict[str, Port]) -> None:
        name = element.get("id", "")
        if not name or name in layer.inputs or name in layer.outputs:
            self._damaged(f"{_label(layer)} has two ports {quoted(name)}")
        what = f"a dimension of {_label(layer)}"
        dims = [self._integer(dim.text or "", what, -1) for dim in element.iterfind("dim")]
        fault = shape_fault(dims)
        if fault:
            self._damaged(f"port {quoted(name)} of {_label(layer)} is unusable: {fault}")
        rt_info = element.find("rt_info")
        names = element.get("names", "")
        ports[name] = Port(
            name,
            tuple(dims),
            element.get("precision", ""),
            tuple(n.replace("\\,", ",") for n in re.split(r"(?<!\\),", names)) if names else (),
            "" if rt_info is None else _layout(rt_info),
        )

    def _constant(self, layer: Layer) -> None:
        label = _label(layer)
        if len(layer.outputs) != 1:
            self._damaged(f"{label} has {len(layer.outputs)} outputs; a constant has 1")
        kind = self._element_type(layer)
        dims = self.shape(layer)
        fault = "its shape is dynamic" if -1 in dims else shape_fault(dims)
        port = next(iter(layer.outputs.values()))
        if not fault and port.dims != dims:
            fault = f"its shape is {list(dims)} and that of its output {list(port.dims)}"
        if fault:
            self._damaged(f"{label} is unusable: {fault}")
        offset, size = (
            self._integer(layer.data.get(key, ""), f"{key} of {label}", 0)
            for key in ("offset", "size")
        )
        count = 1
        for dim in dims:
            count *= dim
        if kind in BITS:
            needed = nbytes(dims, kind)
            if size < needed or (size > needed and BITS[kind] >= 8):
                self._damaged(f"{label} has {size:,} bytes; {kind} {list(dims)} takes {needed:,}")
        self.constants.append(Constant(label, kind, offset, size, count))

    def _parameter(self, layer: Layer) -> None:
        label = _label(layer)
        kind = self._element_type(layer)
        if len(layer.outputs) != 1:
            self._damaged(f"{label} has {len(layer.outputs)} outputs; an input of a model has 1")
        dims = self.shape(layer)
        fault = shape_fault(dims, least=0 if self._depth else 1)
        if not fault and kind in BITS and -1 not in dims and nbytes(dims, kind) > MAX_TENSOR_BYTES:
            fault = f"{kind} {list(dims)} takes more than {MAX_TENSOR_BYTES:,} bytes"
        if fault:
            self._damaged(f"{label} is unusable: {fault}")

    def shape(self, layer: Layer) -> tuple[int, ...]:
        """The ``shape`` attribute; a range such as ``1..8`` is a dynamic dimension."""
        written = layer.data.get("shape", "").strip()
        if written == "...":
            return ()
        dims = []
        for word in (w.strip() for w in written.split(",")) if written else ():
            found = _DIM.fullmatch(word)
            if word in {"?", "-1"}:
                dims.append(-1)
            elif found is None:
                self._damaged(f"the shape {quoted(written)} of {_label(layer)} is not a shape")
            elif found["size"]:
                dims.append(int(word))
            else:
                low, high = int(found["low"] or 0), int(found["high"] or MAX_DIM)
                if low > high:
                    self._damaged(f"the shape {quoted(written)} of {_label(layer)} is not a shape")
                dims.append(-1)
        return tuple(dims)

    def _element_type(self, layer: Layer) -> str:
        kind = layer.data.get("element_type", "")
        if kind not in BITS and kind not in _OTHER_TYPES:
            self._damaged(f"{_label(layer)} has the unknown element type {quoted(kind)}")
        return kind

    def _body(self, layer: Layer, owner: ET.Element, element: ET.Element) -> None:
        if self._depth >= MAX_BODIES:
            self._damaged(f"bodies are nested more than {MAX_BODIES} deep in {_label(layer)}")
        body = IRGraph(element, self._part, self._depth + 1)
        self.constants += body.constants
        self.types += body.types
        prefix = element.tag.removesuffix("body")
        for tag, kind in (("input", "Parameter"), ("output", "Result")):
            inner = {each.id for each in body.of_type(kind)}
            for each in owner.iterfind(f"{prefix}port_map/{tag}"):
                if each.get("internal_layer_id") not in inner:
                    self._damaged(
                        f"the port map of {_label(layer)} names the {kind.lower()} "
                        f"{quoted(each.get('internal_layer_id', ''))}, which its body lacks"
                    )

    # ------------------------------------------------------------------ edges

    def _edge(self, edge: ET.Element) -> None:
        ends = []
        for side in ("from", "to"):
            layer = self.layers.get(edge.get(f"{side}-layer", ""))
            port = edge.get(f"{side}-port", "")
            if layer is None:
                text = f"an edge names the layer {quoted(edge.get(f'{side}-layer', ''))}"
                self._damaged(f"{text}, which is not there")
            if port not in (layer.outputs if side == "from" else layer.inputs):
                what = "output" if side == "from" else "input"
                self._damaged(f"an edge names the {what} {quoted(port)} that {_label(layer)} lacks")
            ends.append((layer.id, port))
        if ends[1] in self.source:
            text = f"two edges lead to input {quoted(ends[1][1])} of "
            self._damaged(text + _label(self.layers[ends[1][0]]))
        self.source[ends[1]] = ends[0]

    def _connected(self) -> None:
        for layer in self.layers.values():
            for port in layer.inputs:
                if (layer.id, port) not in self.source:
                    self._damaged(f"no edge leads to input {quoted(port)} of {_label(layer)}")
        links = ((to, source) for (to, _), (source, _) in self.source.items())
        if is_cyclic(self.layers, links):
            self._damaged("its layers form a cycle")

    # ------------------------------------------------------------------ primitives

    def _integer(self, text: str, what: str, least: int) -> int:
        text = text.strip()
        if not _NUMBER.fullmatch(text) or int(text) < least or int(text) >= 1 << 63:
            self._damaged(f"{what} is {quoted(text)}; it must be a number of at least {least}")
        return int(text)

    def _damaged(self, what: str) -> NoReturn:
        self._part.damaged(what)


def _label(layer: Layer) -> str:
    return f"layer {layer.id[:20]} ({layer.type[:40]} {quoted(layer.name)})"


def _layout(rt_info: ET.Element) -> str:
    """``NCHW`` from ``[N,C,H,W]``; other layouts as they are written."""
    for attribute in rt_info.iterfind("attribute[@name='layout']"):
        written = attribute.get("layout", "")[:64]
        names = written.strip("[]").split(",")
        return "".join(names) if all(len(n) == 1 for n in names) else written
    return ""
