"""Calls of what a guest exports: each is a run of its own, in an instance that stays."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from wasinn_nb.guest.conclude import conclude
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestError, GuestExit
from wasinn_nb.guest.exports.live import Live
from wasinn_nb.guest.exports.output import CallOutput
from wasinn_nb.guest.exports.showing import Presenter, Showing
from wasinn_nb.guest.models import Models
from wasinn_nb.guest.modules import ModuleCache
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.options import RunOptions, default_memory_limit
from wasinn_nb.guest.run import CALLBACK, INTERRUPT, OUTPUT_LIMIT, TIMEOUT, Run
from wasinn_nb.nn.errors import Cancelled, InvalidArgument, WasinnError
from wasinn_nb.nn.table import KEPT

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest

_TICK = 0.1
_PATIENCE = 5.0
_AFRESH = "What its instance kept is gone: the next call starts afresh."
# what an instance is made with; the rest may change from call to call
_OF_INSTANCE = (
    *("args", "env", "models", "dirs", "stdin", "inputs"),
    *("memory_limit", "compat", "allow_http"),
)

Work = Callable[[Live], Any]
"""The call itself, in the thread of the instance."""


class CallHost(Protocol):
    """What a host gives to calls, and is told of them."""

    modules: ModuleCache
    presenter: Presenter

    @property
    def engine(self) -> Engine:
        """What guests are compiled for."""

    @property
    def registry(self) -> Models:
        """The models that they may load."""

    def add_caller(self, caller: Caller) -> None:
        """Somebody who calls, and may keep an instance."""

    def call_started(self, guest: Guest, name: str) -> Run:
        """A call begins: its run."""

    def call_ended(self, guest: Guest, run: Run) -> None:
        """It is over."""


class Caller:
    """Calls a guest, one call at a time, in one instance for as long as that lives.

    Args:
        guest: whose exports are called.
        host: where.

    Attributes:
        options: what the instance may see and take.
        last: the run of the last call.
    """

    def __init__(self, guest: Guest, host: CallHost) -> None:
        self.options = RunOptions()
        self.last: Run | None = None
        self._guest = guest
        self._host = host
        self._live: Live | None = None
        self._release: Callable[[], object] = _nothing
        self._present: Run | None = None
        self._lost = ""
        self._turn = threading.Lock()
        self._owner = 0

    @property
    def name(self) -> str:
        """Under which its instance holds models."""
        return f"{self._guest.name}{KEPT}"

    @property
    def live(self) -> Live | None:
        """The instance, if there is one."""
        live = self._live
        return live if live is not None and not live.ended else None

    def configure(self, options: RunOptions) -> None:
        """Call with these options from now on; an instance that was made with others ends."""
        if options.outputs:
            raise InvalidArgument("Calls leave nothing in /out; an export returns its values.")
        self._guest.check(options)
        before, self.options = self.options, options
        if any(_differ(getattr(before, name), getattr(options, name)) for name in _OF_INSTANCE):
            self.end("its options were changed")

    def stop(self, reason: str) -> None:
        """End the call that goes on, and the instance. Does not wait for a call."""
        run = self._present
        if self._owner and run is not None and not run.done:
            run.cancel(reason)
        else:
            self.end("a model that it used was unloaded", lost=True)

    def end(self, why: str, *, lost: bool = False, wait: bool = True) -> bool:
        """End the instance; returns whether there was one.

        Args:
            why: in a few words, for who uses what was in it.
            lost: tell at the next call that it starts afresh.
            wait: return when it is freed.
        """
        live, self._live = self._live, None
        if live is None:
            return False
        self._lost = live.ended or why if lost or live.ended else ""
        self._release()
        live.end(why)
        if wait:
            live.wait()
        return True

    def call(self, function: str, work: Work, *, of_guest: bool = True) -> Any:
        """Call; returns what ``work`` does.

        Args:
            function: what is called.
            work: calls it.
            of_guest: it is a function of the guest's, whose run is to be looked at afterwards.

        Raises:
            GuestError: it did not return.
            KeyboardInterrupt: after ending the call, and the instance.
        """
        with self._in_turn(function):
            run = self._present = self._host.call_started(self._guest, function)
            if of_guest:
                self.last = run
            call: Call | None = None
            try:
                call = Call(run, self._instance(), self.options, self._guest, self._host)
                call.wait(work)
            finally:
                if call is None:
                    self._host.call_ended(self._guest, run)
                elif call.lost:
                    self.end(call.lost, lost=True, wait=not call.left)
            return call.value

    def _instance(self) -> Live:
        live = self._live
        if live is not None and not live.ended:
            return live
        self.end("", lost=True)
        options = self.options
        if options.memory_limit is None:
            options = replace(options, memory_limit=default_memory_limit())
        host = self._host
        try:
            live = Live(
                self._guest.wasm,
                self.name,
                options,
                modules=host.modules,
                engine=host.engine,
                registry=host.registry,
            )
        except (OSError, RuntimeError) as error:
            raise GuestError(f"The guest could not be started: {error}.") from error
        if self._lost:
            live.notes.append(f"{self._guest.name} starts afresh: {self._lost}.")
            self._lost = ""
        self._live = live
        finalizer = weakref.finalize(self, live.end, "its guest is gone")
        finalizer.atexit = False
        self._release = finalizer.detach
        return live

    @contextmanager
    def _in_turn(self, function: str) -> Iterator[None]:
        me = threading.get_ident()
        if self._owner == me:
            raise GuestError(
                f"{self._guest.name}.{function} was called by a function that a call of "
                f"{self._guest.name} calls; one call goes on at a time."
            )
        with self._turn:
            self._owner = me
            try:
                yield
            finally:
                self._owner = 0


class Call:
    """One call, as who waits for it sees it.

    Attributes:
        value: what came of it.
        lost: why the instance is gone with it; empty if it is not.
        left: it did not end, and its thread was left behind.
    """

    def __init__(
        self, run: Run, live: Live, options: RunOptions, guest: Guest, host: CallHost
    ) -> None:
        self.value: Any = None
        self.lost = ""
        self.left = False
        self._run = run
        self._live = live
        self._guest = guest
        self._host = host
        self._options = replace(options, memory_limit=live.options.memory_limit)
        self._output = CallOutput()
        self._done = False
        self._failure: BaseException | None = None
        self._memory_size = 0
        self._ends_at = float("inf")
        self._left_at = float("inf")

    def wait(self, work: Work) -> None:
        """Have it done, and show what comes meanwhile; raises what it ended with."""
        run, live, options = self._run, self._live, self._options
        self._output = live.output.begin(options.output_limit)
        live.models.begin(
            run.timeline, self._progress, each=options.stream and options.on_token is not None
        )
        while live.notes:
            live.models.warn(live.notes.pop())
        run.attach(self._output, live.models)
        now = time.monotonic()
        if options.timeout is not None:
            self._ends_at = now + options.timeout
        showing = Showing(run, options, self._host.presenter)
        interrupt: BaseException | None = None
        undo = run.token.on_cancel(self._cancelled)
        if not live.submit(lambda: self._work(work)):
            run.cancel("unload")
            self._failure, self._done = Cancelled("unload"), True
        while not (self._done or time.monotonic() > self._left_at):
            try:
                came = live.output.wait(min(time.monotonic() + _TICK, self._ends_at))
                self._look()
                showing.look(came=came)
            except KeyboardInterrupt as error:
                interrupt = error
                run.cancel(INTERRUPT)
            except BaseException as error:  # noqa: BLE001 - of one of the caller's functions
                interrupt = interrupt or error
                run.cancel(CALLBACK)
        undo()
        try:
            self._end(showing)
        finally:
            if interrupt is not None:
                raise interrupt
        if run.error is not None:
            raise run.error

    def _look(self) -> None:
        if self._live.output.overrun:
            self._run.cancel(OUTPUT_LIMIT)
        if time.monotonic() >= self._ends_at:
            self._ends_at = float("inf")
            self._run.cancel(TIMEOUT)

    def _cancelled(self) -> None:
        """Somebody, in any thread, wants it to end: the instance ends with it."""
        self._left_at = time.monotonic() + _PATIENCE
        self._live.token.cancel(self._run.token.reason)

    def _progress(self, what: str, fraction: float | None) -> None:
        self._run.activity = (what, fraction)

    def _work(self, work: Work) -> None:
        """In the thread of the instance."""
        run, live = self._run, self._live
        try:
            with self._host.registry.capture_logs() as run.native_log:
                run.state = "starting"
                run.token.raise_if_cancelled()
                run.timeline.entered = time.perf_counter()
                run.state = "running"
                self.value = work(live)
                run.exit_code = 0
        except BaseException as error:  # noqa: BLE001 - it becomes the call's error
            self._failure = error
            if not isinstance(error, (WasinnError, GuestFailure)):
                live.models.broken("the call", error)
            if isinstance(error, GuestExit):
                run.exit_code = error.code
            self._memory_size = live.memory_size
        run.timeline.left = time.perf_counter()
        self._done = True
        live.output.ring()

    def _end(self, showing: Showing) -> None:
        run, live = self._run, self._live
        failure = self._failure
        if not self._done:
            failure, self.left = Cancelled(run.token.reason), True
            live.models.warn("The guest is in a system call and did not end; its thread is left.")
        else:
            live.output.wait(0)
        if failure is not None and live.ended:
            run.cancel(live.ended)
        record = live.models.end()
        state, error = conclude(
            run, self._guest, self._options, failure, memory_size=self._memory_size
        )
        if state != "finished" or run.token.cancelled:
            self.lost = _why(run, error)
        if error is not None:
            error.hint = f"{error.hint} {_AFRESH}".lstrip()
        run.attach(self._output, record)
        run.finish(state, error, lambda run: self._host.call_ended(self._guest, run))
        showing.end()


def _differ(one: Any, other: Any) -> bool:
    try:
        return bool(one != other)
    except ValueError:  # arrays, which may be large
        return True


def _why(run: Run, error: GuestError | None) -> str:
    """Why the instance of a call is gone, in a few words."""
    reason = run.token.reason
    if reason:
        return {
            "stop": "its last call was stopped",
            INTERRUPT: "its last call was interrupted",
            TIMEOUT: "its last call took too long",
            "unload": "a model that it used was unloaded",
        }.get(reason, f"its last call was stopped ({reason})")
    if run.trap is not None:
        return f"its last call trapped ({run.trap.kind})"
    if isinstance(error, GuestExit):
        return f"it exited with code {error.code}"
    return "its last call failed"


def _nothing() -> None:
    """There is no instance to release."""
