"""Compiled modules: in memory for this process, on disk for all of a user's."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol

from wasinn_nb.guest import octets
from wasinn_nb.guest.build.model import InvalidWasm, kind
from wasinn_nb.guest.engine import Engine, fingerprint
from wasinn_nb.guest.errors import GuestInvalid
from wasinn_nb.nn.cancel import CancelToken

NATIVE = "native"
"""The kind of compiled code in a store."""

_IN_MEMORY = 64
_TICK = 0.02


class Artifacts(Protocol):
    """A store of bytes on disk that verifies what it returns."""

    def get(self, kind: str, key: str) -> bytes | None:
        """The bytes, or None."""

    def put(self, kind: str, key: str, data: bytes) -> bool:
        """Store bytes; False if the disk does not take them."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import: ``kind`` is ``func``, ``memory``, ``table``, ``global`` or ``tag``."""

    module: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class CompiledModule:
    """A module or component as native code. ``exports`` maps names to kinds.

    A component's imports are whole interfaces: of the kind ``instance``, or ``types`` if there is
    nothing in one that anybody has to provide, and without a name. One that is ``packed`` was
    rewritten (:mod:`.octets`): it gives and takes the bytes of ``wasi:nn`` packed.
    """

    native: Any
    key: str
    imports: tuple[Import, ...]
    exports: dict[str, str]
    memory_problem: str = ""
    is_component: bool = False
    packed: bool = False

    @property
    def has_main(self) -> bool:
        """Whether there is a main program to run."""
        if self.is_component:
            return any(name.startswith("wasi:cli/run@") for name in self.exports)
        return self.exports.get("_start") == "func"


class ModuleCache:
    """Compiled modules of one engine. Thread-safe; two who want the same module compile it once.

    Args:
        engine: what they are compiled for.
        artifacts: where compiled code is kept between processes, or None.
    """

    def __init__(self, engine: Engine, artifacts: Artifacts | None = None) -> None:
        self._engine = engine
        self._artifacts = artifacts
        self._lock = threading.Lock()
        self._modules: OrderedDict[str, Future[CompiledModule]] = OrderedDict()

    def get(
        self,
        wasm: bytes,
        *,
        cancel: CancelToken | None = None,
        on_wait: Callable[[float], None] | None = None,
    ) -> CompiledModule:
        """The compiled form of a module.

        Compiling cannot be interrupted, so it runs in a thread of its own: a cancelled caller
        leaves, and the result is there for the next one.

        Args:
            wasm: the module.
            cancel: ends the wait.
            on_wait: called now and then meanwhile, with the seconds since the start.

        Raises:
            GuestInvalid: not a valid module or component.
            Cancelled: while waiting.
        """
        key = digest(wasm)
        with self._lock:
            future = self._modules.get(key)
            if future is not None:
                self._modules.move_to_end(key)
            else:
                future = self._modules[key] = Future()
                try:
                    threading.Thread(
                        target=self._work,
                        args=(future, key, wasm),
                        name="wasinn-compile",
                        daemon=True,
                    ).start()
                except BaseException:
                    del self._modules[key]
                    raise
                while len(self._modules) > _IN_MEMORY:
                    self._modules.popitem(last=False)
        started = time.monotonic()
        while True:
            try:
                return future.result(_TICK if cancel or on_wait else None)
            except TimeoutError:
                if cancel:
                    cancel.raise_if_cancelled()
                if on_wait:
                    on_wait(time.monotonic() - started)

    def holds(self, wasm: bytes) -> bool:
        """Whether the compiled form of a module is in memory."""
        with self._lock:
            future = self._modules.get(digest(wasm))
        return future is not None and future.done()

    def clear(self) -> None:
        """Forget all modules; they are compiled (or read from disk) again when next used."""
        with self._lock:
            self._modules.clear()

    def _work(self, future: Future[CompiledModule], key: str, wasm: bytes) -> None:
        try:
            future.set_result(self._module(key, wasm))
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            with self._lock:
                if self._modules.get(key) is future:
                    del self._modules[key]
            future.set_exception(error)

    def _module(self, key: str, wasm: bytes) -> CompiledModule:
        import wasmtime
        from wasmtime.component import Component

        found = checked_kind(wasm)
        form: Any = Component if found == "component" else wasmtime.Module
        native = self._packed(key, wasm) if found == "component" else None
        packed = native is not None
        if native is None:
            native = self._stored(native_key(key), form)
        if native is None:
            try:
                native = self._compiled(native_key(key), form, wasm)
            except wasmtime.WasmtimeError as error:
                raise GuestInvalid(f"The guest is not a valid {found}: {error}") from None
        if found == "component":
            return _described_component(native, key, self._engine, packed=packed)
        return _described(native, key)

    def _packed(self, key: str, wasm: bytes) -> Any:
        """The code of a component that is rewritten; None if it is compiled as it is."""
        import wasmtime
        from wasmtime.component import Component

        place = packed_key(key)
        native = self._stored(place, Component)
        if native is None and (rewriting := octets.find(wasm)):
            # one that is not valid is told so as it is
            with suppress(wasmtime.WasmtimeError):
                native = self._compiled(place, Component, rewriting.component())
        return native

    def _compiled(self, place: str, form: Any, wasm: bytes) -> Any:
        native = form(self._engine.native, wasm)
        if self._artifacts is not None:
            self._artifacts.put(NATIVE, place, bytes(native.serialize()))
        return native

    def _stored(self, place: str, form: Any) -> Any:
        """The code from disk. The store has verified that the bytes are those once put there."""
        import wasmtime

        code = self._artifacts.get(NATIVE, place) if self._artifacts else None
        if code is None:
            return None
        try:
            return form.deserialize(self._engine.native, code)
        except wasmtime.WasmtimeError:
            return None


def native_key(key: str) -> str:
    """Where the code of a module is kept that has the digest ``key``."""
    return f"{key[:40]}-{fingerprint()}"


def packed_key(key: str) -> str:
    """Where the code is kept of what a component was rewritten to."""
    return f"{native_key(key)}-{octets.VERSION}"


@lru_cache(maxsize=4)
def digest(wasm: bytes) -> str:
    """The scripts of a language share one binary, which can have 30 MB."""
    return hashlib.sha256(wasm).hexdigest()


def checked_kind(wasm: bytes) -> Literal["module", "component"]:
    """What the header says; raises :class:`GuestInvalid` if it is no guest's."""
    try:
        return kind(wasm)
    except InvalidWasm as error:
        raise GuestInvalid(error.message, hint=error.hint) from None


def _described(native: Any, key: str) -> CompiledModule:
    import wasmtime

    kinds = {
        wasmtime.FuncType: "func",
        wasmtime.MemoryType: "memory",
        wasmtime.TableType: "table",
        wasmtime.GlobalType: "global",
    }
    imports = tuple(
        Import(i.module, i.name or "", kinds.get(type(i.type), "tag")) for i in native.imports
    )
    exports: dict[str, str] = {}
    problem = ""
    for export in native.exports:
        exports[export.name] = kinds.get(type(export.type), "tag")
        if export.name == "memory" and isinstance(export.type, wasmtime.MemoryType):
            if export.type.is_64:
                problem = "a 64-bit memory"
            elif export.type.is_shared:
                problem = "a shared memory"
    return CompiledModule(native, key, imports, exports, problem)


def _described_component(native: Any, key: str, engine: Engine, *, packed: bool) -> CompiledModule:
    from wasmtime import component

    kinds = {
        component.FuncType: "func",
        component.ComponentInstanceType: "instance",
        component.ModuleType: "module",
        component.ComponentType: "component",
    }

    def kind_of(item: Any) -> str:
        # the package wraps items that have names
        return kinds.get(type(getattr(item, "ty", item)), "type")

    def imported(item: Any) -> str:
        found = kind_of(item)
        if found != "instance":
            return found
        inside = getattr(item, "ty", item).exports(engine.native).values()
        values = (isinstance(getattr(one, "ty", one), component.ValType) for one in inside)
        return "types" if all(values) else found

    described = native.type
    imports = tuple(
        Import(name, "", imported(item)) for name, item in described.imports(engine.native).items()
    )
    exports = {name: kind_of(item) for name, item in described.exports(engine.native).items()}
    return CompiledModule(native, key, imports, exports, is_component=True, packed=packed)
