"""The functions of wasmtime's C API that every call of a component needs, by plain addresses.

The package declares them with typed pointers, and each of those is an object to make. These take
numbers, and keep the interpreter's lock: they are over before it could be handed on, and whoever
gives it up in a token loop waits for every other thread's turn.

Whether they are there, and work on values as :mod:`layout` describes them, :mod:`probe` finds out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

_P, _SIZE, _U32 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32


def _function(name: str, result: Any, *params: Any) -> Callable[..., Any]:
    if not hasattr(ffi.dll, name):
        return _absent
    function: Callable[..., Any] = ctypes.PYFUNCTYPE(result, *params)((name, ffi.dll))
    return function


def _absent(*_: Any) -> Any:
    raise NotImplementedError("This release of wasmtime lacks a function of its C API.")


new_bytes = _function("wasm_byte_vec_new", None, _P, _SIZE, ctypes.c_char_p)
"""``(vector, size, data)``: a copy of bytes, in a vector that holds nothing yet."""

new_room = _function("wasm_byte_vec_new_uninitialized", None, _P, _SIZE)
"""``(vector, size)``: place for so many bytes, which have to be written."""

new_list = _function("wasmtime_component_vallist_new_uninit", None, _P, _SIZE)
"""``(list, size)``: place for so many values, which have to be written."""

new_tuple = _function("wasmtime_component_valtuple_new_uninit", None, _P, _SIZE)
"""``(tuple, size)``: as :data:`new_list`."""

new_record = _function("wasmtime_component_valrecord_new_uninit", None, _P, _SIZE)
"""``(record, size)``: as :data:`new_list`, of names and values."""

new_flags = _function("wasmtime_component_valflags_new_uninit", None, _P, _SIZE)
"""``(flags, size)``: as :data:`new_list`, of names."""

new_value = _function("wasmtime_component_val_new", _P, _P)
"""``(value)``: moves a value into a box of its own; returns where."""

clone_value = _function("wasmtime_component_val_clone", None, _P, _P)
"""``(source, destination)``: a copy with all it holds; the destination holds nothing yet."""

delete_value = _function("wasmtime_component_val_delete", None, _P)
"""``(value)``: free what a value holds."""

any_to_host = _function("wasmtime_component_resource_any_to_host", _P, _P, _P, _P)
"""``(context, any, place for host)``: takes a handle off the guest; returns an error or None."""

host_to_any = _function("wasmtime_component_resource_host_to_any", _P, _P, _P, _P)
"""``(context, host, place for any)``: returns an error or None."""

new_host = _function("wasmtime_component_resource_host_new", _P, ctypes.c_bool, _U32, _U32)
"""``(owned, number, kind)``: a resource of the host's; returns where."""

clone_any = _function("wasmtime_component_resource_any_clone", _P, _P)
"""``(any)``: another object for the same handle; returns where."""

delete_any = _function("wasmtime_component_resource_any_delete", None, _P)
"""``(any)``: free the object; the resource itself stays."""

host_number = _function("wasmtime_component_resource_host_rep", _U32, _P)
host_kind = _function("wasmtime_component_resource_host_type", _U32, _P)
delete_host = _function("wasmtime_component_resource_host_delete", None, _P)


def new_error(message: str) -> int:
    """Address of a new error, which ends the guest; who gets it returned owns it."""
    text = message.replace("\0", "").encode("utf-8", "replace")
    return ctypes.cast(ffi.wasmtime_error_new(text), ctypes.c_void_p).value or 0


def taken_error(error: int) -> wasmtime.WasmtimeError:
    """The exception for an error that a function returned the address of."""
    pointer = ctypes.cast(error, ctypes.POINTER(ffi.wasmtime_error_t))
    return wasmtime.WasmtimeError._from_ptr(pointer)  # noqa: SLF001 - as the package does
