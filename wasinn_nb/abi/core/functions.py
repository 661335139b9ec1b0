"""The twelve functions: guest memory and numbers in, calls on the vocabulary of ``nn/`` out.

Only translation is here. What a call means is said by the registry and the backends; where hosts
disagree on the translation, a :class:`Dialect` decides.
"""

from __future__ import annotations

from collections.abc import Callable

from wasinn_nb.abi.core.contexts import METADATA, ContextEntry, GraphEntry
from wasinn_nb.abi.core.dialect import Dialect
from wasinn_nb.abi.core.enums import stand_in
from wasinn_nb.abi.core.faults import OutOfBounds
from wasinn_nb.abi.core.handles import Handles
from wasinn_nb.abi.core.host import NNHost
from wasinn_nb.abi.core.memory import GuestMemory
from wasinn_nb.abi.core.reading import (
    MAX_BUILDERS,
    check_config,
    echo_after,
    load_parts,
    read_target,
    read_tensor_type,
)
from wasinn_nb.nn.errors import InvalidArgument, TooLarge
from wasinn_nb.nn.tensor import Buffer, Tensor

MODULE = "wasi_ephemeral_nn"

ARITY = {
    "load": 5,
    "load_by_name": 3,
    "load_by_name_with_config": 5,
    "init_execution_context": 2,
    "set_input": 3,
    "compute": 1,
    "get_output": 5,
    "compute_single": 1,
    "get_output_single": 5,
    "fini_single": 1,
    "unload": 1,
    "finalize_execution_context": 1,
}
"""Every function with its number of parameters; all values are i32, and so is the one result."""

_MAX_GRAPHS = 1024
_MAX_CONTEXTS = 1024
_MAX_RANK = 64
_MAX_NAME = 4096
_LARGEST_SIZE = 2**32 - 1
_LLAMAEDGE_CAPACITY = 245_888
_REAL_POINTER = 8  # NULL, and the dangling pointers of Rust's empty buffers, are below


class Functions:
    """The functions over one run's handles. Each returns 0 or raises.

    Attributes:
        nbytes: bytes of data that crossed in the present call.
    """

    def __init__(self, host: NNHost, memory: GuestMemory, dialect: Dialect) -> None:
        self.memory = memory
        self.dialect = dialect
        self.nbytes = 0
        self.graphs: Handles[GraphEntry] = Handles("graph", limit=_MAX_GRAPHS)
        self.contexts: Handles[ContextEntry] = Handles("execution context", limit=_MAX_CONTEXTS)
        self._host = host
        self._by_name: dict[str, int] = {}

    def table(self) -> dict[str, Callable[..., int]]:
        """The functions that a guest of this dialect may import, by name."""
        return {name: getattr(self, name) for name in self.dialect.functions or ARITY}

    def release(self) -> None:
        """The run ended: no handle and no view of guest memory outlives it."""
        self.contexts.clear()
        self.graphs.clear()
        self._by_name.clear()
        self.memory.release()
        vars(self).pop("_host", None)

    # -- graphs --------------------------------------------------------------------------------

    def load(self, builders: int, count: int, encoding: int, target: int, out: int) -> int:
        """``load``: a graph from bytes in the guest's memory."""
        self.memory.check(out, 4, "place for the graph")
        read_target(self.dialect, target)
        if count > MAX_BUILDERS:
            raise InvalidArgument(f"load got {count} builders; the most is {MAX_BUILDERS}.")
        table = self.memory.u32s(builders, count * 2, "table of builders")
        extents = list(zip(table[::2], table[1::2], strict=True))
        for pointer, length in extents:
            self.memory.check(pointer, length, "builder")
        if sum(table[1::2]) > self.memory.size:
            raise InvalidArgument("The builders given to load overlap.")
        self.graphs.room()
        parts = [self.memory.read(pointer, length, "builder") for pointer, length in extents]
        self.nbytes = sum(map(len, parts))
        lease = load_parts(self._host, self.dialect, parts, encoding, target)
        self.memory.write_u32(out, self.graphs.add(GraphEntry(lease, None)))
        return 0

    def load_by_name(self, name: int, length: int, out: int) -> int:
        """``load_by_name``: a graph that the person at the notebook registered."""
        self.memory.check(out, 4, "place for the graph")
        self.memory.write_u32(out, self._named(self._name(name, length), None))
        return 0

    def load_by_name_with_config(
        self, name: int, length: int, config: int, config_length: int, out: int
    ) -> int:
        """``load_by_name_with_config``: the same, with load-time settings as JSON."""
        self.memory.check(out, 4, "place for the graph")
        text = self._name(name, length)
        self.memory.check(config, config_length, "configuration")
        check_config(config_length)
        data = self.memory.read(config, config_length, "configuration") if config_length else None
        self.memory.write_u32(out, self._named(text, data))
        return 0

    def unload(self, graph: int) -> int:
        """``unload``: end the graph; its contexts keep their outputs."""
        entry = self.graphs.take(graph)
        if entry.name is not None and self._by_name.get(entry.name) == graph:
            del self._by_name[entry.name]
        entry.lease.unload()
        return 0

    # -- contexts ------------------------------------------------------------------------------

    def init_execution_context(self, graph: int, out: int) -> int:
        """``init_execution_context``: a new context on a graph."""
        self.memory.check(out, 4, "place for the context")
        entry = self.graphs[graph]
        self.contexts.room()
        context = self._host.create_context(entry.lease)
        is_text = entry.is_language_model
        echo = is_text and bool(entry.lease.config.values.get("stream-stdout"))
        number = self.contexts.add(ContextEntry(context, entry.lease, is_text, echo))
        self.memory.write_u32(out, number)
        return 0

    def set_input(self, handle: int, index: int, record: int) -> int:
        """``set_input``: the context copies the tensor out of guest memory, once."""
        memory = self.memory
        dims_at, rank, kind_word, data_at, length = memory.u32s(record, 5, "tensor")
        if rank > _MAX_RANK:
            raise InvalidArgument(f"The tensor has {rank} dimensions; the most is {_MAX_RANK}.")
        dims = memory.u32s(dims_at, rank, "dimensions of the tensor")
        memory.check(data_at, length, "data of the tensor")
        entry = self.contexts[handle]
        kind = read_tensor_type(self.dialect, kind_word & 0xFF, dims, length, is_text=entry.is_text)
        if not entry.is_text:
            kind = stand_in(kind, entry.lease.info.inputs, index)
        else:
            dims = (length,)
            if index == METADATA:
                check_config(length)
        view = memory.view(data_at, length, "data of the tensor")
        try:
            entry.context.set_input(index, Tensor(dims, kind, view))
            if entry.is_text and index == METADATA:
                entry.echo = echo_after(entry.lease, view, entry.echo)
        finally:
            view.release()
        self.nbytes = length
        return 0

    def compute(self, handle: int) -> int:
        """``compute``: run to the end."""
        entry = self.contexts[handle]
        if not entry.echo:
            entry.context.compute()
            return 0
        self._host.echo(entry.context, on=True)
        try:
            entry.context.compute()
        finally:
            self._host.echo(entry.context, on=False)
        return 0

    def compute_single(self, handle: int) -> int:
        """``compute_single``: one step."""
        self.contexts[handle].context.compute_single()
        return 0

    def fini_single(self, handle: int) -> int:
        """``fini_single``: end a sequence of steps."""
        self.contexts[handle].context.fini_single()
        return 0

    def get_output(self, handle: int, index: int, buffer: int, size: int, written: int) -> int:
        """``get_output``: an output of the last whole computation."""
        self.memory.check(written, 4, "place for the size")
        self.memory.check(buffer, size, "output buffer")
        entry = self.contexts[handle]
        data = entry.context.get_output(index)
        self._deliver(entry, index, data, buffer, size, written)
        self._host.output_read(entry.context, index, data)
        return 0

    def get_output_single(
        self, handle: int, index: int, buffer: int, size: int, written: int
    ) -> int:
        """``get_output_single``: the raw bytes of the last step."""
        memory = self.memory
        if written + 4 > memory.size or buffer + size > memory.size:
            memory.check(written, 4, "place for the size")
            memory.check(buffer, size, "output buffer")
        entry = self.contexts[handle]
        data = entry.context.get_output_single(index)
        if type(data) is bytes and len(data) <= size:
            self.nbytes = memory.store(buffer, data, written)
        else:
            self._deliver(entry, index, data, buffer, size, written)
        if index == METADATA:
            self._host.output_read(entry.context, index, data)
        return 0

    def finalize_execution_context(self, handle: int) -> int:
        """``finalize_execution_context``: close the context."""
        entry = self.contexts.take(handle)
        entry.lease.drop_context(entry.context)
        return 0

    # -- pieces --------------------------------------------------------------------------------

    def _name(self, pointer: int, length: int) -> str:
        self.memory.check(pointer, length, "name")
        if length > _MAX_NAME:
            raise InvalidArgument(
                f"The name of a model has {length} bytes; the most is {_MAX_NAME}."
            )
        try:
            return self.memory.read(pointer, length, "name").decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidArgument("The name of a model is not valid UTF-8.") from None

    def _named(self, name: str, config: bytes | None) -> int:
        shared = self.dialect.shared_names
        if shared and (known := self._by_name.get(name)) is not None:
            return known
        self.graphs.room()
        lease = self._host.acquire(name, config)
        number = self.graphs.add(GraphEntry(lease, name))
        if shared:
            self._by_name[name] = number
        return number

    def _deliver(
        self, entry: ContextEntry, index: int, data: Buffer, buffer: int, size: int, written: int
    ) -> None:
        if not isinstance(data, bytes):
            data = memoryview(data).cast("B")
        needed = len(data)
        if needed > size:
            room = self._room(entry, index, buffer, size)
            if not room:
                if self.dialect.report_size:
                    self.memory.write_u32(written, min(needed, _LARGEST_SIZE))
                raise TooLarge(
                    f"Output {index} has {needed} bytes; the guest's buffer has {size}.",
                    needed=needed,
                )
            data = data[:room]
        self.nbytes = self.memory.store(buffer, data, written)
        if needed > size > 0:
            self.memory.write_u32(written, needed)

    def _room(self, entry: ContextEntry, index: int, buffer: int, size: int) -> int:
        """How much of an output that does not fit may be written; 0 to refuse."""
        if not self.dialect.cut_text or entry.context.output_tensor(index) is not None:
            return 0
        if size:
            return size
        if not (self.dialect.llamaedge and entry.is_text and buffer >= _REAL_POINTER):
            return 0
        try:
            self.memory.check(buffer, _LLAMAEDGE_CAPACITY, "LlamaEdge buffer")
        except OutOfBounds:
            return 0
        return _LLAMAEDGE_CAPACITY
