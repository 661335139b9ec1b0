"""What watchers of models are told, and when."""

from __future__ import annotations

import pytest

from tests.nn.conftest import register
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.nn.events import EventKind
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding


@pytest.fixture
def seen(registry):
    """(event, what a snapshot showed at that moment), in order."""
    told = []

    def put(event):
        record = {r.name: r for r in registry.models()}.get(event.subject)
        told.append((event.kind, record))

    registry.bus.subscribe().put = put
    return told


def test_every_event_comes_when_a_snapshot_shows_it(registry, backend, model, seen):
    register(registry, "m", model, size=1000)
    registry.load("m")
    lease = registry.acquire("m", holder="cell 1")
    context = lease.create_context()
    lease.drop_context(context)
    lease.release()
    registry.pin("m", {"limit": 1})
    registry.unload("m")
    backend.fail_next = True
    with pytest.raises(InvalidArgument):
        registry.load("m")
    registry.forget("m")
    story = [
        (kind, record and (record.state.value, record.memory.total, record.users, record.pins))
        for kind, record in seen
    ]
    assert story == [
        (EventKind.MODEL_REGISTERED, ("registered", 0, (), {})),
        (EventKind.MODEL_LOADING, ("loading", 0, (), {})),
        (EventKind.MODEL_LOADED, ("loaded", 1000, (), {})),
        (EventKind.MODEL_USERS, ("loaded", 1000, ("cell 1",), {})),
        (EventKind.MODEL_MEMORY, ("loaded", 1001, ("cell 1",), {})),
        (EventKind.MODEL_MEMORY, ("loaded", 1000, ("cell 1",), {})),
        (EventKind.MODEL_USERS, ("loaded", 1000, (), {})),
        (EventKind.CONFIG_CHANGED, ("loaded", 1000, (), {"limit": 1})),
        (EventKind.MODEL_UNLOADED, ("registered", 0, (), {"limit": 1})),
        (EventKind.MODEL_LOADING, ("loading", 0, (), {"limit": 1})),
        (EventKind.MODEL_FAILED, ("failed", 0, (), {"limit": 1})),
        (EventKind.MODEL_FORGOTTEN, None),
    ]


def test_progress_is_in_the_record_while_it_loads_and_says_for_whom(registry, model, seen):
    register(registry, "m", model, **{"load-ms": 50})
    registry.acquire("m", holder="cell 7").release()
    loading = [record for kind, record in seen if kind is EventKind.MODEL_LOADING]
    assert ("reading", 0.5) in [record.activity for record in loading]
    assert {record.wanted_by for record in loading} == {"cell 7"}
    assert (registry.describe("m").activity, registry.describe("m").wanted_by) == (("", None), "")


def test_host_wide_defaults_are_told_to_those_who_watch_models(registry, model, seen):
    register(registry, "m", model)
    registry.set_defaults({"window": 5})
    assert seen[-1][0] is EventKind.CONFIG_CHANGED
    assert seen[-1][1].config["window"] == 5


def test_a_guests_own_bytes_come_and_go_before_watchers_eyes(registry, seen):
    registry.acquire_buffers(
        [b"ECHO hello"],
        encoding=GraphEncoding.GGML,
        target=ExecutionTarget.CPU,
        holder="cell 1",
    ).release()
    with pytest.raises(InvalidArgument):
        registry.acquire_buffers(
            [b"ECHO"],
            encoding=GraphEncoding.GGML,
            target=ExecutionTarget.CPU,
            holder="cell 2",
            config_json=b'{"window": "x"}',
        )
    kinds = [kind for kind, _ in seen]
    assert kinds.count(EventKind.MODEL_FORGOTTEN) == 2
    assert registry.models() == []
