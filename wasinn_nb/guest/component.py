"""A guest that is a component, in its store: linked, entered, and closed in the right order."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestLinkError
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.native import GuestFailure, raise_failure
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.stdio import Stdio
from wasinn_nb.guest.words import few
from wasinn_nb.nn.cancel import CancelToken

_RUN = "wasi:cli/run@"
_FAILED = 1
# a component is several core modules
_TABLES, _TABLE_ELEMENTS, _MEMORIES, _INSTANCES = 64, 1_000_000, 64, 256
_MOST_NAMES, _LONGEST_NAME = 12, 80
_OURS = ("wasi:nn/", "wasinn:")


class ComponentInstance:
    """Everything native of one run."""

    def __init__(
        self, engine: Engine, module: CompiledModule, session: Session, cancel: CancelToken
    ) -> None:
        self._engine = engine
        self._module = module
        self._session = session
        self._cancel = cancel
        self._kept: list[Any] = []
        self._store: Any = None
        self._linker: Any = None
        self._undo: Callable[[], None] = lambda: None

    def run(
        self,
        name: str,
        options: RunOptions,
        sandbox: Sandbox,
        stdio: Stdio,
        entered: Callable[[], None],
    ) -> int:
        """Instantiate and call ``wasi:cli/run``; returns the exit code of a guest that ended.

        Args:
            name: argv[0].
            options, sandbox, stdio: of the run.
            entered: called right before the guest's own code begins.

        Raises:
            GuestLinkError: an import that nobody provides, or nothing to run.
            GuestFailure: a trap.
            Cancelled: before the guest began.
        """
        import wasmtime
        from wasmtime import component

        main = _main(self._module)
        check_imports(self._module, self._session)
        self._store = store = wasmtime.Store(self._engine.native)
        memory = -1 if options.memory_limit is None else options.memory_limit << 20
        store.set_limits(
            memory_size=memory,
            table_elements=_TABLE_ELEMENTS,
            instances=_INSTANCES,
            tables=_TABLES,
            memories=_MEMORIES,
        )
        store.set_wasi(sandbox.wasi(name, stdio))
        self._linker = linker = component.Linker(self._engine.native)
        linker.add_wasip2()
        self._kept += self._session.define(linker)
        watcher, self._undo = self._engine.watch(store, self._cancel)
        self._kept.append(watcher)
        self._cancel.raise_if_cancelled()
        entered()
        try:
            return _enter(store, linker, self._module.native, main)
        except GuestFailure as failure:
            if failure.exit_code is not None:
                return failure.exit_code
            raise

    def memory_size(self) -> int:
        """0: a component's memories are its own."""
        return 0

    def close(self) -> None:
        """Free the guest. Nothing may call into it or be called from it afterwards."""
        self._undo()
        for owned in (self._store, self._linker):
            if owned is not None:
                owned.close()
        self._session.close()
        self._store = self._linker = None
        self._kept.clear()


def check_imports(module: CompiledModule, session: Session) -> None:
    """Raise :class:`GuestLinkError` naming every interface of ours that nobody provides.

    WASI's own are matched by wasmtime, which knows which versions fit.
    """
    missing = [
        wanted.module
        for wanted in module.imports
        if wanted.module.startswith(_OURS) and wanted.module not in session.interfaces
    ]
    missing += [w.module for w in module.imports if not w.module.startswith(("wasi:", "wasinn:"))]
    if not missing:
        return
    listed = few(missing, most=_MOST_NAMES, longest=_LONGEST_NAME)
    there = few(sorted(session.interfaces), most=_MOST_NAMES, longest=_LONGEST_NAME)
    raise GuestLinkError(
        f"The guest imports what nobody provides here: {listed}.",
        hint=f"There are WASI 0.2 and {there}.",
        missing=tuple(missing),
    )


def _main(module: CompiledModule) -> str:
    for name in module.exports:
        if name.startswith(_RUN):
            return name
    offered = few(list(module.exports), most=_MOST_NAMES, longest=_LONGEST_NAME) or "nothing"
    raise GuestLinkError(
        "The guest is a library: it has no main program (wasi:cli/run).",
        hint=f"It exports {offered}.",
    )


def _enter(store: Any, linker: Any, native: Any, main: str) -> int:
    from wasmtime import _ffi as ffi

    instance = ffi.wasmtime_component_instance_t()
    raise_failure(
        ffi.wasmtime_component_linker_instantiate(
            linker.ptr(),
            store._context(),  # noqa: SLF001 - the package has no public way to its pointers
            native.ptr(),
            ctypes.byref(instance),
        )
    )
    outer = native.get_export_index(main)
    inner = native.get_export_index("run", outer)
    function = ffi.wasmtime_component_func_t()
    ffi.wasmtime_component_instance_get_func(
        ctypes.byref(instance),
        store._context(),  # noqa: SLF001
        inner.ptr(),
        ctypes.byref(function),
    )
    result = ffi.wasmtime_component_val_t()
    raise_failure(
        ffi.wasmtime_component_func_call(
            ctypes.byref(function),
            store._context(),  # noqa: SLF001
            None,
            0,
            ctypes.byref(result),
            1,
        )
    )
    failed = not result.of.result.is_ok
    ffi.wasmtime_component_val_delete(ctypes.byref(result))
    return _FAILED if failed else 0
