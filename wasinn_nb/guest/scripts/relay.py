"""The run that a live component works for at the moment."""

from __future__ import annotations

from collections.abc import Sequence

from wasinn_nb.abi.core.host import CallLog, GraphLease, NNHost
from wasinn_nb.guest.models import RunModels
from wasinn_nb.guest.present_log import PresentLog
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.stdio import Stdio
from wasinn_nb.nn.backend import ExecutionContext
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import WasinnError
from wasinn_nb.nn.tensor import Buffer
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding

_LONGEST_SLEEP = 3600.0


class Relay:
    """Passes everything on to the present run: its models, and what else it gives to a cell.

    A component that lives for several runs is linked once; what it is linked with is this.

    Attributes:
        keeps_definitions: for cells of a name, which find what earlier ones have defined.
        reported: the exception that the cell ended with, as its language prints it.
        log: of the run's calls.
    """

    def __init__(self) -> None:
        self.reported = ""
        self.keeps_definitions = False
        self.log = PresentLog()
        self._models: RunModels | None = None
        self._sandbox: Sandbox | None = None
        self._stdio: Stdio | None = None
        self._cancel: CancelToken | None = None

    def attach(
        self, models: RunModels, sandbox: Sandbox, stdio: Stdio, cancel: CancelToken
    ) -> None:
        """From now on everything goes to this run."""
        self.reported = ""
        self._models, self._sandbox = models, sandbox
        self.log.present = models.calls
        self._stdio, self._cancel = stdio, cancel

    def detach(self) -> None:
        """The run has ended, and is to go by itself."""
        self._models = self._sandbox = self._stdio = self._cancel = None
        self.log.present = None

    # -- wasinn:script/host --------------------------------------------------------------------

    def print(self, channel: str, text: str) -> None:
        """Print in the run's name."""
        if self._stdio is not None:
            self._stdio.write(text.encode("utf-8", "replace"), to_error=channel == "error")

    def print_output(self, text: str) -> None:
        """Print to the run's standard output."""
        self.print("output", text)

    def sleep(self, seconds: float) -> None:
        """Wait, until the run is stopped at most; the cell asks."""
        if self._cancel is not None and seconds > 0:
            self._cancel.wait(min(seconds, _LONGEST_SLEEP))

    def stopped(self) -> bool:
        """Whether the run is to end."""
        return self._cancel is not None and self._cancel.cancelled

    def keeps(self) -> bool:
        """Whether another cell will find what this one defines."""
        return self.keeps_definitions

    def report(self, text: str) -> None:
        """The exception that the cell ends with, as its language prints it."""
        self.reported = text

    def stdin(self) -> bytes:
        """All of the run's standard input."""
        return self._sandbox.stdin if self._sandbox is not None else b""

    def input(self, name: str) -> bytes | None:
        """A file of the run's ``/in``."""
        return self._sandbox.read_input(name) if self._sandbox is not None else None

    def output(self, name: str, data: bytes) -> str:
        """A file of the run's ``/out``."""
        if self._sandbox is None:
            return "The run has ended."
        return self._sandbox.write_output(name, data)

    # -- the models: wasinn_nb.abi.core.host.NNHost --------------------------------------------

    @property
    def _run(self) -> NNHost:
        if self._models is None:
            raise RuntimeError("no run goes on")
        return self._models

    @property
    def calls(self) -> CallLog:
        """Where every call is recorded: of the run that goes on when it is."""
        return self.log

    def acquire(self, name: str, config: bytes | None) -> GraphLease:
        """See :class:`NNHost`."""
        return self._run.acquire(name, config)

    def acquire_buffers(
        self,
        parts: Sequence[bytes],
        encoding: GraphEncoding,
        target: ExecutionTarget,
        config: bytes | None,
    ) -> GraphLease:
        """See :class:`NNHost`."""
        return self._run.acquire_buffers(parts, encoding, target, config)

    def create_context(self, lease: GraphLease) -> ExecutionContext:
        """See :class:`NNHost`."""
        return self._run.create_context(lease)

    def echo(self, context: ExecutionContext, on: bool) -> None:  # noqa: FBT001
        """See :class:`NNHost`."""
        self._run.echo(context, on)

    def output_read(self, context: ExecutionContext, index: int, data: Buffer) -> None:
        """See :class:`NNHost`."""
        self._run.output_read(context, index, data)

    def generation_ended(self, context: ExecutionContext, reason: str) -> None:
        """See :class:`NNHost`."""
        self._run.generation_ended(context, reason)

    def warn(self, message: str) -> None:
        """See :class:`NNHost`."""
        self._run.warn(message)

    def failed(self, function: str, errno: int, error: WasinnError) -> None:
        """See :class:`NNHost`."""
        self._run.failed(function, errno, error)

    def broken(self, function: str, error: BaseException) -> None:
        """See :class:`NNHost`."""
        self._run.broken(function, error)
