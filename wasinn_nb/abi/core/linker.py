"""Defining host functions in a linker, the fast way and the public way.

The public ``Linker.define_func`` converts every value through Python objects and keeps the last
exception in one global. The unchecked entry of wasmtime's C API hands over an array of raw values
instead: one ctypes callback per function reads its arguments there and leaves the result there. It
keeps its own exceptions (see :class:`Session`) and returns its own trap. :func:`define` picks it
when the installed package has it in the shape that this file was written for.
"""

from __future__ import annotations

import ctypes
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from wasinn_nb.abi.core.dialect import Dialect
from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.core.functions import ARITY, MODULE
from wasinn_nb.abi.core.host import NNHost
from wasinn_nb.abi.core.session import TRAP, Session

RawFunction = Callable[[Any, int, Any, int], int | None]
"""Called with (unused, address of the caller, pointer to the u32 halves of the raw values, their
number); it stores its result in place and returns a trap's address or None."""

_VALUE_SIZE = 16  # sizeof(wasmtime_val_raw_t)
_STRIDE = _VALUE_SIZE // 4

_Raw = ctypes.CFUNCTYPE(
    ctypes.c_void_p,  # a trap, or NULL
    ctypes.c_void_p,  # our data, unused
    ctypes.c_void_p,  # the caller
    ctypes.POINTER(ctypes.c_uint32),  # arguments, then results
    ctypes.c_size_t,
)
_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p))
_EXPORT = b"memory"


def new_trap(message: str) -> int:
    """Address of a new trap; whoever gets it returned from a host function owns it."""
    text = message.encode("utf-8", "replace")
    return ctypes.cast(ffi.wasmtime_trap_new(text, len(text)), ctypes.c_void_p).value or 0


def define_raw(
    linker: wasmtime.Linker,
    module: str,
    name: str,
    params: str,
    results: str,
    function: RawFunction,
) -> Any:
    """Define one unchecked host function.

    Args:
        linker: where.
        module, name: what guests import.
        params, results: a letter a value: ``i`` for i32, ``I`` for i64.
        function: what is called.

    Returns:
        The callback, to be kept for as long as a guest may call it.
    """
    kinds = {"i": wasmtime.ValType.i32, "I": wasmtime.ValType.i64}
    kind = wasmtime.FuncType([kinds[p]() for p in params], [kinds[r]() for r in results])
    callback = _Raw(function)
    module_name, function_name = module.encode(), name.encode()
    error = ffi.wasmtime_linker_define_func_unchecked(
        linker.ptr(),
        module_name,
        len(module_name),
        function_name,
        len(function_name),
        kind.ptr(),
        ctypes.cast(callback, ffi.wasmtime_func_unchecked_callback_t),
        None,
        _NO_FINALIZER,
    )
    if error:  # type: ignore[truthy-bool] # a ctypes pointer, false when NULL
        raise wasmtime.WasmtimeError._from_ptr(error)  # noqa: SLF001 - as the package does
    return callback


def locate_memory(caller: int) -> tuple[int, int]:
    """Address and size of the memory that the calling guest exports.

    Raises:
        MustTrap: it exports none, or one of a kind that the ABI has no pointers for.
    """
    export = ffi.wasmtime_extern_t()
    pointer = ctypes.cast(caller, ctypes.POINTER(ffi.wasmtime_caller_t))
    if not ffi.wasmtime_caller_export_get(pointer, _EXPORT, len(_EXPORT), ctypes.byref(export)):
        raise MustTrap("The guest calls wasi-nn but exports no memory.")
    kind: Any = export.kind
    if kind != ffi.WASMTIME_EXTERN_MEMORY.value:
        raise MustTrap("The guest's export named memory is not a memory that wasi-nn can use.")
    memory = ctypes.byref(export.of.memory)
    context = ffi.wasmtime_caller_context(pointer)
    base = ctypes.cast(ffi.wasmtime_memory_data(context, memory), ctypes.c_void_p).value or 0
    return base, ffi.wasmtime_memory_data_size(context, memory)


def new_session(host: NNHost, dialect: Dialect) -> Session:
    """A session whose functions :func:`define` defines."""
    return Session(host, dialect, locate_memory if unchecked_works() else locate_checked)


def define(linker: wasmtime.Linker, session: Session) -> list[Any]:
    """Define the functions of the session's dialect.

    Returns:
        What must be kept for as long as the guest may call.
    """
    if not unchecked_works():
        for name, call in session.functions.table().items():
            define_checked(linker, session, name, call)
        return []
    kept = []
    for name, call in session.functions.table().items():
        params = "i" * ARITY[name]
        kept.append(define_raw(linker, MODULE, name, params, "i", _trampoline(session, name, call)))
    return kept


def _trampoline(session: Session, name: str, call: Callable[..., int]) -> RawFunction:
    """The callback of one function in one run; everything it touches is in its closure.

    A token takes two of these calls, so what can be done once is not done in them. Those with one
    parameter, a handle, get a shorter one: no memory is involved.
    """
    functions = session.functions
    memory = session.memory
    calls = session.host.calls
    record, length, limit, fold = calls.record, calls.length, calls.limit, calls.fold
    clock = time.perf_counter
    last = _STRIDE * ARITY[name]

    def fail(error: BaseException, values: Any) -> int | None:
        errno = session.errno_of(name, error)
        if errno == TRAP:
            return new_trap(str(session.stopped_by))
        values[0] = errno
        return None

    def with_memory(_data: Any, caller: int, values: Any, _count: int) -> int | None:
        start = clock()
        functions.nbytes = 0
        memory.caller = caller
        trap = None
        try:
            values[0] = call(*values[0:last:_STRIDE])
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            trap = fail(error, values)
        record((name, start, clock(), functions.nbytes))
        if length() >= limit:
            fold()
        return trap

    def with_handle(_data: Any, _caller: int, values: Any, _count: int) -> int | None:
        start = clock()
        trap = None
        try:
            values[0] = call(values[0])
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            trap = fail(error, values)
        record((name, start, clock(), 0))
        if length() >= limit:
            fold()
        return trap

    return with_handle if ARITY[name] == 1 else with_memory


def define_checked(
    linker: wasmtime.Linker, session: Session, name: str, call: Callable[..., int]
) -> None:
    """Define one function through the public API: some 30 times slower, and always there."""
    i32 = wasmtime.ValType.i32
    memory = session.memory

    def function(caller: wasmtime.Caller, *values: int) -> int:
        start = time.perf_counter()
        session.functions.nbytes = 0
        memory.forget()
        memory.caller = caller
        try:
            errno = call(*(value & 0xFFFF_FFFF for value in values))
        except BaseException as error:  # noqa: BLE001 - the package would keep it in a global
            errno = session.errno_of(name, error)
        calls = session.host.calls
        calls.record((name, start, time.perf_counter(), session.functions.nbytes))
        if calls.length() >= calls.limit:
            calls.fold()
        if errno == TRAP:
            raise wasmtime.WasmtimeError(str(session.stopped_by))
        return errno

    kind = wasmtime.FuncType([i32()] * ARITY[name], [i32()])
    linker.define_func(MODULE, name, kind, function, access_caller=True)


def locate_checked(caller: wasmtime.Caller) -> tuple[int, int]:
    """As :func:`locate_memory`, the public way."""
    memory = caller.get("memory")
    if not isinstance(memory, wasmtime.Memory):
        raise MustTrap("The guest calls wasi-nn but exports no memory that wasi-nn can use.")
    return ctypes.addressof(memory.data_ptr(caller).contents), memory.data_len(caller)


_PROBE = """
(module
  (import "probe" "f" (func $f (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32)
    (call $f (i32.const 1) (i32.const -2) (i32.const 3) (i32.const 4) (i32.const 5))))
"""


@functools.cache
def unchecked_works() -> bool:
    """Whether the installed wasmtime package has the unchecked entry in the shape assumed here.

    Asked once per process: a small module calls such a function, which must see its arguments, find
    the memory, and have its result and its trap arrive.
    """
    try:
        return ctypes.sizeof(ffi.wasmtime_val_raw_t) == _VALUE_SIZE and _probe()
    except (AttributeError, TypeError, ctypes.ArgumentError, wasmtime.WasmtimeError):
        return False


def _probe() -> bool:
    seen: dict[str, Any] = {}

    def function(_data: Any, caller: int, values: Any, count: int) -> int | None:
        if seen:
            return new_trap("probe")
        seen.update(values=values[0 : 5 * _STRIDE : _STRIDE], count=count)
        seen["size"] = locate_memory(caller)[1]
        values[0] = 77
        return None

    engine = wasmtime.Engine()
    linker = wasmtime.Linker(engine)
    callback = define_raw(linker, "probe", "f", "iiiii", "i", function)
    store = wasmtime.Store(engine)
    instance = linker.instantiate(store, wasmtime.Module(engine, bytes(wasmtime.wat2wasm(_PROBE))))
    run: Any = instance.exports(store)["run"]
    answered = run(store)
    try:
        run(store)
    except wasmtime.Trap as trap:
        trapped = "probe" in str(trap)
    except wasmtime.WasmtimeError as error:
        trapped = "probe" in str(error)
    else:
        trapped = False
    del callback
    expected: Mapping[str, Any] = {
        "values": [1, 0xFFFF_FFFE, 3, 4, 5],
        "count": 5,
        "size": 65536,
    }
    return answered == 77 and trapped and seen == expected
