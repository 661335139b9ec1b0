"""Runs of components that generate text through ``wasinn:llm``: seen, stopped, and cleaned up."""

from __future__ import annotations

import time

import pytest

from tests.abi.wit.component import main
from wasinn_nb.guest.errors import GuestStopped, GuestTrap
from wasinn_nb.guest.timeline import Part

# 512: a name, and a config of nothing but nones
CORE = """
  (data (i32.const 0) "m")
  (data (i32.const 128) "hello you")
  (func $begin (result i32)
    (i32.store (i32.const 512) (i32.const 0))
    (i32.store (i32.const 516) (i32.const 1))
    (call $model.load (i32.const 512) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    (call $model.open (i32.load (i32.const 20)) (i32.const 32))
    (call $context.generate (i32.load (i32.const 36)) (i32.const 128) (i32.const 9)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 48))
    (if (i32.load8_u (i32.const 48)) (then unreachable))
    (i32.load (i32.const 52)))"""
ALL = """
  (local $stream i32)
  (local.set $stream (call $begin))
  (loop $again
    (call $token-stream.next (local.get $stream) (i32.const 64))
    (br_if $again (i32.eqz (i32.load8_u (i32.const 64)))))
  (i32.load8_u (i32.const 68)) ;; 0: the end of the sequence"""
TRAP = "(drop (call $begin)) unreachable"
WAIT = "(drop (call $begin)) (loop $for-ever (br $for-ever)) (i32.const 0)"


@pytest.fixture
def program(runner, registry):
    def make(body):
        guest = runner.guest(main(["wasinn-llm"], body, core=CORE), name="teller")
        return guest.start(check=False)

    yield make
    assert not registry.describe("m").users


def test_a_run_shows_what_its_component_generates(program, backend):
    run = program(ALL).wait()
    assert (run.text, run.tokens) == ("hello you and then some </s>", 6)
    assert run.metadata["output_tokens"] == 6
    totals = run.timeline.totals
    assert totals["token-stream.next"].count == 6
    assert run.timeline.summary().parts[Part.MODELS] >= totals["model.load"].duration
    assert run.timeline.summary().parts[Part.COMPUTE] >= totals["token-stream.next"].duration
    assert not backend.graphs[-1].open_contexts
    assert not backend.graphs[-1].closed


def test_a_trap_leaves_nothing_behind(program, backend):
    assert isinstance(program(TRAP).wait().error, GuestTrap)
    assert not backend.graphs[-1].open_contexts


def test_a_stop_leaves_nothing_behind(program, backend):
    run = program(WAIT)
    while not run.tokens and not run.done:
        time.sleep(0.005)
    run.cancel("stop")
    assert isinstance(run.wait().error, GuestStopped)
    assert run.state == "stopped"
    assert not backend.graphs[-1].open_contexts


def test_a_stop_reaches_a_token_that_takes_long(program, registry):
    registry.pin("m", {"token-ms": 60_000})
    run = program(ALL)
    while run.state != "running" and not run.done:
        time.sleep(0.005)
    time.sleep(0.05)
    run.cancel("stop")
    assert isinstance(run.wait(20).error, GuestStopped)
