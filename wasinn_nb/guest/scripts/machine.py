"""A live component that runs cells, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wasinn_nb.abi.wit import linker as wit_linker
from wasinn_nb.abi.wit import llm
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest import native_component
from wasinn_nb.guest.component import limit
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.options import Directory, RunOptions
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.scripts.folders import Folders
from wasinn_nb.guest.scripts.relay import Relay
from wasinn_nb.guest.scripts.tokens import TOKENS, Tokens
from wasinn_nb.guest.scripts.world import (
    CALLS,
    CELLS,
    FORGETS_CHECKS,
    HOST,
    Case,
    Cell,
    Uncaught,
    interface,
)
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled, WasinnError

# seconds that a cell which was told to end may compute for it, before it is ended
_GRACE = 0.3
_FILES = "wasi:filesystem/preopens@"


class _Session(Session):
    """The models' side; a call that is stopped fails, and the cell then ends itself."""

    def __init__(self, relay: Relay, *, packed: bool) -> None:
        super().__init__(relay, packed=packed)
        self._log = relay.log

    def recorded(self, name: str, start: float, end: float) -> None:
        """See :class:`Session`; of the run that goes on."""
        log = self._log.present
        if log is not None:
            log.record((name, start, end, self.crossing.nbytes))
            if log.length() >= log.limit:
                log.fold()

    def judged(self, name: str, error: BaseException, *, fallible: bool) -> WasinnError:
        """See :class:`Session`."""
        if fallible and isinstance(error, Cancelled):
            return error
        return super().judged(name, error, fallible=fallible)


class Machine:
    """One instance of a language's component, and what its cells have defined so far.

    It works for one run at a time, in whatever thread. A trap, and a stop in the middle of a
    cell, is its end.

    Args:
        engine: what the component was compiled for.
        module: the compiled component.
        options: of the first run: the directories that it may see for all its life.

    Attributes:
        relay: where its calls go.
        folders: its ``/in`` and ``/out``, if it has files.
        forgets_checks: whether checking a cell leaves nothing of it behind.
        alive: whether it can run another cell.
    """

    def __init__(self, engine: Engine, module: CompiledModule, options: RunOptions) -> None:
        import wasmtime
        from wasmtime import component

        exported = next(name for name in CELLS if name in module.exports)
        self.forgets_checks = exported == FORGETS_CHECKS
        self.relay = Relay()
        self.folders: Folders | None = None
        self.alive = True
        self.key = module.key
        self.dirs: tuple[Directory, ...] = options.dirs
        self._engine = engine
        self._session = _Session(self.relay, packed=module.packed)
        self._tokens = Tokens(
            self._session.interfaces[llm.MODELS].resources["token-stream"],
            self._session.crossing,
            self.relay.print_output,
        )
        self._kept: list[Any] = []
        self._functions: dict[str, Any] = {}
        store = wasmtime.Store(engine.native)
        linker = component.Linker(engine.native)
        self._store: Any = store
        self._linker: Any = linker
        try:
            limit(store, self._session, options.memory_limit)
            config = Sandbox(options).bare_wasi()
            if any(wanted.module.startswith(_FILES) for wanted in module.imports):
                self.folders = Folders()
                self.folders.grant(config)
            store.set_wasi(config)
            linker.add_wasip2()
            own = {HOST: interface(self.relay), TOKENS: self._tokens.interface()}
            self._kept = [
                *self._session.define(linker),
                *wit_linker.define(linker, own, self._session),
            ]
            # instantiating runs code of the component
            with self._watched(CancelToken()):
                instance = native_component.instantiate_component(store, linker, module.native)
            self._functions = {
                name: native_component.component_function(
                    store, instance, module.native, exported, name
                )
                for name in CALLS
            }
        except BaseException:
            self.close()
            raise

    def check(self, cell: Cell, cancel: CancelToken) -> Uncaught | None:
        """What keeps the cell from being run at all."""
        problem = self._call("check", cancel, cell.fields())
        return None if problem is None else Uncaught.read(problem)

    def run(self, cell: Cell, cancel: CancelToken) -> Case:
        """Run a cell; returns an ``outcome`` of the WIT."""
        outcome: Case = self._call("run", cancel, cell.fields())
        return outcome

    def step(self, cancel: CancelToken) -> Case:
        """Go on with what a cell has left to be done later."""
        outcome: Case = self._call("step", cancel)
        return outcome

    def limit_memory(self, mebibytes: int | None) -> None:
        """Let it have so much from now on."""
        limit(self._store, self._session, mebibytes)

    def end_run(self) -> None:
        """The run has ended: what it held of the host is freed."""
        self._tokens.end_run()
        self._session.end_run()
        self.relay.detach()

    def close(self) -> None:
        """Free it."""
        self.alive = False
        for owned in (self._store, self._linker):
            if owned is not None:
                owned.close()
        self._session.close()
        self.relay.detach()
        if self.folders is not None:
            self.folders.close()
            self.folders = None
        self._store = self._linker = None
        self._kept = []
        self._functions = {}

    def _call(self, name: str, cancel: CancelToken, *values: Any) -> Any:
        params, result = CALLS[name]
        try:
            with self._watched(cancel):
                function = self._functions[name]
                return native_component.call_component(
                    self._store, function, params, values, result
                )
        except BaseException:
            self.alive = False
            raise

    @contextmanager
    def _watched(self, cancel: CancelToken) -> Iterator[None]:
        watcher, undo = self._engine.watch(self._store, cancel, grace=_GRACE)
        try:
            yield
        finally:
            undo()
            self._watcher = watcher  # the store has it until there is another
