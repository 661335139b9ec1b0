"""What all widgets share: greetings, requests that nobody can trust, an end without remains."""

import gc
import weakref

import comm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances
from traitlets import Int, Unicode

from tests.notebook.recording import JSON, ask, recorded
from wasinn_nb.nn.errors import Busy, InvalidArgument, UnsupportedOperation
from wasinn_nb.notebook.widgets import assets
from wasinn_nb.notebook.widgets.base import LiveWidget
from wasinn_nb.notebook.widgets.requests import Request

LOAD = assets.load


@pytest.fixture(scope="module", autouse=True)
def _recorded():
    with recorded():
        yield


class Counter(LiveWidget):
    """A widget with a number that views may ask to raise."""

    frontend = "counter"
    number = Int().tag(sync=True)
    story = Unicode().tag(sync=True)

    def snapshot(self):
        return {"number": self.number}

    def handlers(self):
        return {"add": self._add, "reset": self._reset, "break": self._break}

    def _add(self, request):
        step = request.number("step")
        if step < 0:
            raise Busy("It cannot be lowered.", hint="Reset it.")
        self.number += int(step)
        return {"number": self.number}

    def _reset(self, _request):
        self.number = 0

    def _break(self, _request):
        raise ZeroDivisionError("none left")


@pytest.fixture
def counter():
    counter = Counter(number=1)
    counter.comm.published.clear()
    yield counter
    counter.close()


def opened_with(widget):
    """The state that came with the first message."""
    [state] = [data["state"] for kind, data in widget.comm.published if kind == "comm_open"]
    return state


def test_a_widget_carries_its_state_and_where_its_code_is_but_not_the_code():
    one, other = Counter(number=7), Counter()
    state = opened_with(one)
    assert (state["_esm"], state["_css"], state["number"]) == ("loader", "", 7)
    assert state["_anywidget_id"] == "wasinn_nb.counter"
    assert state["stop_words"]
    assert state["_dropped"] == ["_esm", "stop_words", "story"]
    assert state["_library"] == other._library
    shelf = opened_with(_instances[one._library])
    assert (shelf["code"], shelf["style"]) == ("code of counter", "style")
    one.close()
    other.close()


def test_a_library_that_was_closed_with_all_widgets_is_opened_again():
    before = Counter()
    _instances[before._library].close()
    after = Counter()
    assert before._library not in _instances
    assert opened_with(_instances[after._library])["code"] == "code of counter"
    before.close()
    after.close()


def test_a_view_that_sees_no_other_widget_is_sent_the_code(counter):
    assert ask(counter, {"kind": "code"}) == [
        {"kind": "code", "code": "code of counter", "style": "style"}
    ]


def test_a_change_of_code_or_style_is_another_digest():
    modules = [assets.Module("a", "b"), assets.Module("ab", ""), assets.Module("a", "c")]
    assert len({module.digest for module in modules}) == 3
    assert modules[0].digest == assets.Module("a", "b").digest


def test_a_greeting_is_answered_with_a_snapshot(counter):
    assert ask(counter, {"kind": "hello"}) == [{"kind": "welcome", "number": 1}]


def test_a_request_is_done_and_its_answer_carries_its_id(counter):
    done = {"kind": "done", "id": 5, "number": 4}
    assert ask(counter, {"kind": "add", "id": 5, "step": 3}) == [done]
    assert ask(counter, {"kind": "reset", "id": 6}) == [{"kind": "done", "id": 6}]
    assert counter.number == 0


def test_a_request_without_an_id_gets_no_answer(counter):
    assert ask(counter, {"kind": "add", "step": 3}) == []
    assert counter.number == 4


def test_what_the_host_refuses_is_told_in_its_words(counter):
    [answer] = ask(counter, {"kind": "add", "id": 5, "step": -1})
    refused = {"kind": "refused", "id": 5, "message": "It cannot be lowered.", "hint": "Reset it."}
    assert answer == refused
    assert counter.number == 1


def test_a_fault_of_ours_is_an_answer_too(counter):
    [answer] = ask(counter, {"kind": "break", "id": 5})
    assert (answer["kind"], answer["id"]) == ("refused", 5)
    assert "none left" in answer["message"]


@given(JSON | st.dictionaries(st.sampled_from(["kind", "id", "step"]), JSON))
def test_nothing_malformed_changes_anything_or_goes_through(content):
    counter = Counter(number=1)
    counter.comm.published.clear()
    [answer] = ask(counter, content)
    assert answer["kind"] == "refused"
    assert isinstance(answer["message"], str)
    assert counter.number == 1
    counter.close()


@given(JSON.filter(lambda step: not isinstance(step, (int, float)) or isinstance(step, bool)))
def test_a_value_of_the_wrong_type_is_refused_by_its_name(step):
    counter = Counter(number=1)
    counter.comm.published.clear()
    [answer] = ask(counter, {"kind": "add", "id": 1, "step": step})
    assert (answer["kind"], answer["id"]) == ("refused", 1)
    assert "'step'" in answer["message"]
    assert counter.number == 1
    counter.close()


@pytest.mark.parametrize("state", [{"number": 9}, {"_esm": "alert(1)"}, {"stop_words": "x"}, {}])
def test_a_view_cannot_set_state_nor_have_it_echoed_to_other_views(counter, state):
    before = counter.get_state()
    counter.comm.hear("update", state=state, buffer_paths=[])
    assert counter.get_state() == before
    assert counter.comm.published == []


def test_state_that_changes_here_goes_to_the_views(counter):
    counter.number = 2
    [(kind, data)] = counter.comm.published
    assert (kind, data["method"], data["state"]) == ("comm_msg", "update", {"number": 2})


def test_closing_closes_the_layout_and_ends_all_talk(counter):
    mine, layouts = counter.comm, counter.layout.comm
    counter.close()
    counter.close()
    for closed in (mine, layouts):
        assert [kind for kind, _ in closed.published].count("comm_close") == 1
    counter.post("frame", text="too late")
    counter.number = 3
    assert mine.published[-1][0] == "comm_close"


def test_a_thousand_widgets_leave_nothing_behind():
    def live_and_end():
        counter = Counter(number=1)
        ask(counter, {"kind": "hello"})
        ask(counter, {"kind": "add", "id": 1, "step": 1})
        counter.close()
        return weakref.ref(counter)

    live_and_end()
    instances, comms = len(_instances), len(comm.get_comm_manager().comms)
    classes = len(LiveWidget.__subclasses__()) + len(Counter.__subclasses__())
    ended = [live_and_end() for _ in range(1000)]
    gc.collect()
    assert not [ref for ref in ended if ref() is not None]
    assert (len(_instances), len(comm.get_comm_manager().comms)) == (instances, comms)
    assert len(LiveWidget.__subclasses__()) + len(Counter.__subclasses__()) == classes


def test_a_front_end_that_was_not_built_is_an_error_that_helps():
    with pytest.raises(UnsupportedOperation, match="make setup"):
        LOAD("none")


@given(JSON)
def test_a_request_takes_only_objects_with_a_kind(content):
    whole = isinstance(content, dict) and isinstance(content.get("kind"), str)
    if whole and type(content.get("id")) in (int, type(None)):
        assert Request(content).kind == content["kind"]
    else:
        with pytest.raises(InvalidArgument):
            Request(content)
