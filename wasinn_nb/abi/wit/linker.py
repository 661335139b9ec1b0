"""Defining interfaces of ours in a component linker.

As with core modules, the package's own way asks for types at every call and keeps the last
exception of the process in one global; ours is one ctypes callback per function, with the types
told once and its own trap.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi
from wasmtime import component

from wasinn_nb.abi.wit.codec import Codec
from wasinn_nb.abi.wit.resources import Crossing, Table

_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of an interface.

    Attributes:
        params, result: how its values cross.
        call: what it does; what it raises becomes what :class:`Calls` says.
    """

    params: Sequence[Codec]
    result: Codec | None
    call: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Interface:
    """Everything that one import of a component names."""

    resources: Mapping[str, Table]
    functions: Mapping[str, Function]


class Calls:
    """What is done around every call. Subclasses record it, and say what an error becomes."""

    def __init__(self, crossing: Crossing) -> None:
        self.crossing = crossing

    def failed(self, name: str, error: BaseException) -> Any:
        """The function's result in place of what it raised; raises to trap."""
        raise error

    def recorded(self, name: str, start: float, end: float) -> None:
        """A call has ended."""


def define(
    linker: component.Linker, interfaces: Mapping[str, Interface], calls: Calls
) -> list[Any]:
    """Define interfaces by their full names.

    Returns:
        What must be kept for as long as the guest may call.
    """
    kept: list[Any] = []
    with linker.root() as root:
        for name, interface in interfaces.items():
            with root.add_instance(name) as instance:
                for resource, table in interface.resources.items():
                    kept.append(_define_resource(instance, resource, table))
                for function_name, function in interface.functions.items():
                    kept.append(_define_function(instance, function_name, function, calls))
    return kept


def _define_resource(instance: component.LinkerInstance, name: str, table: Table) -> Any:
    def dropped(_data: Any, _context: Any, number: int) -> int:
        try:
            table.drop(number)
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            return new_error(f"{name}: {error}")
        return 0

    callback = ffi.wasmtime_component_resource_destructor_t(dropped)
    text = name.encode()
    kind = component.ResourceType.host(table.kind)
    error = ffi.wasmtime_component_linker_instance_add_resource(
        instance.ptr(), text, len(text), kind.ptr(), callback, None, _NO_FINALIZER
    )
    _raise(error)
    return callback


def _define_function(
    instance: component.LinkerInstance, name: str, function: Function, calls: Calls
) -> Any:
    callback = ffi.wasmtime_component_func_callback_t(_trampoline(name, function, calls))
    text = name.encode()
    error = ffi.wasmtime_component_linker_instance_add_func(
        instance.ptr(), text, len(text), callback, None, _NO_FINALIZER
    )
    _raise(error)
    return callback


def _trampoline(name: str, function: Function, calls: Calls) -> Callable[..., int]:
    params, result, call = tuple(function.params), function.result, function.call
    crossing, clock = calls.crossing, time.perf_counter

    def trampoline(
        _data: Any, context: Any, _kind: Any, args: Any, _nargs: int, results: Any, _nresults: int
    ) -> int:
        start = clock()
        crossing.context = context
        try:
            # all of them, whatever comes: a borrowed handle that is not read is a trap
            values = [codec.read(args[i]) for i, codec in enumerate(params)]
            try:
                value = call(*values)
            except BaseException as error:  # noqa: BLE001 - `failed` knows what to make of it
                value = calls.failed(name, error)
            if result is not None:
                result.write(results[0], value)
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            return new_error(f"{name}: {error}")
        finally:
            calls.recorded(name, start, clock())
        return 0

    return trampoline


def new_error(message: str) -> int:
    """Address of a new error, which ends the guest; who gets it returned owns it."""
    text = message.replace("\0", "").encode("utf-8", "replace")
    return ctypes.cast(ffi.wasmtime_error_new(text), ctypes.c_void_p).value or 0


def _raise(error: Any) -> None:
    if error:
        raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001 - as the package does
