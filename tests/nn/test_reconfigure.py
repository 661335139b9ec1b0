"""Changing settings of a model: all of it or nothing."""

from __future__ import annotations

import pytest

from tests.nn.conftest import register
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Busy, Cancelled, InvalidArgument
from wasinn_nb.nn.record import ModelState


def test_reconfiguring_loads_again_only_for_settings_of_the_model(registry, backend, model):
    register(registry, "m", model)
    assert registry.reconfigure("m", {"shout": True}).state is ModelState.REGISTERED
    assert backend.loads == 0
    registry.load("m")
    record = registry.reconfigure("m", {"window": 9})
    assert (backend.loads, record.pins) == (1, {"shout": True, "window": 9})
    record = registry.reconfigure("m", {"size": 10}, unset=["shout"])
    assert (backend.loads, record.pins, record.state) == (2, {"window": 9, "size": 10}, "loaded")
    assert not backend.graphs[-1].shout
    assert backend.graphs[0].closed
    assert registry.reconfigure("m", reset=True).pins == {}
    assert backend.loads == 3


def test_a_reload_that_fails_leaves_all_as_it_was(registry, backend, model):
    register(registry, "m", model)
    registry.pin("m", {"window": 9})
    registry.load("m")
    backend.fail_next = True
    with pytest.raises(InvalidArgument, match="refused"):
        registry.reconfigure("m", {"shout": True, "window": 3})
    record = registry.describe("m")
    assert (record.state, record.pins, record.error) == ("loaded", {"window": 9}, "")
    assert record.config["shout"] is False
    with pytest.raises(InvalidArgument):
        registry.reconfigure("m", {"size": -1})
    assert registry.describe("m").pins == {"window": 9}
    assert backend.loads == 2


def test_a_reload_that_is_cancelled_leaves_it_unloaded_with_its_pins(registry, model):
    register(registry, "m", model)
    registry.pin("m", {"window": 9})
    registry.load("m")
    token = CancelToken()

    def stop(what, fraction):
        del what, fraction
        token.cancel()

    with pytest.raises(Cancelled):
        registry.reconfigure("m", {"load-ms": 60_000}, progress=stop, cancel=token)
    record = registry.describe("m")
    assert (record.state, record.pins) == ("registered", {"window": 9})
    assert registry.load("m").state is ModelState.LOADED


def test_a_model_in_use_keeps_its_settings(registry, backend, model):
    register(registry, "m", model)
    lease = registry.acquire("m", holder="cell 3")
    with pytest.raises(Busy, match="cell 3"):
        registry.reconfigure("m", {"shout": True, "limit": 2})
    assert registry.describe("m").pins == {}
    assert not backend.graphs[0].closed
    registry.reconfigure("m", {"limit": 2})
    assert lease.config["limit"] == 2
    lease.release()
    registry.reconfigure("m", {"shout": True})
    assert backend.graphs[-1].shout


# -- what watchers see ---------------------------------------------------------------------------
