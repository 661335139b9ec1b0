"""A run ends soon after it is told to, whatever it is doing, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from tests.guest.run import guests
from wasinn_nb.guest.errors import GuestStopped, GuestTimeout

SLOW_LOAD = '{"load-ms": 60000}'
SLOW_TOKEN = '{"token-ms": 60000}'
SLOW_WORDS = '{"token-ms": 20}'


def entered(run):
    return run.state == "running"


def loading(run):
    return bool(run.activity[0])


def printed(run):
    return bool(run.stdout_bytes)


def computing(run):
    return bool(run.streams) and run.streams[0].generation == 1


PHASES = {
    "a loop": (guests.SPIN, entered),
    "its start function": (guests.START_SPINS, entered),
    "a sleep": (guests.SLEEP, entered),
    "a flood of output": (guests.FLOOD, printed),
    "a load": (guests.stream("a", SLOW_LOAD), loading),
    "a compute": (guests.stream("a", SLOW_TOKEN), computing),
    "a loop of tokens": (guests.stream("a b c d e f " * 4, SLOW_WORDS), printed),
}


def reach(run, phase):
    end = time.monotonic() + 60
    while not phase(run):
        assert not run.done, run.error
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("phase", PHASES)
def test_stop(runner, backend, phase):
    wasm, reached = PHASES[phase]
    guest = runner.guest(wasm)
    for pause in (0, 0.01, 0.03):
        run = guest.start()
        reach(run, reached)
        time.sleep(pause)
        run.cancel()
        assert run.wait(60) is run
        assert run.state == "stopped"
        assert isinstance(run.error, GuestStopped)
        assert run.cancelled_reason == "stop"
        assert not run.warnings, "it ended by itself and was not left behind"
    assert not runner.active
    assert not any(graph.open_contexts for graph in backend.graphs)


def test_stop_at_any_moment(runner):
    """Also between two steps of starting and ending."""
    made = [runner.guest(wasm) for wasm in (guests.HELLO, guests.SPIN, guests.stream("a b"))]
    for step in range(60):
        run = made[step % 3].start()
        time.sleep(step * 0.00005)
        run.cancel()
        run.wait(60)
        assert run.state in {"finished", "stopped"}
    assert not runner.active


def test_others_go_on(runner):
    first, second = (runner.guest(guests.SPIN).start() for _ in range(2))
    reach(first, entered)
    reach(second, entered)
    first.cancel()
    first.wait(60)
    time.sleep(0.1)
    assert not second.done
    second.cancel()
    second.wait(60)


def test_a_slow_callback_delays_neither_the_guest_nor_the_stop(runner):
    release = threading.Event()
    run = runner.guest(guests.FLOOD).start(
        on_stdout=lambda _: release.wait(60), output_limit=1 << 30
    )
    reach(run, lambda run: len(run.stdout_bytes) > 1 << 20)
    run.cancel()
    time.sleep(0.2)
    release.set()
    assert run.wait(60).state == "stopped"


def test_timeout(runner):
    with pytest.raises(GuestTimeout, match=r"after 0\.2 s") as caught:
        runner.guest(guests.SPIN).run(timeout=0.2)
    assert caught.value.run.state == "failed"
    with pytest.raises(GuestTimeout):
        runner.guest(guests.SLEEP).run(timeout=0.1)


@pytest.mark.parametrize("seconds", [1e-9, 1e9, 1e300, float("inf")])
def test_any_timeout(runner, seconds):
    run = runner.guest(guests.HELLO).run(timeout=seconds, check=False)
    assert run.stdout == "hello\n" or isinstance(run.error, GuestTimeout)
    assert seconds < 1 or run.state == "finished"


def test_a_compilation_is_left_behind(runner, monkeypatch):
    import wasmtime

    go_on = threading.Event()
    original = wasmtime.Module

    def slow(engine, wasm):
        go_on.wait(100)
        return original(engine, wasm)

    monkeypatch.setattr(wasmtime, "Module", slow)
    run = runner.guest(guests.HELLO).start()
    reach(run, lambda run: run.state == "starting")
    run.cancel()
    assert run.wait(60).state == "stopped"
    go_on.set()
    assert runner.guest(guests.HELLO).run().stdout == "hello\n"


def test_waiting_has_its_own_limit(runner):
    run = runner.guest(guests.SPIN).start()
    with pytest.raises(TimeoutError, match="still runs"):
        run.wait(0.05)
    assert not run.done
    run.cancel("unload")
    with pytest.raises(GuestStopped, match="unload"):
        run.wait()


def test_cancelling_twice_and_afterwards_does_nothing(runner):
    run = runner.guest(guests.HELLO).run()
    run.cancel()
    assert (run.state, run.cancelled_reason) == ("finished", "")


# -- awaiting


def test_awaiting_leaves_the_loop_free(runner):
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        with pytest.raises(GuestTimeout):
            await runner.guest(guests.SPIN).run_async(timeout=1)
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) >= 5


def test_a_cancelled_task_stops_its_run(runner):
    async def main():
        task = asyncio.create_task(runner.guest(guests.SPIN).run_async())
        await asyncio.sleep(0.1)
        (run,) = runner.active
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return run

    run = asyncio.run(main())
    assert (run.state, run.cancelled_reason) == ("stopped", "interrupt")


def test_a_cancelled_cell_sees_an_interrupt(runner):
    run = runner.guest(guests.SPIN).start()

    async def main():
        task = asyncio.ensure_future(run.wait_async())
        await asyncio.sleep(0.1)
        task.cancel()
        await task

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert run.done


INTERRUPTED = """
import os, signal, sys, threading, time
from wasinn_nb.guest.runner import Runner
from wasinn_nb.nn.registry import ModelRegistry
from tests.guest.run import guests

runner = Runner(ModelRegistry({{}}, None))
guest = runner.guest({wasm})
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    guest.run()
except KeyboardInterrupt:
    print("interrupted", len(runner.active))
"""


@pytest.mark.parametrize("wasm", ["guests.SPIN", "guests.SLEEP"])
def test_an_interrupt_of_the_main_thread(root, wasm):
    script = INTERRUPTED.format(wasm=wasm)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("interrupted 0\n", "")
