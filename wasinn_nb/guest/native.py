"""Calls into a core module through wasmtime's C API.

The package's own ``Func.__call__`` and ``Linker.instantiate`` raise the last exception of any host
function of the process, which may be another run's; these do not.
"""
# ruff: noqa: SLF001 - the package has no public way to its pointers

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from wasinn_nb.guest.errors import GuestLinkError

REFUSALS = {
    "memory count too high": "The guest has more than one memory; it may have one.",
    "table count too high": "The guest has more tables than a guest may have.",
    "table minimum size": "The guest has a larger table than a guest may have.",
    "shared memory support is disabled": (
        "The guest needs a shared memory; there are no threads here. Build it without them."
    ),
}
"""What wasmtime says of guests that want more than there is, and what that means."""

# (module (import "" "" (func (result i32))))
_GIVES_I32 = b"\0asm\1\0\0\0\1\5\1\x60\0\1\x7f\2\5\1\0\0\0\0"

_NUMBERS = {
    "i32": ffi.WASMTIME_I32.value,
    "i64": ffi.WASMTIME_I64.value,
    "f32": ffi.WASMTIME_F32.value,
    "f64": ffi.WASMTIME_F64.value,
}


class GuestFailure(Exception):  # noqa: N818 - what wasmtime said, before it has a meaning
    """A call into the guest did not return.

    Attributes:
        text: wasmtime's message, with the backtrace.
        exit_code: what wasmtime's own ``proc_exit`` was given, if it was.
    """

    def __init__(self, text: str, exit_code: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.exit_code = exit_code


def instantiate(store: wasmtime.Store, linker: wasmtime.Linker, module: wasmtime.Module) -> Any:
    """Link the module and run its start function; returns the raw instance.

    Raises:
        GuestLinkError: an import is of another type than what is defined, or the module needs
            what no guest is given.
        GuestFailure: a trap in the start function, or memory beyond the store's limit.
    """
    try:
        linked = linker.instantiate_pre(module)
    except wasmtime.WasmtimeError as refusal:
        raise GuestLinkError(f"The guest cannot be linked: {one_line(str(refusal))}.") from None
    with linked:
        instance = ffi.wasmtime_instance_t()
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_instance_pre_instantiate(
            linked.ptr(), store._context(), ctypes.byref(instance), ctypes.byref(trap)
        )
        try:
            raise_failure(error, trap)
        except GuestFailure as failure:
            for said, meant in REFUSALS.items():
                if said in failure.text:
                    raise GuestLinkError(meant) from None
            raise
    return instance


def call(store: wasmtime.Store, instance: Any, name: str) -> int:
    """Call an exported function without parameters; returns its i32 result as unsigned, or 0.

    Raises:
        GuestLinkError: it takes parameters, or its result is no i32.
        GuestFailure: it trapped.
    """
    export = get_export(store, instance, name)
    count = _result_count(store, export)
    if count is None:
        raise GuestLinkError(
            f"The guest's {name} cannot be run: it takes parameters or returns no i32.",
            hint="A function that takes numbers can be called from Python with .exports.",
        )
    values = (ffi.wasmtime_val_t * 1)()
    trap = ctypes.POINTER(ffi.wasm_trap_t)()
    error = ffi.wasmtime_func_call(
        store._context(),
        ctypes.byref(export.of.func),
        None,
        0,
        values,
        count,
        ctypes.byref(trap),
    )
    raise_failure(error, trap)
    return int(values[0].of.i32) & 0xFFFF_FFFF if count else 0


def _result_count(store: wasmtime.Store, export: Any) -> int | None:
    """How many results a function has that is like ``main``; None for any other function.

    wasmtime's C API ends the process when it is asked for the kind of a type that it has no number
    for, as v128. So it is not asked: it is asked to link the function as one that gives an i32.
    """
    kind = wasmtime.Func._from_raw(export.of.func).type(store)
    count = int(ffi.wasm_functype_results(kind.ptr()).contents.size)
    if ffi.wasm_functype_params(kind.ptr()).contents.size or count > 1:
        return None
    if not count:
        return 0
    with wasmtime.Module(store.engine, _GIVES_I32) as module:
        instance = ffi.wasmtime_instance_t()
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_instance_new(
            store._context(),
            module.ptr(),
            ctypes.byref(export),
            1,
            ctypes.byref(instance),
            ctypes.byref(trap),
        )
    try:
        raise_failure(error, trap)
    except GuestFailure:
        return None
    return 1


def call_with(
    store: wasmtime.Store,
    instance: Any,
    name: str,
    values: Sequence[tuple[str, Any]],
    results: Sequence[str],
) -> tuple[Any, ...]:
    """Call an exported function with numbers; its results, integers as signed ones.

    Args:
        store, instance, name: the function.
        values: each with its type: ``i32``, ``i64``, ``f32`` or ``f64``.
        results: the types of its results, which are those that it has.

    Raises:
        GuestFailure: it trapped.
    """
    export = get_export(store, instance, name)
    arguments = (ffi.wasmtime_val_t * len(values))()
    for argument, (kind, value) in zip(arguments, values, strict=True):
        argument.kind = _NUMBERS[kind]
        setattr(argument.of, kind, value)
    returned = (ffi.wasmtime_val_t * len(results))()
    trap = ctypes.POINTER(ffi.wasm_trap_t)()
    error = ffi.wasmtime_func_call(
        store._context(),
        ctypes.byref(export.of.func),
        arguments,
        len(values),
        returned,
        len(results),
        ctypes.byref(trap),
    )
    raise_failure(error, trap)
    pairs = zip(returned, results, strict=True)
    return tuple(getattr(value.of, kind) for value, kind in pairs)


def memory_at(store: wasmtime.Store, instance: Any, name: str) -> tuple[int, int]:
    """Address and size of an exported memory."""
    memory = ctypes.byref(get_export(store, instance, name).of.memory)
    context = store._context()
    base = ctypes.cast(ffi.wasmtime_memory_data(context, memory), ctypes.c_void_p).value or 0
    return base, int(ffi.wasmtime_memory_data_size(context, memory))


def memory_size(store: wasmtime.Store, instance: Any) -> int:
    """Bytes of the exported memory named ``memory``."""
    memory = get_export(store, instance, "memory").of.memory
    return int(ffi.wasmtime_memory_data_size(store._context(), ctypes.byref(memory)))


def get_export(store: wasmtime.Store, instance: Any, name: str) -> Any:
    """An export, which must exist, as the raw value."""
    export = ffi.wasmtime_extern_t()
    text = name.encode()
    ffi.wasmtime_instance_export_get(
        store._context(), ctypes.byref(instance), text, len(text), ctypes.byref(export)
    )
    return export


def raise_failure(error: Any, trap: Any = None) -> None:
    """Raise :class:`GuestFailure` for what a call of wasmtime's C API returned, if anything."""
    if error:
        failure = wasmtime.WasmtimeError._from_ptr(error)
        raise GuestFailure(str(failure), getattr(failure, "code", None))
    if trap:
        raise GuestFailure(wasmtime.Trap._from_ptr(trap).message)


def one_line(message: str) -> str:
    """What wasmtime says, its causes behind it."""
    lines = [line.strip() for line in message.splitlines()]
    return "; ".join(line for line in lines if line and line != "Caused by:")
