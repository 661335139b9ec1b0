"""What components cost: a token against the core ABI, and a tensor against the package's way.

Two guests, a core module and a component, pull the same tokens from a context that computes
nothing, so that only the ABIs are measured; then real guests (:mod:`benchmarks.guest_tokens`). A
tensor of random numbers goes into the host and comes back, once as the wasmtime package passes a
``list<u8>``, once as every component of ours is run (:mod:`wasinn_nb.guest.octets`), and once as
one is that cannot be rewritten.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import wasmtime

from benchmarks import guest_tokens
from benchmarks.bench_hostcall import TENSOR_BYTES, _caller
from benchmarks.harness import Result, take_turns
from wasinn_nb.abi.wit import checked, linker
from wasinn_nb.abi.wit.codec import Err
from wasinn_nb.abi.wit.generation import Generation, Options
from wasinn_nb.abi.wit.llm import Stream
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest import octets
from wasinn_nb.guest.engine import Engine
from wasinn_nb.guest.timeline import Timeline

_TOKENS, _TENSORS = 50_000, 10
_US, _MS = 1e6, 1e3

_TYPES = """
  (import "wasinn:llm/errors@0.1.0" (instance $errors
    (type $limit' (record (field "limit" u32) (field "actual" u32)))
    (export "token-limit" (type $limit (eq $limit')))
    (type $code' (enum "invalid-argument" "invalid-encoding" "timeout" "runtime-error"
      "unsupported-operation" "too-large" "not-found" "security" "missing-memory" "unknown"))
    (export "code" (type $code (eq $code')))
    (type $failure' (record (field "code" $code) (field "message" string)))
    (export "failure" (type $failure (eq $failure')))
    (type $error' (variant (case "end-of-sequence") (case "context-full" $limit)
      (case "prompt-too-long" $limit) (case "model-not-found" string) (case "busy" (list string))
      (case "cancelled") (case "failed" $failure)))
    (export "error" (type $error (eq $error')))))
  (alias export $errors "error" (type $error))
"""
_LIB = """
  (core module $lib
    (memory (export "memory") 64)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $lib (instantiate $lib))
  (alias core export $lib "memory" (core memory $memory))
  (alias core export $lib "realloc" (core func $realloc))
"""
_TOKEN_LOOP = f"""
(component $C {_TYPES}
  (import "wasinn:llm/models@0.1.0" (instance $models
    (alias outer $C $error (type $e))
    (export "error" (type $error (eq $e)))
    (type $token' (record (field "id" u32) (field "bytes" (list u8)) (field "text" string)
      (field "log-probability" (option f32))))
    (export "token" (type $token (eq $token')))
    (export "token-stream" (type $stream (sub resource)))
    (export "[method]token-stream.next"
      (func (param "self" (borrow $stream)) (result (result $token (error $error)))))))
  (alias export $models "token-stream" (type $stream))
  (alias export $models "[method]token-stream.next" (func $next))
  {_LIB}
  (core func $next (canon lower (func $next) (memory $memory) (realloc $realloc)))
  (core func $drop (canon resource.drop $stream))
  (core module $code
    (import "api" "next" (func $next (param i32 i32)))
    (import "api" "drop" (func $drop (param i32)))
    (func (export "run") (param $stream i32) (param $n i32)
      (loop $again
        (call $next (local.get $stream) (i32.const 64))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (call $drop (local.get $stream))))
  (core instance $main (instantiate $code
    (with "api" (instance (export "next" (func $next)) (export "drop" (func $drop))))))
  (func (export "run") (param "stream" (borrow $stream)) (param "n" u32)
    (canon lift (core func $main "run"))))
"""
_TENSOR_LOOP = f"""
(component
  (import "wasi:nn/tensor@0.2.0-rc-2024-10-28" (instance $tensors
    (type $type' (enum "FP16" "FP32" "FP64" "BF16" "U8" "I32" "I64"))
    (export "tensor-type" (type $type (eq $type')))
    (export "tensor" (type $tensor (sub resource)))
    (export "[constructor]tensor" (func (param "dimensions" (list u32)) (param "ty" $type)
      (param "data" (list u8)) (result (own $tensor))))
    (export "[method]tensor.data" (func (param "self" (borrow $tensor)) (result (list u8))))))
  (alias export $tensors "tensor" (type $tensor))
  (alias export $tensors "[constructor]tensor" (func $new))
  (alias export $tensors "[method]tensor.data" (func $data))
  {_LIB}
  (core func $new (canon lower (func $new) (memory $memory) (realloc $realloc)))
  (core func $data (canon lower (func $data) (memory $memory) (realloc $realloc)))
  (core func $drop (canon resource.drop $tensor))
  (core module $code
    (import "lib" "memory" (memory 64))
    (import "api" "new" (func $new (param i32 i32 i32 i32 i32) (result i32)))
    (import "api" "data" (func $data (param i32 i32)))
    (import "api" "drop" (func $drop (param i32)))
    (func (export "run") (param $n i32) (local $tensor i32) (local $at i32) (local $value i32)
      (loop $fill ;; a guest's numbers: half of their bytes are no ASCII
        (local.set $value
          (i32.add (i32.mul (local.get $value) (i32.const 1664525)) (i32.const 1013904223)))
        (i32.store offset=65536 (local.get $at) (local.get $value))
        (br_if $fill (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const {TENSOR_BYTES}))))
      (loop $again
        (local.set $tensor (call $new (i32.const 0) (i32.const 0) (i32.const 4)
          (i32.const 65536) (i32.const {TENSOR_BYTES})))
        (call $data (local.get $tensor) (i32.const 64))
        (call $drop (local.get $tensor))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
  (core instance $main (instantiate $code (with "lib" (instance $lib))
    (with "api" (instance (export "new" (func $new)) (export "data" (func $data))
      (export "drop" (func $drop))))))
  (func (export "run") (param "n" u32) (canon lift (core func $main "run"))))
"""


class _Context:
    """A context that computes nothing."""

    token = 7

    def compute_single(self) -> None:
        pass

    def get_output_single(self, index: int) -> bytes:
        return b"{}" if index else b" token"


def run(rounds: int) -> list[Result]:
    """Measure; see the module's docstring."""
    core = _caller(Engine(), public=False)
    tensors = bytes(wasmtime.wat2wasm(_TENSOR_LOOP))
    rewriting = octets.find(tensors)
    assert rewriting is not None
    ours = _tensor_loop(linker.define_raw, rewriting.component(), packed=True)
    listed = _tensor_loop(linker.define_raw, tensors)
    stock = _tensor_loop(checked.define, tensors)
    turns = take_turns(
        rounds,
        {
            "core": lambda: core("step", _TOKENS) + core("get", _TOKENS),
            "component": _token_loop,
            "tensor": lambda: ours(_TENSORS),
            "listed tensor": lambda: listed(2),
            "stock tensor": lambda: stock(1),
        },
    )
    extra = [b - a for a, b in zip(turns["core"], turns["component"], strict=True)]
    us = {name: statistics.median(values) * _US for name, values in turns.items()}
    return [
        *guest_tokens.run(rounds),
        Result(
            "a token of a component above the core ABI",
            statistics.median(extra) * _US,
            "us",
            60.0,
            "at most",
            baseline="compute_single and get_output_single",
            detail=f"token-stream.next {us['component']:.1f} us, core {us['core']:.1f} us",
        ),
        Result(
            f"a tensor of {TENSOR_BYTES:,} bytes into the host and back",
            us["stock tensor"] / us["tensor"],
            "x",
            15.0,
            "at least",
            baseline="the wasmtime package's way",
            detail=f"{us['tensor'] / _MS:.1f} ms against {us['stock tensor'] / _MS:.0f} ms",
        ),
        Result(
            "the same for a component that cannot be rewritten",
            us["stock tensor"] / us["listed tensor"],
            "x",
            8.0,
            "at least",
            baseline="the wasmtime package's way",
            detail=f"{us['listed tensor'] / _MS:.0f} ms against {us['stock tensor'] / _MS:.0f} ms",
        ),
    ]


def _host() -> Any:
    return SimpleNamespace(calls=Timeline(time.perf_counter()), output_read=lambda *_: None)


def _token_loop() -> float:
    """Seconds a token."""
    from wasmtime import component

    engine = Engine()
    session = Session(_host())
    context: Any = _Context()
    generation = Generation(context, Options(), lambda _: None, lambda _: None)
    shared: Any = SimpleNamespace(drop=lambda: None)
    number = session._llm.streams.add(Stream(shared, generation))
    with component.Linker(engine.native) as into, wasmtime.Store(engine.native) as store:
        kept = session.define(into)
        store.set_epoch_deadline(1 << 40)
        native = component.Component(engine.native, wasmtime.wat2wasm(_TOKEN_LOOP))
        function: Any = into.instantiate(store, native).get_func(store, "run")
        handle = component.ResourceHost.own(number, session._llm.streams.kind).to_any(store)
        assert not isinstance(generation.next(), Err)
        start = time.thread_time()
        function(store, handle, _TOKENS)
        seconds = time.thread_time() - start
        handle.close()
    kept.clear()
    return seconds / _TOKENS


def _tensor_loop(
    define: Callable[..., Any], wasm: bytes, *, packed: bool = False
) -> Callable[[int], float]:
    """A function that passes a tensor so many times and returns seconds for one."""
    from wasmtime import component

    engine = Engine()
    session = Session(_host(), packed=packed)
    into = component.Linker(engine.native)
    kept = define(into, session.interfaces, session)
    store = wasmtime.Store(engine.native)
    store.set_epoch_deadline(1 << 40)
    native = component.Component(engine.native, wasm)
    function: Any = into.instantiate(store, native).get_func(store, "run")

    def call(times: int) -> float:
        start = time.thread_time()
        function(store, times)
        function.post_return(store)
        assert kept is not into
        return (time.thread_time() - start) / times

    return call
