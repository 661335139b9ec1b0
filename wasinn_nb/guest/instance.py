"""A guest in its store: linked, entered, and closed in the right order."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from wasinn_nb.abi.core import linker as core_linker
from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.functions import MODULE as NN_MODULE
from wasinn_nb.abi.core.session import Session
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestLinkError
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.stdio import Stdio
from wasinn_nb.guest.wasi import WasiShadow
from wasinn_nb.nn.cancel import CancelToken


class GuestFailure(Exception):  # noqa: N818 - internal: what wasmtime said, before it has meaning
    """The call into the guest did not return.

    Attributes:
        text: wasmtime's message.
        exit_code: what wasmtime's own ``proc_exit`` was given, if it was.
    """

    def __init__(self, text: str, exit_code: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.exit_code = exit_code


class Instance:
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
        self._wasi: WasiShadow | None = None
        self._native: Any = None

    def run(
        self,
        name: str,
        options: RunOptions,
        sandbox: Sandbox,
        stdio: Stdio,
        entered: Callable[[], None],
    ) -> int:
        """Instantiate and call the entry; returns the exit code of a guest that ended itself.

        Args:
            name: argv[0].
            options, sandbox, stdio: of the run.
            entered: called right before the guest's own code begins.

        Raises:
            GuestLinkError: an import that nobody provides, or no such entry.
            GuestFailure: a trap.
            Cancelled: before the guest began.
        """
        import wasmtime

        check_entry(self._module, options.entry)
        self._store = store = wasmtime.Store(self._engine.native)
        if options.memory_limit is not None:
            store.set_limits(memory_size=options.memory_limit << 20)
        store.set_wasi(sandbox.wasi(name, stdio))
        self._linker = linker = wasmtime.Linker(self._engine.native)
        linker.define_wasi()
        self._wasi = WasiShadow(self._cancel, sandbox.clock_origin)
        if core_linker.unchecked_works():
            self._kept += self._wasi.define(linker)
        self._kept += core_linker.define(linker, self._session)
        check_imports(self._module, linker, store, options.compat)
        watcher, self._undo = self._engine.watch(store, self._cancel)
        self._kept.append(watcher)
        self._cancel.raise_if_cancelled()
        entered()
        try:
            return self._enter(store, linker, options.entry)
        except GuestFailure as failure:
            if self._wasi.exit_code is not None:
                return self._wasi.exit_code
            if failure.exit_code is not None:
                return failure.exit_code
            raise

    def memory_size(self) -> int:
        """Bytes of the guest's memory; 0 if it has none or never got that far."""
        if self._native is None or self._module.exports.get("memory") != "memory":
            return 0
        from wasmtime import _ffi as ffi

        memory = _export(self._store, self._native, "memory").of.memory
        return int(ffi.wasmtime_memory_data_size(self._store._context(), ctypes.byref(memory)))

    def close(self) -> None:
        """Free the guest. Nothing may call into it or be called from it afterwards."""
        self._undo()
        self._session.close()
        if self._wasi is not None:
            self._wasi.close()
        for native in (self._store, self._linker):
            if native is not None:
                native.close()
        self._store = self._linker = self._native = None
        self._kept.clear()

    def _enter(self, store: Any, linker: Any, entry: str) -> int:
        self._native = instance = _instantiate(store, linker, self._module)
        if entry != "_start" and "_initialize" in self._module.exports:
            _call(store, instance, "_initialize")
        return _call(store, instance, entry)


def check_entry(module: CompiledModule, entry: str) -> None:
    """Raise :class:`GuestLinkError` unless the module exports the entry as a function."""
    if module.exports.get(entry) == "func":
        return
    functions = [n for n, k in module.exports.items() if k == "func" and n != "_initialize"]
    offered = ", ".join(functions[:10]) or "no function at all"
    if entry == "_start":
        raise GuestLinkError(
            "The guest is a library: it has no main program (_start).",
            hint=f"It exports {offered}; run one of them with entry=NAME.",
        )
    raise GuestLinkError(f"The guest exports no function {entry!r}.", hint=f"It exports {offered}.")


def check_imports(module: CompiledModule, linker: Any, store: Any, compat: str) -> None:
    """Raise :class:`GuestLinkError` naming every import that the linker has no definition for."""
    import wasmtime

    uses_nn = any(wanted.module == NN_MODULE for wanted in module.imports)
    if uses_nn and module.memory_problem:
        raise GuestLinkError(f"The guest uses wasi-nn with {module.memory_problem}.")
    missing = []
    for wanted in module.imports:
        try:
            linker.get(store, wanted.module, wanted.name)
        except wasmtime.WasmtimeError:
            missing.append(f"{wanted.module}.{wanted.name}")
    if not missing:
        return
    hint = ""
    if any(name.startswith(f"{NN_MODULE}.") for name in missing) and DIALECTS[compat].functions:
        hint = f"The dialect {compat} has the official functions only; try --compat auto."
    raise GuestLinkError(
        f"The guest imports what nobody provides here: {', '.join(missing)}.",
        hint=hint,
        missing=tuple(missing),
    )


def _instantiate(store: Any, linker: Any, module: CompiledModule) -> Any:
    from wasmtime import _ffi as ffi

    instance = ffi.wasmtime_instance_t()
    trap = ctypes.POINTER(ffi.wasm_trap_t)()
    error = ffi.wasmtime_linker_instantiate(
        linker.ptr(),
        store._context(),
        module.native.ptr(),
        ctypes.byref(instance),
        ctypes.byref(trap),
    )
    _raise_failure(error, trap)
    return instance


def _call(store: Any, instance: Any, name: str) -> int:
    """Call an export without parameters; its i32 result, or 0."""
    import wasmtime
    from wasmtime import _ffi as ffi

    export = _export(store, instance, name)
    function = wasmtime.Func._from_raw(export.of.func)
    kind = function.type(store)
    if kind.params or [str(r) for r in kind.results] not in ([], ["i32"]):
        raise GuestLinkError(f"The guest's {name} takes parameters; an entry takes none.")
    results = (ffi.wasmtime_val_t * 1)()
    trap = ctypes.POINTER(ffi.wasm_trap_t)()
    # not Func.__call__, which would raise another thread's last exception
    error = ffi.wasmtime_func_call(
        store._context(),
        ctypes.byref(export.of.func),
        None,
        0,
        results,
        len(kind.results),
        ctypes.byref(trap),
    )
    _raise_failure(error, trap)
    return results[0].of.i32 & 0xFFFF_FFFF if kind.results else 0


def _export(store: Any, instance: Any, name: str) -> Any:
    from wasmtime import _ffi as ffi

    export = ffi.wasmtime_extern_t()
    text = name.encode()
    ffi.wasmtime_instance_export_get(
        store._context(), ctypes.byref(instance), text, len(text), ctypes.byref(export)
    )
    return export


def _raise_failure(error: Any, trap: Any) -> None:
    import wasmtime

    if error:
        failure = wasmtime.WasmtimeError._from_ptr(error)
        raise GuestFailure(str(failure), getattr(failure, "code", None))
    if trap:
        raise GuestFailure(wasmtime.Trap._from_ptr(trap).message)
