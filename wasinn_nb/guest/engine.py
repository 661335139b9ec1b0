"""The WebAssembly engine that all guests of a host share."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Any

from wasinn_nb.nn.cancel import CancelToken

_Epoch = ctypes.CFUNCTYPE(
    ctypes.c_void_p,  # an error that ends the guest, or NULL
    ctypes.c_void_p,  # context
    ctypes.c_void_p,  # our data, unused
    ctypes.POINTER(ctypes.c_uint64),  # out: ticks until the next call
    ctypes.POINTER(ctypes.c_uint8),  # out: go on (0) or yield
)
_CONTINUE = 0
# interpreters take some kB for each call of their program; a thread has 8 MiB
_STACK = 2 << 20
# asynchronous calls have a stack of their own, which has to hold our functions as well
_ASYNC_STACK = 6 << 20
_NO_FINALIZER = ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p))


# how long a guest has to end itself at most, whatever keeps it from computing
_LONGEST = 3.0
_LOOK_SECONDS = 0.05


class Patience:
    """How long a guest that was told to end is let go on; made in the guest's thread.

    Args:
        cancel: what tells it.
        seconds: how long it may compute: on a busy machine that takes longer.
        look: called when it is over.
    """

    def __init__(self, cancel: CancelToken, seconds: float, look: Callable[[], None]) -> None:
        self._seconds = seconds
        self._look = look
        self._computed = _own_clock()
        self._ended = threading.Event()
        self.is_over = False
        self._undo = cancel.on_cancel(self._begin)

    def end(self) -> None:
        """The guest has ended."""
        self._undo()
        self._ended.set()

    def _begin(self) -> None:
        if not self._seconds:
            self._expire()
            return
        try:
            threading.Thread(target=self._wait, name="wasinn-patience", daemon=True).start()
        except RuntimeError:  # no thread to be had
            self._expire()

    def _wait(self) -> None:
        longest = time.monotonic() + _LONGEST
        with suppress(OSError):  # its thread has gone, and its clock with it
            enough = self._computed() + self._seconds
            while self._computed() < enough and time.monotonic() < longest:
                if self._ended.wait(_LOOK_SECONDS):
                    return
        self._expire()

    def _expire(self) -> None:
        self.is_over = True
        self._look()


def _own_clock() -> Callable[[], float]:
    """The seconds that this thread has computed, or where they are not counted, all seconds."""
    try:
        clock = time.pthread_getcpuclockid(threading.get_ident())
    except (AttributeError, OSError):
        return time.monotonic
    return lambda: time.clock_gettime(clock)


class Engine:
    """One wasmtime engine, configured so that guests can be stopped and their memory never moves.

    Attributes:
        native: the ``wasmtime.Engine``.
    """

    def __init__(self) -> None:
        # read once, when an engine is made: with it, backtraces name source files and lines
        os.environ.setdefault("WASMTIME_BACKTRACE_DETAILS", "1")
        import wasmtime
        from wasmtime import _ffi as ffi

        config = wasmtime.Config()
        config.epoch_interruption = True
        config.cranelift_opt_level = "speed"
        config.max_wasm_stack = _STACK
        ffi.wasmtime_config_async_stack_size_set(config.ptr(), _ASYNC_STACK)
        ffi.wasmtime_config_wasm_component_model_async_set(config.ptr(), True)
        # the ABI keeps one view of a guest's memory; 4 GiB of address space hold any 32-bit one
        ffi.wasmtime_config_memory_may_move_set(config.ptr(), False)
        ffi.wasmtime_config_memory_reservation_set(config.ptr(), 1 << 32)
        self.native = wasmtime.Engine(config)

    def watch(self, store: Any, cancel: CancelToken, *, grace: float = 0.0) -> Any:
        """Make the guest of ``store`` trap soon after ``cancel``; others on this engine go on.

        Cancelling advances the engine's epoch, which makes every guest look up; those whose own
        token is not cancelled continue.

        Args:
            store: of the guest.
            cancel: whose cancellation ends it.
            grace: seconds that it may compute to end itself.

        Returns:
            What must be kept until the store is closed.
        """
        from wasmtime import _bindings
        from wasmtime import _ffi as ffi

        patience = Patience(cancel, grace, self.native.increment_epoch)

        def on_epoch(_context: Any, _data: Any, ticks: Any, kind: Any) -> int | None:
            if patience.is_over:
                error = ffi.wasmtime_error_new(b"the run was stopped")
                return ctypes.cast(error, ctypes.c_void_p).value
            ticks[0] = 1
            kind[0] = _CONTINUE
            return None

        callback = _Epoch(on_epoch)
        expected = _bindings._wasmtime_store_epoch_deadline_callback.argtypes[1]  # noqa: SLF001
        ffi.wasmtime_store_epoch_deadline_callback(
            store.ptr(), ctypes.cast(callback, expected), None, _NO_FINALIZER
        )
        store.set_epoch_deadline(1)
        return callback, patience.end

    def close(self) -> None:
        """Free the native engine; before the interpreter ends, which takes wasmtime apart."""
        self.native.close()


@cache
def fingerprint() -> str:
    """Changes with everything that makes compiled code incompatible."""
    facts = (
        metadata.version("wasmtime"),
        platform.machine(),
        _cpu(),
        "epoch speed static32 async",
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _cpu() -> str:
    """What tells this machine's instruction set from another's that shares its caches."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - not a real file
            for line in file:
                if line.startswith(("flags", "Features")):
                    return line
    except OSError:
        pass
    return platform.processor()
