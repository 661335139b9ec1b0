"""A guest that is a component, in its store: linked, entered, and closed in the right order.

What it waits for in ``wasi:io/poll`` (a sleep, a read of standard input) is a native call of
wasmtime's, which nothing can interrupt: a run that is stopped there is left behind after some
seconds (:mod:`.execution`), and its thread ends when the wait does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from wasinn_nb.abi.wit.codec import Codec
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest import native_component
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.errors import GuestLinkError
from wasinn_nb.guest.instance import ended_itself
from wasinn_nb.guest.modules import CompiledModule
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.options import RunOptions
from wasinn_nb.guest.outgoing.gate import HANDLER, Gate, define
from wasinn_nb.guest.outgoing.grants import Grants
from wasinn_nb.guest.sandbox import Sandbox
from wasinn_nb.guest.stdio import Pipes
from wasinn_nb.guest.stored import Stored
from wasinn_nb.guest.words import few
from wasinn_nb.nn.cancel import CancelToken

_RUN = "wasi:cli/run@"
_FAILED = 1
# a component is several core modules
_TABLES, _TABLE_ELEMENTS, _MEMORIES, _INSTANCES = 64, 1_000_000, 64, 256
_MOST_NAMES, _LONGEST_NAME = 12, 80
_WASI = tuple(
    f"wasi:{package}/" for package in ("cli", "clocks", "filesystem", "io", "random", "sockets")
)
_HTTP = "wasi:http/"
_RELEASE = re.compile(r".*@0\.2\.\d+")


class ComponentInstance(Stored[Session]):
    """Everything native of one run of a component."""

    def __init__(
        self, engine: Engine, module: CompiledModule, session: Session, cancel: CancelToken
    ) -> None:
        super().__init__(engine, module, session, cancel)
        self._functions: dict[tuple[str | None, str], Any] = {}

    def run(
        self,
        name: str,
        options: RunOptions,
        sandbox: Sandbox,
        stdio: Pipes,
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
        main = _main(self._module)
        self.link(name, options, sandbox, stdio)
        entered()
        try:
            self._instantiate()
            succeeded = native_component.run_main(self._store, self._function(main, "run"))
        except GuestFailure as failure:
            if failure.exit_code is not None:
                return failure.exit_code
            raise
        return 0 if succeeded else _FAILED

    def begin(self, name: str, options: RunOptions, sandbox: Sandbox, stdio: Pipes) -> None:
        """Instantiate a guest whose exports are to be called.

        Raises:
            GuestLinkError, GuestFailure, Cancelled: as :meth:`run`.
            GuestExit: it ended itself instead.
        """
        self.link(name, options, sandbox, stdio)
        with _ending():
            self._instantiate()

    def call(
        self,
        interface: str | None,
        function: str,
        params: Sequence[Codec],
        values: Sequence[Any],
        result: Codec | None,
    ) -> Any:
        """Call an export, of an interface or of the world itself; its result.

        Raises:
            GuestFailure: a trap.
            GuestExit: it ended itself instead of returning.
        """
        with _ending():
            found = self._function(interface, function)
            return native_component.call_component(self._store, found, params, values, result)

    def drop(self, handle: int) -> None:
        """Drop a handle of a resource that the guest has, which runs its destructor.

        Raises:
            GuestFailure: a trap.
            GuestExit: it ended itself instead of returning.
        """
        with _ending():
            native_component.drop_handle(self._store, handle)

    def link(self, name: str, options: RunOptions, sandbox: Sandbox, stdio: Pipes) -> None:
        """Everything before the guest's own code."""
        import wasmtime
        from wasmtime import component

        check_imports(self._module, self._session)
        self._store = store = wasmtime.Store(self._engine.native)
        limit(store, self._session, options.memory_limit)
        store.set_wasi(sandbox.wasi(name, stdio))
        self._linker = linker = component.Linker(self._engine.native)
        linker.add_wasip2()
        if any(wanted.module.startswith(_HTTP) for wanted in self._module.imports):
            linker.add_wasi_http()
            store.set_wasi_http()
            self._restrict_http(options.allow_http)
        self._kept += self._session.define(linker)
        with linker.root() as root:
            for wanted in self._module.imports:
                if wanted.kind == "types" and not _provided(wanted.module, self._session):
                    root.add_instance(wanted.module).close()
        self._watch()

    def memory_size(self) -> int:
        """0: a component's memories are its own."""
        return 0

    def close(self) -> None:
        """Free the guest, and then what its handles stood for."""
        self._functions.clear()
        self._free()
        self._session.close()

    def _restrict_http(self, grants: Grants) -> None:
        names = _sending(self._module)
        if names and not grants.everything:
            gate = Gate(self._engine, self._store, grants, self._session)
            self._kept += define(self._linker, names, gate, self._session)

    def _instantiate(self) -> None:
        component = self._module.native
        self._instance = native_component.instantiate_component(
            self._store, self._linker, component
        )

    def _function(self, interface: str | None, name: str) -> Any:
        function = self._functions.get((interface, name))
        if function is None:
            function = self._functions[interface, name] = native_component.component_function(
                self._store, self._instance, self._module.native, interface, name
            )
        return function


@contextmanager
def _ending() -> Iterator[None]:
    """A guest that ends itself where it should return."""
    try:
        yield
    except GuestFailure as failure:
        if failure.exit_code is None:
            raise
        raise ended_itself(failure.exit_code) from None


def limit(store: Any, session: Session, mebibytes: int | None) -> None:
    """What a component may take: so much in each of its memories, and in tensors of the host's."""
    session.limit_memory(mebibytes)
    store.set_limits(
        memory_size=-1 if mebibytes is None else mebibytes << 20,
        table_elements=_TABLE_ELEMENTS,
        instances=_INSTANCES,
        tables=_TABLES,
        memories=_MEMORIES,
    )


def check_imports(module: CompiledModule, session: Session) -> None:
    """Raise :class:`GuestLinkError` naming every interface that nobody provides."""
    names = [one.module for one in module.imports if one.kind not in ("type", "types")]
    missing = [name for name in names if not _provided(name, session)]
    if missing:
        listed = few(missing, most=_MOST_NAMES, longest=_LONGEST_NAME)
        raise GuestLinkError(
            f"The guest imports what nobody provides here: {listed}.",
            hint=_hint(missing, session),
            missing=tuple(missing),
        )


def _sending(module: CompiledModule) -> list[str]:
    """The interfaces that it sends requests through, by the versions that it imports."""
    return [
        one.module
        for one in module.imports
        if one.module.startswith(HANDLER) and one.kind not in ("type", "types")
    ]


def _provided(name: str, session: Session) -> bool:
    if name.startswith((*_WASI, _HTTP)):
        return _RELEASE.fullmatch(name) is not None
    return name in session.interfaces


def _hint(missing: list[str], session: Session) -> str:
    first = missing[0]
    interface = first.partition("@")[0]
    others = [name for name in sorted(session.interfaces) if name.startswith(f"{interface}@")]
    if first.startswith((*_WASI, _HTTP)):
        return "WASI is there in its releases 0.2."
    if others:
        return f"There is {few(others, most=_MOST_NAMES, longest=_LONGEST_NAME)}."
    if first.startswith("wasi:"):
        return "Of WASI 0.2 there are cli, clocks, filesystem, http, io, random and sockets."
    if ":" not in first:
        return f"Its program imports {first!r} from the world itself; compose it with what has it."
    return "There are WASI 0.2, wasi:nn and wasinn:llm; compose it with a component that has it."


def _main(module: CompiledModule) -> str:
    for name in module.exports:
        if name.startswith(_RUN):
            return name
    offered = few(list(module.exports), most=_MOST_NAMES, longest=_LONGEST_NAME) or "nothing"
    raise GuestLinkError(
        "The guest is a library: it has no main program (wasi:cli/run).",
        hint=f"It exports {offered}; call them from Python with .exports.",
    )
