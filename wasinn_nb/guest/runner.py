"""Runs guests: one engine, one cache of compiled modules, one registry of models."""

from __future__ import annotations

import hashlib
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import BuiltModule, Diagnostic, Source
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestError, GuestInvalid
from wasinn_nb.guest.execution import Execution, Tools
from wasinn_nb.guest.exports.showing import Plain, Presenter
from wasinn_nb.guest.guest import Guest
from wasinn_nb.guest.languages import brackets
from wasinn_nb.guest.models import Models
from wasinn_nb.guest.modules import Artifacts, ModuleCache, checked_kind
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.options import RunOptions, default_memory_limit
from wasinn_nb.guest.run import Run
from wasinn_nb.guest.scripts.instance import cell_of
from wasinn_nb.guest.scripts.machines import Machines
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.events import EventBus, EventKind

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.calls import Caller


class Runner:
    """What makes and runs guests in one host. Thread-safe.

    Args:
        registry: the models that guests may load.
        bus: told when runs start and end.
        artifacts: keeps compiled code between processes.
        presenter: shows what calls of exports print and generate.

    Attributes:
        modules: the compiled modules.
        machines: what scripts have defined, by their names.
    """

    def __init__(
        self,
        registry: Models,
        *,
        bus: EventBus | None = None,
        artifacts: Artifacts | None = None,
        presenter: Presenter = Plain,
    ) -> None:
        self._registry = registry
        self._bus = bus
        self._engine = Engine()
        self._lock = threading.Lock()
        self._numbers: dict[str, itertools.count[int]] = {}
        self._active: dict[str, Run] = {}
        self._callers: weakref.WeakSet[Caller] = weakref.WeakSet()
        self.presenter = presenter
        self.modules = ModuleCache(self._engine, artifacts)
        self.machines = Machines(self._engine)

    @property
    def active(self) -> list[Run]:
        """The runs that have not ended, oldest first."""
        with self._lock:
            return list(self._active.values())

    def guest(
        self,
        wasm: bytes | str | Path | BuiltModule,
        *,
        name: str | None = None,
        source: Source | None = None,
    ) -> Guest:
        """A guest from a built module, a binary, or the path of one.

        Raises:
            GuestInvalid: neither a module nor a component.
            OSError: the file cannot be read.
        """
        if isinstance(wasm, BuiltModule):
            checked_kind(wasm.wasm)
            label = name or wasm.label
            return Guest(self, wasm.wasm, name=label, key=wasm.key, built=wasm, source=source)
        if isinstance(wasm, (str, Path)):
            path = Path(wasm).expanduser()
            try:
                wasm = path.read_bytes()
            except OSError as error:
                raise GuestInvalid(
                    f"The guest {str(path)!r} cannot be read: {error.strerror}.",
                    hint="" if path.is_absolute() else f"The current directory is {Path.cwd()}.",
                ) from error
            name = name or path.name
        checked_kind(wasm)
        key = hashlib.sha256(wasm).hexdigest()
        return Guest(self, bytes(wasm), name=name or "guest.wasm", key=key, source=source)

    def check(
        self,
        guest: Guest,
        *,
        cancel: CancelToken | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> None:
        """Raise :class:`BuildError` if a script cannot be run at all; nothing of it is run.

        Args:
            guest: the script.
            cancel: ends the wait for its language's compiler.
            on_wait: called while that compiles, with the seconds since the start.

        Raises:
            Cancelled: through ``cancel``.
        """
        options = RunOptions(memory_limit=default_memory_limit())
        cancel = cancel or CancelToken()
        module = self.modules.get(guest.wasm, cancel=cancel, on_wait=on_wait)
        machine = self.machines.take_to_check(module, options)
        try:
            found = machine.check(cell_of(guest, options), cancel)
        except GuestFailure:
            cancel.raise_if_cancelled()
            return  # whoever runs it will meet it again, and tell it better
        finally:
            self.machines.checked(machine)
        if found is None:
            return
        line, column = found.line or None, found.column or None
        text = guest.source.line(found.line) if guest.source and found.line else None
        mark = Diagnostic("error", found.message, line, column, text)
        if guest.source:
            mark = brackets.with_note(mark, guest.source)
        raise BuildError([mark], log=found.message, label=guest.label, language=guest.language)

    def start(self, guest: Guest, options: RunOptions) -> Run:
        """Start a run; see :meth:`Guest.start`.

        Raises:
            GuestError: the system has no more threads or files for one.
            InvalidArgument: an option that means nothing to this guest.
        """
        guest.check(options)
        for name in (options.models or {}).values():
            self._registry.describe(name)  # a mistyped name is told now, not by the guest's errno
        run = Run(self._numbered(guest.name), check=options.check)
        try:
            self._start(run, guest, options)
        except (OSError, RuntimeError) as error:
            raise GuestError(
                f"The run could not be started: {error}.",
                hint=f"{len(self.active)} other runs are going on.",
            ) from error
        return run

    def _start(self, run: Run, guest: Guest, options: RunOptions) -> None:
        if options.memory_limit is None:
            options = replace(options, memory_limit=default_memory_limit())
        execution = Execution(
            Tools(self._engine, self.modules, self.machines),
            self._registry,
            guest=guest,
            options=options,
            run=run,
            on_end=partial(self._ended, guest),
        )
        self._started(guest, run)
        try:
            execution.start()
        except BaseException:
            self._ended(guest, run)
            raise

    # -- calls of exports: wasinn_nb.guest.exports.calls.CallHost ------------------------------

    @property
    def engine(self) -> Engine:
        """What guests are compiled for."""
        return self._engine

    @property
    def registry(self) -> Models:
        """The models that guests may load."""
        return self._registry

    def add_caller(self, caller: Caller) -> None:
        """Somebody who calls exports of a guest, and may keep an instance of it."""
        self._callers.add(caller)

    def call_started(self, guest: Guest, function: str) -> Run:
        """A call of an export begins: its run."""
        run = Run(self._numbered(f"{guest.name}.{function}"))
        self._started(guest, run)
        return run

    def call_ended(self, guest: Guest, run: Run) -> None:
        """It is over."""
        self._ended(guest, run)

    def end_instances(self, why: str) -> None:
        """End every instance that calls of exports have left."""
        for caller in list(self._callers):
            caller.end(why)

    def cancel(self, names: Iterable[str], reason: str = "stop") -> list[Run]:
        """Stop the runs of these names; returns those that were going on. Does not wait."""
        wanted = set(names)
        runs = [run for run in self.active if run.name in wanted]
        for run in runs:
            run.cancel(reason)
        for caller in list(self._callers):
            if caller.name in wanted:
                caller.stop(reason)
        return runs

    def cancel_all(self, reason: str = "stop") -> list[Run]:
        """Stop every run; returns those that were going on."""
        runs = self.active
        for run in runs:
            run.cancel(reason)
        return runs

    def close(self) -> None:
        """Free what is native; no run can be started afterwards."""
        self.end_instances("the host was closed")
        self.machines.close()
        self.modules.clear()
        self._engine.close()

    def _numbered(self, name: str) -> str:
        with self._lock:
            return f"{name} #{next(self._numbers.setdefault(name, itertools.count(1)))}"

    def _started(self, guest: Guest, run: Run) -> None:
        with self._lock:
            self._active[run.name] = run
        if self._bus is not None:
            self._bus.publish(EventKind.RUN_STARTED, run.name, guest=guest.name)

    def _ended(self, guest: Guest, run: Run) -> None:
        with self._lock:
            self._active.pop(run.name, None)
        if self._bus is not None:
            self._bus.publish(
                EventKind.RUN_ENDED,
                run.name,
                state=run.state,
                duration=run.duration,
                tokens=run.tokens,
            )
        guest.ended(run)
