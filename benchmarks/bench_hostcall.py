"""What one call from a guest into the host costs, and how fast a tensor gets in.

A guest calls ``get_output_single`` and ``compute_single`` in a loop; behind them is a context that
does nothing, so only the ABI is measured: arguments, handle look-up, bounds checks, the copy of a
token, errno, and the timeline's record. The baseline is the same function defined the public way.
Time is the thread's own: nothing in these loops waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import wasmtime

from benchmarks.harness import Result, interleave
from wasinn_nb.abi.core.contexts import ContextEntry
from wasinn_nb.abi.core.dialect import AUTO
from wasinn_nb.abi.core.linker import define, define_checked, locate_checked, locate_memory
from wasinn_nb.abi.core.session import Session
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.nn.tensor import Tensor

TENSOR_BYTES = 602_112
_FAST_CALLS, _SLOW_CALLS, _TENSORS = 100_000, 5_000, 400

_GUEST = f"""
(module
  (import "wasi_ephemeral_nn" "get_output_single"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute_single" (func $step (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set (param i32 i32 i32) (result i32)))
  (memory (export "memory") 32)
  (func (export "get") (param $n i32) (result i32) (local $failed i32)
    (loop $again
      (local.set $failed (i32.or (local.get $failed)
        (call $get (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 64) (i32.const 16))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $failed))
  (func (export "step") (param $n i32) (result i32) (local $failed i32)
    (loop $again
      (local.set $failed (i32.or (local.get $failed) (call $step (i32.const 0))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $failed))
  (func (export "set") (param $n i32) (result i32) (local $failed i32)
    (i32.store (i32.const 64) (i32.const 128))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.store (i32.const 72) (i32.const 3))
    (i32.store (i32.const 76) (i32.const 65536))
    (i32.store (i32.const 80) (i32.const {TENSOR_BYTES}))
    (i32.store (i32.const 128) (i32.const {TENSOR_BYTES}))
    (loop $again
      (local.set $failed (i32.or (local.get $failed)
        (call $set (i32.const 0) (i32.const 0) (i32.const 64))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $failed)))
"""


class _Context:
    """A context that computes nothing and keeps its input in a buffer of its own."""

    def __init__(self) -> None:
        self._input = memoryview(bytearray(TENSOR_BYTES))

    def set_input(self, index: int, tensor: Tensor) -> None:
        del index
        self._input[:] = tensor.data

    def compute_single(self) -> None:
        pass

    def get_output_single(self, index: int) -> bytes:
        del index
        return b" token"

    def output_tensor(self, index: int) -> None:
        del index


def run(rounds: int) -> list[Result]:
    """Measure; see the module's docstring."""
    engine = Engine()
    ours, checked = _caller(engine, public=False), _caller(engine, public=True)
    medians = interleave(
        rounds,
        {
            "get": lambda: ours("get", _FAST_CALLS),
            "get, public": lambda: checked("get", _SLOW_CALLS),
            "step": lambda: ours("step", _FAST_CALLS),
            "step, public": lambda: checked("step", _SLOW_CALLS),
            "set": lambda: ours("set", _TENSORS),
        },
    )
    us = {name: seconds * 1e6 for name, seconds in medians.items()}
    ratios = [us[f"{name}, public"] / us[name] for name in ("get", "step")]
    return [
        Result(
            "host call (get_output_single)",
            us["get"],
            "us",
            3.0,
            "at most",
            detail=f"get_output_single {us['get']:.2f} us, compute_single {us['step']:.2f} us",
        ),
        Result(
            "host call against the public way",
            min(ratios),
            "x",
            10.0,
            "at least",
            baseline="the same function through Linker.define_func",
            detail=f"get_output_single {us['get, public']:.1f} us ({ratios[0]:.0f}x), "
            f"compute_single {us['step, public']:.1f} us ({ratios[1]:.0f}x)",
        ),
        Result(
            f"set_input of {TENSOR_BYTES:,} bytes",
            TENSOR_BYTES / medians["set"] / 1e9,
            "GB/s",
            5.0,
            "at least",
            detail=f"{us['set']:.1f} us a call, one copy",
        ),
    ]


def _caller(engine: Engine, *, public: bool) -> Callable[[str, int], float]:
    """A function that makes the guest call ``n`` times and returns seconds per call."""
    timeline = Timeline(time.perf_counter())
    host: Any = _Host(timeline)
    locate = locate_checked if public else locate_memory
    session = Session(host, AUTO, locate)
    context: Any = _Context()
    session.functions.contexts.add(ContextEntry(context, host, is_text=True))
    linker = wasmtime.Linker(engine.native)
    kept = []
    if public:
        for name, function in session.functions.table().items():
            define_checked(linker, session, name, function)
    else:
        kept = define(linker, session)
    store = wasmtime.Store(engine.native)
    store.set_epoch_deadline(1 << 40)
    module = wasmtime.Module(engine.native, bytes(wasmtime.wat2wasm(_GUEST)))
    exports = linker.instantiate(store, module).exports(store)

    def call(name: str, n: int) -> float:
        exported: Any = exports[name]
        start = time.thread_time()
        failed = exported(store, n)
        seconds = time.thread_time() - start
        assert not failed, f"{name} answered {failed}"
        assert kept or public
        return seconds / n

    return call


class _Host:
    """The ears of a run that nobody listens to."""

    def __init__(self, timeline: Timeline) -> None:
        self.calls = timeline

    def failed(self, function: str, errno: int, error: Exception) -> None:
        raise AssertionError(f"{function} answered {errno}: {error}")

    def broken(self, function: str, error: BaseException) -> None:
        raise AssertionError(f"{function} is broken") from error
