"""TensorFlow Lite models (flatbuffers of the schema ``TFL3``).

Measured: OpenVINO verifies the flatbuffer itself, but takes as many results from an operator as
the file names, which ends the process when they are more than the operator makes. Tensors, buffers
and operators by numbers out of range are refused here in any case.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from wasinn_nb.backends.openvino.formats.elements import (
    BITS,
    INDICES,
    MAX_RANK,
    MAX_TENSOR_BYTES,
    TYPES,
    elements,
    nbytes,
    precision,
    shape_fault,
    specs,
)
from wasinn_nb.backends.openvino.formats.flatbuffer import Table
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.tflite_operators import (
    CUSTOM,
    PLACEHOLDER_FOR_GREATER,
    operator_name,
    output_count,
    required_inputs,
)
from wasinn_nb.backends.openvino.formats.topology import is_cyclic
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import GraphEncoding

VERSION = 3

ELEMENT_TYPES = {
    0: "f32", 1: "f16", 2: "i32", 3: "u8", 4: "i64", 5: "string", 6: "boolean", 7: "i16",
    8: "complex64", 9: "i8", 10: "f64", 11: "complex128", 12: "u64", 13: "resource",
    14: "variant", 15: "u32", 16: "u16", 17: "i4", 18: "bf16",
}  # fmt: skip
"""``TensorType`` of the schema by OpenVINO's names, as far as it has them."""

_MAX_OPERANDS = 4096
_MAX_SUBGRAPHS = 1024
_MAX_ENTRIES = 512
_MAX_TEXT = 4096


def inspect_tflite(files: ModelFiles) -> ModelInfo:
    """Read and check a model; the data of constants are not read.

    Raises:
        InvalidEncoding: not a TensorFlow Lite model.
        InvalidArgument: damaged; the message says what and where.
        ModelNotFound: no such file.
    """
    if len(files.parts) != 1:
        raise InvalidArgument(
            f"{files.origin} has {len(files.parts)} parts; a TensorFlow Lite model has 1.",
            hint="Name the .tflite file only.",
        )
    with Part(files.parts[0]) as part:
        return _Model(part).read()


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    kind: str
    dims: tuple[int, ...]
    buffer: int

    @property
    def nbytes(self) -> int:
        return nbytes(self.dims, self.kind) if self.kind in BITS else 0


class _Model:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._buffers: list[int] = []
        self._operators: list[tuple[int, str]] = []
        self._kinds: Counter[str] = Counter()
        self._used: Counter[str] = Counter()
        self._parameters = 0

    def read(self) -> ModelInfo:
        head = self._part.read(0, min(8, self._part.size))
        if head[4:] != b"TFL3":
            seen = f"begins with {quoted(head)}" if head else "is empty"
            raise InvalidEncoding(
                f"{self._part.label} is not a TensorFlow Lite model: it {seen}.",
                hint="Check the path, or give the model's own encoding.",
            )
        model = Table(self._part, self._part.number("I", 0, "the header"), "the model")
        version = model.number(0, "I")
        if version != VERSION:
            model.damaged(f"is of version {version} of the schema; only {VERSION} can be read")
        self._buffers = [self._buffer(table) for table in model.tables(4, "buffer")]
        self._operators = [self._code(table) for table in model.tables(1, "operator code")]
        graphs = list(model.tables(2, "subgraph"))
        if not 1 <= len(graphs) <= _MAX_SUBGRAPHS:
            model.damaged(f"has {len(graphs):,} subgraphs; 1 to {_MAX_SUBGRAPHS} can be")
        read = [self._subgraph(graph) for graph in graphs]
        inputs, outputs = read[0]
        if not outputs:
            graphs[0].damaged("has no output")
        metadata = self._metadata(model)
        aliases = self._signatures(model, len(graphs))
        name = graphs[0].text(4)
        return ModelInfo(
            encoding=GraphEncoding.TENSORFLOWLITE,
            architecture=name,
            name=name,
            parameters=self._parameters,
            nbytes=self._part.size,
            quantization=precision(self._kinds),
            inputs=specs([_spec(i, t, aliases) for i, t in inputs]),
            outputs=specs([_spec(i, t, aliases) for i, t in outputs]),
            metadata=metadata,
        )

    def _buffer(self, table: Table) -> int:
        """Bytes of a buffer, in the flatbuffer or (for models over 2 GB) after it."""
        offset, size = table.number(1, "Q"), table.number(2, "Q")
        if offset > 1:
            if offset + size > self._part.size:
                self._part.cut_short(offset + size)
            return size
        return table.vector(0, 1)[1]

    def _code(self, table: Table) -> tuple[int, str]:
        old = table.number(0, "B")
        code = table.number(3, "i") if old >= PLACEHOLDER_FOR_GREATER or 3 in table else old
        return max(code, old), table.text(1)

    # ------------------------------------------------------------------ subgraphs

    def _subgraph(
        self, graph: Table
    ) -> tuple[list[tuple[int, _Tensor]], list[tuple[int, _Tensor]]]:
        tensors = [self._tensor(table, graph) for table in graph.tables(0, "tensor")]
        producer: dict[int, int] = {}
        links: list[tuple[int, int]] = []
        reads: list[tuple[int, int]] = []
        count = 0
        for index, operator in enumerate(graph.tables(3, "operator")):
            inputs, outputs = self._operator(operator, tensors)
            reads += [(index, tensor) for tensor in inputs]
            for tensor in outputs:
                if tensor in producer or self._buffers[tensors[tensor].buffer]:
                    operator.damaged(f"produces tensor {tensor}, which exists already")
                producer[tensor] = index
            count += 1
        given = set(graph.numbers(1, "i", _MAX_OPERANDS))
        links = [(index, producer[tensor]) for index, tensor in reads if tensor in producer]
        if is_cyclic(range(count), links):
            graph.damaged("has operators that form a cycle")
        ends = []
        for field, what in ((1, "input"), (2, "output")):
            listed = graph.numbers(field, "i", _MAX_OPERANDS)
            for tensor in listed:
                if not 0 <= tensor < len(tensors):
                    graph.damaged(f"has {what} {tensor} of {len(tensors)} tensors")
                if field == 2 and tensor not in producer and tensor not in given:
                    self._constant(tensors[tensor], graph)
                self._outer(tensors[tensor], graph)
            ends.append([(tensor, tensors[tensor]) for tensor in listed])
        for _, tensor in reads:
            if tensor not in producer and tensor not in given:
                self._constant(tensors[tensor], graph)
        return ends[0], ends[1]

    def _tensor(self, table: Table, graph: Table) -> _Tensor:
        name, code = table.text(3), table.number(1, "b")
        kind, buffer = ELEMENT_TYPES.get(code, ""), table.number(2, "I")
        table.what = f"tensor {quoted(name)} of {graph.what}"
        shape = table.numbers(0, "i", MAX_RANK)
        signature = table.numbers(7, "i", MAX_RANK)
        if not kind:
            table.damaged(f"has the unknown element type {code}")
        if buffer >= len(self._buffers):
            table.damaged(f"has buffer {buffer} of {len(self._buffers)}")
        if signature and len(signature) != len(shape):
            table.damaged(f"has {len(shape)} dimensions and {len(signature)} in its signature")
        for dims in (shape, signature):
            fault = shape_fault(dims)
            if fault:
                table.damaged(f"is unusable: {fault}")
        self._quantization(table)
        tensor = _Tensor(name, kind, tuple(signature or shape), buffer)
        size = self._buffers[buffer]
        if size and kind in BITS:
            needed = nbytes(shape, kind)
            sparse = 6 in table  # it has fewer bytes than its shape says
            if not sparse and (size < needed or (size > needed and BITS[kind] >= 8)):
                table.damaged(f"has {size:,} bytes; {kind} {list(shape)} takes {needed:,}")
            self._kinds[kind] += needed
            self._parameters += elements(shape) if kind not in INDICES else 0
        return tensor

    def _quantization(self, table: Table) -> None:
        quantization = table.table(4, f"the quantization of {table.what}")
        if quantization is None:
            return
        scales, zeros = quantization.vector(2, 4)[1], quantization.vector(3, 8)[1]
        if zeros > 1 and scales != zeros:
            quantization.damaged(f"has {scales:,} scales and {zeros:,} zero points")
        axis, rank = quantization.number(6, "i"), table.vector(0, 4)[1]
        if scales > 1 and not 0 <= axis < rank:
            quantization.damaged(f"is along dimension {axis} of {rank}")

    def _operator(self, operator: Table, tensors: list[_Tensor]) -> tuple[list[int], list[int]]:
        index = operator.number(0, "I")
        if index >= len(self._operators):
            operator.damaged(f"has operator code {index} of {len(self._operators)}")
        code, custom = self._operators[index]
        name = custom if code == CUSTOM else operator_name(code)
        operator.what += f" ({name[:40]})"
        if not name:
            operator.damaged(f"has the unknown code {code}")
        self._used[name] += 1
        inputs = operator.numbers(1, "i", _MAX_OPERANDS)
        outputs = operator.numbers(2, "i", _MAX_OPERANDS)
        for tensor in (*inputs, *outputs):
            if not -1 <= tensor < len(tensors):
                operator.damaged(f"names tensor {tensor} of {len(tensors)}")
        for place in range(required_inputs(code)):
            if place >= len(inputs) or inputs[place] < 0:
                operator.damaged(f"has no input {place}, which it needs")
        if -1 in outputs:
            operator.damaged("has an output without a tensor")
        count = output_count(code)
        if count is not None and len(outputs) != count:
            operator.damaged(f"has {len(outputs)} outputs instead of {count}")
        operator.table(4, f"the options of {operator.what}")
        operator.vector(5, 1)
        return [t for t in inputs if t >= 0], list(outputs)

    def _constant(self, tensor: _Tensor, graph: Table) -> None:
        """What nothing computes must have data."""
        if not self._buffers[tensor.buffer] and tensor.nbytes:
            graph.damaged(f"uses {quoted(tensor.name)}, which has no data and nothing produces")

    def _outer(self, tensor: _Tensor, graph: Table) -> None:
        fault = ""
        if 0 in tensor.dims:
            fault = f"its shape is {list(tensor.dims)}"
        elif -1 not in tensor.dims and tensor.nbytes > MAX_TENSOR_BYTES:
            fault = f"{tensor.kind} {list(tensor.dims)} takes more than {MAX_TENSOR_BYTES:,} bytes"
        if fault:
            graph.damaged(f"has the unusable input or output {quoted(tensor.name)}: {fault}")

    # ------------------------------------------------------------------ description

    def _metadata(self, model: Table) -> dict[str, str]:
        found = {"schema": str(VERSION), "description": model.text(3)[:_MAX_TEXT]}
        for entry in model.tables(6, "metadata"):
            name, buffer = entry.text(0), entry.number(1, "I")
            if buffer >= len(self._buffers):
                entry.damaged(f"has buffer {buffer} of {len(self._buffers)}")
            if len(found) < _MAX_ENTRIES:
                found[name[:_MAX_TEXT]] = f"{self._buffers[buffer]:,} bytes"
        return found

    def _signatures(self, model: Table, graphs: int) -> dict[int, str]:
        """Names that the first subgraph's signature gives to its tensors."""
        names: dict[int, str] = {}
        for signature in model.tables(7, "signature"):
            if signature.number(4, "I") >= graphs:
                signature.damaged("names a subgraph that is not there")
            for field in (0, 1):
                for pair in signature.tables(field, f"an entry of {signature.what}"):
                    if signature.number(4, "I") == 0:
                        names.setdefault(pair.number(1, "I"), pair.text(0))
        return names


def _spec(index: int, tensor: _Tensor, aliases: dict[int, str]) -> TensorSpec | None:
    kind = TYPES.get(tensor.kind)
    if kind is None:
        return None
    alias = aliases.get(index, tensor.name)
    return TensorSpec(tensor.name, tensor.dims, kind, "", (alias,) if alias != tensor.name else ())
