"""Nothing grows when guests make and drop things again and again, and nothing outlives them."""

from __future__ import annotations

import gc

import psutil
import pytest
import wasmtime
from wasmtime import component as package

from tests.abi.wit.component import component
from wasinn_nb.abi.wit.resources import Crossing, Shared, Table
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.nn.errors import MissingMemory

LOOP = """
  (func (export "run") (param i32) (result i32)
    (local $left i32) (local $bad i32)
    (local.set $left (local.get 0))
    (loop $again
      {body}
      (call $reset)
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (local.get $bad))"""
EXPORT = """(func (export "run") (param "times" u32) (result u32)
  (canon lift (core func $main "run")))"""

# 0: "llm" (3 bytes); 16: where results go
NN = """
  (data (i32.const 0) "llm")
  {loop}"""
NN_BODY = """
      (call $load-by-name (i32.const 0) (i32.const {length}) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16)))
        (then
          (call $graph.init-execution-context (i32.load (i32.const 20)) (i32.const 32))
          (call $graph.drop (i32.load (i32.const 20)))
          (call $tensor.drop (call $tensor
            (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 3)))
          (call $graph-execution-context.drop (i32.load (i32.const 36))))
        (else
          (local.set $bad (i32.add (local.get $bad) (i32.const 1)))
          (drop (call $error.code (i32.load (i32.const 20))))
          (call $error.drop (i32.load (i32.const 20)))))"""

# 512: a name, and a config of nothing but nones
OPEN = """
  (data (i32.const 0) "m")
  (func $open (result i32)
    (i32.store (i32.const 512) (i32.const 0))
    (i32.store (i32.const 516) (i32.const 1))
    (call $model.load (i32.const 512) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    (call $model.open (i32.load (i32.const 20)) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then unreachable))
    (call $model.drop (i32.load (i32.const 20)))
    (i32.load (i32.const 36)))
  (func $generate (param i32)
    (call $context.generate (local.get 0) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 48))
    (if (i32.load8_u (i32.const 48)) (then unreachable))
    (call $token-stream.next (i32.load (i32.const 52)) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable)))
  (global $context (mut i32) (i32.const 0))"""
MODELS = """
      (global.set $context (call $open))
      (call $generate (global.get $context))
      (call $context.drop (global.get $context))
      (call $token-stream.drop (i32.load (i32.const 52)))"""
STREAMS = """
      (if (i32.eqz (global.get $context)) (then (global.set $context (call $open))))
      (call $generate (global.get $context))
      (call $token-stream.drop (i32.load (i32.const 52)))"""


class Looping:
    """A guest that does the same thing so many times."""

    def __init__(self, session, stem, core):
        engine = wasmtime.Engine()
        self.linker = package.Linker(engine)
        self.kept = session.define(self.linker)
        self.store = wasmtime.Store(engine)
        native = package.Component(engine, component([stem], core, EXPORT))
        self.run = self.linker.instantiate(self.store, native).get_func(self.store, "run")

    def __call__(self, times):
        result = self.run(self.store, times)
        self.run.post_return(self.store)
        return result

    def close(self):
        self.store.close()
        self.linker.close()
        self.kept.clear()


def growth(guest, times):
    """Bytes that the process grows by when a guest does something so many times once more."""
    guest(times)
    gc.collect()
    before = psutil.Process().memory_info().rss
    guest(times)
    gc.collect()
    return psutil.Process().memory_info().rss - before


@pytest.mark.parametrize(("length", "bad"), [(3, 0), (2, 1)], ids=["all well", "errors"])
def test_ten_thousand_graphs_contexts_tensors_and_errors(shelf, length, bad):
    shelf.record = lambda call: None
    shelf.loads = shelf.failures = type("Nothing", (), {"append": lambda self, item: None})()
    session = Session(shelf)
    loop = LOOP.format(body=NN_BODY.format(length=length))
    guest = Looping(session, "wasi-nn-0.2.0-rc-2024-10-28", NN.format(loop=loop))
    assert growth(guest, 10_000) < 1 << 20
    assert guest(10) == 10 * bad
    assert [len(table) for table in session._nn.tables] == [0, 0, 0, 0]
    assert all(len(table._free) <= 2 for table in session._nn.tables)
    assert not shelf.open_leases
    assert not shelf.open_contexts
    guest.close()
    session.close()


@pytest.mark.parametrize(
    ("body", "times", "left"), [(MODELS, 1000, 0), (STREAMS, 10_000, 1)], ids=["models", "streams"]
)
def test_thousands_of_models_contexts_and_streams(run, registry, backend, body, times, left):
    session = Session(run)
    guest = Looping(session, "wasinn-llm", OPEN + LOOP.format(body=body))
    assert guest(times) == 0
    assert [len(table) for table in session._llm.tables] == [0, left, 0]
    assert len(registry.describe("m").users) == left
    assert len(backend.graphs[-1].open_contexts) == left
    assert backend.loads == 1
    assert run.transcript.tokens == times
    guest.close()
    session.close()
    assert not registry.describe("m").users


def test_numbers_are_given_out_again():
    table = Table(1, "thing", limit=3)
    numbers = [table.add(name) for name in "abc"]
    assert sorted(numbers) == [1, 2, 3]
    with pytest.raises(MissingMemory, match="holds 3 things; the most is 3"):
        table.room()
    assert table.take(2) == "b"
    table.room()
    assert table.add("d") == 2
    assert [table[n] for n in (1, 2, 3)] == ["a", "d", "c"]


def test_what_is_shared_ends_with_the_last():
    ended = []
    shared = Shared("it", ended.append)
    shared.share().drop()
    assert not ended
    shared.drop()
    assert ended == ["it"]


def test_one_place_for_pointers_a_run():
    one, other = Crossing(), Crossing()
    assert one.cell_at != other.cell_at
