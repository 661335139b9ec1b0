"""The model manager's side in the kernel: what it tells views, and what they may ask of it."""

from __future__ import annotations

import threading
import time

import pytest

from tests.notebook.recording import PATIENCE, SPINNER, eventually
from tests.support.echo_backend import EchoBackend
from wasinn_nb.guest.errors import GuestStopped
from wasinn_nb.models import builtin_path
from wasinn_nb.nn.errors import Busy, InvalidArgument, NotFound
from wasinn_nb.nn.record import ModelState
from wasinn_nb.nn.registry import ModelRegistry
from wasinn_nb.nn.sources import SourceResolver
from wasinn_nb.nn.types import ExecutionTarget, GraphEncoding
from wasinn_nb.notebook.widgets.manager.session import Session
from wasinn_nb.notebook.widgets.requests import Request


class View:
    """What a view knows, from a session's messages alone."""

    def __init__(self, host, *, watching=True):
        self.messages = []
        self.whole = {"revision": 0, "rows": []}
        self.session = Session(host, lambda kind, **data: self.messages.append((kind, data)))
        if watching:
            self.hello()

    def hello(self):
        self.whole = self.session.snapshot()

    @property
    def changes(self):
        """Differences to the whole, which have to follow on each other."""
        told = [data for kind, data in list(self.messages) if kind == "changed"]
        news = [data for data in told if data["revision"] > self.whole["revision"]]
        numbers = [data["revision"] for data in news]
        assert numbers == [self.whole["revision"] + 1 + n for n in range(len(news))]
        return news

    @property
    def rows(self):
        """Rows by name, in order."""
        rows = {row["name"]: row for row in self.whole["rows"]}
        for change in self.changes:
            rows |= {row["name"]: row for row in change.get("rows", ())}
            rows = {name: rows[name] for name in change.get("order", rows)}
        return rows

    @property
    def progress(self):
        """How far loads are."""
        known = self.whole["progress"]
        for change in self.changes:
            known = change.get("progress", known)
        return known

    def ask(self, kind, **values):
        """The answer; raises what a view would be refused with."""
        request = Request({"kind": kind, **values})
        return self.session.handlers()[kind](request)

    def sees(self, name, **values):
        """Wait until a row has these values."""

        def there():
            row = self.rows.get(name)
            return row if row and all(row[key] == value for key, value in values.items()) else None

        return eventually(there)


@pytest.fixture
def host(own_host):
    return own_host


@pytest.fixture
def slow(host, tmp_path):
    """A host whose models take their time, with one that is not loaded."""
    resolver = SourceResolver(cache_dir=tmp_path, builtin=lambda name: tmp_path / name)
    host.registry = ModelRegistry({"echo": EchoBackend()}, resolver, bus=host.bus)
    path = tmp_path / "slow.echo"
    path.write_text("ECHO a word")
    config = {"load-ms": 60_000}
    host.registry.register("slow", path, encoding=GraphEncoding.GGML, config=config)
    return host


@pytest.fixture
def view(host):
    view = View(host)
    yield view
    view.session.close()


def watchers():
    return [thread for thread in threading.enumerate() if thread.name == "wasinn panel"]


def test_a_view_is_welcomed_with_every_model_and_the_memory(story):
    story.registry.register("digits", "builtin:digits")
    view = View(story)
    assert list(view.rows) == ["story", "digits"]
    loaded, registered = view.rows.values()
    assert (loaded["state"], loaded["encoding"], loaded["device"]) == ("loaded", "ggml", "CPU")
    assert loaded["weights"] > 3_000_000
    assert (registered["state"], registered["weights"], registered["last_used"]) == (
        "registered",
        0,
        0,
    )
    totals = view.whole["totals"]
    assert totals["models"] == loaded["weights"]
    assert totals["process"] > totals["models"]
    assert 0 < totals["free"] <= totals["total"]
    view.session.close()


def test_changes_from_elsewhere_are_told_as_differences(host, view):
    host.load("story", "builtin:tinytales")
    view.sees("story", state="loaded", users=[])
    lease = host.registry.acquire("story", holder="a friend")
    view.sees("story", users=["a friend"])
    host.load("digits", "builtin:digits")
    view.sees("digits", state="loaded")
    rows = [row["name"] for kind, data in view.messages[-1:] for row in data.get("rows", ())]
    assert rows == ["digits"]
    lease.release()
    host.unload("story")
    freed = view.sees("story", state="registered", users=[])["freed"]
    assert freed["bytes"] > 0
    assert freed["seconds"] > 0
    host.forget("story")
    eventually(lambda: list(view.rows) == ["digits"])
    host.config("digits", {"num-streams": 2})
    view.sees("digits", pinned=["num-streams"])


def test_a_storm_of_changes_is_told_a_few_times(story, view):
    began = time.monotonic()
    for number in range(300):
        story.registry.acquire("story", holder=f"run {number}").release()
    lease = story.registry.acquire("story", holder="the last")
    view.sees("story", users=["the last"])
    told = [kind for kind, _ in view.messages if kind == "changed"]
    assert len(told) <= 2 + (time.monotonic() - began) / 0.2
    lease.release()


def test_nothing_is_watched_without_a_view(host):
    eventually(lambda: not watchers())  # of tests before
    view = View(host, watching=False)
    view.session.look()
    assert not watchers()
    view.hello()
    other = View(host)
    assert len(watchers()) == 1
    view.session.close()
    other.ask("bye")
    assert other.messages[-1] == ("anyone", {})
    eventually(lambda: not watchers())
    host.registry.register("unheard", "builtin:digits")
    other.hello()  # there was another view, and it says so
    assert list(other.rows) == ["unheard"]
    host.registry.register("heard", "builtin:digits")
    other.sees("heard", state="registered")
    other.session.close()
    eventually(lambda: not watchers())


def test_a_panel_whose_channel_is_broken_does_not_silence_others(host, view):
    def broken(kind, **data):
        raise OSError("closed")

    session = Session(host, broken)
    session.snapshot()
    host.registry.register("one", "builtin:digits")
    view.sees("one", state="registered")
    host.registry.register("two", "builtin:digits")
    view.sees("two", state="registered")


def test_models_are_loaded_unloaded_and_forgotten(host, view):
    for name in ("one", "two", "three"):
        host.registry.register(name, "builtin:digits")
        view.ask("load", name=name)
        view.sees(name, state="loaded", work="")
    view.ask("unload", name="one")
    view.sees("one", state="registered", work="")
    view.ask("unload_others", name="two")
    view.sees("three", state="registered", work="")
    assert host.registry.describe("two").state is ModelState.LOADED
    view.ask("unload_all")
    view.sees("two", state="registered", work="")
    assert view.ask("forget", name="one") is None
    eventually(lambda: list(view.rows) == ["two", "three"])


def test_who_would_be_stopped_is_asked_about_and_only_they_are_stopped(story, view, monkeypatch):
    monkeypatch.setattr("wasinn_nb.api.models.STOPPING", PATIENCE)  # two guests spin meanwhile
    run = story.build(SPINNER, "wat", name="spinner").start()
    view.sees("story", users=[run.name])
    question = view.ask("unload", name="story")["confirm"]
    assert question["users"] == [run.name]
    second = story.build(SPINNER, "wat", name="another").start()
    view.sees("story", users=[run.name, second.name])
    again = view.ask("unload", name="story", agreed=question["agree"])["confirm"]
    assert again["users"] == [run.name, second.name]
    assert not run.done
    for ask in ("unload_all", "forget"):
        assert view.ask(ask, name="story", agreed=question["agree"])["confirm"]["users"]
    assert view.ask("unload", name="story", agreed=again["agree"]) is None
    view.sees("story", state="registered", users=[], work="")
    for stopped in (run, second):
        with pytest.raises(GuestStopped, match="to unload a model that it used"):
            stopped.wait(PATIENCE)


def test_a_careful_view_is_asked_before_every_unload(story, view):
    for ask in ("unload", "unload_all"):
        question = view.ask(ask, name="story", careful=True)["confirm"]
        assert question["users"] == []
        assert question["loaded"]
    assert view.ask("unload_others", name="story", careful=True) is None  # there are none
    assert story.registry.describe("story").state is ModelState.LOADED
    assert view.ask("unload", name="story", careful=True, agreed=question["agree"]) is None
    view.sees("story", state="registered", work="")


def test_what_cannot_be_stopped_is_said_in_the_row(story, view, monkeypatch):
    monkeypatch.setattr("wasinn_nb.api.models.STOPPING", 0.3)
    lease = story.registry.acquire("story", holder="Python")
    agreed = view.ask("forget", name="story")["confirm"]["agree"]
    view.ask("forget", name="story", agreed=agreed)
    view.sees("story", work="forget")
    with pytest.raises(Busy, match="being forgotten already"):
        view.ask("load", name="story")
    message, hint = view.sees("story", work="", state="loaded")["problem"]
    assert "in use by Python" in message
    assert hint
    view.ask("dismiss", name="story")
    view.sees("story", problem=None)
    lease.release()


def test_forgetting_asks_first_when_something_would_be_lost(story, view):
    story.registry.register("idle", "builtin:digits")
    story.registry.register("pinned", "builtin:digits")
    story.config("pinned", {"num-streams": 2})
    assert view.ask("forget", name="story")["confirm"]["loaded"]
    assert view.ask("forget", name="pinned")["confirm"]["pinned"] == ["num-streams"]
    assert view.ask("forget", name="idle") is None
    eventually(lambda: list(view.rows) == ["story", "pinned"])


def test_a_load_tells_how_far_it_is_and_can_be_cancelled(slow):
    view = View(slow)
    view.ask("load", name="slow")
    view.sees("slow", state="loading", work="load")
    with pytest.raises(Busy):
        view.ask("load", name="slow")
    eventually(lambda: view.progress and view.progress[0]["fraction"])
    assert view.progress[0]["name"] == "slow"
    view.ask("cancel", name="slow")
    assert view.sees("slow", state="registered", work="")["problem"] is None
    assert view.progress == []
    with pytest.raises(InvalidArgument, match="No panel is loading"):
        view.ask("cancel", name="slow")
    view.session.close()


def test_a_load_for_a_run_is_cancelled_with_the_run(slow):
    view = View(slow)
    spinner = SPINNER.replace('"story"', '"slow"').replace("(i32.const 5)", "(i32.const 4)")
    run = slow.build(spinner, "wat", name="waits").start()
    view.sees("slow", state="loading", wanted_by=run.name)
    question = view.ask("cancel", name="slow")["confirm"]
    assert question["users"] == [run.name]
    assert view.ask("cancel", name="slow", agreed=question["agree"]) is None
    assert run.wait(PATIENCE).state == "stopped"
    view.session.close()


def test_a_model_that_a_guest_brought_is_told_from_others(host, view):
    data = builtin_path("tinytales").read_bytes()
    lease = host.registry.acquire_buffers(
        [data], encoding=GraphEncoding.GGML, target=ExecutionTarget.CPU, holder="a run"
    )
    row = view.sees(lease.name, state="loaded")
    assert row["anonymous"]
    assert view.ask("unload", name=lease.name)["confirm"]["users"] == ["a run"]
    lease.release()
    eventually(lambda: not view.rows)


def test_a_load_that_fails_says_why(host, view, tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF and nothing else")
    host.registry.register("broken", path)
    view.ask("load", name="broken")
    row = view.sees("broken", state="failed", work="")
    assert "broken.gguf" in row["error"]
    assert "broken.gguf" in row["problem"][0]


def test_unknown_names_change_nothing(story, view):
    for kind in ("load", "cancel", "unload", "unload_others", "forget"):
        with pytest.raises(NotFound):
            view.ask(kind, name="nobody")
        with pytest.raises(InvalidArgument):
            view.ask(kind)
    assert story.registry.describe("story").state is ModelState.LOADED
