"""OpenVINO IR: an XML file with the graph, and a file of weights.

Measured: OpenVINO's own reader meets damaged graphs with an exception, also shapes that overflow,
cycles and constants outside the weights, and expands no entities. What is refused here would
otherwise load as a model without layers, ask for gigabytes, or be reported in words that name
neither the file nor the remedy.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import NoReturn

from wasinn_nb.backends.openvino.formats.elements import INDICES, TYPES, precision, specs
from wasinn_nb.backends.openvino.formats.ir_graph import IRGraph, Layer, Port
from wasinn_nb.backends.openvino.formats.ir_xml import read_xml
from wasinn_nb.backends.openvino.formats.part import Part
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import GraphEncoding, TensorType

VERSIONS = range(10, 12)

_MAX_ENTRIES = 512
_MAX_TEXT = 4096
_PORT_TYPES = {
    "FP16": "f16", "FP32": "f32", "FP64": "f64", "BF16": "bf16", "BOOL": "boolean", "U8": "u8",
    "I8": "i8", "I32": "i32", "I64": "i64",
}  # fmt: skip


def inspect_ir(files: ModelFiles) -> ModelInfo:
    """Read and check an IR.

    Raises:
        InvalidEncoding: not an IR.
        InvalidArgument: damaged, or a wrong number of parts.
        ModelNotFound: the XML or the weights are missing.
    """
    xml, weights = _parts(files)
    with Part(xml, "" if isinstance(xml, Path) else "The XML of the model") as part:
        if isinstance(weights, bytes) and part.size and weights[:5] in {b"<?xml", b"<net "}:
            raise InvalidArgument(
                f"{files.origin} is given with its weights first.",
                hint="Give the XML first, then the weights.",
            )
        root = read_xml(part)
        version = root.get("version", "")
        if not version.isdecimal() or int(version[:9]) not in VERSIONS:
            part.damaged(
                f"it is an IR of version {version[:20]!r}; versions 10 and 11 can be read",
                hint="Convert the model again with a current OpenVINO (ovc).",
            )
        graph = IRGraph(root, part)
        if not graph.types["Result"] and not graph.types["Assign"]:
            part.damaged("it has no output")
    size = _check_weights(graph, weights, files)
    return _info(root, graph, size)


def _parts(files: ModelFiles) -> tuple[Path | bytes, Path | bytes | None]:
    count = len(files.parts)
    if count not in {1, 2}:
        raise InvalidArgument(
            f"{files.origin} has {count} parts; an OpenVINO IR has 2: the XML and the weights.",
            hint="Give the .xml file first, then the .bin file.",
        )
    xml = files.parts[0]
    if count == 2:
        return xml, files.parts[1]
    if isinstance(xml, Path):
        beside = xml.with_suffix(".bin")
        return xml, beside if beside.is_file() else None
    return xml, None


def _check_weights(graph: IRGraph, weights: Path | bytes | None, files: ModelFiles) -> int:
    """Every constant lies inside the weights; returns the size of the weights in bytes."""
    last = max(graph.constants, key=lambda c: c.offset + c.nbytes, default=None)
    if weights is None:
        if last is not None and last.offset + last.nbytes:
            _no_weights(files, last.label)
        return 0
    with Part(weights, "" if isinstance(weights, Path) else "The .bin of the model") as part:
        needed = last.offset + last.nbytes if last else 0
        if last is not None and needed > part.size:
            raise InvalidArgument(
                f"{part.label} is cut short or belongs to another model: {last.label} "
                f"ends at byte {needed:,}, and there are {part.size:,} bytes.",
                hint="Download both files of the model again.",
            )
        return part.size


def _no_weights(files: ModelFiles, label: str) -> NoReturn:
    xml = files.parts[0]
    if isinstance(xml, Path):
        raise ModelNotFound(
            f"The weights of {xml} are missing: expected {xml.with_suffix('.bin')} ({label} is in "
            "them).",
            hint="Put the .bin file beside the .xml file, or name both.",
        )
    raise InvalidArgument(
        f"{files.origin} has 1 part; an OpenVINO IR with constants has 2: the XML and the weights "
        f"({label} is in them).",
        hint="Give the bytes of the .xml file first, then those of the .bin file.",
    )


def _info(root: ET.Element, graph: IRGraph, size: int) -> ModelInfo:
    kinds: Counter[str] = Counter()
    for constant in graph.constants:
        kinds[constant.kind] += constant.nbytes
    metadata: dict[str, str] = {"ir_version": root.get("version", "")}
    for tag in ("rt_info", "meta_data"):
        for element in root.iterfind(tag):
            _flatten(element, "", metadata)
    return ModelInfo(
        encoding=GraphEncoding.OPENVINO,
        architecture=root.get("name", "")[:_MAX_TEXT],
        name=root.get("name", "")[:_MAX_TEXT],
        parameters=sum(c.elements for c in graph.constants if c.kind not in INDICES),
        nbytes=size,
        quantization=precision(kinds),
        inputs=specs([_input(graph, layer) for layer in graph.of_type("Parameter")]),
        outputs=specs([_output(graph, layer) for layer in graph.of_type("Result")]),
        metadata=metadata,
    )


def _flatten(element: ET.Element, prefix: str, into: dict[str, str]) -> None:
    """``<a><b value="c"/></a>`` is ``a/b: c``; the reader has bounded the depth."""
    for child in element:
        name = child.get("name", child.tag) if child.tag == "info" else child.tag
        key = f"{prefix}{name}"
        value = child.get("value")
        if value is not None and len(into) < _MAX_ENTRIES:
            into[key[:_MAX_TEXT]] = value[:_MAX_TEXT]
        _flatten(child, f"{key}/", into)


def _input(graph: IRGraph, layer: Layer) -> TensorSpec | None:
    port = next(iter(layer.outputs.values()))
    kind = TYPES.get(layer.data.get("element_type", ""))
    dynamic_rank = layer.data.get("shape", "").strip() == "..."
    return _spec(port, layer, kind, None if dynamic_rank else graph.shape(layer))


def _output(graph: IRGraph, layer: Layer) -> TensorSpec | None:
    inputs = list(layer.inputs)
    if len(inputs) != 1:
        return None
    source, port_id = graph.source[layer.id, inputs[0]]
    producer = graph.layers[source]
    port = producer.outputs[port_id]
    written = port.precision or layer.inputs[inputs[0]].precision
    kind = TYPES.get(_PORT_TYPES.get(written.upper(), ""))
    return _spec(port, producer, kind, port.dims, layer.layout)


def _spec(
    port: Port,
    layer: Layer,
    kind: TensorType | None,
    dims: tuple[int, ...] | None,
    layout: str = "",
) -> TensorSpec | None:
    if kind is None:
        return None
    names = port.names or (layer.name,)
    return TensorSpec(names[0], dims, kind, port.layout or layer.layout or layout, names[1:])
