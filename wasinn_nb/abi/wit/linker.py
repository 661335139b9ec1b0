"""Defining interfaces of ours in a component linker, the fast way and the package's.

As with core modules, the package's own way asks for types at every call and keeps the last
exception of the process in one global; ours is one ctypes callback per function, with the types
told once and its own trap. :func:`define` picks it when the installed package has it in the shape
that this was written for.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import wasmtime
from wasmtime import _ffi as ffi

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit import native
from wasinn_nb.abi.wit.codec import Codec, Result
from wasinn_nb.abi.wit.layout import SIZE
from wasinn_nb.abi.wit.resources import Crossing, Table
from wasinn_nb.nn.errors import WasinnError

if TYPE_CHECKING:
    from wasmtime import component

_P, _SIZE = ctypes.c_void_p, ctypes.c_size_t
_Callback = ctypes.CFUNCTYPE(_SIZE, _P, _P, _P, _P, _SIZE, _P, _SIZE)
_Destructor = ctypes.CFUNCTYPE(_SIZE, _P, _P, ctypes.c_uint32)
_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of an interface.

    Attributes:
        params, result: how its values cross.
        call: what it does; what it raises becomes what :class:`Calls` says.
        called: how records of calls name it, if it is not by its own name.
    """

    params: Sequence[Codec]
    result: Codec | None
    call: Callable[..., Any]
    called: str = ""

    @property
    def fallible(self) -> bool:
        """Whether it can say that it failed; the guest traps where it cannot."""
        return isinstance(self.result, Result) and self.result.err is not None


def _raised(error: WasinnError) -> Any:
    raise error


@dataclass(frozen=True, slots=True)
class Interface:
    """Everything that one import of a component names.

    Attributes:
        failure: how an error is given to the guest by functions that can fail.
    """

    resources: Mapping[str, Table]
    functions: Mapping[str, Function]
    failure: Callable[[WasinnError], Any] = _raised


class Calls:
    """What is done around every call: it is recorded, and what it raises is judged."""

    def __init__(self, crossing: Crossing) -> None:
        self.crossing = crossing

    def judged(self, name: str, error: BaseException, *, fallible: bool) -> WasinnError:
        """The error that the guest is told of; raises what ends the guest.

        Args:
            name: of the function.
            error: what it raised.
            fallible: the function can say that it failed.
        """
        del name
        if fallible and isinstance(error, WasinnError) and not isinstance(error, MustTrap):
            return error
        raise error

    def recorded(self, name: str, start: float, end: float) -> None:
        """A call has ended."""

    def broken(self, name: str, error: BaseException) -> None:
        """Something could not be ended, and there is nobody to tell it to but the developer."""


def define(
    linker: component.Linker, interfaces: Mapping[str, Interface], calls: Calls
) -> list[Any]:
    """Define interfaces by their full names.

    Returns:
        What must be kept for as long as the guest may call.
    """
    from wasinn_nb.abi.wit import checked, probe

    if not probe.raw_works():
        checked.define(linker, interfaces, calls)
        return []
    return define_raw(linker, interfaces, calls)


def define_raw(
    linker: component.Linker, interfaces: Mapping[str, Interface], calls: Calls
) -> list[Any]:
    """As :func:`define`, the fast way."""
    kept: list[Any] = []
    with linker.root() as root:
        for name, interface in interfaces.items():
            with root.add_instance(name) as instance:
                for resource, table in interface.resources.items():
                    kept.append(_define_resource(instance, resource, table, calls))
                for function_name, function in interface.functions.items():
                    trampoline = _trampoline(function_name, function, interface.failure, calls)
                    kept.append(_define_function(instance, function_name, trampoline))
    return kept


def short_name(name: str) -> str:
    """A function's name for people: ``[method]graph.init-execution-context`` without its mark."""
    return name.rpartition("]")[2]


def dropper(name: str, table: Table, calls: Calls) -> Callable[[int], None]:
    """What is done when the guest drops a handle. Never raises: dropping cannot fail."""
    label = f"{name}.drop"

    def drop(number: int) -> None:
        start = time.perf_counter()
        try:
            table.drop(number)
        except Exception as error:  # noqa: BLE001 - the guest goes on without it
            calls.broken(label, error)
        calls.recorded(label, start, time.perf_counter())

    return drop if table.closed is not None else table.drop


def _define_resource(
    instance: component.LinkerInstance, name: str, table: Table, calls: Calls
) -> Any:
    from wasmtime import component

    drop = dropper(name, table, calls)

    def dropped(_data: Any, _context: Any, number: int) -> int:
        try:
            drop(number)
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            return native.new_error(f"{name}: {error!r}")
        return 0

    callback = _Destructor(dropped)
    text = name.encode()
    kind = component.ResourceType.host(table.kind)
    error = ffi.wasmtime_component_linker_instance_add_resource(
        instance.ptr(),
        text,
        len(text),
        kind.ptr(),
        ctypes.cast(callback, ffi.wasmtime_component_resource_destructor_t),
        None,
        _NO_FINALIZER,
    )
    _raise(error)
    return callback


def _define_function(
    instance: component.LinkerInstance, name: str, trampoline: Callable[..., int]
) -> Any:
    callback = _Callback(trampoline)
    text = name.encode()
    error = ffi.wasmtime_component_linker_instance_add_func(
        instance.ptr(),
        text,
        len(text),
        ctypes.cast(callback, ffi.wasmtime_component_func_callback_t),
        None,
        _NO_FINALIZER,
    )
    _raise(error)
    return callback


def _trampoline(
    name: str, function: Function, failure: Callable[[WasinnError], Any], calls: Calls
) -> Callable[..., int]:
    """The callback of one function in one run; everything it touches is in its closure.

    All arguments are read, whatever comes: a borrowed handle that is not read is a trap.
    """
    readers = [(codec.read, number * SIZE) for number, codec in enumerate(function.params)]
    one = readers[0][0] if len(readers) == 1 else None
    write = function.result.write if function.result is not None else None
    nparams, nresults = len(readers), int(write is not None)
    call, fallible, label = function.call, function.fallible, function.called or short_name(name)
    crossing, judged, recorded, clock = calls.crossing, calls.judged, calls.recorded, _clock

    def trampoline(
        _data: Any, context: int, _type: Any, args: int, nargs: int, results: int, nreturned: int
    ) -> int:
        start = clock()
        crossing.context = context
        crossing.nbytes = 0
        try:
            if nargs != nparams or nreturned != nresults:
                raise MustTrap("The guest declares the function with another type.")  # noqa: TRY301
            if one is not None:
                values = (one(args),)
            else:
                values = tuple([read(args + offset) for read, offset in readers])
            try:
                value = call(*values)
            except BaseException as error:  # noqa: BLE001 - `judged` knows what to make of it
                value = failure(judged(label, error, fallible=fallible))
            if write is not None:
                write(results, value)
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            return native.new_error(f"{label}: {error}")
        finally:
            recorded(label, start, clock())
        return 0

    return trampoline


_clock = time.perf_counter


def _raise(error: Any) -> None:
    if error:
        raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001 - as the package does
