"""One execution of a guest: what a caller holds while it runs and afterwards."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from wasinn_nb.guest.errors import GuestError, GuestStopped
from wasinn_nb.guest.models import FailedCall, Told
from wasinn_nb.guest.reader import RunReader
from wasinn_nb.guest.stdio import Printed
from wasinn_nb.guest.tensors import Tensors
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.guest.tokens import RunStream
from wasinn_nb.guest.trap import Trap
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.ending import Ending

State = Literal["pending", "starting", "running", "finished", "failed", "stopped"]

STOP = "stop"
INTERRUPT = "interrupt"
TIMEOUT = "timeout"
OUTPUT_LIMIT = "output limit"
CALLBACK = "callback"


class Run:
    """A run of a guest. Made by :meth:`Guest.start`; thread-safe.

    Attributes:
        name: the guest's name and a number, as "in use by" messages show it.
        state: ``pending``, ``starting`` (compiling, linking), ``running``, then ``finished``
            (exit code 0), ``failed``, or ``stopped``.
        activity: what it is doing that takes time (loading a model), with a fraction if known.
        exit_code: what the guest passed to ``proc_exit``, 0 if it returned, None if it did not
            end itself.
        trap: where it trapped, if it did.
        error: what :meth:`wait` raises, if it ended badly.
        outputs: what it left in ``/out``, by name.
        timeline: every host call, and what the time went to.
    """

    def __init__(self, name: str, *, check: bool = True) -> None:
        self.name = name
        self.state: State = "pending"
        self.activity: tuple[str, float | None] = ("", None)
        self.exit_code: int | None = None
        self.trap: Trap | None = None
        self.error: GuestError | None = None
        self.outputs: dict[str, Any] = {}
        self.timeline = Timeline(time.perf_counter(), name)
        self.token = CancelToken()
        self.native_log: Callable[[], str] = str
        self._check = check
        self._raised: BaseException | None = None
        self._ending = threading.Lock()
        self._end = Ending()
        self._stdio: Printed | None = None
        self._models: Told | None = None

    def __repr__(self) -> str:
        made = f", {self.tokens} tokens" if self.tokens else ""
        made += f", read {self.tensors.short()}" if self.tensors else ""
        code = f", exit code {self.exit_code}" if self.exit_code else ""
        return f"<Run {self.name}: {self.state} after {self.duration:.2f} s{made}{code}>"

    def attach(self, stdio: Printed, models: Told) -> None:
        """Show what is being collected; for whoever executes the run."""
        self._stdio = stdio
        self._models = models

    def callback_failed(self, error: BaseException) -> None:
        """One of the caller's functions raised; :meth:`wait` raises that."""
        self._raised = error

    def finish(self, state: State, error: GuestError | None, on_end: Callable[[Run], None]) -> None:
        """The end, once; for whoever executes the run."""
        with self._ending:
            if self.ended is not None:
                return
            self.timeline.ended = time.perf_counter()
        if error is not None:
            error.run = self
        self.error = error
        self.state = state
        try:
            on_end(self)
        finally:
            self._end.set()

    @property
    def started(self) -> float:
        """When it was started, by ``time.perf_counter()``."""
        return self.timeline.origin

    @property
    def entered(self) -> float | None:
        """When the guest's own code began; None if it did not yet."""
        return self.timeline.entered

    @property
    def ended(self) -> float | None:
        """When it ended; None if it goes on."""
        return self.timeline.ended

    # -- control -------------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether it has ended, and everything it used is closed."""
        return self._end.come

    @property
    def cancelled_reason(self) -> str:
        """Why it was told to stop; empty if it was not."""
        return self.token.reason

    def cancel(self, reason: str = STOP) -> None:
        """Make it end within milliseconds, whatever it is doing. Does not wait."""
        if not self.done:
            self.token.cancel(reason)

    def wait(self, timeout: float | None = None) -> Run:
        """Wait for the end, in short waits that an interrupt ends.

        KeyboardInterrupt stops the run and is raised again. A run that was stopped with the reason
        ``"stop"`` returns normally, so that a notebook's later cells go on.

        Raises:
            GuestError: it ended badly and ``check`` was not turned off.
            TimeoutError: it still runs after ``timeout`` seconds (it goes on).
        """
        try:
            if not self._end.wait(timeout):
                raise TimeoutError(f"{self.name} still runs after {timeout} seconds.")
        except KeyboardInterrupt:
            self.cancel(INTERRUPT)
            self._end.wait()
            raise
        return self._result()

    async def wait_async(self, *, on_cancel: type[BaseException] = KeyboardInterrupt) -> Run:
        """Await the end; the event loop stays free.

        Args:
            on_cancel: raised after a cancelled wait has stopped the run. A kernel turns its
                interrupt into a cancellation of the awaited cell, whose user expects
                KeyboardInterrupt.

        Raises:
            GuestError: as :meth:`wait`.
        """
        try:
            await self._end.wait_async()
        except asyncio.CancelledError:
            self.cancel(INTERRUPT)
            await self._end.wait_async()
            raise on_cancel from None
        return self._result()

    def _result(self) -> Run:
        if self._raised is not None:
            raise self._raised
        if self.error is not None and self._check and not self._stopped_by_user():
            raise self.error
        return self

    def _stopped_by_user(self) -> bool:
        return isinstance(self.error, GuestStopped) and self.error.reason == STOP

    # -- what it printed and read --------------------------------------------------------------

    @property
    def stdout_bytes(self) -> bytes:
        """Standard output so far."""
        return self._stdio.stdout.data if self._stdio else b""

    @property
    def stderr_bytes(self) -> bytes:
        """Standard error so far."""
        return self._stdio.stderr.data if self._stdio else b""

    @property
    def stdout(self) -> str:
        """Standard output so far, as UTF-8."""
        return self.stdout_bytes.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        """Standard error so far, as UTF-8."""
        return self.stderr_bytes.decode("utf-8", "replace")

    def reader(self) -> RunReader | None:
        """A reader of everything it prints and generates; None if it never started."""
        if self._stdio is None or self._models is None:
            return None
        return RunReader(self._stdio, self._models.transcript)

    @property
    def streams(self) -> list[RunStream]:
        """The token stream of every context of a language model, for their figures."""
        return self._models.transcript.active if self._models else []

    @property
    def tokens(self) -> int:
        """Tokens generated, by all contexts."""
        return self._models.transcript.tokens if self._models else 0

    @property
    def text(self) -> str:
        """Text generated so far, by all contexts."""
        return self._models.transcript.text if self._models else ""

    @property
    def tensors(self) -> Tensors:
        """What the guest read with get-output: the last value of each output, by its name."""
        return self._models.tensors if self._models else Tensors({})

    @property
    def metadata(self) -> dict[str, Any]:
        """The figures of a language model that the guest read last."""
        return self._models.metadata if self._models else {}

    @property
    def warnings(self) -> list[str]:
        """What the person at the notebook should know of."""
        return list(self._models.warnings) if self._models else []

    @property
    def last_error(self) -> FailedCall | None:
        """The last wasi-nn call that answered an error, in words."""
        return self._models.last_error if self._models else None

    @property
    def logs(self) -> str:
        """What the model libraries logged, and tracebacks of internal errors if there were any."""
        bugs = self._models.bugs if self._models else []
        return "\n".join(text for text in (self.native_log(), *bugs) if text)

    @property
    def duration(self) -> float:
        """Seconds from start to end, or until now."""
        return (self.ended or time.perf_counter()) - self.started

    def plot(self, axes: Any = None) -> Any:
        """Draw the timeline; see :meth:`Timeline.plot`."""
        return self.timeline.plot(axes)
