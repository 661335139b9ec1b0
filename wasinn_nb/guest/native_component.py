"""Calls into a component through wasmtime's C API, as :mod:`.native` for core modules."""
# ruff: noqa: SLF001 - the package has no public way to its pointers

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from wasinn_nb.abi.wit import probe
from wasinn_nb.abi.wit.codec import Codec
from wasinn_nb.guest.errors import GuestLinkError
from wasinn_nb.guest.native import REFUSALS, GuestFailure, one_line, raise_failure


def instantiate_component(store: wasmtime.Store, linker: Any, component: Any) -> Any:
    """Link a component and run what it does at its start; returns the raw instance.

    Raises:
        GuestLinkError: an import that nobody provides, or is of another type than what is.
        GuestFailure: it trapped.
    """
    instance = ffi.wasmtime_component_instance_t()
    error = ffi.wasmtime_component_linker_instantiate(
        linker.ptr(), store._context(), component.ptr(), ctypes.byref(instance)
    )
    try:
        raise_failure(error)
    except GuestFailure as failure:
        if failure.exit_code is None and "wasm backtrace" not in failure.text:
            for said, meant in REFUSALS.items():
                if said in failure.text:
                    raise GuestLinkError(meant) from None
            text = one_line(failure.text)
            raise GuestLinkError(f"The guest cannot be linked: {text}.") from None
        raise
    return instance


def component_function(
    store: wasmtime.Store, instance: Any, component: Any, interface: str | None, name: str
) -> Any:
    """A function of an exported interface, or of the world itself, as the raw value.

    Raises:
        GuestLinkError: there is none.
    """
    outer = component.get_export_index(interface) if interface is not None else None
    inner = None
    if outer is not None or interface is None:
        inner = component.get_export_index(name, outer)
    function = ffi.wasmtime_component_func_t()
    if inner is None or not ffi.wasmtime_component_instance_get_func(
        ctypes.byref(instance), store._context(), inner.ptr(), ctypes.byref(function)
    ):
        place = f"{interface}#" if interface is not None else ""
        raise GuestLinkError(f"The guest exports no function {place}{name}.")
    return function


def run_main(store: wasmtime.Store, function: Any) -> bool:
    """Call a component's main program, which takes nothing; whether its result is ok.

    It works with every layout of values, as the package's own way of defining functions does.

    Raises:
        GuestLinkError: the function is another one.
        GuestFailure: it trapped, or waits for what nobody does.
    """
    returned = ffi.wasmtime_component_val_t()
    _call(store, function, (ffi.wasmtime_component_val_t * 0)(), returned)
    try:
        if returned.kind != ffi.WASMTIME_COMPONENT_RESULT.value:
            raise GuestLinkError("The guest's main program gives no result.")
        return bool(returned.of.result.is_ok)
    finally:
        ffi.wasmtime_component_val_delete(ctypes.byref(returned))


def check_layout() -> None:
    """Raise :class:`GuestLinkError` if values cannot be given to components and taken from them."""
    if probe.raw_works():
        return
    wanted = [one for one in metadata.requires("wasinn_nb") or () if one.startswith("wasmtime")]
    raise GuestLinkError(
        f"Values cannot be exchanged with components: wasmtime {metadata.version('wasmtime')} has "
        "another form for them.",
        hint=f"Install the release that was tested: pip install '{(*wanted, 'wasmtime')[0]}'.",
    )


def call_component(
    store: wasmtime.Store,
    function: Any,
    params: Sequence[Codec],
    values: Sequence[Any],
    result: Codec | None,
) -> Any:
    """Call a component's function, asynchronous or not; returns its result, if it has one.

    Raises:
        GuestLinkError: the installed wasmtime has values of another form.
        GuestFailure: it trapped, or waits for what nobody does.
    """
    check_layout()
    count = len(params)
    arguments = (ffi.wasmtime_component_val_t * count)()
    written = 0
    returned = ffi.wasmtime_component_val_t() if result is not None else None
    try:
        for codec, value in zip(params, values, strict=True):
            codec.write(ctypes.addressof(arguments[written]), value)
            written += 1
        _call(store, function, arguments, returned)
    finally:
        for i in range(written):
            ffi.wasmtime_component_val_delete(ctypes.byref(arguments[i]))
    if result is None or returned is None:
        return None
    try:
        return result.read(ctypes.addressof(returned))
    finally:
        ffi.wasmtime_component_val_delete(ctypes.byref(returned))


def drop_handle(store: wasmtime.Store, handle: int) -> None:
    """Drop a handle, given by the address of wasmtime's object for it, and free that.

    Raises:
        GuestFailure: the resource's destructor trapped.
    """
    pointer = ctypes.cast(handle, ctypes.POINTER(ffi.wasmtime_component_resource_any_t))
    try:
        raise_failure(ffi.wasmtime_component_resource_any_drop(store._context(), pointer))
    finally:
        ffi.wasmtime_component_resource_any_delete(pointer)


def _is_async(store: wasmtime.Store, function: Any) -> bool:
    kind = ffi.wasmtime_component_func_type(ctypes.byref(function), store._context())
    try:
        return bool(ffi.wasmtime_component_func_type_async(kind))
    finally:
        ffi.wasmtime_component_func_type_delete(kind)


def _call(store: wasmtime.Store, function: Any, arguments: Any, returned: Any) -> None:
    call = _call_async if _is_async(store, function) else _call_sync
    call(store, function, arguments, returned)


def _call_sync(store: wasmtime.Store, function: Any, arguments: Any, returned: Any) -> None:
    raise_failure(
        ffi.wasmtime_component_func_call(
            ctypes.byref(function),
            store._context(),
            arguments,
            len(arguments),
            ctypes.byref(returned) if returned is not None else None,
            int(returned is not None),
        )
    )


def _call_async(store: wasmtime.Store, function: Any, arguments: Any, returned: Any) -> None:
    """Everything we define is synchronous, so the call is over when it was polled once."""
    error = ctypes.POINTER(ffi.wasmtime_error_t)()
    future = ffi.wasmtime_component_func_call_async(
        ctypes.byref(function),
        store._context(),
        arguments,
        len(arguments),
        ctypes.byref(returned) if returned is not None else None,
        int(returned is not None),
        ctypes.byref(error),
    )
    try:
        ended = ffi.wasmtime_call_future_poll(future)
    finally:
        ffi.wasmtime_call_future_delete(future)
    raise_failure(error)
    if not ended:
        raise GuestFailure("the guest waits for an asynchronous call, and there are none here")
