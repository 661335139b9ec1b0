"""One run's side of the ABI: the functions, and what becomes of an error in them."""

from __future__ import annotations

from wasinn_nb.abi.core.dialect import Dialect
from wasinn_nb.abi.core.errno import ERRNO
from wasinn_nb.abi.core.faults import (
    BadHandle,
    MustTrap,
    OutOfBounds,
    UnknownEncoding,
    UnknownEnum,
)
from wasinn_nb.abi.core.functions import Functions
from wasinn_nb.abi.core.host import NNHost
from wasinn_nb.abi.core.memory import GuestMemory, Locate
from wasinn_nb.nn.errors import Cancelled, EndOfSequence, ErrorCode, NNError, WasinnError

TRAP = -1
"""What :meth:`Session.errno_of` returns when the guest must trap."""

_UNDECODABLE = (OutOfBounds, UnknownEnum, UnknownEncoding)


class Session:
    """Everything the ABI keeps for one run.

    Args:
        host: the run.
        dialect: how to read the ABI where hosts disagree.
        locate: finds the guest's memory.

    Attributes:
        stopped_by: the error that made a host function trap, for the end of the run.
    """

    def __init__(self, host: NNHost, dialect: Dialect, locate: Locate) -> None:
        self.host = host
        self.dialect = dialect
        self.memory = GuestMemory(locate)
        self.functions = Functions(host, self.memory, dialect)
        self.stopped_by: WasinnError | None = None

    def close(self) -> None:
        """End all access to the guest; leases and contexts are their owner's to end.

        What the run keeps is not kept alive from here: native callbacks refer to this for longer.
        """
        self.functions.release()
        vars(self).pop("host", None)

    def errno_of(self, function: str, error: BaseException) -> int:
        """The number that answers a call which raised ``error``, or :data:`TRAP`. Never raises."""
        try:
            return self._errno_of(function, error)
        except BaseException as second:  # noqa: BLE001 - nothing may unwind into wasm
            self.host.broken(function, second)
            return ERRNO[ErrorCode.RUNTIME_ERROR]

    def _errno_of(self, function: str, error: BaseException) -> int:
        if isinstance(error, (Cancelled, MustTrap)):
            self.stopped_by = error
            return TRAP
        if not isinstance(error, WasinnError):
            self.host.broken(function, error)
            return ERRNO[ErrorCode.RUNTIME_ERROR]
        if self.dialect.undecodable_traps and isinstance(error, _UNDECODABLE):
            self.stopped_by = MustTrap(f"{function}: {error}")
            return TRAP
        if isinstance(error, BadHandle):
            errno = self.dialect.dead_handle
        else:
            code = error.code if isinstance(error, NNError) else ErrorCode.RUNTIME_ERROR
            errno = self.dialect.errno[code]
        if not isinstance(error, EndOfSequence):
            self.host.failed(function, errno, error)
        return errno
