"""What stands between a component and ``wasi:http/outgoing-handler``: it asks where a request goes.

wasmtime sends requests to any host, and its C API offers no hook. So the guest is not linked to
wasmtime's handler but to ours, in Python. The requests are wasmtime's resources, which nothing but
a component can look into or send: ours is a little one in the same store (``gate.wat``), which the
guest knows nothing of. It reads where the request goes, and sends it if that is granted.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native as values
from wasinn_nb.abi.wit.codec import Case, Err, Option, Result, String, Variant
from wasinn_nb.abi.wit.layout import NOTHING, POINTER_FORM, SIZE, kind_of, mismatch
from wasinn_nb.abi.wit.linker import Calls, Function, Interface, define_raw
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.abi.wit.values import GuestHandle
from wasinn_nb.guest import native_component
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.native import GuestFailure
from wasinn_nb.guest.outgoing.grants import Destination, Grants
from wasinn_nb.guest.words import plain

if TYPE_CHECKING:
    import wasmtime
    from wasmtime import component

HANDLER = "wasi:http/outgoing-handler@"
_TEXT = Path(__file__).with_name("gate.wat")
_NAME = "outgoing-handler.handle"
_RESOURCE = kind_of("RESOURCE")
_LONGEST = 200

_OWN, _LENT = GuestHandle(own=True), GuestHandle(own=False)
_SCHEME = Option(Variant({"HTTP": None, "HTTPS": None, "other": String()}))
_AUTHORITY = Option(String())
_DENIED, _NO_HOST = "HTTP-request-denied", "HTTP-request-URI-invalid"

_compiling = threading.Lock()
_compiled: WeakKeyDictionary[Engine, Any] = WeakKeyDictionary()


class _Given:
    """A handle among arguments, which stay wasmtime's: the address of a copy of its object."""

    def read(self, at: int) -> int:
        kind, address = POINTER_FORM.unpack(ctypes.string_at(at, POINTER_FORM.size))
        if kind != _RESOURCE:
            mismatch("handle")
        return int(values.clone_any(address))

    def write(self, at: int, value: int) -> None:
        raise NotImplementedError


class _Answer(Result):
    """What the handler answers: wasmtime's value, moved as it is, or an error of ours."""

    def __init__(self) -> None:
        super().__init__(None, Variant({_DENIED: None, _NO_HOST: None}))

    def read(self, at: int) -> bytes:
        value = ctypes.string_at(at, SIZE)
        ctypes.memmove(at, NOTHING, SIZE)
        return value

    def write(self, at: int, value: Any) -> None:
        if isinstance(value, Err):
            super().write(at, value)
        else:
            ctypes.memmove(at, value, SIZE)


_ANSWER = _Answer()


class _Requests(Calls):
    """A session's calls, under the name that the handler's one has on the timeline."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.crossing)
        self._session = session

    def judged(self, name: str, error: BaseException, *, fallible: bool) -> Any:
        del name
        return self._session.judged(_NAME, error, fallible=fallible)

    def recorded(self, name: str, start: float, end: float) -> None:
        del name
        self._session.recorded(_NAME, start, end)


class Gate:
    """Sends the requests of one guest that go where they may.

    Args:
        engine, store: of the guest.
        grants: where that is.
        session: is told of requests that go elsewhere.

    Raises:
        GuestLinkError: the installed wasmtime has no HTTP, or values of another form.
    """

    def __init__(
        self, engine: Engine, store: wasmtime.Store, grants: Grants, session: Session
    ) -> None:
        from wasmtime import component

        native_component.check_layout()
        self._store = store
        self._grants = grants
        self._session = session
        gate = _component(engine)
        with component.Linker(engine.native) as linker:
            linker.add_wasip2()
            linker.add_wasi_http()
            instance = native_component.instantiate_component(store, linker, gate)
        self._scheme, self._authority, self._handle = (
            native_component.component_function(store, instance, gate, None, name)
            for name in ("scheme", "authority", "handle")
        )

    def handle(self, request: int, options: int | None) -> Any:
        """``handle``: both handles are ours, to give on or to drop."""
        given = [handle for handle in (request, options) if handle is not None]
        try:
            refusal = self._refusal(request)
        except BaseException:
            for handle in given:
                values.delete_any(handle)
            raise
        if refusal is None:
            return self._call(self._handle, (_OWN, Option(_OWN)), (request, options), _ANSWER)
        for handle in given:
            native_component.drop_handle(self._store, handle)
        return Err(Case(refusal))

    def _refusal(self, request: int) -> str | None:
        """Why a request is not sent, as the guest is told it."""
        authority = self._call(self._authority, (_LENT,), (request,), _AUTHORITY)
        scheme = self._call(self._scheme, (_LENT,), (request,), _SCHEME)
        asked = Destination.of(scheme.name if scheme else "", authority or "")
        if asked is None:
            if authority is not None:
                self._session.warn(
                    f"The guest sent an HTTP request to {plain(authority, _LONGEST)!r}, which is "
                    "no host that could be granted (refused)."
                )
            return _NO_HOST
        if self._grants.allow(asked):
            return None
        host = plain(str(asked), _LONGEST)
        self._session.warn(
            f"The guest may not send HTTP requests to {host} (refused). "
            f'Grant it with --allow-http {host} (allow_http=["{host}"]).'
        )
        return _DENIED

    def _call(self, function: Any, params: Any, given: Any, result: Any) -> Any:
        try:
            return native_component.call_component(self._store, function, params, given, result)
        except GuestFailure as failure:
            raise MustTrap(_trouble(failure)) from None


def define(
    linker: component.Linker, names: Iterable[str], gate: Gate, session: Session
) -> list[Any]:
    """Define the handler under the names that the guest imports it by, instead of wasmtime's.

    Returns:
        What must be kept for as long as the guest may call.
    """
    handle = Function((_Given(), Option(_Given())), _ANSWER, gate.handle)
    interface = Interface({}, {"handle": handle})
    linker.allow_shadowing = True
    try:
        return define_raw(linker, dict.fromkeys(names, interface), _Requests(session))
    finally:
        linker.allow_shadowing = False


def _trouble(failure: GuestFailure) -> str:
    if "from an async context" in failure.text:
        return (
            "An asynchronous export cannot send HTTP requests to hosts that are granted one by "
            "one. Grant all of them with --allow-http '*', or send them from another export."
        )
    return f"The guest's request could not be sent: {failure.text}"


def _component(engine: Engine) -> Any:
    """The gate, compiled."""
    import wasmtime
    from wasmtime import component

    with _compiling:
        found = _compiled.get(engine)
        if found is None:
            wasm = bytes(wasmtime.wat2wasm(_TEXT.read_bytes()))
            found = _compiled[engine] = component.Component(engine.native, wasm)
    return found
