"""Instances that end, and resources that are closed, while somebody in another thread uses them."""

from __future__ import annotations

import gc
import os
import threading

import pytest

from tests.guest.exports import components
from tests.guest.exports.test_components import soon
from wasinn_nb.abi.wit import native, probe
from wasinn_nb.guest.errors import GuestError, GuestHandleClosed, GuestStopped
from wasinn_nb.guest.exports import live
from wasinn_nb.guest.exports.calls import Caller
from wasinn_nb.guest.exports.output import Output


@pytest.fixture
def exports(runner):
    return runner.guest(components.counters(), name="c").exports


@pytest.fixture
def counting(exports):
    return exports.counting


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_resource_that_ends_while_a_call_waits_for_its_turn(
    exports, counting, ending, monkeypatch
):
    counter = counting.Counter(1)
    call = Caller.call

    def late(caller, function, *args, **options):
        monkeypatch.undo()
        if ending == "close":
            counter.close()
        else:
            exports.reset()
        return call(caller, function, *args, **options)

    monkeypatch.setattr(Caller, "call", late)
    with pytest.raises(GuestHandleClosed, match="cannot be used any more"):
        counter.get()
    assert exports.alive() == 0
    assert not exports.last_call.warnings

    with counting.Counter(2) as other:
        monkeypatch.setattr(Caller, "call", late)
        counter = other
        other.close()


def test_an_instance_that_is_reset_during_a_call(runner):
    exports = runner.guest(components.MODELS, name="g").exports
    resetter = threading.Thread(
        target=lambda: (
            soon(lambda: runner.active and runner.active[0].state == "running"),
            exports.reset(),
        )
    )
    resetter.start()
    with pytest.raises(GuestStopped, match=r"stopped \(it was reset\)"):
        exports.spin()
    resetter.join()
    assert exports.load() is False


def test_an_instance_that_is_taken_away_right_before_a_call(runner, monkeypatch):
    exports = runner.guest(components.MODELS, name="g").exports
    found = Caller._instance

    def taken_away(caller):
        live = found(caller)
        live.end("somebody else wanted it")
        live.wait()
        return live

    with monkeypatch.context() as patch:
        patch.setattr(Caller, "_instance", taken_away)
        with pytest.raises(GuestStopped, match="starts afresh"):
            exports.spin()
    assert not runner.active
    assert exports.load() is False


def test_output_that_is_closed_reads_nobody_elses():
    output = Output()
    call = output.begin(100)
    os.write(output.stdout.writer, b"last words")
    output.close()
    assert call.stdout.data == b"last words"
    others = [os.pipe() for _ in range(3)]
    for _, writer in others:
        os.write(writer, b"!")
    assert not output.wait(0)
    for reader, writer in others:
        assert os.read(reader, 2) == b"!"
        os.close(reader)
        os.close(writer)


def test_a_resource_that_outlives_its_instance_is_freed(exports, counting, monkeypatch):
    freed = []
    monkeypatch.setattr(live, "free", freed.append)
    counter = counting.Counter(1)
    address = counter._handle.address
    assert exports.reset()
    del counter
    gc.collect()
    assert freed == [address]
    native.delete_any(address)


def test_another_release_of_wasmtime(exports, monkeypatch):
    monkeypatch.setattr(probe, "raw_works", lambda: False)
    with pytest.raises(GuestError, match=r"another form.*pip install 'wasmtime.*50'"):
        exports.limited_to_ten(3)
    monkeypatch.undo()
    assert exports.limited_to_ten(3) == 3


def test_calls_of_several_threads_wait_for_each_other(exports):
    found = []
    threads = [
        threading.Thread(target=lambda: found.extend(exports.limited_to_ten(3) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3] * 80


def test_a_guest_that_goes_takes_its_instance_along(runner):
    guest = runner.guest(components.counters(), name="c")
    guest.exports.alive()
    threads = threading.active_count()
    del guest
    # its thread may be on its way out of the call still
    soon(lambda: gc.collect() >= 0 and threading.active_count() < threads)
