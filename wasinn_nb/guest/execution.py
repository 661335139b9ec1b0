"""The work of one run, from the first thread to the last thing closed."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.linker import new_session
from wasinn_nb.abi.wit.session import Session as WitSession
from wasinn_nb.guest.component import ComponentInstance
from wasinn_nb.guest.conclude import conclude
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.guest import Guest
from wasinn_nb.guest.instance import Instance
from wasinn_nb.guest.models import Models, RunModels
from wasinn_nb.guest.modules import CompiledModule, ModuleCache
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.pump import Pump
from wasinn_nb.guest.run import CALLBACK, INTERRUPT, OUTPUT_LIMIT, TIMEOUT, Run
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.scripts.instance import ScriptInstance
from wasinn_nb.guest.scripts.machines import Machines
from wasinn_nb.guest.stdio import Stdio
from wasinn_nb.nn.errors import Cancelled, WasinnError

_PATIENCE = 5.0
_LARGE = 16 << 20


@dataclass(frozen=True, slots=True)
class Tools:
    """What all runs of a host share."""

    engine: Engine
    modules: ModuleCache
    machines: Machines


class Execution:
    """Runs a guest once, in a thread of its own.

    Args:
        tools, registry: of the host.
        guest, options: what to run and how.
        run: filled in as it goes on.
        on_end: called when everything is closed, before waiters wake up.
    """

    def __init__(
        self,
        tools: Tools,
        registry: Models,
        *,
        guest: Guest,
        options: RunOptions,
        run: Run,
        on_end: Callable[[Run], None],
    ) -> None:
        self._tools = tools
        self._registry = registry
        self._guest = guest
        self._options = options
        self._run = run
        self._on_end = on_end
        self._sandbox = Sandbox(options)
        timeout = options.timeout
        self._stdio = Stdio(
            limit=options.output_limit,
            on_limit=lambda: run.cancel(OUTPUT_LIMIT),
            on_data=self._wake,
            deadline=None if timeout is None else time.monotonic() + timeout,
            on_deadline=lambda: run.cancel(TIMEOUT),
        )
        self._models = RunModels(
            registry,
            aliases=options.models,
            holder=run.name,
            cancel=run.token,
            timeline=run.timeline,
            echo=self._stdio.echo,
            progress=self._progress,
            each_token=options.stream and options.on_token is not None,
        )
        self._memory_size = 0
        self._watchdog: threading.Timer | None = None
        self._withdraw: Callable[[], None] = _nothing
        self._pump = Pump(options, self._stdio, self._models.transcript, self._callback_failed)

    def start(self) -> None:
        """Start the threads; the run's future ends when they have.

        Raises:
            RuntimeError: the system gives no more threads.
        """
        self._run.attach(self._stdio, self._models)
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._work,), name=f"wasinn {self._run.name}", daemon=True
        )
        try:
            self._stdio.start()
            self._pump.start()
            thread.start()
        except BaseException:
            self._stdio.finish()
            self._pump.finish()
            raise
        self._withdraw = self._run.token.on_cancel(self._expect_end)
        if self._run.done:
            self._withdraw()
            self._withdraw = _nothing

    def _work(self) -> None:
        failure: BaseException | None = None
        try:
            with self._registry.capture_logs() as self._run.native_log:
                self._execute()
        except BaseException as error:  # noqa: BLE001 - it becomes the run's error
            failure = error
            if not isinstance(error, (WasinnError, GuestFailure)):
                self._models.broken("the run", error)
        self._end(failure)

    def _execute(self) -> None:
        run = self._run
        run.state = "starting"
        run.token.raise_if_cancelled()
        module = self._tools.modules.get(self._guest.wasm, cancel=run.token)
        instance = self._instance(module)
        try:
            self._sandbox.open(self._giving)
            self._progress("", None)
            run.exit_code = instance.run(
                self._guest.name, self._options, self._sandbox, self._stdio, self._entered
            )
        finally:
            run.timeline.left = time.perf_counter()
            self._memory_size = instance.memory_size()
            self._models.release()
            instance.close()

    def _instance(self, module: CompiledModule) -> Instance | ComponentInstance | ScriptInstance:
        token, tools = self._run.token, self._tools
        if self._guest.is_script:
            return ScriptInstance(tools.machines, module, self._guest, self._models, token)
        dialect = DIALECTS[self._options.compat]
        if module.is_component:
            session_of_it = WitSession(self._models, dialect, packed=module.packed)
            return ComponentInstance(tools.engine, module, session_of_it, token)
        session = new_session(self._models, dialect)
        return Instance(tools.engine, module, session, token)

    def _end(self, failure: BaseException | None) -> None:
        run = self._run
        try:
            self._stdio.finish()
            self._pump.finish()
            try:
                run.outputs, problems = self._sandbox.outputs(self._taking)
            finally:
                self._sandbox.close()
            for problem in problems:
                self._models.warn(problem)
            state, error = conclude(
                run, self._guest, self._options, failure, memory_size=self._memory_size
            )
            if state == "finished" and (failed := run.last_error) and failed.is_mistake:
                self._models.warn(f"A wasi-nn call failed, and the guest went on: {failed}")
        except BaseException as bug:  # noqa: BLE001 - waiters must wake up whatever happens
            self._models.broken("the end of the run", bug)
            state, error = conclude(run, self._guest, self._options, bug)
        run.finish(state, error, self._on_end)
        self._withdraw()
        self._withdraw = _nothing  # what a run holds goes with its last reference
        if self._watchdog is not None:
            self._watchdog.cancel()

    def _expect_end(self) -> None:
        """Told to stop, the run has a few seconds; then its waiters are let go without it."""
        if not self._run.done:
            self._watchdog = threading.Timer(_PATIENCE, self._leave_behind)
            self._watchdog.daemon = True
            with suppress(RuntimeError):  # no thread to be had: the run ends when it ends
                self._watchdog.start()

    def _leave_behind(self) -> None:
        """Native code cannot be reached: say, a read of a named pipe, or ``memory.fill``."""
        if self._run.done:
            return
        cancelled = Cancelled(self._run.token.reason)
        state, error = conclude(self._run, self._guest, self._options, cancelled)
        self._models.warn(
            "The guest is in a system call or fills gigabytes of memory, and did not end; its "
            "thread was left behind, and the models it holds stay in use until it comes back."
        )
        self._run.finish(state, error, self._on_end)

    def _wake(self) -> None:
        self._pump.wake.set()

    def _entered(self) -> None:
        self._run.timeline.entered = time.perf_counter()
        self._run.state = "running"

    def _progress(self, what: str, fraction: float | None) -> None:
        self._run.activity = (what, fraction)

    def _giving(self, name: str, done: int, total: int) -> None:
        self._run.token.raise_if_cancelled()
        if total > _LARGE:
            self._progress(f"giving {name} to the guest", done / total)

    def _taking(self, name: str, done: int, total: int) -> None:
        # what a stopped guest has written is kept; who interrupts does not want to wait for it
        if total > _LARGE and self._run.token.reason == INTERRUPT:
            raise Cancelled(INTERRUPT)
        if total > _LARGE:
            self._progress(f"taking {name} from the guest", done / total)

    def _callback_failed(self, error: BaseException) -> None:
        self._run.callback_failed(error)
        self._run.cancel(CALLBACK)


def _nothing() -> None:
    """What is left to withdraw."""
