from __future__ import annotations

import contextvars
import threading
import time

import pytest

from tests.guest.run import guests
from wasinn_nb.guest import pump
from wasinn_nb.guest.errors import GuestOutputLimit

BOTH = guests.module("""
  (data (i32.const 64) "out")
  (data (i32.const 80) "err")
  (func (export "_start")
    (call $print (i32.const 1) (i32.const 64) (i32.const 3))
    (call $print (i32.const 2) (i32.const 80) (i32.const 3))
    (unreachable))
""")

# "häh" in two writes that split the ä, then a byte that is not UTF-8
SPLIT = guests.module("""
  (data (i32.const 64) "h\\c3\\a4h\\ff")
  (func (export "_start")
    (call $print (i32.const 1) (i32.const 64) (i32.const 2))
    (call $print (i32.const 1) (i32.const 66) (i32.const 3)))
""")

MUCH = guests.module(
    """
  (func (export "_start") (local $n i32)
    (memory.fill (i32.const 64) (i32.const 120) (i32.const 1000000))
    (loop $again
      (call $print (i32.const 1) (i32.const 64) (i32.const 1000000))
      (call $print (i32.const 2) (i32.const 64) (i32.const 100))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 20)))))
""",
    pages=20,
)

# copies standard input to standard output
CAT = guests.module(
    """
  (func (export "_start")
    (loop $again
      (i32.store (i32.const 16) (i32.const 64))
      (i32.store (i32.const 20) (i32.const 4096))
      (call $must (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
      (if (i32.load (i32.const 24)) (then
        (call $print (i32.const 1) (i32.const 64) (i32.load (i32.const 24)))
        (br $again)))))
""",
    "fd_read",
)


def test_both_streams_arrive_also_before_a_trap(runner):
    run = runner.guest(BOTH).run(check=False)
    assert (run.stdout, run.stderr, run.state) == ("out", "err", "failed")


def test_callbacks_see_whole_characters(runner):
    seen = []
    run = runner.guest(SPLIT).run(on_stdout=seen.append)
    assert "".join(seen) == run.stdout == "häh�"
    assert all("�" not in text for text in seen[:-1])
    assert run.stdout_bytes == b"h\xc3\xa4h\xff"


def test_much_output_neither_blocks_nor_is_lost(runner):
    lengths = []
    run = runner.guest(MUCH).run(on_stdout=lambda text: lengths.append(len(text)))
    assert len(run.stdout_bytes) == sum(lengths) == 20_000_000
    assert len(run.stderr) == 2000


def test_the_output_limit_ends_the_run(runner):
    with pytest.raises(GuestOutputLimit, match="more than 1,000 bytes") as caught:
        runner.guest(guests.FLOOD).run(output_limit=1000)
    assert len(caught.value.run.stdout_bytes) == 1000


def test_the_last_words_count_too(runner):
    for _ in range(5):
        with pytest.raises(GuestOutputLimit):
            runner.guest(guests.HELLO).run(output_limit=5)
    assert runner.guest(guests.HELLO).run(output_limit=6).stdout == "hello\n"


def test_a_run_ends_after_its_callbacks_however_long_they_take_together(runner, monkeypatch):
    monkeypatch.setattr(pump, "_JOIN_SECONDS", 0.2)
    seen = []
    runner.guest(guests.stream("a b c")).run(
        on_token=lambda text: (time.sleep(0.1), seen.append(text))
    )
    assert "".join(seen) == "a b c and then some </s>"


def test_a_callback_that_waits_for_its_own_run(runner, monkeypatch):
    monkeypatch.setattr(pump, "_JOIN_SECONDS", 0.2)
    started, seen = threading.Event(), []

    def wait(_):
        started.wait(10)
        seen.append(run.wait(10).state)

    run = runner.guest(guests.HELLO).start(on_stdout=wait)
    started.set()
    assert run.wait(10).state == "finished"


def test_standard_input(runner):
    guest = runner.guest(CAT)
    assert guest.run(stdin="größer").stdout == "größer"
    data = bytes(range(256)) * 1000
    assert guest.run(stdin=data).stdout_bytes == data
    assert guest.run().stdout == ""


def test_callbacks_have_the_context_of_the_caller(runner):
    cell = contextvars.ContextVar("cell")
    cell.set("In[3]")
    seen = []
    runner.guest(guests.HELLO).run(
        on_stdout=lambda _: seen.append((cell.get(), threading.get_ident()))
    )
    assert seen[0][0] == "In[3]"
    assert seen[0][1] != threading.get_ident()


def test_an_error_in_a_callback_stops_the_run_and_is_raised(runner):
    def broken(text):
        raise ZeroDivisionError(text[:3])

    with pytest.raises(ZeroDivisionError, match="012"):
        runner.guest(guests.FLOOD).run(on_stdout=broken, output_limit=1 << 30)
    assert not runner.active


def test_output_is_there_while_the_guest_runs(runner):
    arrived = threading.Event()
    run = runner.guest(guests.FLOOD).start(on_stdout=lambda _: arrived.set(), output_limit=1 << 30)
    assert arrived.wait(10)
    assert not run.done
    run.cancel()
    run.wait()


def test_stream_stdout_lands_between_the_guests_own_output(request, monkeypatch):
    """What a model prints for the guest comes after what the guest printed before."""
    from tests.support import echo_backend
    from wasinn_nb.nn.settings import Schema, Scope, Setting

    schema = Schema(
        [*echo_backend.SCHEMA.values(), Setting("stream-stdout", "bool", Scope.REQUEST, False)]
    )
    monkeypatch.setattr(echo_backend, "SCHEMA", schema)
    runner = request.getfixturevalue("runner")
    wasm = guests.whole("a b", '{"stream-stdout": true}')
    for _ in range(5):
        assert runner.guest(wasm).run().stdout == "<a b and then some </s>>"
    assert runner.guest(guests.whole("a b")).run().stdout == "<>"
