"""The live view of what a context generates: what its views are told, and what they may ask."""

from __future__ import annotations

import threading

import pytest

from tests.notebook.recording import ask, eventually, recorded
from tests.notebook.told import ToldRun
from wasinn_nb.nn.errors import InvalidArgument
from wasinn_nb.notebook import shown
from wasinn_nb.notebook.figures import Standing
from wasinn_nb.notebook.widgets import retiring
from wasinn_nb.notebook.widgets.stream import TokenStream

GENERATING = Standing(state="generating", tokens=1)


@pytest.fixture
def _recorded():
    with recorded():
        yield
    retiring.close_retired()


@pytest.fixture
def widget(_recorded):
    widget = TokenStream()
    widget.comm.published.clear()
    yield widget
    widget.close()


def frames(widget):
    return [answer for answer in widget.comm.answers if answer["kind"] == "frame"]


def test_every_figure_of_a_standing_is_a_trait(widget):
    assert set(Standing.__slots__) <= set(widget.trait_names())


def test_a_frame_carries_what_is_new_and_the_figures(widget):
    widget.text.append("Once ")
    widget.show(GENERATING)
    widget.text.append("upon")
    widget.show(GENERATING)
    first, second = frames(widget)
    assert (first["at"], first["text"], second["at"], second["text"]) == (0, "Once ", 5, "upon")
    assert second["figures"]["tokens"] == 1
    assert widget.state == "generating"
    assert widget.shows_text


def test_nothing_is_sent_when_nothing_changed(widget):
    widget.show(GENERATING)
    widget.comm.published.clear()
    for _ in range(50):
        widget.show(GENERATING)
    assert widget.comm.published == []


def test_figures_alone_are_sent_a_few_times_a_second(widget):
    for tokens in range(200):
        widget.show(Standing(state="generating", tokens=tokens))
    assert len(frames(widget)) <= 2
    assert widget.tokens == 0, "traits are for states"


def test_words_do_not_flicker_between_short_generations(widget):
    for state in ("generating", "running", "prompt", "finished"):
        widget.show(Standing(state=state, tokens=1))
        assert widget.state == "generating"
    widget._generated_at -= 1
    widget.show(Standing(state="prompt"))
    assert widget.state == "prompt"
    widget.show(GENERATING)
    widget.finish(Standing(state="stopped"))
    assert widget.state == "stopped"


def test_a_late_view_is_told_everything(widget):
    widget.text.append("x" * shown.TAIL + "end")
    widget.show(GENERATING)
    widget.comm.published.clear()
    [welcome] = ask(widget, {"kind": "hello"})
    assert welcome["kind"] == "welcome"
    assert (welcome["at"], len(welcome["text"])) == (3, shown.TAIL)
    assert welcome["figures"]["state"] == "generating"


def test_the_end_is_in_the_traits(widget):
    widget.text.append("Once upon")
    widget.finish(Standing(label="m", state="finished", tokens=2, reason="the text ended"))
    assert (widget.state, widget.label, widget.reason) == ("finished", "m", "the text ended")
    assert widget.tail == {"at": 0, "text": "Once upon"}


def test_copy_has_the_whole_text(widget):
    widget.text.append("y" * 2 * shown.TAIL)
    [answer] = ask(widget, {"kind": "text", "id": 4})
    assert (answer["kind"], answer["id"], answer["complete"]) == ("done", 4, True)
    assert len(answer["text"]) == 2 * shown.TAIL


def test_markdown_is_rendered_when_it_is_asked_for(widget):
    widget.text.append("**bold**")
    widget.show(GENERATING)
    assert widget.html == ""
    ask(widget, {"kind": "markdown", "id": 1, "on": True})
    assert "<strong>bold</strong>" in widget.html
    ask(widget, {"kind": "markdown", "id": 2, "on": False})
    assert widget.html == ""
    [answer] = ask(widget, {"kind": "markdown", "id": 3, "on": "yes"})
    assert answer["kind"] == "refused"


@pytest.mark.usefixtures("_recorded")
def test_a_widget_follows_a_run_by_itself():
    run = ToldRun()
    one, two = run.context("one"), run.context("two")
    widget = TokenStream(run, context=1)
    run.generates(one, "not this")
    run.generates(two, "but ", "this")
    eventually(lambda: widget.tokens == 2)
    ask(widget, {"kind": "stop"})
    assert run.cancelled_reason == "stop"
    run.ends()
    eventually(lambda: widget.state == "finished")
    assert widget.text.whole() == "but this"
    assert widget.label == "two"
    with pytest.raises(InvalidArgument, match="no context 2"):
        TokenStream(run, context=2)
    widget.close()


@pytest.mark.usefixtures("_recorded")
def test_a_closed_widget_is_not_followed_any_longer():
    run = ToldRun()
    widget = TokenStream(run)
    eventually(lambda: "wasinn display" in {thread.name for thread in threading.enumerate()})
    widget.close()
    eventually(lambda: "wasinn display" not in {thread.name for thread in threading.enumerate()})
    run.ends()


def test_stop_of_a_run_that_is_over_stops_nothing(widget):
    stopped = []
    widget.stops(lambda: stopped.append("before" if widget.state == "generating" else "after"))
    widget.show(GENERATING)
    ask(widget, {"kind": "stop"})
    widget.finish(Standing(state="finished", tokens=1))
    ask(widget, {"kind": "stop"})
    assert stopped == ["before"]
