"""One component's side of the ABI: what is defined for it, and what becomes of an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wasinn_nb.abi.core.dialect import AUTO, Dialect
from wasinn_nb.abi.core.errno import ERRNO
from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.core.host import NNHost
from wasinn_nb.abi.wit import core
from wasinn_nb.abi.wit.linker import Calls, Interface, define
from wasinn_nb.abi.wit.llm import LLM
from wasinn_nb.abi.wit.nn import NN, SNAPSHOTS
from wasinn_nb.abi.wit.resources import Crossing
from wasinn_nb.nn.errors import (
    Cancelled,
    EndOfSequence,
    ErrorCode,
    NNError,
    RuntimeFailure,
    WasinnError,
)

if TYPE_CHECKING:
    from wasmtime import component


class Session(Calls):
    """Everything the ABI keeps for one run of a component.

    Args:
        host: the run.
        dialect: what numbers of the core ABI mean, for components that were core modules.
        packed: whether it gives and takes the bytes of ``wasi:nn`` packed (:mod:`.planes`).

    Attributes:
        stopped_by: the error that made a host function trap, for the end of the run.
    """

    def __init__(self, host: NNHost, dialect: Dialect = AUTO, *, packed: bool = False) -> None:
        super().__init__(Crossing())
        self.stopped_by: WasinnError | None = None
        self._host = host
        calls = host.calls
        self._record, self._length = calls.record, calls.length
        self._limit, self._fold = calls.limit, calls.fold
        self._nn = NN(host, self.crossing, packed=packed)
        self._llm = LLM(host, self.crossing)
        self._interfaces = {
            name: interface
            for snapshot in SNAPSHOTS
            for name, interface in self._nn.interfaces(snapshot).items()
        }
        self._interfaces |= self._llm.interfaces()
        self._interfaces[core.NAME] = core.Core(self._nn, host, self.crossing, dialect).interface()

    @property
    def interfaces(self) -> Mapping[str, Interface]:
        """What can be imported, by full names."""
        return self._interfaces

    def limit_memory(self, mebibytes: int | None) -> None:
        """How much the tensors that it holds may take; any amount if None."""
        self._nn.tensors.most_nbytes = None if mebibytes is None else mebibytes << 20

    def define(self, linker: component.Linker) -> list[Any]:
        """Define everything; returns what must be kept for as long as the guest may call."""
        return define(linker, self._interfaces, self)

    def judged(self, name: str, error: BaseException, *, fallible: bool) -> WasinnError:
        """What the guest is told of; raises what ends it."""
        if isinstance(error, (Cancelled, MustTrap)):
            self.stopped_by = error
            raise error
        if not isinstance(error, WasinnError):
            self._host.broken(name, error)
            error = RuntimeFailure("The host met an internal error.")
        elif not isinstance(error, EndOfSequence):
            code = error.code if isinstance(error, NNError) else ErrorCode.RUNTIME_ERROR
            self._host.failed(name, ERRNO[code], error)
        if not fallible:
            self.stopped_by = error
            raise error
        return error

    def recorded(self, name: str, start: float, end: float) -> None:
        """Put a call on the timeline."""
        self._record((name, start, end, self.crossing.nbytes))
        if self._length() >= self._limit:
            self._fold()

    def warn(self, message: str) -> None:
        """Tell the person at the notebook something that is no error."""
        self._host.warn(message)

    def broken(self, name: str, error: BaseException) -> None:
        """A handle that the guest dropped could not be ended."""
        self._host.broken(name, error)

    def end_run(self) -> None:
        """The run is over, and the guest is kept for another."""
        for table in (*self._llm.tables, *self._nn.tables):
            table.end(lambda error: self._host.broken("the end of the run", error))

    def close(self) -> None:
        """End everything the guest held."""
        for table in (*self._llm.tables, *self._nn.tables):
            table.clear(lambda error: self._host.broken("the end of the run", error))
