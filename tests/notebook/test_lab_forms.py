"""Forms that pages open over one channel, and what a page knows of them from messages alone."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notebook.recording import JSON, eventually
from wasinn_nb.api import Host
from wasinn_nb.nn.errors import InvalidArgument, NotFound
from wasinn_nb.notebook.lab.forms import Forms
from wasinn_nb.notebook.widgets.requests import Request


class Pages:
    """What all pages hear, and what one of them says."""

    def __init__(self, host):
        self.heard = []
        self.forms = Forms(host, self._post)

    def _post(self, kind, **data):
        self.heard.append(json.loads(json.dumps({"kind": kind, **data}, allow_nan=False)))

    def ask(self, kind, **values):
        """What the answer carries; raises what the page would be refused with."""
        return self.forms.handlers()[kind](Request({"kind": kind, **values}))

    def open(self, name):
        return PageForm(self, self.ask("configure", name=name))


class PageForm:
    """A form in a page: its state as the page has been told it."""

    def __init__(self, pages, opened):
        self.pages, self.name, self.known = pages, opened["form"], opened["state"]
        self.seq = 0
        self._read = len(pages.heard)

    @property
    def state(self):
        self._take()
        return self.known

    def _take(self):
        news = self.pages.heard[self._read :]
        self._read += len(news)
        mine = [message for message in news if message.get("form") == self.name]
        for message in mine:
            self.known = self.known | message.get("state", {})
        return [message["message"] for message in mine if "message" in message]

    def say(self, **message):
        self.pages.ask("to_form", form=self.name, message=message)

    def ask(self, kind, **values):
        """The answer to a request."""
        self._take()
        self.say(kind=kind, id=7, **values)
        [answer] = [message for message in self._take() if message.get("id") == 7]
        return answer

    def draft(self, **values):
        """What a draft would come to."""
        self.seq += 1
        answer = self.ask("draft", set=values, unset=[], view=1, seq=self.seq)
        assert answer == {"kind": "done", "id": 7}
        eventually(lambda: self.state["prospect"]["seq"] == self.seq)
        return self.state["prospect"]


@pytest.fixture
def pages(story):
    pages = Pages(story)
    yield pages
    pages.forms.end()


def watchers():
    return [t for t in threading.enumerate() if t.name.startswith("wasinn config")]


def test_a_form_comes_with_all_that_it_shows(pages):
    form = pages.open("story")
    assert form.state["name"] == "story"
    assert {"fields", "model", "prospect", "work", "outcome"} < set(form.state)
    assert form.state["model"]["loaded"]
    with pytest.raises(NotFound, match="nobody"):
        pages.ask("configure", name="nobody")


def test_drafts_and_applies_are_answered_to_the_form_and_change_the_model(story, pages):
    form, other = pages.open("story"), pages.open("story")
    assert form.draft(**{"ctx-size": 512})["values"]["ctx-size"]["value"] == 512
    assert other.state["prospect"]["draft"]["set"] == {}
    assert form.ask("apply", stop=False)["kind"] == "done"
    eventually(lambda: form.state["outcome"]["message"] == "Applied: pinned ctx-size.")
    assert story.describe("story").pins == {"ctx-size": 512}
    # who has it open elsewhere sees the pin
    eventually(lambda: other.state["model"]["values"]["ctx-size"]["value"] == 512)


def test_only_what_has_changed_is_told(pages):
    form = pages.open("story")
    form.draft(**{"ctx-size": 512})
    told = [set(message.get("state", ())) for message in pages.heard]
    assert {"prospect"} in told
    assert not any("fields" in names for names in told)


def test_a_greeting_is_answered_with_everything_for_who_has_missed_something(story, pages):
    form = pages.open("story")
    story.unload("story")
    eventually(lambda: not form.state["model"]["loaded"])
    form.known = {}
    form.say(kind="hello")
    assert {"kind": "welcome"} in form._take()
    assert not form.known["model"]["loaded"]
    assert form.known["fields"]


def test_what_a_form_refuses_is_answered_to_the_form(pages):
    form = pages.open("story")
    form.draft(**{"batch-size": "12x"})
    refused = form.ask("apply", stop=False)
    assert refused["kind"] == "refused"
    assert "batch-size" in refused["message"]
    assert "nothing called 'shout'" in form.ask("shout")["message"]


def test_a_form_that_its_page_has_taken_away_watches_and_says_nothing(story, pages):
    form, other = pages.open("story"), pages.open("story")
    pages.ask("configured", form=form.name)
    eventually(lambda: len(watchers()) == 1)
    before = len(pages.heard)
    story.unload("story")
    eventually(lambda: not other.state["model"]["loaded"])
    assert {message["form"] for message in pages.heard[before:]} == {other.name}
    pages.ask("configured", form=form.name)


def test_a_form_that_is_closed_from_within_or_unknown_has_ended(pages):
    form = pages.open("story")
    form.say(kind="close")
    assert form.state["ended"]
    eventually(lambda: not watchers())
    del form.known["ended"]
    form.say(kind="hello")  # of a page that has slept meanwhile
    assert form.state["ended"]


def test_pages_that_were_reloaded_leave_no_more_than_eight_forms(pages):
    forms = [pages.open("story") for _ in range(10)]
    assert [form.state.get("ended", False) for form in forms] == [True] * 2 + [False] * 8
    eventually(lambda: len(watchers()) == 8)
    pages.forms.end()
    assert all(form.state["ended"] for form in forms)
    eventually(lambda: not watchers())


def test_what_is_changed_in_a_form_is_there_when_its_page_has_slept(story, pages):
    form, other, closed = (pages.open("story") for _ in range(3))
    form.draft(**{"ctx-size": 512})
    pages.forms.rest()
    eventually(lambda: not watchers())
    pages.ask("configured", form=closed.name)
    assert "ended" not in form.state
    form.known = {}
    pages.forms.wake()
    assert form.state["prospect"]["draft"]["set"] == {"ctx-size": 512}
    assert form.ask("apply", stop=False)["kind"] == "done"
    eventually(lambda: story.prospect("story").pins.get("ctx-size") == 512)
    assert other.draft(threads=1)["draft"]["set"] == {"threads": 1}
    eventually(lambda: len(watchers()) == 2)


def test_a_form_that_is_heard_of_first_goes_on_as_well(pages):
    form = pages.open("story")
    pages.forms.rest()
    assert form.draft(threads=1)["errors"] == {}


def test_a_form_whose_model_has_gone_meanwhile_ends(pages):
    pages.forms._host.registry.register("brief", "builtin:digits")
    form = pages.open("brief")
    pages.forms.rest()
    pages.forms._host.registry.forget("brief")
    pages.forms.wake()
    assert form.state["ended"]


def test_who_asks_for_a_form_as_the_extension_ends_gets_none(pages):
    pages.open("story")
    pages.forms.end()
    with pytest.raises(InvalidArgument, match="been unloaded"):
        pages.open("story")
    eventually(lambda: watchers() == [])


@pytest.fixture(scope="module")
def victim():
    host = Host()
    host.registry.register("digits", "builtin:digits")
    pages = Pages(host)
    yield pages, pages.open("digits")
    pages.forms.end()
    host.close()


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["configure", "configured", "to_form"]),
    name=JSON,
    form=st.just("it") | JSON,
    message=st.dictionaries(st.sampled_from(["kind", "id", "set", "seq"]), JSON) | JSON,
)
def test_nothing_that_a_browser_sends_breaks_a_form(victim, kind, name, form, message):
    pages, open_form = victim
    if form == "it" and kind == "to_form":
        form = open_form.name
    with suppress(InvalidArgument, NotFound):
        pages.ask(kind, name=name, form=form, message=message)
    assert open_form.draft(threads=1)["errors"] == {}
