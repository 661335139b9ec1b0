"""How a script is stopped, what becomes of its state, and what is left of it."""

from __future__ import annotations

import threading
import time

import psutil
import pytest

from tests.guest.scripts.conftest import let_it_spin, when_it_goes
from tests.support.leaks import held, no_more
from wasinn_nb.guest.errors import (
    GuestError,
    GuestOutOfMemory,
    GuestOutputLimit,
    GuestTimeout,
)
from wasinn_nb.nn.cancel import CancelToken


def started(host, text, name="kept", **options):
    run = host.build(text, "js", name=name).start(**options)
    return when_it_goes(run)


@pytest.fixture
def waits(monkeypatch):
    """Set when a run begins to wait for what is to be done later, or sleeps."""
    begun, wait = threading.Event(), CancelToken.wait

    def noted(token, timeout=None):
        begun.set()
        return wait(token, timeout)

    monkeypatch.setattr(CancelToken, "wait", noted)
    return begun


@pytest.mark.parametrize(
    ("text", "waiting", "kept"),
    [
        ("print('go'); for (;;);", False, False),
        ("print('go'); for (;;) await null;", False, False),
        ("print('go'); for (;;) try { sleep(3600e3) } catch {}", True, False),
        ("print('go'); sleep(3600e3);", True, True),
        ("print('go'); for (;;) print('on');", False, True),
        ("var g = new wasi_nn.Graph('story'); print('go'); for (;;) g.embed('x');", False, True),
        ("print('go'); setTimeout(() => {}, 3600e3);", True, True),
        ("print('go'); await new Promise((go) => setTimeout(go, 3600e3));", True, True),
    ],
)
def test_stop(js, host, waits, text, waiting, kept):
    js("var x = 1", "kept")
    waits.clear()
    run = started(host, text)
    if waiting:
        assert waits.wait(60)
    elif not kept:
        let_it_spin()
    run.cancel()
    assert run.wait(60).state == "stopped"
    assert bool(run.warnings) is not kept
    assert js("print(typeof x)", "kept").stdout == ("number\n" if kept else "undefined\n")


def test_a_wait_that_was_stopped_is_forgotten(js, host, waits):
    run = started(host, "print('go'); setTimeout(() => print('late'), 3600e3);")
    assert waits.wait(60)
    run.cancel()
    run.wait(60)
    assert js("setTimeout(() => print('end'), 100)", "kept").stdout == "end\n"


def test_limits(js):
    with pytest.raises(GuestTimeout):
        js("for (;;);", timeout=0.1)
    js("var y = 2", "kept")
    with pytest.raises(GuestTimeout):
        js("sleep(3600e3)", "kept", timeout=0.2)
    assert js("print(y)", "kept").stdout == "2\n"
    with pytest.raises(GuestOutputLimit):
        js("for (;;) print('much');", output_limit=1000)
    with pytest.raises(GuestOutOfMemory):
        js("let s = []; for (;;) s.push(new Uint8Array(1 << 20).fill(1));", memory_limit=16)


def test_the_memory_limit_is_the_run_s(js):
    text = "let s = []; for (let i = 0; i < 40; i++) s.push(new Uint8Array(1 << 20).fill(1));"
    js(text, "kept", memory_limit=128)
    js("s = null", "kept", memory_limit=128)
    with pytest.raises(GuestOutOfMemory):
        js("let t = []; for (;;) t.push(new Uint8Array(1 << 20).fill(1));", "kept", memory_limit=64)


def test_output_comes_as_it_is_printed(host, js):
    run = host.build("print('go'); setTimeout(() => {}, 3600e3)", "js").start()
    while run.stdout != "go\n":
        time.sleep(0.001)
    run.cancel()
    run.wait(60)


def test_one_run_of_a_name_at_a_time(host, js):
    run = started(host, "print('go'); setTimeout(() => {}, 3600e3)")
    with pytest.raises(GuestError, match="still runs"):
        js("print(1)", "kept")
    with pytest.raises(GuestError, match="still runs"):
        js("print(1)", "kept", force=True)
    assert js("print(1)", "other").stdout == "1\n"
    run.cancel()
    run.wait(60)
    assert js("print(1)", "kept").stdout == "1\n"


def test_reset(host, js):
    js("var x = 1", "kept")
    guest = host.guests["kept"]
    assert guest.reset()
    assert not guest.reset()
    assert js("print(typeof x)", "kept").stdout == "undefined\n"


def test_other_directories_are_another_world(host, js, tmp_path):
    js("var x = 1", "kept")
    run = js("print(typeof x)", "kept", dirs={str(tmp_path): "/data"})
    assert run.stdout == "undefined\n"
    assert "directories" in run.warnings[0]


def test_nothing_is_left(host, js):
    process = psutil.Process()

    def some(count):
        for n in range(count):
            name = "kept" if n % 2 else None
            js(
                "var g = wasi_nn.Graph.load('digits'); g.compute({ image: "
                "new wasi_nn.Tensor(new Float32Array(64), [1, 1, 8, 8]) });",
                name,
            )
            js("throw new Error('x')", name, check=False)
        return *held(), process.memory_info().rss

    some(10)
    before = some(10)
    after = some(60)
    assert no_more(after[:2], before[:2])
    assert after[2] - before[2] < 16 << 20
    assert not host.registry.describe("digits").users
    assert host.runner.machines.names == ["kept"]
