"""ONNX models (``ModelProto``).

Measured with OpenVINO: a node without an input that its operator needs (``Conv``, ``Clip``,
``GlobalAveragePool``, ...) ends the process, as does an input of size 0; an operator set of version
2**32 or an axis of 2**40 takes minutes and gigabytes. All other damage is met with an exception. A
constant may name any file of the machine as its data, or an address in memory, so only files in
the model's own directory are let through.
"""

from __future__ import annotations

from collections import Counter

from wasinn_nb.backends.openvino.formats.elements import INDICES, TYPES, precision, specs
from wasinn_nb.backends.openvino.formats.onnx_graph import OnnxGraph, Value, function_nodes
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.protobuf import (
    VARINT,
    Field,
    fields,
    integer,
    message,
    text,
)
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import GraphEncoding

MAX_IR_VERSION = 100
MAX_OPSET = 1000

_DEFAULT_DOMAINS = {"", "ai.onnx"}
_WORDS = {2: "producer_name", 3: "producer_version", 4: "domain", 6: "doc_string"}
_MAX_ENTRIES = 512
_MAX_TEXT = 4096
_FIELDS = range(1, 9)
_GRAPH, _OPSET, _PROPERTY, _FUNCTION = 7, 8, 14, 25


def inspect_onnx(files: ModelFiles) -> ModelInfo:
    """Read and check a model; the data of constants are not read.

    Raises:
        InvalidEncoding: not an ONNX model.
        InvalidArgument: damaged, or it names files outside its directory.
        ModelNotFound: the file, or one with data of the model, is missing.
    """
    if len(files.parts) != 1:
        raise InvalidArgument(
            f"{files.origin} has {len(files.parts)} parts; an ONNX model has 1.",
            hint="Name the .onnx file only; files with its data are found beside it.",
        )
    with Part(files.parts[0]) as part:
        return _Model(part).read()


class _Model:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._metadata: dict[str, str] = {}
        self._opsets: dict[str, int] = {}
        self._graph: Field | None = None
        self._operators: Counter[str] = Counter()

    def read(self) -> ModelInfo:
        self._recognise()
        for field in fields(self._part, 0, self._part.size, "the model"):
            self._field(field)
        if self._graph is None:
            self._part.damaged("it has no graph")
        version = self._opsets.get("ai.onnx", self._opsets.get("", 0))
        if not self._opsets:
            self._part.damaged("it does not say which operator set it uses")
        for domain, number in self._opsets.items():
            if not 1 <= number <= MAX_OPSET:
                self._part.damaged(f"it uses version {number} of the operators {quoted(domain)}")
        graph = OnnxGraph(self._part, self._graph, version)
        if not graph.outputs:
            self._part.damaged("it has no output")
        self._metadata["opset"] = str(version)
        return self._info(graph)

    def _recognise(self) -> None:
        """A field of ``ModelProto`` comes first; writers begin with the lowest."""
        head = self._part.read(0, min(16, self._part.size))
        if len(head) < 8 or head[0] & 7 not in {VARINT, 2} or head[0] >> 3 not in _FIELDS:
            seen = f"begins with {quoted(head[:8])}" if head else "is empty"
            raise InvalidEncoding(
                f"{self._part.label} is not an ONNX model: it {seen}.",
                hint="Check the path, or give the model's own encoding.",
            )

    def _field(self, field: Field) -> None:
        part, number = self._part, field.number
        if number == 1:
            version = integer(part, field, "the version of the format")
            if not 1 <= version <= MAX_IR_VERSION:
                part.damaged(f"it is of version {version} of the format")
            self._metadata["ir_version"] = str(version)
        elif number in _WORDS:
            self._metadata[_WORDS[number]] = text(part, field, f"its {_WORDS[number]}")[:_MAX_TEXT]
        elif number == 5:
            self._metadata["model_version"] = str(integer(part, field, "its model_version"))
        elif number == _GRAPH:
            if self._graph is not None:
                part.damaged("it has two graphs", field.value)
            if field.wire != 2:
                part.damaged("its graph is not a message", field.end)
            self._graph = field
        elif number == _OPSET:
            self._opset(field)
        elif number == _PROPERTY:
            self._property(field)
        elif number == _FUNCTION and field.wire == 2:
            self._operators += function_nodes(part, field)

    def _opset(self, field: Field) -> None:
        domain, version = "", 0
        for item in message(self._part, field, "an operator set"):
            if item.number == 1:
                domain = text(self._part, item, "the domain of an operator set")
            elif item.number == 2:
                version = integer(self._part, item, "the version of an operator set")
        self._opsets[domain] = version

    def _property(self, field: Field) -> None:
        pair = {
            item.number: text(self._part, item, "an entry of its metadata")
            for item in message(self._part, field, "an entry of its metadata")
        }
        if len(self._metadata) < _MAX_ENTRIES:
            self._metadata[pair.get(1, "")[:_MAX_TEXT]] = pair.get(2, "")[:_MAX_TEXT]

    def _info(self, graph: OnnxGraph) -> ModelInfo:
        constants = graph.constants + graph.inner
        kinds: Counter[str] = Counter()
        for constant in constants:
            kinds[constant.kind] += constant.nbytes
        inputs = [value for value in graph.inputs if value.name not in graph.initialized]
        outside = sum(constant.nbytes for constant in constants if constant.external)
        return ModelInfo(
            encoding=GraphEncoding.ONNX,
            architecture=graph.name,
            name=graph.name,
            parameters=sum(c.elements for c in constants if c.kind not in INDICES),
            nbytes=self._part.size + outside,
            quantization=precision(kinds),
            inputs=specs([_spec(value) for value in inputs]),
            outputs=specs([_spec(value) for value in graph.outputs]),
            metadata=self._metadata,
        )


def _spec(value: Value) -> TensorSpec | None:
    kind = TYPES.get(value.kind)
    return None if kind is None else TensorSpec(value.name, value.dims, kind)
