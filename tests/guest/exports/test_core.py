"""Exports of core modules: numbers, memory, and the instance behind them."""

from __future__ import annotations

import inspect
import os
import signal
import threading

import numpy as np
import pytest
import wasmtime
from IPython.core.formatters import DisplayFormatter

from tests.guest.exports.test_components import soon
from tests.guest.run import guests
from wasinn_nb.guest.errors import (
    GuestError,
    GuestExit,
    GuestHandleClosed,
    GuestLinkError,
    GuestOutOfMemory,
    GuestOutputLimit,
    GuestTypeError,
)
from wasinn_nb.nn.errors import InvalidArgument

LIBRARY = guests.module(
    """
  (global $n (mut i32) (i32.const 0)) (global $top (mut i32) (i32.const 4096))
  (data (i32.const 64) "hello\\n")
  (func (export "_initialize") (global.set $n (i32.const 100)))
  (func (export "add") (param $by i32) (result i32)
    (global.set $n (i32.add (global.get $n) (local.get $by))) (global.get $n))
  (func (export "wide") (param i64) (result i64) (local.get 0))
  (func (export "real") (param f32 f64) (result f64)
    (f64.add (f64.promote_f32 (local.get 0)) (local.get 1)))
  (func (export "both") (param i32) (result i32 f32) (local.get 0) (f32.const 0.5))
  (func (export "reset") (result i32) (i32.const 7))
  (func (export "vector") (result v128) (v128.const i32x4 0 0 0 0))
  (func (export "hello") (call $print (i32.const 1) (i32.const 64) (i32.const 6)))
  (func (export "quit") (param i32) (call $proc_exit (local.get 0)))
  (func (export "spin") (loop $again (br $again)))
  (func (export "chatter") (loop $again
    (call $print (i32.const 1) (i32.const 64) (i32.const 4096)) (br $again)))
  (func (export "grow") (loop $again
    (br_if $again (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) (unreachable))
  (func (export "malloc") (param $size i32) (result i32)
    (global.get $top) (global.set $top (i32.add (global.get $top) (local.get $size))))
  (func (export "free") (param i32))
  (func (export "sum") (param $at i32) (param $count i32) (result f32) (local $sum f32)
    (loop $next
      (local.set $sum (f32.add (local.get $sum) (f32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum))
"""
)


@pytest.fixture
def exports(runner):
    return runner.guest(LIBRARY, name="f").exports


def test_numbers(exports):
    assert exports.wide(2**63) == -(2**63)
    assert exports.wide(-1) == exports.wide(2**64 - 1) == -1
    assert exports.real(0.5, 2) == 2.5
    assert exports.both(3) == (3, 0.5)
    assert exports.add(True) == 101
    for wrong in (1.5, "1", None, 2**32, -(2**31) - 1):
        with pytest.raises(GuestTypeError, match="by is i32"):
            exports.add(wrong)


def test_signatures(exports):
    assert str(inspect.signature(exports.add)) == "(by: int) -> int"
    assert exports.real.__doc__ == "real(p0: f32, p1: f64) -> f64"
    assert "both(p0: i32) -> tuple<i32, f32>" in repr(exports)
    assert "vector() -> (v128)" in repr(exports)
    with pytest.raises(GuestError, match="vectors or references"):
        exports.vector()


def test_state_stays_until_it_is_reset(exports):
    assert [exports.add(1), exports.add(1)] == [101, 102]
    assert exports.reset() is True
    assert exports.reset() is False
    assert exports.add(1) == 101
    assert exports["reset"]() == 7


def test_other_options_begin_another_instance(exports):
    exports.add(1)
    exports.configure(timeout=30)
    assert exports.add(1) == 102
    exports.configure(env={"A": "1"})
    assert exports.add(1) == 101
    with pytest.raises(InvalidArgument, match="/out"):
        exports.configure(outputs=["x"])


def test_options_that_mean_nothing_to_calls(exports):
    with pytest.raises(InvalidArgument, match="a core module has no HTTP"):
        exports.configure(allow_http=["example.org"])
    with pytest.raises(InvalidArgument, match="leave nothing in /out"):
        exports.configure(outputs=["x"])


def test_what_a_guest_prints(exports, capsys):
    exports.hello()
    assert capsys.readouterr().out == "hello\n"
    assert exports.last_call.stdout == "hello\n"
    seen = []
    exports.configure(on_stdout=seen.append)
    exports.hello()
    exports.hello()
    assert seen == ["hello\n", "hello\n"]
    assert not capsys.readouterr().out
    assert exports.last_call.stdout == "hello\n"


def test_an_exit_is_no_result(exports, capsys):
    for given, code in ((0, 0), (3, 3), (-56, 200)):
        with pytest.raises(GuestExit, match=f"code {code} instead of returning") as caught:
            exports.quit(given)
        assert caught.value.code == code
    assert exports.add(0) == 100
    assert "it exited with code 200" in capsys.readouterr().err


def test_limits(exports):
    with pytest.raises(GuestOutputLimit):
        exports.configure(output_limit=100_000, on_stdout=lambda _: None).chatter()
    with pytest.raises(GuestOutOfMemory, match="32 MiB"):
        exports.configure(memory_limit=32).grow()


def test_an_interrupt_ends_the_call(runner, exports):
    def interrupt():
        soon(lambda: runner.active and runner.active[0].state == "running")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        exports.spin()
    thread.join()
    assert exports.last_call.cancelled_reason == "interrupt"
    assert not runner.active
    assert exports.add(0) == 100


def test_arrays_in_memory(exports):
    memory = exports.memory
    numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
    with memory.put(numbers) as buffer:
        assert exports.sum(buffer, 6) == 15
        assert np.array_equal(buffer.array(), numbers)
        assert buffer.array(np.uint8).shape == (24,)
        buffer.write(np.ones(6, ">f4"))
        assert exports.sum(buffer, 6) == 6
        with pytest.raises(GuestTypeError, match="do not fit"):
            buffer.write(bytes(25))
    with pytest.raises(GuestHandleClosed, match="given back"):
        exports.sum(buffer, 6)
    assert memory.write(64, "HELLO") == 5
    assert memory.read(np.int64(64), np.int64(6)) == b"HELLO\n"
    assert memory.array(64, 2, np.uint16).tolist() == [0x4548, 0x4C4C]
    assert len(memory) == 2 << 16


@pytest.mark.parametrize(
    ("at", "size"), [(131072, 1), (131071, 2), (-1, 4), (0, 1 << 33), (0, -1), (1 << 32, 4)]
)
def test_memory_has_an_end(exports, at, size):
    with pytest.raises(GuestTypeError, match="not in the guest's memory of 131,072 bytes"):
        exports.memory.read(at, size)
    assert exports.add(0) == 100


@pytest.mark.parametrize("shape", [-1, (-1, -2), (2, -1)])
def test_an_array_of_no_shape(exports, shape):
    with pytest.raises(GuestTypeError, match="no array of numbers"):
        exports.memory.array(0, shape)


def test_names_that_are_none_in_python(runner):
    wasm = wasmtime.wat2wasm(r"""(module
      (func (export "a\1b[31m") (param $"x\1b[32m" i32) (param $"\c2\b2" i32))
      (func (export "\c2\b2") (result i32) (i32.const 2))
      (memory (export "m\1b[3m") 1))""")
    exports = runner.guest(bytes(wasm), name="f").exports
    assert exports["²"]() == 2
    assert exports.a__31m(1, 2) is None
    with pytest.raises(GuestTypeError, match=r"a__31m\(x\\x1b\[32m: i32, ²: i32\)"):
        exports.a__31m(1)
    exports["m\x1b[3m"].read(0, 1)
    assert "\x1b" not in repr(exports)


def test_many_exports_are_not_all_shown(runner):
    many = " ".join(f'(export "f{n}" (func $f))' for n in range(600))
    wasm = wasmtime.wat2wasm(f"(module (func $f (param {'i32 ' * 500})) {many})")
    exports = runner.guest(bytes(wasm), name="f").exports
    lines = repr(exports).split("\n")
    assert len(lines) == 502
    assert lines[-1] == "  ...>"
    assert max(map(len, lines)) < 1100
    assert exports.f599.__name__ == "f599"


def test_to_display_exports_calls_none_of_them(runner):
    wasm = wasmtime.wat2wasm("""(module (func (export "_repr_html_") unreachable)
      (func (export "_ipython_display_") unreachable))""")
    exports = runner.guest(bytes(wasm), name="f").exports
    formatted, _ = DisplayFormatter().format(exports)
    assert set(formatted) == {"text/plain"}
    assert exports.last_call is None
    with pytest.raises(GuestError, match="trapped"):
        exports["_repr_html_"]()


def test_memory_of_an_instance_that_is_gone(exports):
    buffer = exports.memory.put(b"abc")
    exports.reset()
    with pytest.raises(GuestHandleClosed, match="ended: it was reset"):
        buffer.read()
    buffer.close()


def test_who_gives_out_no_memory(runner):
    wasm = wasmtime.wat2wasm('(module (memory (export "memory") 1) (func (export "f")))')
    exports = runner.guest(bytes(wasm)).exports
    with pytest.raises(GuestError, match="exports no malloc"):
        exports.memory.put(b"abc")
    assert exports.memory.write(0, b"abc") == 3


def test_imports_that_nobody_provides(runner):
    wasm = wasmtime.wat2wasm('(module (import "a" "b" (func)) (func (export "f")))')
    exports = runner.guest(bytes(wasm)).exports
    for _ in range(2):
        with pytest.raises(GuestLinkError, match=r"a\.b"):
            exports.f()


def test_tokens_of_a_context_that_later_calls_go_on_with(runner):
    wasm = guests.module(
        """
  (global $c (mut i32) (i32.const 0))
  (data (i32.const 64) "m") (data (i32.const 80) "a b c d e f")
  (data (i32.const 100) "\\0b\\00\\00\\00")
  (func (export "open")
    (call $must (call $load_by_name (i32.const 64) (i32.const 1) (i32.const 16)))
    (call $must (call $init_execution_context (i32.load (i32.const 16)) (i32.const 20)))
    (global.set $c (i32.load (i32.const 20)))
    (i32.store (i32.const 32) (i32.const 100)) (i32.store (i32.const 36) (i32.const 1))
    (i32.store8 (i32.const 40) (i32.const 2))
    (i32.store (i32.const 44) (i32.const 80)) (i32.store (i32.const 48) (i32.const 11))
    (i32.store (i32.const 32) (i32.const 100)) (i32.store (i32.const 36) (i32.const 1))
    (i32.store (i32.const 40) (i32.const 2))
    (call $must (call $set_input (global.get $c) (i32.const 0) (i32.const 32))))
  (func (export "next") (result i32) (call $compute_single (global.get $c)))
""",
        *("load_by_name", "init_execution_context", "set_input", "compute_single"),
    )
    exports = runner.guest(wasm, name="t").exports
    exports.open()
    texts = []
    for _ in range(3):
        assert exports.next() == 0
        assert exports.last_call.tokens == 1
        texts.append(exports.last_call.text)
    assert len(set(texts)) == 3
    assert list(exports.last_call.timeline.totals) == ["compute_single"]
    exports.open()
    assert exports.last_call.tokens == 0
