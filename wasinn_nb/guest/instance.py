"""A guest in its store: linked, entered, and closed in the right order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wasinn_nb.abi.core import linker as core_linker
from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.functions import MODULE as NN_MODULE
from wasinn_nb.abi.core.session import Session
from wasinn_nb.guest import native
from wasinn_nb.guest.errors import GuestExit, GuestLinkError
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.stdio import Pipes
from wasinn_nb.guest.stored import Stored
from wasinn_nb.guest.wasi import WasiShadow
from wasinn_nb.guest.words import few

# the host's own memory pays for tables; the largest programs have some ten thousand functions
_TABLES, _TABLE_ELEMENTS = 16, 1_000_000
_MOST_NAMES, _LONGEST_NAME = 12, 60
# an exit code has eight bits wherever programs are run
_CODE = 0xFF


class Instance(Stored[Session]):
    """Everything native of one run of a core module."""

    _wasi: WasiShadow | None = None

    def run(
        self,
        name: str,
        options: RunOptions,
        sandbox: Sandbox,
        stdio: Pipes,
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
        check_entry(self._module, options.entry)
        self.link(name, options, sandbox, stdio)
        entered()
        try:
            self._instantiate()
            if options.entry != "_start":
                self._initialize()
            return native.call(self._store, self._instance, options.entry) & _CODE
        except GuestFailure as failure:
            return self._exit_code(failure)

    def begin(self, name: str, options: RunOptions, sandbox: Sandbox, stdio: Pipes) -> None:
        """Instantiate a guest whose exports are to be called, and have it initialize itself.

        Raises:
            GuestLinkError, GuestFailure, Cancelled: as :meth:`run`.
            GuestExit: it ended itself instead.
        """
        self.link(name, options, sandbox, stdio)
        with self._ending():
            self._instantiate()
            self._initialize()

    def call(
        self, function: str, values: Sequence[tuple[str, Any]], results: Sequence[str]
    ) -> tuple[Any, ...]:
        """Call an export of known types; its results.

        Raises:
            GuestFailure: a trap.
            GuestExit: it ended itself instead of returning.
        """
        with self._ending():
            return native.call_with(self._store, self._instance, function, values, results)

    def memory(self, name: str) -> tuple[int, int]:
        """Address and size of an exported memory."""
        return native.memory_at(self._store, self._instance, name)

    def link(self, name: str, options: RunOptions, sandbox: Sandbox, stdio: Pipes) -> None:
        """Everything before the guest's own code."""
        import wasmtime

        self._store = store = wasmtime.Store(self._engine.native)
        memory = -1 if options.memory_limit is None else options.memory_limit << 20
        store.set_limits(
            memory_size=memory, table_elements=_TABLE_ELEMENTS, tables=_TABLES, memories=1
        )
        store.set_wasi(sandbox.wasi(name, stdio))
        self._linker = linker = wasmtime.Linker(self._engine.native)
        linker.define_wasi()
        self._wasi = WasiShadow(self._cancel, sandbox.clock_origin)
        if core_linker.unchecked_works():
            self._kept += self._wasi.define(linker)
        self._kept += core_linker.define(linker, self._session)
        check_imports(self._module, linker, store, options.compat)
        self._watch()

    def memory_size(self) -> int:
        """Bytes of the guest's memory; 0 if it has none or never got that far."""
        if self._instance is None or self._module.exports.get("memory") != "memory":
            return 0
        return native.memory_size(self._store, self._instance)

    def close(self) -> None:
        """Free the guest, after all access to its memory has ended."""
        self._session.close()
        if self._wasi is not None:
            self._wasi.close()
        self._free()

    def _instantiate(self) -> None:
        self._instance = native.instantiate(self._store, self._linker, self._module.native)

    def _initialize(self) -> None:
        if "_initialize" in self._module.exports:
            native.call(self._store, self._instance, "_initialize")

    def _exit_code(self, failure: GuestFailure) -> int:
        """What the guest ended itself with; raises the failure if it did not."""
        code = self._wasi.exit_code if self._wasi else None
        code = failure.exit_code if code is None else code
        if code is None:
            raise failure
        return code & _CODE

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """A guest that ends itself where it should return."""
        try:
            yield
        except GuestFailure as failure:
            raise ended_itself(self._exit_code(failure)) from None


def ended_itself(code: int) -> GuestExit:
    """The error for a guest that exits where it should return."""
    return GuestExit(f"The guest exited with code {code} instead of returning.", code=code)


def check_entry(module: CompiledModule, entry: str) -> None:
    """Raise :class:`GuestLinkError` unless the module exports the entry as a function."""
    if module.exports.get(entry) == "func":
        return
    functions = [n for n, k in module.exports.items() if k == "func" and n != "_initialize"]
    offered = few(functions, most=_MOST_NAMES, longest=_LONGEST_NAME) or "no function at all"
    if entry == "_start":
        raise GuestLinkError(
            "The guest is a library: it has no main program (_start).",
            hint=f"It exports {offered}; call them from Python with .exports, or run one with "
            "entry=NAME.",
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
    listed = few(missing, most=_MOST_NAMES, longest=_LONGEST_NAME)
    raise GuestLinkError(
        f"The guest imports what nobody provides here: {listed}.",
        hint=hint,
        missing=tuple(missing),
    )
