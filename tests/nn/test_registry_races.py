"""The registry under changes that come in the middle of something else."""

from __future__ import annotations

import itertools
import threading

import pytest

from tests.nn.conftest import prompt, register
from wasinn_nb.nn.errors import (
    Busy,
    ContextFull,
    InvalidArgument,
    InvalidEncoding,
    MissingMemory,
    NotFound,
    RuntimeFailure,
)
from wasinn_nb.nn.events import EventKind
from wasinn_nb.nn.record import ModelState
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.settings import Origin
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


def on_load(backend, action):
    """Call ``action`` once, in the middle of the next load."""
    original = backend.load

    def load(*args, **options):
        backend.load = original
        action()
        return original(*args, **options)

    backend.load = load


def in_thread(call, *args, **options):
    """Start a call in a thread; returns what waits for it and gives its result or error."""
    results = []

    def body():
        try:
            results.append(call(*args, **options))
        except Exception as error:  # noqa: BLE001 - handed to the test
            results.append(error)

    thread = threading.Thread(target=body)
    thread.start()

    def result():
        thread.join()
        return results[0]

    return result


def test_a_pin_set_while_a_configuration_is_resolved_counts_from_then_on(
    registry, backend, model, monkeypatch
):
    register(registry, "m", model)
    original = backend.normalise

    def normalise(config):
        monkeypatch.setattr(backend, "normalise", original)
        registry.pin("m", {"window": 9})
        return config

    monkeypatch.setattr(backend, "normalise", normalise)
    said = b'{"limit": 1}'
    registry.acquire("m", holder="a", config_json=said).release()
    assert registry.acquire("m", holder="b", config_json=said).config["window"] == 9


def test_a_pin_reaches_the_next_context_of_a_run_that_goes_on(registry, backend, model):
    register(registry, "m", model)
    lease = registry.acquire("m", holder="run", config_json=b'{"limit": 5, "window": 50}')
    registry.pin("m", {"window": 6, "shout": True})
    context = lease.create_context()
    context.set_input(0, prompt("a b"))
    with pytest.raises(ContextFull):
        context.compute()
    assert lease.config.origins["window"] is Origin.PIN
    assert (lease.config["limit"], lease.config["shout"]) == (5, False)
    assert backend.loads == 1
    registry.pin("m", {}, reset=True)
    assert lease.config["window"] == 50


def test_who_waits_for_a_model_that_is_replaced_gets_the_new_one(registry, backend, tmp_path):
    old, new = tmp_path / "old.gguf", tmp_path / "new.gguf"
    old.write_bytes(b"ECHO old")
    new.write_bytes(b"ECHO new")
    register(registry, "m", old)
    waiting = []

    def replace_and_ask():
        waiting.append(in_thread(register, registry, "m", new))
        waiting.append(in_thread(registry.load, "m"))

    on_load(backend, replace_and_ask)
    registry.load("m")
    record, loaded = (result() for result in waiting)
    assert record.origin == str(new)
    assert loaded.name == "m"
    lease = registry.acquire("m", holder="run")
    assert backend.graphs[-1].words == [b"new"]
    assert [g.closed for g in backend.graphs[:-1]] == [True] * (len(backend.graphs) - 1)
    lease.release()


def test_forgetting_while_registering_anew_ends_with_one_registration(registry, model, tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(b"ECHO other")
    register(registry, "m", model)
    entry = registry._table.get("m")
    with registry._table.operating("m", "unloading"):
        result = in_thread(register, registry, "m", other)
        registry._table.remove(entry)
    assert result().origin == str(other)


def test_a_failed_reload_whose_old_load_fails_too_raises_what_was_asked_for(
    registry, backend, model
):
    register(registry, "m", model)
    registry.load("m")
    model.write_bytes(b"no longer a model")
    with pytest.raises(InvalidEncoding):
        registry.load("m")
    assert registry.describe("m").state is ModelState.FAILED
    model.write_bytes(b"ECHO once more")
    assert registry.load("m").state is ModelState.LOADED
    registry.pin("m", {"shout": True})

    def refuse():
        model.unlink()
        raise InvalidArgument("shouting is not possible")

    on_load(backend, refuse)
    with pytest.raises(InvalidArgument, match="shouting"):
        registry.load("m")


def test_a_guest_cannot_name_another_guests_bytes(registry):
    lease = registry.acquire_buffers(
        [b"ECHO hello"], encoding=GraphEncoding.GGML, target=ExecutionTarget.CPU, holder="cell 1"
    )
    with pytest.raises(NotFound):
        registry.acquire(lease.name, holder="cell 2")
    lease.release()
    assert registry.names() == []


def test_bytes_that_find_no_room_on_disk_are_an_error_in_words(registry, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    with pytest.raises(RuntimeFailure, match="No space left"):
        registry.acquire_buffers(
            [b"ECHO x"], encoding=GraphEncoding.GGML, target=ExecutionTarget.CPU, holder="cell"
        )
    assert registry.names() == []


def test_a_download_is_shown_and_can_be_cancelled_and_settings_do_not_start_it(tmp_path, backend):
    class Downloader:
        calls = ()

        def fetch(self, url, *, progress, cancel):
            progress("downloading m", 0.5)
            self.calls = (*self.calls, (url, cancel))
            path = tmp_path / "m"
            path.write_bytes(b"GGUF but not for the echo")
            return path

    downloader, told = Downloader(), []
    resolver = SourceResolver(cache_dir=tmp_path, builtin=None, downloader=downloader)
    registry = ModelRegistry({"echo": backend}, resolver)
    registry.register("m", "https://example.org/m.gguf")
    registry.pin("m", {"window": 9})
    assert registry.config("m")["window"] == 9
    assert downloader.calls == ()
    with registry.bus.watching() as events, pytest.raises(InvalidEncoding, match="echo"):
        registry.load("m", progress=lambda *what: told.append(what))
    assert told[0] == ("downloading m", 0.5)
    assert downloader.calls[0][1] is not None
    assert EventKind.MODEL_LOADING in {event.kind for event in events.drain()}


def test_two_loads_at_once_share_the_budget(registry, backend, model):
    registry.memory_budget = 1_500_000
    for name in "ab":
        register(registry, name, model, size=1_000_000)
    seen = []

    def second():
        with pytest.raises(MissingMemory, match="budget"):
            registry.load("b")
        seen.append(registry.describe("b").state)

    on_load(backend, second)
    assert registry.load("a").state is ModelState.LOADED
    assert seen == [ModelState.FAILED]
    assert registry.load("b").state is ModelState.LOADED
    assert registry.describe("a").state is ModelState.REGISTERED


def test_a_load_that_the_budget_can_never_hold_unloads_nobody(registry, model):
    registry.memory_budget = 1_500_000
    register(registry, "small", model, size=1_000_000)
    register(registry, "large", model, size=2_000_000)
    registry.load("small")
    with pytest.raises(MissingMemory):
        registry.load("large")
    assert registry.describe("small").state is ModelState.LOADED
    assert registry.load("large", force=True).state is ModelState.LOADED


def test_what_is_being_loaded_is_not_unloaded_for_the_budget(registry, backend, model):
    registry.memory_budget = 1_500_000
    register(registry, "a", model, size=1_000_000)
    register(registry, "b", model, size=1_000_000)
    registry.load("a")
    with registry._table.operating("a", "loading"), pytest.raises(MissingMemory):
        registry.load("b")
    assert not backend.graphs[0].closed


def test_settings_of_the_host_are_checked_before_they_count(registry, model):
    register(registry, "m", model)
    with pytest.raises(InvalidArgument):
        registry.set_defaults({"window": 0})
    assert registry.config("m")["window"] == 64
    registry.set_defaults({"window": 32, "of another backend": 1})
    assert registry.config("m")["window"] == 32


@pytest.mark.parametrize(
    ("pin", "guest", "load"),
    list(itertools.product((False, True), repeat=3)),
)
def test_precedence(registry, model, pin, guest, load):
    register(registry, "m", model, **({"window": 12} if load else {}))
    if pin:
        registry.pin("m", {"window": 14})
    lease = registry.acquire("m", holder="run", config_json=b'{"window": 13}' if guest else None)
    expected = 14 if pin else 13 if guest else 12 if load else 64
    assert lease.config["window"] == expected
    with pytest.raises(Busy):
        register(registry, "m", model, window=15)
    lease.unload()
    register(registry, "m", model, window=15)
    assert registry.acquire("m", holder="run").config["window"] == (14 if pin else 15)
