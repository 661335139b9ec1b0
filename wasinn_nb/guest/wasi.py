"""The WASI functions that the host provides itself, over wasmtime's own.

``poll_oneoff`` sleeps natively and could not be interrupted, and ``proc_exit`` refuses codes above
125. Everything else of WASI preview 1 is wasmtime's.
"""

from __future__ import annotations

import struct
import time
from typing import Any

from wasinn_nb.abi.core.faults import OutOfBounds
from wasinn_nb.abi.core.linker import define_raw, locate_memory, new_trap
from wasinn_nb.abi.core.memory import GuestMemory
from wasinn_nb.nn.cancel import CancelToken

MODULE = "wasi_snapshot_preview1"

_SUBSCRIPTION = struct.Struct(
    "<QB7xIxxxxQQH6x"
)  # userdata, tag, id or fd, timeout, precision, flags
_EVENT = struct.Struct("<QHBxxxxxQH6x")  # userdata, errno, type, bytes, flags
_CLOCK = 0
_REALTIME, _MONOTONIC = 0, 1
_ABSOLUTE = 1
_FAULT, _INVAL = 21, 28
_MAX_SUBSCRIPTIONS = 4096
_LONGEST_WAIT = 3600.0


class WasiShadow:
    """The shadowing functions of one run.

    Args:
        cancel: ends a sleep.
        clock_origin: ``time.monotonic_ns()`` when the guest's monotonic clock read 0.

    Attributes:
        exit_code: what the guest passed to ``proc_exit``; None until it did.
    """

    def __init__(self, cancel: CancelToken, clock_origin: int) -> None:
        self.exit_code: int | None = None
        self._cancel = cancel
        self._clock_origin = clock_origin
        self._memory = GuestMemory(locate_memory)

    def define(self, linker: Any) -> list[Any]:
        """Define them; returns what must be kept while the guest may call."""
        linker.allow_shadowing = True
        kept = [
            define_raw(linker, MODULE, "proc_exit", "i", "", self._proc_exit),
            define_raw(linker, MODULE, "poll_oneoff", "iiii", "i", self._poll_oneoff),
        ]
        linker.allow_shadowing = False
        return kept

    def close(self) -> None:
        """End all access to the guest."""
        self._memory.release()

    def _proc_exit(self, _data: Any, _caller: int, values: Any, _count: int) -> int:
        self.exit_code = values[0]
        return new_trap("the guest exited")

    def _poll_oneoff(self, _data: Any, caller: int, values: Any, _count: int) -> int | None:
        try:
            self._memory.caller = caller
            values[0] = self._poll(*values[0:16:4])
        except OutOfBounds:
            values[0] = _FAULT
        except BaseException as error:  # noqa: BLE001 - nothing may unwind into wasm
            return new_trap(str(error))
        return new_trap("the run was stopped") if self._cancel.cancelled else None

    def _poll(self, subscriptions: int, events: int, count: int, happened: int) -> int:
        """Wait for the first of some clocks; files, and the streams of a run, are always ready."""
        memory = self._memory
        memory.check(happened, 4, "number of events")
        if not 0 < count <= _MAX_SUBSCRIPTIONS:
            return _INVAL
        memory.check(events, count * _EVENT.size, "events")
        data = memory.read(subscriptions, count * _SUBSCRIPTION.size, "subscriptions")
        waits: list[tuple[float, int, int]] = []
        for userdata, tag, which, timeout, _precision, flags in _SUBSCRIPTION.iter_unpack(data):
            if tag != _CLOCK:
                waits.append((0.0, userdata, tag))
            elif which in {_REALTIME, _MONOTONIC}:
                waits.append((self._seconds(which, timeout, flags), userdata, tag))
            else:
                return _INVAL
        shortest = min(wait for wait, _, _ in waits)
        self._sleep(shortest)
        ready = [
            _EVENT.pack(userdata, 0, tag, 0 if tag == _CLOCK else 1, 0)
            for wait, userdata, tag in waits
            if wait <= shortest
        ]
        memory.write(events, b"".join(ready), "events")
        memory.write_u32(happened, len(ready))
        return 0

    def _seconds(self, clock: int, timeout: int, flags: int) -> float:
        if flags & _ABSOLUTE:
            now = time.time_ns() if clock == _REALTIME else time.monotonic_ns() - self._clock_origin
            timeout -= now
        return max(0.0, timeout / 1e9)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._cancel.wait(min(left, _LONGEST_WAIT)):
                return
