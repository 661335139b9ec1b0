"""The end of work that threads and event loops wait for."""

from __future__ import annotations

import asyncio
import signal
import threading
import time

import pytest

from wasinn_nb.nn.ending import Ending

PATIENCE = 30.0


@pytest.fixture
def ending():
    return Ending()


def test_every_waiter_is_woken_and_none_is_kept(ending, monkeypatch):
    monkeypatch.setattr("wasinn_nb.nn.ending.TICK", 10 * PATIENCE)  # nobody looks by themselves
    woken = []

    def wait():
        woken.append(ending.wait(10 * PATIENCE))

    async def wait_twice():
        await asyncio.gather(ending.wait_async(), ending.wait_async())
        woken.append(True)

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(3)]
    threads.append(threading.Thread(target=lambda: asyncio.run(wait_twice()), daemon=True))
    for thread in threads:
        thread.start()
    while len(ending._waiters) < 5:
        time.sleep(0.001)
    assert not ending.come
    ending.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert woken == [True] * 4
    assert ending.come
    assert ending._waiters == []


def test_what_has_ended_is_not_waited_for(ending):
    ending.set()
    assert ending.wait()
    asyncio.run(ending.wait_async())
    assert ending._waiters == []


def test_a_wait_gives_up_in_time(ending):
    for seconds in (0, -1, 0.01, 0.12):
        assert not ending.wait(seconds)
    assert ending._waiters == []


def test_a_cancelled_wait_leaves_and_a_closed_loop_harms_nobody(ending):
    async def cancelled():
        task = asyncio.ensure_future(ending.wait_async())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ending._waiters == []
    loop = asyncio.new_event_loop()
    wait = ending.wait_async()
    loop.run_until_complete(asyncio.wait({loop.create_task(_first_step(wait))}, timeout=1))
    loop.close()
    ending.set()
    assert ending.come


async def _first_step(coroutine):
    coroutine.send(None)


def test_an_interrupt_ends_a_wait_and_the_next_one_works(ending):
    def wait(timer):
        timer.start()
        ending.wait(PATIENCE)

    for _ in range(10):
        timer = threading.Timer(0.005, signal.raise_signal, [signal.SIGINT])
        with pytest.raises(KeyboardInterrupt):
            wait(timer)
        timer.join()
    assert ending._waiters == []
    threading.Timer(0.005, ending.set).start()
    assert ending.wait(PATIENCE)
