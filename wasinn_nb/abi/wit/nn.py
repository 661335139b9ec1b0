"""``wasi:nn`` for components: one implementation behind the doors of three snapshots.

The snapshots differ in how a context computes: by ``set-input``, ``compute`` and ``get-output``
until 2024-08-19, by one ``compute`` over named tensors since 2024-10-28. The first has a
constructor of errors besides. What calls mean is said by the registry and the backends, as for
the core ABI.

Guests drop their graphs as soon as they go out of scope, so that gives the model back and leaves
it loaded. A context needs its graph, and may outlive the guest's handle of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wasinn_nb.abi.core.contexts import CONFIGURED, LANGUAGE_MODELS, METADATA
from wasinn_nb.abi.core.host import GraphLease, NNHost
from wasinn_nb.abi.core.reading import echo_after
from wasinn_nb.abi.wit.codec import U32, Bytes, Codec, Enum, Err, List, Result, String, Tuple
from wasinn_nb.abi.wit.linker import Function, Interface
from wasinn_nb.abi.wit.planes import Planes
from wasinn_nb.abi.wit.resources import Crossing, Handle, Shared, Table
from wasinn_nb.nn.backend import ExecutionContext
from wasinn_nb.nn.errors import ErrorCode, InvalidArgument, NNError, WasinnError
from wasinn_nb.nn.tensor import Buffer, Tensor
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding, TensorType

SNAPSHOTS = ("0.2.0-rc-2024-06-25", "0.2.0-rc-2024-08-19", "0.2.0-rc-2024-10-28")

_TYPES = {
    "FP16": TensorType.F16,
    "FP32": TensorType.F32,
    "FP64": TensorType.F64,
    "BF16": TensorType.BF16,
    "U8": TensorType.U8,
    "I32": TensorType.I32,
    "I64": TensorType.I64,
}
_LABELS = {kind: label for label, kind in _TYPES.items()}
_ENCODINGS = {
    encoding.value: encoding
    for encoding in (
        GraphEncoding.OPENVINO,
        GraphEncoding.ONNX,
        GraphEncoding.TENSORFLOW,
        GraphEncoding.PYTORCH,
        GraphEncoding.TENSORFLOWLITE,
        GraphEncoding.GGML,
        GraphEncoding.AUTODETECT,
    )
}
_TARGETS = {t.value: t for t in (ExecutionTarget.CPU, ExecutionTarget.GPU, ExecutionTarget.TPU)}
_CODES = {
    ErrorCode.INVALID_ARGUMENT: "invalid-argument",
    ErrorCode.INVALID_ENCODING: "invalid-encoding",
    ErrorCode.RUNTIME_ERROR: "runtime-error",
    ErrorCode.UNSUPPORTED_OPERATION: "unsupported-operation",
    ErrorCode.TOO_LARGE: "too-large",
    ErrorCode.NOT_FOUND: "not-found",
    ErrorCode.MODEL_NOT_FOUND: "not-found",
    ErrorCode.PROMPT_TOO_LONG: "too-large",
}
_CODE_LABELS = (
    "invalid-argument",
    "invalid-encoding",
    "timeout",
    "runtime-error",
    "unsupported-operation",
    "too-large",
    "not-found",
    "security",
    "unknown",
)
_COARSE = frozenset(
    {
        ErrorCode.BUSY,
        ErrorCode.MISSING_MEMORY,
        ErrorCode.CONTEXT_FULL,
        ErrorCode.MODEL_NOT_FOUND,
        ErrorCode.PROMPT_TOO_LONG,
    }
)
"""What wasi:nn has no code of its own for: the message begins with it."""
_TENSOR_TYPE = Enum(tuple(_TYPES))
_ENCODING = Enum(tuple(_ENCODINGS))
_TARGET = Enum(tuple(_TARGETS))
_CODE = Enum(_CODE_LABELS)
_TEXT_OUTPUTS = {"0": 0, "metadata": METADATA}
"""Names of a language model's outputs, and of its inputs: text, and settings or figures as JSON."""

_MOST_GRAPHS, _MOST_CONTEXTS, _MOST_TENSORS, _MOST_ERRORS = 1024, 1024, 65_536, 65_536
_MOST_RANK, _LONGEST_NAME = 64, 4096


@dataclass(frozen=True, slots=True)
class Failure:
    """What an error resource stands for: a label of the code, and the whole message."""

    code: str
    data: str


@dataclass(slots=True)
class Computing:
    """What a context resource stands for. ``echo``: its text also goes to standard output."""

    context: ExecutionContext
    graph: Shared[GraphLease]
    echo: bool = False

    @property
    def lease(self) -> GraphLease:
        """Of its model."""
        return self.graph.value

    @property
    def is_text(self) -> bool:
        """Whether it takes and gives text."""
        return self.lease.info.encoding in LANGUAGE_MODELS


class NN:
    """The functions of one run over its resources; each returns its value or raises.

    Args:
        host, crossing: of the run.
        packed: the component has been rewritten so that it gives and takes bytes packed.
    """

    def __init__(self, host: NNHost, crossing: Crossing, *, packed: bool = False) -> None:
        self._host = host
        self._crossing = crossing
        self._bytes: Codec = Planes() if packed else Bytes()
        self.tensors = Table(1, "tensor", limit=_MOST_TENSORS)
        self.graphs = Table(2, "graph", limit=_MOST_GRAPHS, closed=_end_graph)
        self.contexts = Table(3, "execution context", limit=_MOST_CONTEXTS, closed=_end_context)
        self.errors = Table(4, "error", limit=_MOST_ERRORS)

    def failure(self, error: WasinnError) -> Err:
        """The error resource for what a call raised."""
        code = error.code if isinstance(error, NNError) else ErrorCode.RUNTIME_ERROR
        self.errors.room()
        told = str(error) if code not in _COARSE else f"{code.value.replace('_', '-')}: {error}"
        return Err(Failure(_CODES.get(code, "runtime-error"), told))

    @property
    def tables(self) -> tuple[Table, ...]:
        """Everything that the guest holds, in the order in which it is to end."""
        return self.contexts, self.graphs, self.tensors, self.errors

    # -- tensors and errors --------------------------------------------------------------------

    def new_tensor(self, dims: list[int], kind: str, data: bytes) -> Tensor:
        """``[constructor]tensor``: whether data and dimensions agree is asked on use."""
        self.tensors.room(nbytes=len(data))
        self._crossing.nbytes = len(data)
        return Tensor(tuple(dims), _TYPES[kind], data)

    def data(self, tensor: Tensor) -> Buffer:
        """``[method]tensor.data``."""
        self._crossing.nbytes = tensor.nbytes
        return tensor.data

    def new_error(self, code: str, data: str) -> Failure:
        """``[constructor]error``, until 2024-06-25."""
        self.errors.room()
        return Failure(code, data)

    # -- graphs --------------------------------------------------------------------------------

    def load(self, parts: list[bytes], encoding: str, target: str) -> Shared[GraphLease]:
        """``load``: a graph from the guest's own bytes."""
        self.graphs.room()
        kind = _ENCODINGS[encoding]
        config = parts.pop() if kind in CONFIGURED and len(parts) == 2 else None
        self._crossing.nbytes = sum(map(len, parts))
        return Shared(self._host.acquire_buffers(parts, kind, _TARGETS[target], config), release)

    def load_by_name(self, name: str) -> Shared[GraphLease]:
        """``load-by-name``: a graph that the person at the notebook registered."""
        if len(name) > _LONGEST_NAME:
            raise InvalidArgument(
                f"The name of a model has {len(name)} characters; the most is {_LONGEST_NAME}."
            )
        self.graphs.room()
        return Shared(self._host.acquire(name, None), release)

    def init_execution_context(self, graph: Shared[GraphLease]) -> Computing:
        """``[method]graph.init-execution-context``: it needs the graph for as long as it lives."""
        self.contexts.room()
        lease = graph.value
        context = self._host.create_context(lease)
        is_text = lease.info.encoding in LANGUAGE_MODELS
        echo = is_text and bool(lease.config.values.get("stream-stdout"))
        return Computing(context, graph.share(), echo)

    # -- computing -----------------------------------------------------------------------------

    def set_input(self, computing: Computing, name: str, tensor: Tensor) -> None:
        """``[method]graph-execution-context.set-input``."""
        if len(tensor.dims) > _MOST_RANK:
            raise InvalidArgument(
                f"The tensor has {len(tensor.dims)} dimensions; the most is {_MOST_RANK}."
            )
        index = _index(computing, name, "input")
        if computing.is_text:
            tensor = Tensor((tensor.nbytes,), TensorType.U8, tensor.data)
        computing.context.set_input(index, tensor)
        if computing.is_text and index == METADATA:
            computing.echo = echo_after(computing.lease, tensor.data, computing.echo)

    def compute(self, computing: Computing) -> None:
        """``[method]graph-execution-context.compute``, before 2024-10-28."""
        if not computing.echo:
            computing.context.compute()
            return
        self._host.echo(computing.context, on=True)
        try:
            computing.context.compute()
        finally:
            self._host.echo(computing.context, on=False)

    def get_output(self, computing: Computing, name: str) -> Tensor:
        """``[method]graph-execution-context.get-output``."""
        self.tensors.room()
        return self._output(computing, _index(computing, name, "output"))

    def compute_named(
        self, computing: Computing, inputs: Sequence[tuple[str, Tensor]]
    ) -> list[tuple[str, Tensor]]:
        """``[method]graph-execution-context.compute``, since 2024-10-28."""
        for name, tensor in inputs:
            self.set_input(computing, name, tensor)
        self.compute(computing)
        if computing.is_text:
            names = _TEXT_OUTPUTS
        else:
            outputs = enumerate(computing.lease.info.outputs)
            names = {spec.name or str(index): index for index, spec in outputs}
        self.tensors.room(len(names))
        return [(name, self._output(computing, index)) for name, index in names.items()]

    def _output(self, computing: Computing, index: int) -> Tensor:
        data = computing.context.get_output(index)
        tensor = computing.context.output_tensor(index)
        self._host.output_read(computing.context, index, data)
        if tensor is None or tensor.type not in _LABELS:
            data = bytes(memoryview(data).cast("B"))
            return Tensor((len(data),), TensorType.U8, data)
        return tensor

    # -- doors ---------------------------------------------------------------------------------

    def interfaces(self, snapshot: str) -> dict[str, Interface]:
        """What a component built against one snapshot imports, by full names."""
        door = {
            "tensor": self._tensor_interface(),
            "graph": self._graph_interface(),
            "inference": self._inference_interface(snapshot),
            "errors": self._errors_interface(snapshot),
        }
        return {f"wasi:nn/{name}@{snapshot}": interface for name, interface in door.items()}

    def owned(self, table: Table) -> Handle:
        """How a handle crosses that moves what it stands for."""
        return Handle(table, self._crossing, own=True)

    def borrowed(self, table: Table) -> Handle:
        """How a handle crosses that lends it for the call."""
        return Handle(table, self._crossing, own=False)

    def _fallible(self, ok: Codec | None) -> Result:
        return Result(ok, self.owned(self.errors))

    def _tensor_interface(self) -> Interface:
        this = self.borrowed(self.tensors)
        return Interface(
            {"tensor": self.tensors},
            {
                "[constructor]tensor": Function(
                    (List(U32), _TENSOR_TYPE, self._bytes),
                    self.owned(self.tensors),
                    self.new_tensor,
                ),
                "[method]tensor.dimensions": Function((this,), List(U32), lambda t: t.dims),
                "[method]tensor.ty": Function((this,), _TENSOR_TYPE, lambda t: _LABELS[t.type]),
                "[method]tensor.data": Function((this,), self._bytes, self.data),
            },
            self.failure,
        )

    def _graph_interface(self) -> Interface:
        loaded = self._fallible(self.owned(self.graphs))
        begun = self._fallible(self.owned(self.contexts))
        return Interface(
            {"graph": self.graphs},
            {
                "[method]graph.init-execution-context": Function(
                    (self.borrowed(self.graphs),), begun, self.init_execution_context
                ),
                "load": Function((List(self._bytes), _ENCODING, _TARGET), loaded, self.load),
                "load-by-name": Function((String(),), loaded, self.load_by_name),
            },
            self.failure,
        )

    def _inference_interface(self, snapshot: str) -> Interface:
        this, tensor = self.borrowed(self.contexts), self.owned(self.tensors)
        method = "[method]graph-execution-context"
        if snapshot == SNAPSHOTS[-1]:
            named = List(Tuple(String(), tensor))
            compute = Function((this, named), self._fallible(named), self.compute_named)
            functions = {f"{method}.compute": compute}
        else:
            functions = {
                f"{method}.set-input": Function(
                    (this, String(), tensor), self._fallible(None), self.set_input
                ),
                f"{method}.compute": Function((this,), self._fallible(None), self.compute),
                f"{method}.get-output": Function(
                    (this, String()), self._fallible(tensor), self.get_output
                ),
            }
        return Interface({"graph-execution-context": self.contexts}, functions, self.failure)

    def _errors_interface(self, snapshot: str) -> Interface:
        this = self.borrowed(self.errors)
        functions = {
            "[method]error.code": Function((this,), _CODE, lambda e: e.code),
            "[method]error.data": Function((this,), String(), lambda e: e.data),
        }
        if snapshot == SNAPSHOTS[0]:
            functions["[constructor]error"] = Function(
                (_CODE, String()), self.owned(self.errors), self.new_error
            )
        return Interface({"error": self.errors}, functions, self.failure)


def _index(computing: Computing, name: str, what: str) -> int:
    """By the model's own name, else by number."""
    if computing.is_text and name in _TEXT_OUTPUTS:
        return _TEXT_OUTPUTS[name]
    info = computing.lease.info
    find: Any = info.input_index if what == "input" else info.output_index
    try:
        index: int = find(name)
    except InvalidArgument:
        if not name.isdecimal() or len(name) > 9:
            raise
        return int(name)
    return index


def release(lease: GraphLease) -> None:
    """The last handle of a graph has gone."""
    lease.release()


def _end_graph(graph: Shared[GraphLease]) -> None:
    graph.drop()


def _end_context(computing: Computing) -> None:
    try:
        computing.lease.drop_context(computing.context)
    finally:
        computing.graph.drop()
