"""Nothing grows when guests make and drop things again and again, and nothing outlives them."""

from __future__ import annotations

import gc
from collections import deque
from dataclasses import dataclass

import psutil
import pytest
import wasmtime
from wasmtime import component as package

from tests.abi.wit.component import component
from wasinn_nb.abi.wit.resources import Crossing, Shared, Table
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest.timeline import Timeline
from wasinn_nb.nn.errors import MissingMemory
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

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

# 0: "llm" (3 bytes), also what the tensor holds; 8: its dimensions; 16: where results go
NN = """
  (data (i32.const 0) "llm")
  (data (i32.const 8) "\\03\\00\\00\\00")
  (data (i32.const 12) "0")
  (func $check (param i32) (if (i32.load8_u (local.get 0)) (then unreachable)))
  (func $new-tensor (result i32) (call $tensor
    (i32.const 8) (i32.const 1) (i32.const 4) (i32.const 0) (i32.const 3)))
  (func $look (param i32)
    (call $tensor.dimensions (local.get 0) (i32.const 16))
    (drop (call $tensor.ty (local.get 0)))
    (call $tensor.data (local.get 0) (i32.const 16))
    (call $tensor.drop (local.get 0)))
  {loop}"""
SET_AND_GET = """
          (call $graph-execution-context.set-input (i32.load (i32.const 36))
            (i32.const 12) (i32.const 1) (call $new-tensor) (i32.const 48))
          (call $check (i32.const 48))
          (call $graph-execution-context.compute (i32.load (i32.const 36)) (i32.const 48))
          (call $check (i32.const 48))
          (call $graph-execution-context.get-output (i32.load (i32.const 36))
            (i32.const 12) (i32.const 1) (i32.const 48))
          (call $check (i32.const 48))
          (call $look (i32.load (i32.const 52)))"""
# a list of one pair of name and tensor at 64; two come back: the text, and the figures
NAMED = """
          (i32.store (i32.const 64) (i32.const 12))
          (i32.store (i32.const 68) (i32.const 1))
          (i32.store (i32.const 72) (call $new-tensor))
          (call $graph-execution-context.compute (i32.load (i32.const 36))
            (i32.const 64) (i32.const 1) (i32.const 48))
          (call $check (i32.const 48))
          (call $look (i32.load offset=8 (i32.load (i32.const 52))))
          (call $look (i32.load offset=20 (i32.load (i32.const 52))))"""
ANOTHER_ERROR = """
          (call $error.drop (call $error (i32.const 0) (i32.const 0) (i32.const 3)))"""
NN_BODY = """
      (call $load-by-name (i32.const 0) (i32.const {length}) (i32.const 16))
      (if (i32.eqz (i32.load8_u (i32.const 16)))
        (then
          (call $graph.init-execution-context (i32.load (i32.const 20)) (i32.const 32))
          (call $graph.drop (i32.load (i32.const 20)))
          {compute}
          (call $graph-execution-context.drop (i32.load (i32.const 36))))
        (else
          (local.set $bad (i32.add (local.get $bad) (i32.const 1)))
          (drop (call $error.code (i32.load (i32.const 20))))
          (call $error.data (i32.load (i32.const 20)) (i32.const 48))
          (call $error.drop (i32.load (i32.const 20)))
          {another}))"""
DOORS = {
    "2024-06-25": {"compute": SET_AND_GET, "another": ANOTHER_ERROR},
    "2024-08-19": {"compute": SET_AND_GET, "another": ""},
    "2024-10-28": {"compute": NAMED, "another": ""},
}

# 512: a name, and a config of nothing but nones
OPEN = """
  (data (i32.const 0) "m")
  (func $load (result i32)
    (i32.store (i32.const 512) (i32.const 0))
    (i32.store (i32.const 516) (i32.const 1))
    (call $model.load (i32.const 512) (i32.const 16))
    (if (i32.load8_u (i32.const 16)) (then unreachable))
    (i32.load (i32.const 20)))
  (func $open (result i32) (local $model i32)
    (local.set $model (call $load))
    (call $model.open (local.get $model) (i32.const 32))
    (if (i32.load8_u (i32.const 32)) (then unreachable))
    (call $model.drop (local.get $model))
    (i32.load (i32.const 36)))
  (func $generate (param i32)
    (call $context.generate (local.get 0) (i32.const 0) (i32.const 1)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 48))
    (if (i32.load8_u (i32.const 48)) (then unreachable))
    (call $token-stream.next (i32.load (i32.const 52)) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then unreachable)))
  (global $model (mut i32) (i32.const 0))
  (global $context (mut i32) (i32.const 0))"""
MODELS = """
      (call $context.drop (call $open))"""
CONTEXTS = """
      (if (i32.eqz (global.get $model)) (then (global.set $model (call $load))))
      (call $model.open (global.get $model) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then unreachable))
      (call $context.drop (i32.load (i32.const 36)))"""
STREAMS = """
      (if (i32.eqz (global.get $context)) (then (global.set $context (call $open))))
      (call $generate (global.get $context))
      (call $token-stream.drop (i32.load (i32.const 52)))"""
FINISHED = """
      (if (i32.eqz (global.get $context)) (then (global.set $context (call $open))))
      (call $generate (global.get $context))
      (call $token-stream.cancel (i32.load (i32.const 52)))
      (call $token-stream.finish (i32.load (i32.const 52)) (i32.const 128))"""
FAILURES = """
      (i32.store (i32.const 512) (i32.const 1))
      (i32.store (i32.const 516) (i32.const 1))
      (call $model.load (i32.const 512) (i32.const 16))
      (local.set $bad (i32.add (local.get $bad) (i32.load8_u (i32.const 16))))"""


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
    """Bytes that the process grows by when a guest does something so many times."""
    guest(times // 10)
    gc.collect()
    before = psutil.Process().memory_info().rss
    guest(times)
    gc.collect()
    return psutil.Process().memory_info().rss - before


class NoTimeline(Timeline):
    """A run keeps a hundred thousand calls, which is no leak."""

    def __init__(self):
        super().__init__(0.0)
        self.record = lambda call: None


@pytest.mark.parametrize("length", [3, 2], ids=["all well", "errors"])
@pytest.mark.parametrize("door", DOORS)
def test_ten_thousand_graphs_contexts_tensors_and_errors(shelf, door, length):
    shelf.calls = NoTimeline()
    shelf.loads = shelf.failures = shelf.read = deque(maxlen=0)
    session = Session(shelf)
    loop = LOOP.format(body=NN_BODY.format(length=length, **DOORS[door]))
    guest = Looping(session, f"wasi-nn-0.2.0-rc-{door}", NN.format(loop=loop))
    assert growth(guest, 10_000) < 1 << 20
    assert guest(10) == 10 * (length == 2)
    assert [len(table) for table in session._nn.tables] == [0, 0, 0, 0]
    assert all(len(table._free) <= 3 for table in session._nn.tables)
    assert not shelf.open_leases
    assert not shelf.open_contexts
    guest.close()
    session.close()


@dataclass
class Cycle:
    """What a guest of language models does again and again, and what there is then."""

    body: str
    times: int = 10_000
    models: int = 0
    contexts: int = 0
    says: bool = False
    fails: bool = False


CYCLES = {
    "models": Cycle(MODELS, times=1000),
    "contexts": Cycle(CONTEXTS, models=1),
    "streams": Cycle(STREAMS, contexts=1, says=True),
    "finished streams": Cycle(FINISHED, contexts=1, says=True),
    "errors": Cycle(FAILURES, times=1000, fails=True),
}


@pytest.mark.parametrize("cycle", CYCLES.values(), ids=CYCLES)
def test_thousands_of_models_contexts_streams_and_errors(run, registry, backend, cycle):
    run.calls = NoTimeline()
    session = Session(run)
    guest = Looping(session, "wasinn-llm", OPEN + LOOP.format(body=cycle.body))
    assert growth(guest, cycle.times) < 1 << 20
    assert guest(10) == 10 * cycle.fails
    assert [len(table) for table in session._llm.tables] == [0, cycle.contexts, cycle.models]
    assert all(len(table._free) <= 2 for table in session._llm.tables)
    assert len(registry.describe("m").users) == bool(cycle.contexts or cycle.models)
    assert sum(len(graph.open_contexts) for graph in backend.graphs) == cycle.contexts
    assert backend.loads == (not cycle.fails)
    assert run.transcript.tokens == cycle.says * (cycle.times + cycle.times // 10 + 10)
    assert len(run.transcript.streams) <= 1
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


def test_what_is_held_is_counted_in_bytes_until_it_goes():
    table, tensor = Table(1, "tensor", limit=9), Tensor((800,), TensorType.U8, bytes(800))
    table.most_nbytes = 1500
    ends = {
        "dropped": table.drop,
        "given": table.take,
        "over": lambda _: table.end(pytest.fail),
        "gone": lambda _: table.clear(pytest.fail),
    }
    for end in ends.values():
        table.add(tensor)
        table.room()
        number = table.add(tensor)
        with pytest.raises(MissingMemory, match="The guest's tensors take 1,600 bytes"):
            table.room()
        end(number)
        table.room()
        table.clear(pytest.fail)


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
