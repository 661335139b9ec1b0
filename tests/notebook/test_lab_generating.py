"""How fast guests generate, all together."""

from __future__ import annotations

from types import SimpleNamespace

from tests.notebook.told import ToldRun
from wasinn_nb.notebook.lab.generating import NOTHING, Rates


def paced(run, name, tokens, seconds):
    """A context that has made so many tokens in so many seconds, and goes on."""
    stream = run.context(name)
    run.generates(stream, *(["word "] * tokens), finish="")
    stream._first, stream._last = 100.0, 100.0 + seconds
    return stream


def test_rates_of_contexts_that_generate_add_up():
    one, other, idle = ToldRun("one #1"), ToldRun("other #1"), ToldRun("idle #1")
    paced(one, "a", 11, 1)
    paced(one, "b", 6, 1)
    paced(other, "c", 21, 1)
    idle.context("d").begin_prompt(3)
    rates = Rates()
    assert rates.of([one, other, idle]) == {"rate": 35.0, "runs": ["one #1", "other #1"]}
    for stream in one.streams:
        stream.finish("stop")
    assert rates.of([one, other, idle]) == {"rate": 20.0, "runs": ["other #1"]}
    assert rates.of([]) == NOTHING


def test_a_context_that_has_stopped_going_on_does_not_generate(monkeypatch):
    run = ToldRun("run #1")
    stream = paced(run, "a", 11, 1)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(
        "wasinn_nb.notebook.lab.generating.time", SimpleNamespace(monotonic=lambda: clock.now)
    )
    rates = Rates()
    assert rates.of([run])["rate"] == 10.0
    clock.now = 2.0
    assert rates.of([run])["rate"] == 10.0
    clock.now = 4.0
    assert rates.of([run]) == NOTHING
    stream.push(b"word ")
    assert rates.of([run])["runs"] == ["run #1"]
