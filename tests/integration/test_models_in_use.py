"""Models are taken from those who use them, in one process with real runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.support.echo_backend import EchoBackend, echo_registry
from wasinn_nb.api import Host
from wasinn_nb.guest.errors import GuestStopped
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Busy, Cancelled, InvalidArgument, NotFound
from wasinn_nb.nn.events import EventKind
from wasinn_nb.nn.types import GraphEncoding

_HOLDER = """
(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "m")
  (func (export "_start")
    (if (call $load (i32.const 0) (i32.const 1) (i32.const 16)) (then unreachable))
    (loop (br 0))))
"""
"""Loads the model m and never ends."""


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


@pytest.fixture
def hold(host):
    """``hold()`` starts a run that uses the model m for ever."""

    def hold():
        known = host.describe("m").users
        run = host.build(_HOLDER, "wat", name="holder").start()
        until = time.monotonic() + 60
        while run.name not in host.describe("m").users:
            assert not run.done, run.error
            assert time.monotonic() < until, known
            time.sleep(0.005)
        return run

    return hold


def test_unloading_stops_the_runs_that_use_a_model(host, hold):
    host.load("m", "builtin:tinytales")
    host.load("other", "builtin:tinytales")
    runs = [hold(), hold()]
    with pytest.raises(Busy, match="holder #1, holder #2"):
        host.unload("m")
    assert not any(run.done for run in runs)
    assert host.unload("m", stop=True).was_loaded
    for run in runs:
        with pytest.raises(GuestStopped, match="to unload a model that it used"):
            run.wait(10)
    assert [record.state for record in host.models()] == ["registered", "loaded"]


def test_a_run_that_waits_for_the_load_is_stopped_as_well(host, tmp_path):
    host.__dict__["registry"] = echo_registry(EchoBackend(), tmp_path)
    model = tmp_path / "m.gguf"
    model.write_bytes(b"ECHO")
    host.registry.register("m", model, encoding=GraphEncoding.GGML, config={"load-ms": 600_000})
    run = host.build(_HOLDER, "wat", name="holder").start()
    until = time.monotonic() + 60
    while host.describe("m").wanted_by != run.name:
        assert not run.done, run.error
        assert time.monotonic() < until
        time.sleep(0.005)
    assert not host.unload("m", stop=True).was_loaded
    assert run.cancelled_reason == "unload"
    assert host.describe("m").state == "registered"


def test_a_user_that_is_no_run_keeps_its_model(host, monkeypatch):
    monkeypatch.setattr("wasinn_nb.api.models.STOPPING", 0.3)
    host.load("m", "builtin:tinytales")
    lease = host.registry.acquire("m", holder="Python")
    with pytest.raises(Busy, match="Python"):
        host.forget("m", stop=True)
    assert host.describe("m").state == "loaded"
    threading.Timer(0.2, lease.release).start()
    assert host.forget("m", wait=30).was_loaded


def test_forgetting_stops_whoever_comes_meanwhile(host, hold):
    host.load("m", "builtin:tinytales")
    hold()
    lease = host.registry.acquire("m", holder="Python")
    late = []

    def come():
        late.append(hold())
        lease.release()

    threading.Timer(0.3, come).start()
    assert host.forget("m", stop=True, wait=60).was_loaded
    assert [run.cancelled_reason for run in late] == ["unload"]
    with pytest.raises(NotFound):
        host.describe("m")


def test_all_but_one_are_unloaded(host, hold):
    for name in ("a", "m", "b", "c"):
        host.load(name, "builtin:tinytales")
    run = hold()
    with pytest.raises(NotFound):
        host.unload_others("d")
    with pytest.raises(Busy, match="'m' is in use by holder #1") as caught:
        host.unload_others("b")
    assert caught.value.holders == ("holder #1",)
    states = {record.name: record.state.value for record in host.models()}
    assert states == {"a": "registered", "m": "loaded", "b": "loaded", "c": "registered"}
    assert [r.name for r in host.unload_others("b", stop=True) if r.was_loaded] == ["m"]
    assert run.cancelled_reason == "unload"


def test_a_change_that_takes_a_load_stops_the_runs_only_if_asked_to(host, hold):
    host.load("m", "builtin:tinytales")
    run = hold()
    assert host.reconfigure("m", {"temp": 0.5}, stop=True).pins == {"temp": 0.5}
    with pytest.raises(Busy, match="holder #1"):
        host.reconfigure("m", {"use-mmap": False})
    assert not run.done
    assert host.reconfigure("m", {"use-mmap": False}, stop=True).loads == 2
    assert run.cancelled_reason == "stop"


def test_runs_are_stopped_by_name(host, hold):
    host.load("m", "builtin:tinytales")
    first, second = hold(), hold()
    assert host.runner.cancel(["nobody", second.name, ""]) == [second]
    assert second.wait(10).state == "stopped"
    assert not first.done
    assert host.runner.cancel([second.name]) == []


def test_a_model_of_llama_cpp_is_configured_and_loaded_again(host, hold):
    host.load("m", "builtin:tinytales")
    ahead = host.prospect("m", {"ctx-size": "512", "use-mmap": "false"})
    assert ahead.reload == ("use-mmap",)
    assert ahead.config.values["use-mmap"] is False
    small, large = (host.prospect("m", {"ctx-size": n}).estimate for n in (256, 1024))
    assert large.kv_cache == 4 * small.kv_cache
    assert (small.mapped, ahead.estimate.mapped) == (small.weights, 0)
    run = hold()
    with pytest.raises(Busy, match="holder #1"):
        host.reconfigure("m", {"use-mmap": False})
    assert host.prospect("m").busy == (run.name,)
    assert host.reconfigure("m", {"ctx-size": 512}).loads == 1
    host.runner.cancel([run.name])
    run.wait(10)
    with host.bus.watching() as events:
        record = host.reconfigure("m", {"use-mmap": False})
        kinds = dict.fromkeys(event.kind for event in events.drain())
    assert (record.loads, record.pins) == (2, {"ctx-size": 512, "use-mmap": False})
    assert list(kinds) == [
        EventKind.MODEL_UNLOADED,
        EventKind.MODEL_LOADING,
        EventKind.MODEL_LOADED,
        EventKind.CONFIG_CHANGED,
    ]
    assert host.prospect("m").reload == ()
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        host.reconfigure("m", {"use-mmap": True}, cancel=token)
    assert host.describe("m").pins == {"ctx-size": 512, "use-mmap": False}


def test_a_model_of_openvino_is_configured_and_keeps_its_old_load_when_that_fails(host):
    host.load("m", "builtin:digits")
    ahead = host.prospect("m", {"num-streams": 2})
    assert "num-streams" in ahead.reload
    missing = [o.value for o in ahead.schema["device"].offered if o.unavailable]
    if not missing:
        pytest.skip("this machine has every kind of device")
    with pytest.raises(Exception, match=missing[0]):
        host.reconfigure("m", {"device": missing[0]})
    record = host.describe("m")
    assert (record.state, record.pins, record.loads) == ("loaded", {}, 2)
    with pytest.raises(InvalidArgument):
        host.prospect("m", {"device": "nonsense at all"})


def test_memory_of_contexts_is_told_when_it_changes(host):
    host.load("m", "builtin:tinytales", config={"ctx-size": 256, "n-predict": 2})
    lease = host.registry.acquire("m", holder="Python")
    context = lease.create_context()
    sizes = []
    host.bus.subscribe().put = lambda event: sizes.append(
        (event.kind, host.describe("m").memory.contexts)
    )
    from wasinn_nb.nn.tensor import Tensor
    from wasinn_nb.nn.types import TensorType

    context.set_input(0, Tensor((5,), TensorType.U8, b"Hello"))
    context.compute()
    assert sizes[0][0] is EventKind.MODEL_MEMORY
    assert sizes[0][1] == host.describe("m").memory.contexts > 0
    lease.release()
    assert sizes[-1][0] is EventKind.MODEL_USERS


def test_totals_import_no_model_library():
    code = """
import sys, wasinn_nb as wn
host = wn.host()
host.registry.register("m", "builtin:tinytales")
use = host.memory()
print(use.models, 0 < use.process < use.total, {"llama_cpp", "openvino"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "0 True set()\n"
