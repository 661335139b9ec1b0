"""Looking ahead at a change of settings."""

from __future__ import annotations

import threading

import pytest

from tests.nn.conftest import register
from wasinn_nb.nn import fit
from wasinn_nb.nn.backend import BackendStatus, Device, MemoryEstimate, Share
from wasinn_nb.nn.errors import Busy, InvalidArgument, MissingMemory, NotFound
from wasinn_nb.nn.events import EventKind
from wasinn_nb.nn.settings import EffectiveConfig, Origin
from wasinn_nb.nn.types import ExecutionTarget


def test_a_draft_is_looked_at_and_nothing_changes(registry, backend, model):
    register(registry, "m", model, size=1000)
    registry.pin("m", {"limit": 3})
    before = registry.describe("m")
    with registry.bus.watching() as events:
        ahead = registry.prospect("m", {"size": "5000", "window": 9}, unset=["limit"])
        assert events.drain() == []
    assert (ahead.config["size"], ahead.config["limit"]) == (5000, -1)
    assert ahead.config.origins["size"] is Origin.PIN
    assert ahead.config.origins["limit"] is Origin.DEFAULT
    assert ahead.pins == {"size": 5000, "window": 9}
    assert (ahead.loaded, ahead.reload, ahead.busy) == (None, (), ())
    assert ahead.estimate.weights == 5000 + model.stat().st_size
    assert ahead.places[0].needed == ahead.estimate.total
    assert registry.prospect("m", reset=True).pins == {}
    assert registry.describe("m") == before
    assert backend.loads == 0


def test_a_draft_that_cannot_be_is_refused(registry, model):
    register(registry, "m", model)
    with pytest.raises(InvalidArgument, match="size"):
        registry.prospect("m", {"size": -1})
    with pytest.raises(InvalidArgument, match="shout"):
        registry.prospect("m", {"shoot": True})
    with pytest.raises(NotFound):
        registry.prospect("n")


def test_only_settings_of_the_model_mean_a_reload_and_users_are_named(registry, model):
    register(registry, "m", model)
    lease = registry.acquire("m", holder="cell 3")
    assert registry.prospect("m", {"window": 9, "limit": 1}).reload == ()
    ahead = registry.prospect("m", {"window": 9, "shout": True, "size": 7})
    assert ahead.reload == ("shout", "size")
    assert ahead.loaded["shout"] is False
    assert ahead.busy == ("cell 3",)
    lease.release()
    assert registry.prospect("m").busy == ()


def test_what_a_guest_loaded_it_with_stays_unless_it_is_pinned(registry, backend, model):
    register(registry, "m", model)
    registry.acquire("m", holder="run", config_json=b'{"shout": true, "window": 9}').release()
    ahead = registry.prospect("m", {"size": 5})
    assert (ahead.config["shout"], ahead.config["window"]) == (True, 9)
    assert ahead.config.origins["shout"] is Origin.GUEST
    assert ahead.reload == ("size",)
    assert registry.prospect("m", {"shout": False}).config.origins["shout"] is Origin.PIN
    registry.reconfigure("m", {"size": 5})
    assert backend.graphs[-1].shout
    registry.acquire("m", holder="run", config_json=b'{"shout": true}').release()
    assert backend.loads == 2
    registry.unload("m")
    assert registry.prospect("m").config.origins["shout"] is Origin.DEFAULT


def test_a_model_that_is_far_away_has_no_estimate(registry):
    registry.register("far", "https://models.invalid/a.gguf")
    registry.register("odd", "https://models.invalid/model")
    far, odd = (
        registry.prospect("far", {"size": 5}),
        registry.prospect("odd", {"keep-loaded": True}),
    )
    assert (far.info, far.estimate, far.config["size"]) == (None, None, 5)
    assert far.places[0].needed == 0
    assert (list(odd.schema), odd.estimate) == (["keep-loaded"], None)
    assert "downloaded" in odd.notes[0]


def test_a_file_is_read_once_until_it_is_replaced(registry, backend, model, monkeypatch):
    looks = []
    inspect = backend.inspect
    monkeypatch.setattr(backend, "inspect", lambda files: looks.append(1) or inspect(files))
    register(registry, "m", model)
    for size in range(5):
        registry.prospect("m", {"size": size})
    assert len(looks) == 1
    model.write_bytes(b"ECHO " + b"x" * 500)
    assert registry.prospect("m").estimate.weights == 505
    assert len(looks) == 2
    registry.load("m")
    registry.unload("m")
    registry.prospect("m")
    assert len(looks) == 3  # the load's own
    model.write_bytes(b"ECHO " + b"x" * 600)
    assert registry.prospect("m").estimate.weights == 605
    model.write_bytes(b"no model")
    assert registry.prospect("m").estimate is None


@pytest.fixture
def card(backend, monkeypatch):
    """A GPU of 1000 bytes with 600 free, which takes all of a model and decides its size."""
    card = Device("GPU0", ExecutionTarget.GPU, "a card", total=1000, free=600)
    seen = []

    def settle(info, config, target, free):
        del info, target
        seen.append(dict(free))
        if config["size"] != 1:
            return config
        return EffectiveConfig(config.schema, {**config.values, "size": 333}, config.origins)

    def estimate(info, config):
        size = config["size"] + info.nbytes
        return MemoryEstimate(size, 0, 0, {"GPU0": Share(size)})

    monkeypatch.setattr(backend, "settle", settle)
    monkeypatch.setattr(backend, "estimate", estimate)
    monkeypatch.setattr(backend, "status", lambda: BackendStatus(True, "echo", "", (card,)))
    return seen


def test_what_is_left_to_the_load_is_settled_with_what_will_be_free(registry, backend, model, card):
    register(registry, "m", model)
    ahead = registry.prospect("m", {"size": 1})
    assert (ahead.config["size"], ahead.estimate.device) == (1, 333 + model.stat().st_size)
    assert ahead.notes == ("size=1 came to 333.",)
    registry.pin("m", {"size": 1})
    registry.load("m")
    assert len(backend.graphs[-1].ballast) == 333
    record = registry.describe("m")
    assert (record.config["size"], record.notes) == (1, ("size=1 came to 333.",))
    assert registry.prospect("m").reload == ()
    registry.prospect("m", {"size": 5})
    assert card[0] == {"GPU0": 600}
    assert card[-1] == {"GPU0": 600 + 333 + model.stat().st_size}
    registry.unload("m")
    assert registry.describe("m").notes == ()


def test_a_device_that_is_too_small_refuses_the_load(registry, model, card):
    register(registry, "m", model, size=700)
    ahead = registry.prospect("m")
    assert not ahead.fits
    assert [place.fits for place in ahead.places] == [True, False]
    with pytest.raises(MissingMemory, match="GPU0"):
        registry.load("m")
    assert card[-1] == {}


def test_a_reload_counts_on_the_memory_of_the_old_load(registry, model, monkeypatch):
    register(registry, "m", model, size=50_000_000)
    registry.load("m")
    monkeypatch.setattr(fit.memory, "available", lambda: 10_000_000)
    ahead = registry.prospect("m", {"shout": True})
    assert ahead.places[0].free >= 10_000_000 + 0.9 * 50_000_000
    assert ahead.fits


# -- making the change ---------------------------------------------------------------------------


def test_prospects_while_others_load_and_unload(registry, model):
    register(registry, "m", model, **{"load-ms": 1})
    registry.prospect("m")
    stop, problems = threading.Event(), []

    def churn():
        while not stop.is_set():
            registry.acquire("m", holder="x", config_json=b'{"shout": true}').release()
            registry.unload("m")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for size in range(300):
            ahead = registry.prospect("m", {"size": size})
            if ahead.estimate is None or set(ahead.reload) - {"size"}:
                problems.append(ahead)
    finally:
        stop.set()
        thread.join()
    assert problems == []


def test_the_memory_of_all(registry, model):
    register(registry, "m", model, size=5_000_000)
    idle = registry.memory()
    registry.load("m")
    loaded = registry.memory()
    assert (idle.models, loaded.models) == (0, 5_000_000)
    assert 0 < loaded.process < loaded.total
    assert 0 < loaded.free <= loaded.total


def test_unloading_all_but_some(registry, model):
    for name in "abc":
        register(registry, name, model)
        registry.load(name)
    lease = registry.acquire("c", holder="cell 9")
    with pytest.raises(Busy, match="'c' is in use by cell 9"):
        registry.unload_all(keep=["a"])
    assert [record.state.value for record in registry.models()] == [
        "loaded",
        "registered",
        "loaded",
    ]
    lease.release()


def test_the_budget_is_one_of_the_places_and_tells_what_would_be_unloaded(registry, model):
    registry.memory_budget = 2_500_000
    for name in "abc":
        register(registry, name, model, size=1_000_000)
    registry.load("a")
    registry.load("b")
    ahead = registry.prospect("c")
    budget = ahead.places[-1]
    assert (budget.name, budget.total, budget.free) == (fit.BUDGET, 2_500_000, 2_500_000)
    assert ahead.fits
    assert any("would unload a " in note for note in ahead.notes), ahead.notes
    registry.pin("a", {"keep-loaded": True})
    registry.pin("b", {"keep-loaded": True})
    refused = registry.prospect("c")
    assert not refused.fits
    assert refused.places[-1].needed > (refused.places[-1].free or 0)
    with pytest.raises(MissingMemory, match="budget"):
        registry.load("c")
    loaded = registry.prospect("a")
    assert loaded.fits
    assert not any("unload" in note for note in loaded.notes)


def test_what_counts_against_the_budget_follows_pins_of_a_loaded_model(registry, backend, model):
    backend.context_bytes = 10_000
    registry.memory_budget = 2_500_000
    for name in "ab":
        register(registry, name, model, size=1_000_000)
    registry.load("a")
    registry.pin("a", {"window": 200})
    with registry.bus.watching() as events:
        registry.load("b")
        assert [e.subject for e in events.drain() if e.kind is EventKind.MODEL_UNLOADED] == ["a"]
    registry.pin("a", {"window": 10})
    registry.pin("b", {"window": 10})
    with registry.bus.watching() as events:
        registry.load("a")
        assert EventKind.MODEL_UNLOADED not in [e.kind for e in events.drain()]
