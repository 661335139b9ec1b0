"""What a kernel tells pages while they are there, and what no message can do to it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import comm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notebook.recording import JSON, RecordingComm, eventually
from wasinn_nb.api import Host
from wasinn_nb.nn.record import ModelState
from wasinn_nb.notebook import verbs
from wasinn_nb.notebook.lab.cells import Cells
from wasinn_nb.notebook.lab.channel import COMM_ID, Channel
from wasinn_nb.notebook.lab.service import Service


class Pages:
    """All pages of a kernel: what they are sent."""

    def __init__(self, host, preferences=None):
        self.told = []
        self.cells = Cells(self.post)
        self.service = Service(host, preferences, self.cells, self.post)

    def post(self, kind, **data):
        self.told.append({"kind": kind, **data})

    def hear(self, **content):
        """What is answered to a message of one of them."""
        self.told.clear()
        self.service.received(content)
        return [said for said in self.told if said["kind"] not in ("changed", "generating")]

    def kinds(self):
        return [said["kind"] for said in self.told]


@pytest.fixture
def pages(story):
    eventually(lambda: not watchers())  # of tests before
    pages = Pages(story)
    yield pages
    pages.service.close()


def watchers():
    names = ("wasinn panel", "wasinn generating")
    return [thread for thread in threading.enumerate() if thread.name in names]


# -- who is there ----------------------------------------------------------------------------------


def test_nothing_is_watched_before_somebody_says_hello(pages, story):
    pages.hear(kind="help", id=1)
    eventually(lambda: "done" in pages.kinds())
    assert not watchers()
    [welcome] = pages.hear(kind="hello")
    assert len(watchers()) == 2
    assert [row["name"] for row in welcome["rows"]] == ["story"]
    pages.told.clear()
    story.unload("story")
    eventually(lambda: "changed" in pages.kinds())


class Lease(threading.Thread):
    """A timer that a test lets run out."""

    def __init__(self, seconds, function):
        super().__init__(target=function)
        self.seconds = seconds
        self.cancelled = False

    def start(self):
        """Time stands still."""

    def cancel(self):
        self.cancelled = True

    def run_out(self):
        super().start()
        self.join()


@pytest.fixture
def leases(monkeypatch):
    """Every lease that a service has taken."""
    taken = []

    def timer(seconds, function):
        taken.append(Lease(seconds, function))
        return taken[-1]

    monkeypatch.setattr(threading, "Timer", timer)
    return taken


def test_who_is_not_heard_of_for_long_is_told_no_more(pages, leases):
    pages.hear(kind="hello")
    [opened] = pages.hear(kind="configure", id=1, name="story")
    pages.hear(kind="hello")
    first, second = leases
    assert (first.cancelled, second.cancelled) == (True, False)
    assert second.seconds == 150
    first.run_out()  # it was too late to cancel it
    assert len(watchers()) == 2
    second.run_out()
    eventually(lambda: not watchers())
    assert {"kind": "form", "form": opened["form"], "state": {"ended": True}} not in pages.told
    told = pages.hear(kind="hello")
    assert opened["form"] in [message.get("form") for message in told]
    assert len(watchers()) == 2


def test_a_page_that_leaves_has_the_others_say_that_they_are_there(pages, leases):
    pages.hear(kind="hello")
    assert pages.hear(kind="bye") == [{"kind": "anyone"}]
    pages.hear(kind="hello")
    pages.hear(kind="bye")
    assert [lease.seconds for lease in leases] == [150, 10, 150, 10]
    assert len(watchers()) == 2
    leases[-1].run_out()
    eventually(lambda: not watchers())


def test_closing_ends_the_watch_for_good(pages):
    pages.hear(kind="hello")
    pages.service.close()
    eventually(lambda: not watchers())
    assert pages.hear(kind="hello") == []
    assert not watchers()


# -- what can be asked -----------------------------------------------------------------------------


def test_answers_carry_the_number_of_the_question_and_slow_ones_too(pages):
    assert pages.hear(kind="stop", id=7) == [{"kind": "done", "id": 7, "stopped": []}]
    assert pages.hear(kind="stop") == []
    pages.hear(kind="wat", id=8, name="nobody")
    [refused] = eventually(lambda: list(pages.told))
    assert (refused["kind"], refused["id"]) == ("refused", 8)
    assert "no guest named 'nobody'" in refused["message"]
    assert refused["hint"]


def test_words_of_every_option_setting_and_verb_are_there(pages, story):
    pages.hear(kind="help", id=1)
    [table] = eventually(lambda: list(pages.told))
    for name, parser in verbs.verbs().items():
        assert table["verbs"][name]["summary"] == parser.description
        for action in parser.options:
            assert table["verbs"][name]["options"][action.option_strings[-1]] == action.help
    assert table["values"]["language"] == list(verbs.languages())
    assert table["values"]["--compat"] == list(verbs.DIALECTS)
    assert table["values"]["--target"] == ["cpu", "gpu", "tpu", "npu", "auto"]
    assert table["metavars"]["--set"] == "KEY=VALUE"
    assert "--background" not in table["metavars"]
    layers = table["settings"]["n-gpu-layers"]
    assert layers.startswith("Layers kept on the GPU")
    assert layers.endswith("Default: all. A change loads the model again.")
    assert table["values"]["n-gpu-layers"] == ["all", "auto"]
    assert [line.split(":")[0] for line in table["settings"]["threads"].split("\n")] == [
        "ggml",
        "openvino",
    ]
    for backend in story.registry.backends().values():
        for key, setting in backend.schema().items():
            assert (key in table["settings"]) == setting.effect
    assert "memory budget" in table["settings"]["keep-loaded"]
    assert table["preferences"]["frame_rate"].startswith("Paints a second")


@pytest.fixture(scope="module")
def victim():
    host = Host()
    host.load("story", "builtin:tinytales")
    preferences = SimpleNamespace(wish=lambda name, value: pytest.fail(f"{name} is {value}"))
    pages = Pages(host, preferences)
    yield pages, host
    pages.service.close()
    host.close()


KEYS = ["kind", "id", "name", "form", "message", "agreed", "stream", "frame_rate"]
KINDS = ["load", "unload", "forget", "cancel", "configured", "to_form", "wasm", "wat", "guests"]
NUMBERS = st.floats() | st.integers()


@settings(max_examples=200, deadline=None)
@given(
    content=JSON
    | st.dictionaries(st.sampled_from(KEYS), JSON)
    | st.fixed_dictionaries(
        {"kind": st.sampled_from(KINDS), "name": st.text() | JSON},
        optional={"form": st.text() | JSON, "message": JSON, "agreed": JSON},
    )
    | st.fixed_dictionaries(
        {
            "kind": st.just("prefer"),
            "stream": JSON.filter(lambda v: v is not None and not isinstance(v, bool)),
            "frame_rate": JSON,
        }
    )
    | st.fixed_dictionaries(
        {
            "kind": st.just("prefer"),
            "stream": st.booleans(),
            "frame_rate": st.text() | NUMBERS.filter(lambda v: not 1 <= v <= 60),
        }
    )
)
def test_no_message_does_harm(victim, content):
    pages, host = victim
    pages.service.received(content)
    assert [(r.name, r.state) for r in host.models()] == [("story", ModelState.LOADED)]


# -- the comm --------------------------------------------------------------------------------------


@pytest.fixture
def registered(monkeypatch):
    """The comms of a kernel without a front end."""
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    manager = comm.base_comm.CommManager()
    monkeypatch.setattr(comm, "get_comm_manager", lambda: manager)
    return manager


def test_what_is_loaded_with_the_extension_is_little_until_a_page_comes(registered):
    made = []

    class Magics:
        @property
        def host(self):
            made.append(Host())
            return made[0]

    channel = Channel(Magics())
    channel.open()
    opened = registered.comms[COMM_ID]
    assert [data["kind"] for _, data in opened.published] == ["loaded"]
    assert not made
    opened.handle_msg({"content": {"data": {"kind": "hello"}}})
    assert [data["kind"] for _, data in opened.published] == ["loaded", "welcome"]
    channel.close()
    assert [kind for kind, _ in opened.published] == ["comm_msg"] * 3
    assert opened.published[-1][1] == {"kind": "unloaded"}
    assert not registered.comms
    channel.post("loaded")
    opened.handle_msg({"content": {"data": {"kind": "hello"}}})
    assert len(opened.published) == 3
    made[0].close()


def test_a_kernel_with_comms_of_another_kind_loads_all_the_same(registered, monkeypatch, caplog):
    def refuse(**_):
        raise TypeError("no such comm")

    monkeypatch.setattr(comm, "create_comm", refuse)
    channel = Channel(SimpleNamespace(shell=SimpleNamespace()))
    channel.open()
    assert "cannot talk" in caplog.text
    assert channel.origin(["%%wasinn c"]) is None
    channel.close()
    assert not registered.targets
