"""Exports of components: what there is, resources, errors, models, and how instances end."""

from __future__ import annotations

import gc
import inspect
import pickle
import threading
import time

import psutil
import pytest
import wasmtime

from tests.guest.exports import components
from tests.support.leaks import held, no_more
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.componentize import componentize
from wasinn_nb.guest.errors import (
    GuestError,
    GuestHandleClosed,
    GuestResultError,
    GuestStopped,
    GuestTimeout,
    GuestTrap,
    GuestTypeError,
)
from wasinn_nb.guest.wit import WitSource, read
from wasinn_nb.nn.errors import Busy


@pytest.fixture
def exports(runner):
    return runner.guest(components.counters(), name="c").exports


@pytest.fixture
def counting(exports):
    return exports.counting


def soon(true):
    """Waits until something holds."""
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_what_there_is(exports, counting):
    assert list(exports) == [
        "my:pkg/counting@1.0.0",
        "other:pkg/counting@1.0.0",
        "alive",
        "limited-to-ten",
    ]
    assert exports["my:pkg/counting@1.0.0"] is counting
    assert exports["other:pkg/counting@1.0.0"] is exports.other_pkg_counting
    assert {"counting", "alive", "limited_to_ten", "reset"} <= set(dir(exports))
    assert {"Counter", "take"} <= set(dir(counting))
    assert "limited_to_ten(n: u32) -> result<u32, string>" in repr(exports)
    assert "counting.take(c: counter) -> u32" in repr(exports)
    with pytest.raises(AttributeError, match=r"no 'more'; there is .*limited_to_ten"):
        exports.more  # noqa: B018
    with pytest.raises(KeyError):
        exports["more"]
    assert not hasattr(exports, "__wrapped__")


def test_signatures_and_help(exports, counting):
    assert str(inspect.signature(exports.limited_to_ten)) == "(n: int) -> int"
    assert exports.limited_to_ten.__doc__ == "limited_to_ten(n: u32) -> result<u32, string>"
    assert list(inspect.signature(counting.Counter).parameters) == ["start"]
    assert list(inspect.signature(counting.Counter.get).parameters) == ["self"]
    assert counting.Counter.get.__doc__ == "Counter.get() -> u32"
    assert "Counter(start: u32)" in inspect.getdoc(counting.Counter)


WIT = """
/// Counts things.
package my:pkg@1.0.0;

/// Counters and what is done with them.
interface counting {
  /// Something that counts.
  resource counter {
    constructor(start: u32);
    /// How far it is.
    get: func() -> u32;
    boom: func() -> u32;
    sum: static func(a: borrow<counter>, b: borrow<counter>) -> u32;
  }
  take: func(c: counter) -> u32;
}

world counters {
  export counting;
  /// How many counters there are.
  export alive: func() -> u32;
  export limited-to-ten: func(n: u32) -> result<u32, string>;
}
"""


def test_words_of_the_wit(runner):
    source = Source("", "c", abi="component", wit=WIT)
    exports = runner.guest(components.counters(), name="c", source=source).exports
    assert exports.alive.__doc__ == "How many counters there are.\n\nalive() -> u32"
    counting = exports.counting
    assert counting.__doc__ == "Counters and what is done with them."
    assert counting.Counter.__doc__.startswith("Something that counts.\n\nCounter(")
    assert counting.Counter.get.__doc__ == "How far it is.\n\nCounter.get() -> u32"
    assert counting.take.__doc__ == "take(c: counter) -> u32"


SHAPES = """
package demo:shapes;

interface types {
  /// A place.
  record point { x: f32, y: f32 }
  enum colour { red, green }
}

interface ops {
  use types.{point, colour as tint};
  paint: func(c: tint, at: point) -> tint;
}

world drawing {
  use types.{point as spot, colour};
  record line { ends: list<spot> }
  export flip: func(p: spot) -> spot;
  export flop: func(p: spot) -> option<colour>;
  export draw: func(l: line);
  export again: func(l: line);
  export ops;
}
"""

DRAWING = """(module
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
  (func (export "flip") (param f32 f32) (result i32)
    (f32.store (i32.const 64) (local.get 1)) (f32.store (i32.const 68) (local.get 0)) i32.const 64)
  (func (export "flop") (param f32 f32) (result i32) i32.const 96)
  (func (export "draw") (param i32 i32))
  (func (export "again") (param i32 i32))
  (func (export "demo:shapes/ops#paint") (param i32 f32 f32) (result i32) local.get 0))"""


def drawing(runner, wit=None):
    packages = read(WitSource(SHAPES))
    core = bytes(wasmtime.wat2wasm(DRAWING))
    wasm = componentize(core, packages, packages.world("demo:shapes/drawing"))
    source = Source("", "c", abi="component", wit=wit) if wit else None
    return runner.guest(wasm, name="d", source=source).exports


def test_types_that_are_used_have_the_names_that_they_were_defined_with(runner):
    exports = drawing(runner, SHAPES)
    assert exports.Spot is exports.ops.Point
    assert exports.Colour is exports.ops.Tint
    assert inspect.signature(exports.flip).parameters["p"].annotation is exports.Spot
    assert exports.flip(exports.Spot(1, 2)) == exports.ops.Point(2, 1)
    assert exports.flip({"x": 3, "y": 4}) == exports.Spot(4, 3)
    assert exports.ops.paint(exports.Colour.GREEN, exports.Spot(0, 0)) is exports.ops.Tint.GREEN
    told = repr(exports)
    assert "type-" not in told
    for line in (
        "flip(p: point) -> point",
        "flop(p: point) -> option<colour>",
        "draw(l: line)",
        "ops.paint(c: colour, at: point) -> colour",
        "record line { ends: list<point> }",
        "ops.record point { x: f32, y: f32 }",
    ):
        assert f"  {line}\n" in f"{told[:-1]}\n", line
    assert exports.Spot.__doc__ == "A place.\n\nrecord point { x: f32, y: f32 }"


def test_without_the_wit_types_have_the_names_of_the_component(runner):
    exports = drawing(runner)
    told = repr(exports)
    assert "  flip(p: point) -> point\n" in told
    assert "  draw(l: type-1)\n" in told
    assert "  again(l: type-1)\n" in told
    for function in (exports.draw, exports.again):
        assert inspect.signature(function).parameters["l"].annotation is exports.Type1


LARGE = """(module
  (memory (export "memory") 2050)
  (func $give (param i32) (result i32)
    (i32.store (i32.const 64) (i32.const 1024))
    (i32.store (i32.const 68) (local.get 0))
    i32.const 64)
  (export "text" (func $give))
  (export "numbers" (func $give)))"""


@pytest.mark.parametrize(
    ("name", "most", "told"),
    [("numbers", 2_796_202, "2,796,202 elements"), ("text", 1 << 27, "134,217,728 bytes of text")],
)
def test_too_much_for_one_call_says_how_much_is_not(runner, name, most, told):
    packages = read(
        WitSource(
            "package a:b; world large {"
            " export text: func(size: u32) -> string;"
            " export numbers: func(count: u32) -> list<u16>; }"
        )
    )
    core = bytes(wasmtime.wat2wasm(LARGE))
    exports = runner.guest(componentize(core, packages, packages.world("a:b/large"))).exports
    assert len(exports[name](most)) == most
    with pytest.raises(GuestTrap, match=f"too much data.*{told}"):
        exports[name](most + 1)


def test_arguments_by_name(exports):
    assert exports.limited_to_ten(n=3) == 3
    with pytest.raises(GuestTypeError, match=r"missing a required argument: 'n'.*n: u32"):
        exports.limited_to_ten()
    with pytest.raises(GuestTypeError, match="too many positional"):
        exports.limited_to_ten(1, 2)


def test_an_error_is_an_exception_with_its_value(exports):
    with pytest.raises(
        GuestResultError, match=r"limited_to_ten\(\) returned an error: too many$"
    ) as caught:
        exports.limited_to_ten(11)
    assert caught.value.value == "too many"
    assert exports.last_call.state == "finished"
    assert pickle.loads(pickle.dumps(caught.value)).value == "too many"


def test_resources(exports, counting):
    counter = counting.Counter(41)
    assert counter.get() == 41
    assert counting.Counter.sum(counter, counting.Counter(start=1)) == 42
    with counting.Counter(3) as third:
        assert exports.alive() >= 2
    assert third.closed
    third.close()
    with pytest.raises(GuestHandleClosed, match="it was closed"):
        third.get()
    with pytest.raises(GuestHandleClosed), third:
        pass
    with pytest.raises(GuestTypeError, match=r"c is counter, and it was given 3"):
        counting.take(3)
    assert counting.take(counter) == 7
    with pytest.raises(GuestHandleClosed, match="given to the guest"):
        counter.get()
    counter.close()
    gc.collect()
    soon(lambda: exports.alive() == 0)


def test_a_resource_that_is_forgotten_is_dropped(exports, counting):
    counter = counting.Counter(1)
    assert exports.alive() == 1
    del counter
    gc.collect()
    soon(lambda: exports.alive() == 0)


def test_what_is_refused_takes_no_resource(counting):
    counter = counting.Counter(1)
    with pytest.raises(GuestTypeError, match="too many"):
        counting.take(counter, counter)
    assert counter.get() == 1


def test_a_trap_ends_the_instance_and_the_next_call_begins_another(exports, counting, capsys):
    counter = counting.Counter(5)
    with pytest.raises(GuestTrap, match="the next call starts afresh"):
        counter.boom()
    with pytest.raises(GuestHandleClosed, match=r"its instance has ended: .*trapped"):
        counter.get()
    assert counter.closed
    assert exports.alive() == 0
    assert "c starts afresh: its last call trapped (abort)" in capsys.readouterr().err
    assert exports.alive() == 0
    assert not capsys.readouterr().err


def test_another_instances_resource(runner, counting):
    other = runner.guest(components.counters(), name="d").exports.counting
    with pytest.raises(GuestTypeError, match="c is counter"):
        counting.take(other.Counter(1))


def test_a_model_is_held_for_as_long_as_its_graph_lives(runner, registry, capsys):
    exports = runner.guest(components.MODELS, name="g").exports
    assert exports.load() is False
    assert capsys.readouterr().out == "working\n"
    assert registry.describe("m").users == ("g.exports",)
    assert list(exports.last_call.timeline.totals) == ["load-by-name"]
    with pytest.raises(Busy, match=r"End it first: g\.exports\.reset\(\)"):
        registry.unload("m", wait=0)
    exports.free()
    assert not registry.describe("m").users
    exports.load()
    assert exports.reset()
    assert not registry.describe("m").users


def test_a_model_can_be_taken_away_from_an_idle_instance(runner, registry, capsys):
    exports = runner.guest(components.MODELS, name="g").exports
    exports.load()
    runner.cancel(registry.describe("m").users, "unload")
    assert not registry.describe("m").users
    exports.load()
    assert "a model that it used was unloaded" in capsys.readouterr().err


def test_aliases(runner):
    exports = runner.guest(components.MODELS, name="g").exports
    assert exports.configure(models={"other": "m"}) is exports
    assert exports.load() is True
    assert "was given 'other'" in str(exports.last_call.last_error)
    exports.configure(models={"m": "m"})
    assert exports.load() is False


def test_stop_and_timeout(runner):
    exports = runner.guest(components.MODELS, name="g").exports
    stopper = threading.Thread(
        target=lambda: (soon(lambda: runner.active), runner.active[0].cancel())
    )
    stopper.start()
    with pytest.raises(GuestStopped, match="starts afresh"):
        exports.spin()
    stopper.join()
    with pytest.raises(GuestTimeout):
        exports.configure(timeout=0.05).spin()
    assert not runner.active
    assert exports.load() is False


def test_a_callback_cannot_call_what_calls_it(runner):
    exports = runner.guest(components.MODELS, name="g").exports
    exports.configure(on_stdout=lambda _: exports.free())
    with pytest.raises(GuestError, match="one call goes on at a time"):
        exports.load()


def test_ten_thousand_calls_leave_nothing(exports, counting):
    def some(count):
        for number in range(count):
            with counting.Counter(number) as counter:
                counter.get()
            counting.take(counting.Counter(1))
            counting.Counter(2)

    some(200)
    before, memory = held(), psutil.Process().memory_info().rss
    some(1500)
    soon(lambda: exports.alive() == 0)
    assert no_more(held(), before)
    assert psutil.Process().memory_info().rss - memory < 8 << 20
    exports.reset()


def test_instances_leave_nothing(runner, exports):
    def some(count):
        for _ in range(count):
            exports.alive()
            exports.reset()

    some(5)
    before = held()
    some(30)
    assert no_more(held(), before)
    assert not runner.active
