"""How Python cells are stopped, what becomes of their state, and what is left of them."""

from __future__ import annotations

import threading
import time

import psutil
import pytest

from tests.guest.scripts.conftest import let_it_spin, when_it_goes
from tests.support.leaks import held, no_more
from wasinn_nb.api import Host
from wasinn_nb.guest.errors import GuestOutOfMemory, GuestOutputLimit, GuestTimeout, GuestTrap

STORY = "from wasi_nn import Graph\nstory = Graph.load('story')"


def started(host, text, name="kept", **options):
    text = text if "print('go')" in text else f"print('go')\n{text}"
    run = host.build(text, "python", name=name).start(**options)
    return when_it_goes(run)


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(3600)",
        "while True: pass",
        "for i in iter(int, 1): pass",
        "def f():\n    while True: x = 1\nf()",
        "while True: print('much', end='')",
        "import asyncio\nawait asyncio.sleep(3600)",
        f"{STORY}\nwhile True: story.generate('a').text()",
        f"{STORY}\nfor token in story.generate('a'): pass\nwhile True: pass",
    ],
)
def test_a_stop_leaves_what_was_defined(py, host, text):
    py("x = 1", "kept")
    run = started(host, text)
    run.cancel()
    assert run.wait(60).state == "stopped"
    assert not run.warnings
    assert py("print(x)", "kept").stdout == "1\n"


def test_a_stop_is_a_keyboard_interrupt(py, host):
    sleeper = "    print('go')\n    time.sleep(3600)"
    run = started(host, f"import time\ntry:\n{sleeper}\nfinally:\n    print('cleaned')")
    run.cancel()
    assert run.wait(60).stdout == "go\ncleaned\n"
    text = "try:\n    while True: pass\nexcept KeyboardInterrupt:\n    seen = 1"
    run = started(host, text)
    let_it_spin()
    run.cancel()
    assert run.wait(60).state == "stopped"
    assert py("print(seen)", "kept").stdout == "1\n"


@pytest.mark.parametrize(
    "text",
    [
        "sum(iter(int, 1))",
        "while True:\n    try:\n        while True: x += 1\n    except KeyboardInterrupt: pass",
    ],
)
def test_who_does_not_end_is_ended(py, host, text):
    py("x = 1", "kept")
    run = started(host, text)
    let_it_spin()
    run.cancel()
    assert run.wait(60).state == "stopped"
    assert "starts afresh" in run.warnings[0]
    assert py("print('x' in globals())", "kept").stdout == "False\n"


def test_a_cell_without_a_name_is_stopped_in_its_loop(host, py):
    run = started(host, "while True: pass", name=None)
    run.cancel()
    assert run.wait(60).state == "stopped"
    assert not run.warnings


def test_limits(py):
    py("import time\nx = 1", "kept")
    with pytest.raises(GuestTimeout):
        py("time.sleep(3600)", "kept", timeout=0.1)
    with pytest.raises(GuestOutputLimit):
        py("while True: print('much')", "kept", output_limit=1000)
    with pytest.raises(GuestOutOfMemory):
        py("y = []\nwhile True: y.append(bytes(1 << 20))", "kept", memory_limit=128)
    assert py("print(x, len(y) > 10)", "kept", memory_limit=128).stdout == "1 True\n"


def test_calls_that_nest_too_deep(py):
    with pytest.raises(Exception, match="RecursionError: maximum recursion depth") as caught:
        py("x = 1\ndef f(n): return f(n + 1)\nf(0)", "kept")
    assert caught.value.line == 3
    assert py("print(x)", "kept").stdout == "1\n"
    with pytest.raises(GuestTrap, match="stack overflow"):
        py("y = []\nfor _ in range(100_000): y = [y]\nrepr(y)", "kept")


def test_output_comes_as_it_is_printed(host, py):
    run = host.build("import time\nprint('go', end='')\ntime.sleep(3600)", "python").start()
    while run.stdout != "go":
        time.sleep(0.001)
    run.cancel()
    run.wait(60)


def test_other_directories_are_another_world(py, tmp_path):
    py("x = 1", "kept")
    run = py("print('x' in globals())", "kept", dirs={str(tmp_path): "/data"})
    assert run.stdout == "False\n"
    assert "directories" in run.warnings[0]


def test_two_hosts_at_once():
    hosts = [Host(), Host()]
    printed = {}

    def work(number, host):
        for _ in range(5):
            run = host.build("n = globals().get('n', 0) + 1\nprint(n)", "python", name="n").run()
        printed[number] = run.stdout

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(hosts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for host in hosts:
        host.close()
    assert printed == {0: "5\n", 1: "5\n"}


def test_nothing_is_left(host, py):
    process = psutil.Process()

    def some(count):
        for n in range(count):
            name = "kept" if n % 2 else None
            py(
                f"from wasi_nn import Graph, Tensor\ng = Graph.load('digits')\nn = {n}\n"
                "g.compute(image=Tensor(bytes(256), (1, 1, 8, 8), 'FP32'))",
                name,
                inputs={"x": b"1"},
            )
            py("raise ValueError('x')", name, check=False)
        return *held(), process.memory_info().rss

    some(10)
    before = some(10)
    after = some(40)
    assert no_more(after[:2], before[:2])
    assert after[2] - before[2] < 16 << 20
    assert not host.registry.describe("digits").users
    assert host.runner.machines.names == ["kept"]
