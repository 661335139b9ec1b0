"""One component's side of the ABI: what is defined for it, and what becomes of an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasmtime import component

from wasinn_nb.abi.core.errno import ERRNO
from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.core.host import NNHost
from wasinn_nb.abi.wit.linker import Calls, Interface, define
from wasinn_nb.abi.wit.nn import NN, SNAPSHOTS
from wasinn_nb.abi.wit.resources import Crossing
from wasinn_nb.nn.errors import Cancelled, ErrorCode, NNError, RuntimeFailure, WasinnError


class Session(Calls):
    """Everything the ABI keeps for one run of a component.

    Args:
        host: the run.

    Attributes:
        stopped_by: the error that made a host function trap, for the end of the run.
    """

    def __init__(self, host: NNHost) -> None:
        super().__init__(Crossing())
        self.stopped_by: WasinnError | None = None
        self._host = host
        self._nn = NN(host, self.crossing)
        self._interfaces = {
            name: interface
            for snapshot in SNAPSHOTS
            for name, interface in self._nn.interfaces(snapshot).items()
        }

    @property
    def interfaces(self) -> Mapping[str, Interface]:
        """What can be imported, by full names."""
        return self._interfaces

    def define(self, linker: component.Linker) -> list[Any]:
        """Define everything; returns what must be kept for as long as the guest may call."""
        return define(linker, self._interfaces, self)

    def failed(self, name: str, error: BaseException) -> Any:
        """An error resource; what ends the guest is raised again."""
        if isinstance(error, (Cancelled, MustTrap)):
            self.stopped_by = error
            raise error
        if not isinstance(error, WasinnError):
            self._host.broken(name, error)
            error = RuntimeFailure("The host met an internal error.")
        code = error.code if isinstance(error, NNError) else ErrorCode.RUNTIME_ERROR
        self._host.failed(name, ERRNO[code], error)
        return self._nn.failure(error)

    def recorded(self, name: str, start: float, end: float) -> None:
        """Put a call on the timeline."""
        calls = self._host.calls
        calls.record((name, start, end, 0))
        if calls.length() >= calls.limit:
            calls.fold()

    def close(self) -> None:
        """End everything the guest held."""
        self._nn.close()
