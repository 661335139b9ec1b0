"""The Python API as a script uses it, in a process of its own."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import wasinn_nb as wn
from wasinn_nb.api import Host
from wasinn_nb.guest.errors import GuestError, GuestTrap
from wasinn_nb.nn.errors import Busy, Cancelled, ContextFull, InvalidArgument, TooLarge

_CHAT = Path(__file__).parents[1] / "guests" / "generate.c"
_SPIN = '(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))'
_TRAP = '(module (memory (export "memory") 1) (func (export "_start") unreachable))'


def script(text, *args, **options):
    done = subprocess.run(
        # Python 3.12 warns of a fork with threads, which is one of the things tested
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_documented_calls_without_ipython(tmp_path):
    code = """
import shutil, sys
sys.modules["IPython"] = None
import wasinn_nb as wn
from wasinn_nb.models import builtin_path
shutil.copy(builtin_path("tinytales"), "model.gguf")
source = open(sys.argv[1]).read()
host = wn.host()
host.load("chat", "model.gguf", config={"n-gpu-layers": 20})
guest = wn.build(source, language="c")
tokens = []
run = guest.run(args=["default", "Once upon a time"], models={"default": "chat"}, env={},
                on_token=tokens.append)
assert "".join(tokens) == run.text and run.text
host.unload("chat")
open("guest.wasm", "wb").write(guest.wasm)
published = wn.load_guest("guest.wasm")
run = published.run(args=["default", "Hello"], models={"default": "chat"},
                    env={"n_predict": "64"}, dirs={"./data": "."})
assert run.stdout and run.exit_code == 0 and run.trap is None
"""
    (tmp_path / "data").mkdir()
    assert script(code, _CHAT, cwd=tmp_path) == ""


def test_a_script_that_ends_stops_what_runs_in_the_background():
    code = """
import sys, wasinn_nb as wn
run = wn.host().build(sys.argv[1], "wat").start()
print(run.state != "finished")
"""
    assert script(code, _SPIN) == "True\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_a_host_of_its_own():
    code = """
import os, sys, wasinn_nb as wn
host = wn.host()
run = host.build(sys.argv[1], "wat").start()
if not (child := os.fork()):
    print(wn.host() is host, wn.host().load("m", "builtin:tinytales").state, flush=True)
    sys.exit()
os.waitpid(child, 0)
print(wn.host() is host)
"""
    assert script(code, _SPIN) == "False loaded\nTrue\n"


def test_two_runs_awaited_at_once_and_one_that_is_cancelled():
    code = """
import asyncio, sys, wasinn_nb as wn
host = wn.host()
host.load("m", "builtin:tinytales")
guest, spin = wn.build(open(sys.argv[1]).read()), wn.build(sys.argv[2], "wat")
async def main():
    runs = [guest.run_async(args=["m", "Hello"]) for _ in range(2)]
    print([run.state for run in await asyncio.gather(*runs)])
    task = asyncio.create_task(spin.run_async())
    while not host.runner.active:
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled", host.runner.active)
asyncio.run(main())
"""
    assert script(code, _CHAT, _SPIN) == "['finished', 'finished']\ncancelled []\n"


def test_threads_that_come_first_at_once_share_one_registry():
    host, gate, found = Host(), threading.Barrier(8), []

    def look():
        gate.wait()
        found.append((host.registry, host.builder))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({tuple(map(id, parts)) for parts in found}) == 1
    host.close()


def test_settings_change_together_or_not_at_all():
    host = Host()
    before = host.settings
    with pytest.raises(InvalidArgument, match="threads"):
        host.configure(memory_budget_mib=100, threads=-1)
    with pytest.raises(TypeError):
        host.configure(memory_budget_mib=100, speed=3)
    assert (host.settings, host.registry.memory_budget) == (before, None)
    host.configure(memory_budget_mib=100)
    assert host.registry.memory_budget == 100 << 20
    host.close()


def test_pins_change_in_one_step():
    host = Host()
    host.registry.register("m", "builtin:tinytales")
    host.config("m", {"ctx-size": 512, "temp": 0.5})
    with host.bus.watching() as events:
        host.config("m", {"threads": 1}, unset=["temp"])
        host.config("m", {"ctx-size": 256}, reset=True)
        pins = [dict(event.data["pins"]) for event in events.drain()]
    assert pins == [{"ctx-size": 512, "threads": 1}, {"ctx-size": 256}]
    host.close()


@pytest.mark.parametrize(
    "error",
    [
        Busy("a", hint="b", holders=("x",)),
        TooLarge("t", needed=3),
        ContextFull("c", limit=1, actual=2),
        Cancelled("timeout"),
    ],
)
def test_errors_travel_between_processes(error):
    made = pickle.loads(pickle.dumps(error))
    assert (type(made), str(made), vars(made)) == (type(error), str(error), vars(error))


def test_an_error_of_a_run_travels_without_the_run():
    host = wn.host()
    with pytest.raises(GuestTrap) as caught:
        host.build(_TRAP, "wat").run()
    assert caught.value.run is not None
    made = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(made, GuestError)
    assert (made.run, made.trap, str(made)) == (None, caught.value.trap, str(caught.value))


@pytest.mark.parametrize("method", ["run", "run_async", "start"])
def test_the_options_of_a_run_are_in_its_signature(method):
    guest = wn.host().build(_TRAP, "wat")
    names = set(inspect.signature(getattr(guest, method)).parameters)
    assert {"args", "models", "dirs", "on_token", "check"} <= names
    assert not names & {"self", "options"}


def test_records_are_plain_data():
    host = Host()
    record = host.load("m", "builtin:tinytales")
    assert copy.deepcopy(record) == record
    assert pickle.loads(pickle.dumps(record)).config.values == record.config.values
    assert repr(host) == "<Host: 1 models, 0 guests>"
    host.close()
