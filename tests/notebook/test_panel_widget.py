"""The panel as a widget: what is drawn, what is saved, and what nobody can do to it."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.display import DisplayHandle

from tests.notebook.recording import JSON, eventually, recorded
from wasinn_nb.api import Host
from wasinn_nb.nn.record import ModelState
from wasinn_nb.notebook.widgets.panel import ModelPanel, shared_panel


def watchers():
    return [thread for thread in threading.enumerate() if thread.name == "wasinn panel"]


@pytest.fixture(scope="module", autouse=True)
def _recorded():
    with recorded():
        yield


@pytest.fixture
def panel(story):
    panel = ModelPanel(story)
    yield panel
    panel.close()


def state_of(panel):
    """What a view is told before it has said a word."""
    return panel.get_state()["overview"]


def heard(panel, **content):
    """Answers of a panel to a message; what it tells of changes comes at any time."""
    panel.comm.published.clear()
    panel.comm.hear("custom", content=content)
    return [answer for answer in panel.comm.answers if answer["kind"] != "changed"]


def test_a_panel_can_be_drawn_before_the_kernel_has_answered(panel, story):
    assert [row["name"] for row in state_of(panel)["rows"]] == ["story"]
    story.registry.register("later", "builtin:digits")
    # nobody watches: who asks for the state is told how things are now
    assert [row["name"] for row in state_of(panel)["rows"]] == ["story", "later"]


def test_a_panel_answers_and_tells(panel, story):
    [welcome] = heard(panel, kind="hello")
    assert welcome["rows"] == state_of(panel)["rows"]
    [done] = heard(panel, kind="unload", name="story", id=7)
    assert done == {"kind": "done", "id": 7}
    eventually(lambda: story.registry.describe("story").state is ModelState.REGISTERED)
    [refused] = heard(panel, kind="load", name="nobody", id=8)
    assert (refused["kind"], refused["id"]) == ("refused", 8)
    assert "Registered are story" in refused["message"]


def test_closing_ends_the_watch_and_frees_the_panel(story):
    eventually(lambda: not watchers())  # of tests before
    panel = ModelPanel(story)
    heard(panel, kind="hello")
    assert len(watchers()) == 1
    panel.close()
    eventually(lambda: not watchers())
    gone = weakref.ref(panel)
    del panel
    gc.collect()
    assert gone() is None


def test_a_saved_notebook_has_the_table(panel, story):
    data, _ = panel._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert data["text/plain"].splitlines()[2].split()[:3] == ["story", "loaded", "ggml"]
    assert "<td" in data["text/html"]


def test_an_ended_panel_leaves_the_table_where_it_was_shown(story, monkeypatch):
    shown = []
    monkeypatch.setattr(DisplayHandle, "display", lambda *args, **_: shown.append(args[1]))
    monkeypatch.setattr(DisplayHandle, "update", lambda *args, **_: shown.append(args[1]))
    panel = ModelPanel(story)
    panel._ipython_display_()
    story.unload("story")
    panel.end()
    live, left = shown
    assert "application/vnd.jupyter.widget-view+json" in live
    assert set(left) == {"text/plain", "text/html"}
    assert "registered" in left["text/plain"]
    assert panel.comm is None


def test_all_cells_show_one_panel_until_it_is_closed(story):
    first = shared_panel(story)
    assert shared_panel(story) is first
    first.close()
    second = shared_panel(story)
    assert second is not first
    second.close()


def test_where_there_are_no_widgets_the_verb_shows_the_table(shell, model):
    shell.run(f"%wasinn preload story:ggml:cpu:{model}")
    assert "story" in repr(shell.run("%wasinn panel"))


@pytest.fixture(scope="module")
def victim():
    host = Host()
    host.load("story", "builtin:tinytales")
    panel = ModelPanel(host)
    yield panel, host
    panel.close()
    host.close()


@settings(max_examples=200, deadline=None)
@given(
    content=st.dictionaries(st.sampled_from(["kind", "name", "agreed", "id", "form"]), JSON)
    | st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["load", "unload", "forget", "cancel", "configured"]),
            "name": st.text() | JSON,
            "agreed": JSON,
        }
    )
)
def test_no_message_does_harm(victim, content):
    panel, host = victim
    panel.comm.hear("custom", content=content)
    assert [(r.name, r.state) for r in host.models()] == [("story", ModelState.LOADED)]
