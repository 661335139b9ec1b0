"""The registry: names, reuse, precedence, unloading, budget, threads."""

from __future__ import annotations

import contextlib
import sys
import threading
import time

import pytest

from tests.nn.conftest import prompt, register
from wasinn_nb.nn import loader as loader_module
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import (
    Busy,
    Cancelled,
    InvalidArgument,
    InvalidEncoding,
    MissingMemory,
    ModelNotFound,
    NotFound,
)
from wasinn_nb.nn.events import EventKind
from wasinn_nb.nn.record import ModelState
from wasinn_nb.nn.settings import EffectiveConfig, Origin
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


def test_a_resident_model_is_not_loaded_again(registry, backend, model):
    register(registry, "m", model)
    for _ in range(50):
        registry.acquire("m", holder="run").release()
    assert backend.loads == 1
    assert registry.describe("m").state is ModelState.LOADED


def test_a_lease_generates_with_the_guests_settings(registry, model):
    register(registry, "m", model)
    lease = registry.acquire("m", holder="run", config_json=b'{"limit": 2, "llama3": true}')
    assert lease.unknown == ("llama3",)
    context = lease.create_context()
    context.set_input(0, prompt("one two three"))
    context.compute()
    assert context.get_output(0) == b"one two "


def test_pins_win_over_the_guest_and_load_options_lose_to_it(registry, backend, model):
    register(registry, "m", model, window=10, shout=True)
    registry.pin("m", {"window": "30"})
    lease = registry.acquire("m", holder="run", config_json=b'{"window": 20, "shout": false}')
    assert (lease.config["window"], lease.config["shout"]) == (30, False)
    assert lease.config.origins["window"] is Origin.PIN
    assert backend.graphs[-1].shout is False


def test_a_request_or_context_setting_never_reloads_and_a_model_setting_does(
    registry, backend, model
):
    register(registry, "m", model)
    registry.load("m")
    registry.acquire("m", holder="a", config_json=b'{"limit": 1, "window": 9}').release()
    assert backend.loads == 1
    registry.acquire("m", holder="a", config_json=b'{"shout": true}').release()
    assert backend.loads == 2
    assert backend.graphs[0].closed


def test_a_model_in_use_is_not_reloaded_under_its_user(registry, backend, model):
    register(registry, "m", model)
    lease = registry.acquire("m", holder="cell 3")
    with pytest.raises(Busy, match="cell 3") as caught:
        registry.acquire("m", holder="cell 4", config_json=b'{"shout": true}')
    assert caught.value.holders == ("cell 3",)
    assert "shout=False instead of True" in str(caught.value)
    assert not backend.graphs[0].closed
    assert lease.create_context() is not None


def test_two_contexts_on_one_graph_are_independent(registry, model):
    register(registry, "m", model)
    first, second = (registry.acquire("m", holder=h).create_context() for h in "ab")
    first.set_input(0, prompt("x"))
    second.set_input(0, prompt("y"))
    first.compute_single()
    second.compute_single()
    assert (first.get_output_single(0), second.get_output_single(0)) == (b"x ", b"y ")


def test_unload_says_who_is_busy_then_waits_for_them(registry, backend, model):
    register(registry, "m", model)
    lease = registry.acquire("m", holder="cell 7")
    with pytest.raises(Busy, match="cell 7"):
        registry.unload("m")
    threading.Timer(0.2, lease.release).start()
    report = registry.unload("m", wait=10)
    assert report.was_loaded
    assert backend.graphs[0].closed
    assert registry.describe("m").state is ModelState.REGISTERED


def test_a_guests_unload_frees_the_model_unless_others_hold_it(registry, backend, model):
    register(registry, "m", model)
    mine, other = registry.acquire("m", holder="a"), registry.acquire("m", holder="b")
    context = mine.create_context()
    context.set_input(0, prompt("x"))
    context.compute_single()
    mine.unload()
    assert not backend.graphs[0].closed
    assert context.get_output_single(0) == b"x "
    with pytest.raises(InvalidArgument):
        context.compute_single()
    with pytest.raises(InvalidArgument, match="unloaded"):
        mine.create_context()
    other.unload()
    assert backend.graphs[0].closed
    assert registry.names() == ["m"]


def test_unloading_twice_is_harmless(registry, model):
    register(registry, "m", model)
    registry.load("m")
    assert registry.unload("m").was_loaded
    assert not registry.unload("m").was_loaded


def test_forget_drops_the_name(registry, model):
    register(registry, "m", model)
    registry.load("m")
    registry.forget("m")
    with pytest.raises(NotFound, match="No model is registered"):
        registry.acquire("m", holder="run")


def test_a_model_without_a_name_is_answered_with_a_command_that_has_one(registry):
    with pytest.raises(NotFound, match="`%wasinn load NAME SOURCE`"):
        registry.acquire("", holder="run")


def test_registering_the_same_again_keeps_the_model_and_another_replaces_it(
    registry, backend, model, tmp_path
):
    register(registry, "m", model)
    registry.load("m")
    register(registry, "m", model)
    assert registry.describe("m").state is ModelState.LOADED
    other = tmp_path / "other.gguf"
    other.write_bytes(b"ECHO other")
    registry.pin("m", {"limit": 3})
    register(registry, "m", other)
    assert backend.graphs[0].closed
    assert registry.describe("m").pins == {"limit": 3}


def test_loading_again_after_the_file_changed_reads_the_new_one(registry, backend, model):
    register(registry, "m", model)
    registry.load("m")
    model.write_bytes(b"ECHO quite different words")
    registry.load("m")
    assert backend.loads == 2
    assert backend.graphs[-1].words[0] == b"quite"


@pytest.mark.parametrize("name", ["", " m", "a\nb", "\x00"])
def test_names_are_words(registry, model, name):
    with pytest.raises(InvalidArgument):
        register(registry, name, model)


def test_errors_of_loading_are_told_apart(registry, model, tmp_path):
    with pytest.raises(InvalidArgument, match="Did you mean window"):
        register(registry, "m", model, windw=1)
    assert registry.names() == []
    register(registry, "missing", tmp_path / "nope.gguf")
    with pytest.raises(ModelNotFound):
        registry.acquire("missing", holder="run")
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"something else")
    register(registry, "bad", bad)
    with pytest.raises(InvalidEncoding):
        registry.load("bad")
    assert registry.describe("bad").state is ModelState.FAILED
    register(registry, "m", model)
    with pytest.raises(InvalidEncoding):
        registry.acquire("m", holder="run", config_json=b"{")


def test_a_failed_reload_brings_the_old_model_back(registry, backend, model):
    register(registry, "m", model)
    registry.load("m")
    registry.pin("m", {"shout": True})
    backend.fail_next = True
    with pytest.raises(InvalidArgument, match="refused"):
        registry.load("m")
    record = registry.describe("m")
    assert record.state is ModelState.LOADED
    assert backend.graphs[-1].shout is False


def test_a_load_can_be_cancelled_and_leaves_the_name_usable(registry, model):
    register(registry, "m", model)
    token = CancelToken()
    threading.Timer(0.1, token.cancel).start()
    registry.pin("m", {"load-ms": 60_000})
    with pytest.raises(Cancelled):
        registry.load("m", cancel=token)
    registry.pin("m", {}, reset=True)
    assert registry.load("m").state is ModelState.LOADED


def test_waiting_for_somebody_elses_load_can_be_cancelled(registry, model):
    register(registry, "m", model, **{"load-ms": 3_000})
    first, token = CancelToken(), CancelToken()
    loading = threading.Thread(target=_swallow, args=(registry.load, "m"), kwargs={"cancel": first})
    with registry.bus.watching() as events:
        loading.start()
        while not any(e.kind is EventKind.MODEL_LOADING for e in events.drain()):
            time.sleep(0.005)
    token.cancel()
    with pytest.raises(Cancelled):
        registry.acquire("m", holder="run", cancel=token)
    first.cancel()
    loading.join()


def _swallow(call, *args, **kwargs):
    with contextlib.suppress(Cancelled):
        call(*args, **kwargs)


def test_a_guests_own_bytes_are_a_model_until_its_lease_ends(registry, backend):
    lease = registry.acquire_buffers(
        [b"ECHO hello"],
        encoding=GraphEncoding.GGML,
        target=ExecutionTarget.CPU,
        holder="cell 1",
        config_json=b'{"shout": true}',
    )
    context = lease.create_context()
    context.set_input(0, prompt("a"))
    context.compute()
    assert context.get_output(0) == b"A HELLO </s>"
    lease.release()
    assert registry.names() == []
    assert backend.graphs[0].closed


def test_bytes_of_a_guest_are_not_kept_by_a_lease_that_has_ended(registry):
    data = b"ECHO hello".join([b"", b""])  # no constant, which has other references
    before = sys.getrefcount(data)
    lease = registry.acquire_buffers(
        [data], encoding=GraphEncoding.GGML, target=ExecutionTarget.CPU, holder="cell 1"
    )
    context = lease.create_context()
    assert sys.getrefcount(data) > before
    lease.unload()
    assert sys.getrefcount(data) == before
    assert not lease.alive
    assert not context.get_output(0)


def test_a_load_that_cannot_fit_is_refused_with_the_numbers(registry, model, monkeypatch):
    monkeypatch.setattr(loader_module.memory, "available", lambda: 1000)
    register(registry, "m", model, size=5000)
    with pytest.raises(MissingMemory, match="free"):
        registry.load("m")
    assert registry.load("m", force=True).state is ModelState.LOADED


def test_the_budget_unloads_the_least_recently_used_idle_model(registry, model):
    registry.memory_budget = 2_500_000
    for name in "abc":
        register(registry, name, model, size=1_000_000)
    registry.load("a")
    registry.load("b")
    registry.acquire("a", holder="x").release()
    with registry.bus.watching() as events:
        registry.load("c")
        notices = [e for e in events.drain() if e.kind is EventKind.NOTICE]
    states = {r.name: r.state for r in registry.models()}
    assert states == {"a": "loaded", "b": "registered", "c": "loaded"}
    assert "'b'" in notices[0].data["text"]


def test_the_budget_never_unloads_what_is_used_or_kept(registry, model):
    registry.memory_budget = 2_500_000
    for name in "abc":
        register(registry, name, model, size=1_000_000)
    lease = registry.acquire("a", holder="cell 1")
    registry.load("b")
    registry.pin("b", {"keep-loaded": True})
    with pytest.raises(MissingMemory, match="budget"):
        registry.load("c")
    assert [r.state for r in registry.models()] == ["loaded", "loaded", "failed"]
    lease.release()
    assert registry.load("c").state is ModelState.LOADED
    assert registry.describe("a").state is ModelState.REGISTERED


def test_unload_all_unloads_the_idle_and_names_the_busy(registry, model):
    for name in "ab":
        register(registry, name, model)
        registry.load(name)
    lease = registry.acquire("b", holder="cell 9")
    with pytest.raises(Busy, match="cell 9"):
        registry.unload_all()
    assert registry.describe("a").state is ModelState.REGISTERED
    lease.release()
    assert [r.name for r in registry.unload_all() if r.was_loaded] == ["b"]


def test_unpinning_and_resetting(registry, model):
    register(registry, "m", model)
    registry.pin("m", {"window": 9, "limit": 1})
    with pytest.raises(InvalidArgument):
        registry.pin("m", {"window": 8, "limit": "many"})
    assert registry.config("m")["window"] == 9
    registry.pin("m", {}, drop=["window"])
    assert registry.config("m").origins["window"] is Origin.DEFAULT
    registry.pin("m", {}, reset=True)
    assert registry.describe("m").pins == {}


def test_threads_hammering_one_model_load_it_once_at_a_time(registry, backend, model):
    register(registry, "m", model, **{"load-ms": 20})
    problems = []

    def work(number):
        for turn in range(20):
            try:
                lease = registry.acquire("m", holder=f"t{number}")
                context = lease.create_context()
                context.set_input(0, prompt(f"p{number}"))
                context.compute_single()
                if context.get_output_single(0) != b"p%d " % number:
                    problems.append("mixed up")
                if turn % 5 == 0:
                    lease.unload()
                lease.release()
                if turn % 7 == 0:
                    registry.unload("m")
            except Busy:
                continue
            except Exception as error:  # noqa: BLE001 - a test collects whatever goes wrong
                problems.append(repr(error))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    registry.unload("m")
    assert all(graph.closed for graph in backend.graphs)
    assert registry.describe("m").users == ()


def test_events_tell_the_story_of_a_model(registry, model):
    with registry.bus.watching() as events:
        register(registry, "m", model)
        registry.load("m")
        registry.pin("m", {"limit": 1})
        registry.unload("m")
        registry.forget("m")
        kinds = list(dict.fromkeys(e.kind for e in events.drain()))
    assert kinds == [
        EventKind.MODEL_REGISTERED,
        EventKind.MODEL_LOADING,
        EventKind.MODEL_LOADED,
        EventKind.CONFIG_CHANGED,
        EventKind.MODEL_UNLOADED,
        EventKind.MODEL_FORGOTTEN,
    ]


def test_what_this_machine_does_otherwise_is_noted(registry, backend, model, monkeypatch):
    clamp = {"window": 16}
    monkeypatch.setattr(backend, "normalise", lambda config: replace_values(config, clamp))
    register(registry, "m", model, window=4000)
    assert registry.load("m").notes == ("window=4000 was asked for; here it is 16.",)
    registry.acquire("m", holder="run", config_json=b'{"window": 99}').release()
    assert registry.config("m")["window"] == 16


def replace_values(config, values):
    return EffectiveConfig(config.schema, {**config.values, **values}, config.origins)


@pytest.mark.parametrize("content", [None, b"no model at all"])
def test_a_mistyped_source_does_not_cost_the_loaded_model(registry, backend, model, content):
    register(registry, "m", model)
    registry.load("m")
    wrong = model.with_name("wrong.gguf")
    if content is not None:
        wrong.write_bytes(content)
    with pytest.raises((ModelNotFound, InvalidEncoding)):
        register(registry, "m", wrong)
    assert registry.describe("m").state is ModelState.LOADED
    assert registry.describe("m").origin == str(model)
    assert not backend.graphs[0].closed
