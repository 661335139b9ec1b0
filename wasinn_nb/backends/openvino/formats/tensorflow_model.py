"""TensorFlow models: a frozen graph (``.pb``), or the directory of a SavedModel."""

from __future__ import annotations

from pathlib import Path

from wasinn_nb.backends.openvino.formats.elements import TYPES, precision, specs
from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.backends.openvino.formats.protobuf import (
    BYTES,
    Field,
    fields,
    integer,
    message,
    text,
)
from wasinn_nb.backends.openvino.formats.tensorflow_graph import (
    ELEMENT_TYPES,
    Node,
    TensorFlowGraph,
    read_shape,
)
from wasinn_nb.nn.backend import ModelFiles, ModelInfo
from wasinn_nb.nn.errors import InvalidArgument, InvalidEncoding, ModelNotFound
from wasinn_nb.nn.tensor import TensorSpec
from wasinn_nb.nn.types import GraphEncoding

SAVED_MODEL = "saved_model.pb"
_SAVED_MODEL_HEAD = b"\x08\x01\x12"
_DEFAULT_SIGNATURE = "serving_default"
_GRAPH_FIELDS = range(1, 8)


def inspect_tensorflow(files: ModelFiles) -> ModelInfo:
    """Read and check a model.

    Raises:
        InvalidEncoding: neither a frozen graph nor a SavedModel.
        InvalidArgument: damaged, or a SavedModel without its directory.
        ModelNotFound: a file is missing.
    """
    if len(files.parts) != 1:
        raise InvalidArgument(
            f"{files.origin} has {len(files.parts)} parts; a TensorFlow model has 1.",
            hint="Name the frozen graph (.pb), or the directory of a SavedModel.",
        )
    source = files.parts[0]
    if isinstance(source, Path) and source.is_dir():
        return _saved_model(source)
    with Part(source) as part:
        return _frozen(part)


def _frozen(part: Part) -> ModelInfo:
    head = part.read(0, min(8, part.size))
    if head.startswith(_SAVED_MODEL_HEAD):
        where = part.path.parent if part.path is not None else "it"
        raise InvalidArgument(
            f"{part.label} is the graph of a SavedModel, whose weights are in other files.",
            hint=f"Name the directory, {where}."
            if part.path is not None
            else "Name its directory; a SavedModel cannot be given as bytes.",
        )
    if not head or head[0] & 7 not in {0, BYTES} or head[0] >> 3 not in _GRAPH_FIELDS:
        seen = f"begins with {quoted(head)}" if head else "is empty"
        raise InvalidEncoding(
            f"{part.label} is not a frozen TensorFlow graph: it {seen}.",
            hint="Check the path, or give the model's own encoding.",
        )
    graph = TensorFlowGraph(part, Field(0, BYTES, 0, part.size))
    if graph.has_variables:
        part.damaged(
            "it has variables, whose values are in other files",
            hint="Freeze the graph, or name the directory of the SavedModel.",
        )
    placeholders = [n for n in graph.nodes.values() if n.operator == "Placeholder"]
    return ModelInfo(
        encoding=GraphEncoding.TENSORFLOW,
        parameters=graph.parameters,
        nbytes=part.size,
        quantization=precision(graph.weights),
        inputs=specs([_placeholder(node) for node in placeholders]),
    )


def _placeholder(node: Node) -> TensorSpec | None:
    kind = TYPES.get(node.kind)
    return None if kind is None else TensorSpec(node.name, node.dims, kind)


def _saved_model(directory: Path) -> ModelInfo:
    path = directory / SAVED_MODEL
    if not path.is_file():
        raise ModelNotFound(
            f"{directory} is not the directory of a SavedModel: it has no {SAVED_MODEL}.",
            hint="Name the directory that has it, or a frozen graph (.pb).",
        )
    metadata: dict[str, str] = {}
    with Part(path) as part:
        meta_graph = None
        for each in fields(part, 0, part.size, "the model"):
            if each.number == 2 and meta_graph is None:
                meta_graph = each
        if meta_graph is None:
            part.damaged("it has no graph")
        graph = None
        signatures: dict[str, Field] = {}
        for each in message(part, meta_graph, "the graph"):
            if each.number == 1:
                _describe(part, each, metadata)
            elif each.number == 2:
                graph = TensorFlowGraph(part, each)
            elif each.number == 5:
                key, value = _entry(part, each, "a signature")
                if value is not None:
                    signatures[key] = value
        if graph is None:
            part.damaged("it has no graph")
        if graph.has_variables:
            _check_variables(directory)
        inputs, outputs = _signature(part, signatures)
    files = [file for file in directory.rglob("*") if file.is_file()]
    return ModelInfo(
        encoding=GraphEncoding.TENSORFLOW,
        name=directory.name,
        parameters=graph.parameters,
        nbytes=sum(file.stat().st_size for file in files),
        quantization=precision(graph.weights),
        inputs=inputs,
        outputs=outputs,
        metadata=metadata,
    )


def _check_variables(directory: Path) -> None:
    for pattern in ("variables.index", "variables.data-*"):
        if not any((directory / "variables").glob(pattern)):
            raise ModelNotFound(
                f"The weights of {directory} are missing: expected "
                f"{directory / 'variables' / pattern}.",
                hint="Copy the whole directory of the SavedModel.",
            )


def _describe(part: Part, each: Field, metadata: dict[str, str]) -> None:
    for item in message(part, each, "the description"):
        if item.number == 4:
            metadata["tags"] = ",".join(
                filter(None, (metadata.get("tags", ""), text(part, item, "a tag")))
            )
        elif item.number == 5:
            metadata["tensorflow_version"] = text(part, item, "the version of TensorFlow")


def _entry(part: Part, each: Field, what: str) -> tuple[str, Field | None]:
    key, value = "", None
    for item in message(part, each, what):
        if item.number == 1:
            key = text(part, item, what)
        elif item.number == 2 and item.wire == BYTES:
            value = item
    return key, value


def _signature(
    part: Part, signatures: dict[str, Field]
) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    chosen = signatures.get(_DEFAULT_SIGNATURE)
    found: tuple[list[TensorSpec | None], list[TensorSpec | None]] = ([], [])
    for each in message(part, chosen, "a signature") if chosen is not None else ():
        if each.number in {1, 2}:
            name, info = _entry(part, each, "a tensor of a signature")
            if info is not None:
                found[each.number - 1].append(_tensor_info(part, name, info))
    return specs(found[0]), specs(found[1])


def _tensor_info(part: Part, name: str, each: Field) -> TensorSpec | None:
    kind, dims = None, None
    for item in message(part, each, f"the tensor {quoted(name)}"):
        if item.number == 2:
            code = integer(part, item, f"the type of {quoted(name)}")
            kind = TYPES.get(ELEMENT_TYPES.get(code, ""))
        elif item.number == 3:
            dims = read_shape(part, item, f"the tensor {quoted(name)}")
    return None if kind is None else TensorSpec(name, dims, kind)
