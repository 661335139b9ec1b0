"""``wasinn:llm/core`` for components: the core ABI's calls over the resources of ``wasi:nn``.

What a core module says in numbers means here what it means there; see
:mod:`wasinn_nb.abi.core.functions`.
"""

from __future__ import annotations

from typing import Any

from wasinn_nb.abi.core.contexts import METADATA
from wasinn_nb.abi.core.dialect import Dialect
from wasinn_nb.abi.core.enums import stand_in
from wasinn_nb.abi.core.host import GraphLease, NNHost
from wasinn_nb.abi.core.reading import (
    MAX_BUILDERS,
    check_config,
    echo_after,
    load_parts,
    read_tensor_type,
)
from wasinn_nb.abi.wit.codec import BOOL, U32, Case, Codec, Err, List, Option, Record, Result
from wasinn_nb.abi.wit.linker import Function, Interface
from wasinn_nb.abi.wit.llm_types import ERROR, U32_MAX, case_of
from wasinn_nb.abi.wit.nn import NN, Computing, release
from wasinn_nb.abi.wit.octets import Octets
from wasinn_nb.abi.wit.resources import Crossing, Shared
from wasinn_nb.nn.errors import InvalidArgument, ModelNotFound, WasinnError
from wasinn_nb.nn.tensor import Buffer, Tensor

NAME = "wasinn:llm/core@0.1.0"

_OUTPUT = Record({"size": U32, "data": Octets(), "fills": BOOL})
_MOST_NAME, _MOST_RANK = 4096, 64


class Core:
    """The functions of one run; each returns its value or raises.

    Args:
        nn: whose graphs and contexts they are.
        host, crossing: of the run.
        dialect: what numbers mean.
    """

    def __init__(self, nn: NN, host: NNHost, crossing: Crossing, dialect: Dialect) -> None:
        self._nn = nn
        self._host = host
        self._crossing = crossing
        self._dialect = dialect

    def load(self, parts: list[bytes], encoding: int, target: int) -> Shared[GraphLease]:
        """``load``."""
        if len(parts) > MAX_BUILDERS:
            raise InvalidArgument(f"load got {len(parts)} builders; the most is {MAX_BUILDERS}.")
        self._nn.graphs.room()
        self._crossing.nbytes = sum(map(len, parts))
        return Shared(load_parts(self._host, self._dialect, parts, encoding, target), release)

    def load_by_name(self, name: bytes, config: bytes | None) -> Shared[GraphLease]:
        """``load-by-name``."""
        if len(name) > _MOST_NAME:
            raise InvalidArgument(
                f"The name of a model has {len(name)} bytes; the most is {_MOST_NAME}."
            )
        check_config(len(config or b""))
        try:
            text = name.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidArgument("The name of a model is not valid UTF-8.") from None
        self._nn.graphs.room()
        return Shared(self._host.acquire(text, config or None), release)

    def unload(self, graph: Shared[GraphLease]) -> None:
        """``unload``."""
        try:
            graph.value.unload()
        finally:
            graph.drop()

    def set_input(
        self, computing: Computing, index: int, dims: list[int], number: int, data: bytes
    ) -> None:
        """``set-input``."""
        if len(dims) > _MOST_RANK:
            raise InvalidArgument(f"The tensor has {len(dims)} dimensions; the most is 64.")
        lease, shape, length = computing.lease, tuple(dims), len(data)
        kind = read_tensor_type(
            self._dialect, number & 0xFF, shape, length, is_text=computing.is_text
        )
        if not computing.is_text:
            kind = stand_in(kind, lease.info.inputs, index)
        else:
            shape = (length,)
            if index == METADATA:
                check_config(length)
        computing.context.set_input(index, Tensor(shape, kind, data))
        if computing.is_text and index == METADATA:
            computing.echo = echo_after(lease, data, computing.echo)
        self._crossing.nbytes = length

    def get_output(self, computing: Computing, index: int, most: int) -> dict[str, Any]:
        """``get-output``."""
        data = computing.context.get_output(index)
        told = self._told(computing, index, data, most)
        if told["data"] or not told["size"]:
            self._host.output_read(computing.context, index, data)
        return told

    def compute_single(self, computing: Computing) -> Buffer:
        """``compute-single``: the token's bytes come with it, which saves a call."""
        context = computing.context
        context.compute_single()
        data = context.get_output_single(0)
        self._crossing.nbytes = len(data)
        return data

    def get_output_single(self, computing: Computing, index: int, most: int) -> dict[str, Any]:
        """``get-output-single``."""
        data = computing.context.get_output_single(index)
        if index == METADATA:
            self._host.output_read(computing.context, index, data)
        return self._told(computing, index, data, most)

    def _told(self, computing: Computing, index: int, data: Buffer, most: int) -> dict[str, Any]:
        if not isinstance(data, bytes):
            data = memoryview(data).cast("B")
        size, dialect = len(data), self._dialect
        is_text = computing.context.output_tensor(index) is None
        if size > most:
            data = data[:most] if dialect.cut_text and is_text else b""
        self._crossing.nbytes = len(data)
        fills = dialect.llamaedge and computing.is_text and is_text
        return {"size": min(size, U32_MAX), "data": data, "fills": fills}

    def failure(self, error: WasinnError) -> Err:
        """The variant for what a call raised."""
        if isinstance(error, ModelNotFound):
            return Err(Case("model-not-found", str(error)))
        return Err(case_of(error))

    def interface(self) -> Interface:
        """What a component imports."""
        nn = self._nn
        this = nn.borrowed(nn.contexts)
        graph = Result(nn.owned(nn.graphs), ERROR)
        nothing = Result(None, ERROR)

        outputs: tuple[tuple[Codec, ...], Codec] = ((this, U32, U32), Result(_OUTPUT, ERROR))
        inputs = (this, U32, List(U32), U32, Octets())
        return Interface(
            {},  # they are those of wasi:nn
            {
                "load": Function((List(Octets()), U32, U32), graph, self.load),
                "load-by-name": Function((Octets(), Option(Octets())), graph, self.load_by_name),
                "unload": Function((nn.owned(nn.graphs),), nothing, self.unload),
                "init-execution-context": Function(
                    (nn.borrowed(nn.graphs),),
                    Result(nn.owned(nn.contexts), ERROR),
                    nn.init_execution_context,
                ),
                "set-input": Function(inputs, nothing, self.set_input),
                "compute": Function((this,), nothing, nn.compute),
                "get-output": Function(*outputs, self.get_output),
                "compute-single": Function((this,), Result(Octets(), ERROR), self.compute_single),
                "get-output-single": Function(*outputs, self.get_output_single),
                "fini-single": Function((this,), nothing, lambda one: one.context.fini_single()),
            },
            self.failure,
        )
