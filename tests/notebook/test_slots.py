"""Slots: a line, then live, then text for good; one for each context."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from types import SimpleNamespace

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from ipywidgets.widgets.widget import _instances

from tests.notebook.recording import ask, eventually, recorded
from tests.notebook.told import ToldRun
from wasinn_nb.nn.errors import UnsupportedOperation
from wasinn_nb.notebook.figures import Standing
from wasinn_nb.notebook.pump import Pump
from wasinn_nb.notebook.widgets import assets, display, retiring
from wasinn_nb.notebook.widgets.display import SLOTS, RunSlots, Slot, Surface

GENERATING = Standing(state="generating", tokens=1)
LIVE = Surface(slots=True, live=True, frame_rate=60, markdown=False)
STATIC = Surface(slots=True, live=False, frame_rate=60, markdown=False)


@pytest.fixture
def _recorded():
    with recorded():
        yield
    retiring.close_retired()


@pytest.fixture
def outputs(_recorded, monkeypatch):
    """What cells display: one list of bundles for each place, in order."""
    places = []

    class Handle:
        def display(self, data, **_):
            self.bundles = [data]
            places.append(self.bundles)

        def update(self, data, **_):
            self.bundles.append(data)

    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    monkeypatch.setattr(display, "LIVE_AFTER", 0.0)
    return places


def shows(run, tell, surface=LIVE):
    """A cell that shows a run, which is told what to do and to end."""
    pump = Pump(run, RunSlots(run, surface, run.cancel), frame_rate=60).start()
    tell()
    if not run.done:
        run.ends()
    pump.finish()


def test_a_slot_becomes_live_and_ends_as_text(outputs):
    run = ToldRun()
    context = run.context("story")

    def tell():
        run.generates(context, "Once", " upon", finish="")
        eventually(lambda: outputs and len(outputs[0]) > 1)
        context.finish("stop")

    before = len(_instances)
    shows(run, tell)
    [place] = outputs
    assert "application/vnd.jupyter.widget-view+json" not in place[0]
    assert "application/vnd.jupyter.widget-view+json" in place[1]
    assert set(place[-1]) == {"text/plain", "text/html"}
    line, text = place[-1]["text/plain"].split("\n")
    assert line.startswith("story \u00b7 2 tokens \u00b7 ")
    assert line.endswith("the text ended")
    assert text == "Once upon"
    assert len(_instances) <= before + 1, "the library stays"


def test_without_anybody_to_see_it_a_slot_makes_no_widget(outputs):
    run = ToldRun()
    before = len(_instances)
    shows(run, lambda: run.generates(run.context(), "text"), STATIC)
    assert len(_instances) == before
    assert outputs[0][-1]["text/plain"].endswith("\ntext")


def test_every_context_has_its_slot(outputs):
    run = ToldRun()
    contexts = [run.context(f"m{n}") for n in range(3)]

    def tell():
        for number, context in enumerate(contexts):
            run.generates(context, f"text {number}")

    shows(run, tell)
    ends = [place[-1]["text/plain"] for place in outputs]
    assert [end.split("\n")[1] for end in ends] == ["text 0", "text 1", "text 2"]
    assert [end.split(" ")[0] for end in ends] == ["m0", "m1", "m2"]


@pytest.mark.parametrize("at_once", [True, False])
def test_many_contexts_share_the_slots_there_are_and_no_text_is_lost(outputs, at_once):
    run = ToldRun()
    names = [f"text-{n:02}" for n in range(3 * SLOTS)]

    def tell():
        for name in names:
            run.generates(run.context(), name, finish="" if at_once else "stop")
            time.sleep(0.01)

    shows(run, tell)
    assert len(outputs) == SLOTS
    told = "\n".join(place[-1]["text/plain"] for place in outputs)
    assert all(told.count(name) == 1 for name in names)


def test_a_run_that_generates_nothing_has_a_line_only_if_it_lasts(outputs, monkeypatch):
    shows(ToldRun(), lambda: None)
    assert outputs == []
    monkeypatch.setattr(display, "RUNNING_AFTER", 0.02)
    run = ToldRun()
    shows(run, lambda: eventually(lambda: outputs))
    assert outputs[0][0]["text/plain"].startswith("running")
    assert outputs[0][-1]["text/plain"].startswith("finished \u00b7 after")


def test_a_load_that_lasts_is_told_and_the_context_takes_its_slot(outputs, monkeypatch):
    monkeypatch.setattr(display, "LOADING_AFTER", 0.02)
    run = ToldRun()

    def tell():
        run.activity = ("reading it", 0.5)
        eventually(lambda: outputs)
        run.activity = ("", None)
        run.generates(run.context(), "text")

    shows(run, tell)
    [place] = outputs
    assert place[0]["text/plain"].startswith("reading it 50 %")
    assert place[-1]["text/plain"].endswith("\ntext")


def live_slot():
    slot = Slot(LIVE, lambda: None)
    slot.show(GENERATING)
    slot.show(GENERATING)
    return slot, slot._widget


def test_a_slot_that_ended_closes_its_view_when_all_that_greeted_have_gone(outputs):
    (slot, widget), (unseen, never_seen) = live_slot(), live_slot()
    ask(widget, {"kind": "hello"})
    ask(widget, {"kind": "hello"})
    [answer] = ask(widget, {"kind": "bundle", "id": 1})
    assert answer["kind"] == "refused", "it is not over"
    slot.end(Standing(state="finished"))
    assert widget.comm.answers[-1]["kind"] == "left"
    ask(widget, {"kind": "bye"})
    # the other one is of a page that did not get the end, and asks for it
    [answer] = ask(widget, {"kind": "bundle", "id": 2})
    assert answer["data"] == outputs[0][-1]
    widget.comm.hear("custom", content={"kind": "bye"})
    assert widget.comm is None
    unseen.end(Standing(state="finished"))
    assert never_seen.comm is None


def test_a_view_that_went_before_the_slot_ended_keeps_nothing_open(outputs):
    slot, widget = live_slot()
    ask(widget, {"kind": "hello"})
    ask(widget, {"kind": "bye"})
    slot.end(Standing(state="finished"))
    assert widget.comm is None


def test_slots_of_pages_that_were_closed_stay_open_for_a_while(outputs):
    kept = []
    for _ in range(20):
        slot, widget = live_slot()
        ask(widget, {"kind": "hello"})
        slot.end(Standing(state="finished"))
        kept.append(widget)
    assert sum(widget.comm is not None for widget in kept) == 8
    # the page is opened again
    [*_, welcome] = ask(kept[-1], {"kind": "hello"})
    assert (welcome["kind"], welcome["left"]) == ("welcome", True)
    assert len(outputs) == 20


def test_a_thousand_runs_leave_nothing(outputs):
    gc.collect()
    gc.disable()
    try:
        before, threads = None, threading.active_count()
        watched = []
        for number in range(1000):
            run = ToldRun(f"told #{number}")
            slots = RunSlots(run, LIVE, run.cancel)
            run.generates(run.context(), "text", finish="")
            slots.frame()
            slots.frame()
            slots.write("text", run.streams[0], 1)
            slots.end()
            watched.append(weakref.ref(run.ends()))
            del run, slots
            if number == 0:
                before = len(_instances)
        assert len(_instances) == before
        assert threading.active_count() <= threads
        assert not any(reference() for reference in watched), "freed without a collection"
    finally:
        gc.enable()
    assert len(outputs) == 1000


@pytest.mark.parametrize(
    ("built", "attended", "captured", "slots", "live"),
    [
        (True, True, False, True, True),
        (True, False, False, True, False),
        (False, False, False, True, False),
        (False, True, False, False, False),
        (True, True, True, False, False),
    ],
)
def test_what_a_cell_can_show(monkeypatch, built, attended, captured, slots, live):
    def load(name):
        if not built:
            raise UnsupportedOperation(f"{name} is not built.")
        return assets.Module("code", "style")

    monkeypatch.setattr(assets, "load", load)
    shell = SimpleNamespace(
        kernel=SimpleNamespace(_allow_stdin=attended),
        display_pub=CapturingDisplayPublisher() if captured else object(),
    )
    surface = display.surface(shell, frame_rate=20)
    assert (surface.slots, surface.live) == (slots, live)
    assert not display.surface(SimpleNamespace(kernel=None), frame_rate=20).slots


def test_where_displays_cannot_change_a_run_is_shown_as_it_stands(outputs):
    run = ToldRun()
    display.display_stream(run)
    run.generates(run.context("story"), "Once", " upon", finish="")
    display.display_stream(run)
    assert not run.done
    [[nothing], [begun]] = outputs
    assert nothing["text/plain"].startswith("running")
    assert begun["text/plain"].startswith("story \u00b7 generating 2 tokens")
    assert begun["text/plain"].endswith("\nOnce upon")
