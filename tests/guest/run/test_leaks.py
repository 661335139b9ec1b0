"""Runs leave nothing behind, however they end."""

from __future__ import annotations

import os
import time

import psutil

from tests.guest.run import guests
from tests.support.leaks import held, no_more
from wasinn_nb.guest import execution


def test_many_runs(runner, backend, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    trap = guests.module('(func (export "_start") (unreachable))')
    made = [runner.guest(w) for w in (guests.HELLO, guests.stream("a"), guests.whole("a"), trap)]
    spin = runner.guest(guests.SPIN)

    def some(count):
        for n in range(count):
            inputs = {"a": b"x"} if n % 5 == 0 else None
            callback = (lambda _: None) if n % 3 == 0 else None
            made[n % 4].run(check=False, inputs=inputs, on_token=callback)
            if n % 4 == 0:
                run = spin.start()
                run.cancel()
                run.wait()

    some(60)
    before, memory = held(), psutil.Process().memory_info().rss
    some(200)
    assert no_more(held(), before)
    assert psutil.Process().memory_info().rss - memory < 8 << 20
    assert not list((tmp_path / "t").iterdir())
    assert not any(graph.open_contexts for graph in backend.graphs)
    assert backend.loads == 1


def test_a_stuck_guest_is_left_behind(runner, tmp_path, monkeypatch):
    """Opening a named pipe cannot be interrupted; whoever waits is let go all the same."""
    from tests.guest.run.test_sandbox import copier

    monkeypatch.setattr(execution, "_PATIENCE", 0.2)
    os.mkfifo(tmp_path / "a")
    guest = runner.guest(copier("a", "b", fd_out=3))
    # an instantiated module keeps the image of its memory in a descriptor
    guest.run(check=False)
    before = held()
    run = guest.start(dirs={str(tmp_path): (".", "rw")})
    while run.state != "running":
        time.sleep(0.001)
    time.sleep(0.05)
    run.cancel()
    assert run.wait(10).state == "stopped"
    assert "left behind" in run.warnings[0]
    assert not runner.active
    (tmp_path / "a").open("wb").close()
    for _ in range(1000):
        if no_more(held(), before):
            break
        time.sleep(0.01)
    assert no_more(held(), before)
    assert run.state == "stopped"
