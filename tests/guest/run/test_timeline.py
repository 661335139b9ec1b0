from __future__ import annotations

import sys

import pytest

from tests.guest.run import guests
from wasinn_nb.guest import timeline as module
from wasinn_nb.guest.timeline import CallTotals, HostCall, Timeline
from wasinn_nb.guest.tokens import RunStream, Transcript
from wasinn_nb.nn.errors import UnsupportedOperation


def test_calls_of_a_run(runner):
    run = runner.guest(guests.stream("a b")).run()
    calls = [event.call for event in run.timeline]
    assert calls[:3] == ["load_by_name_with_config", "init_execution_context", "set_input"]
    assert calls.count("compute_single") == 6
    assert run.timeline.totals["set_input"].bytes == 3
    assert run.timeline.totals["compute_single"].count == 6
    starts = [event.start for event in run.timeline]
    assert starts == sorted(starts)
    assert all(e.start > 0 and 0 <= e.duration < run.duration for e in run.timeline)
    assert "compute_single 6" in repr(run.timeline)


def test_a_long_run_keeps_the_first_calls_and_counts_all(monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 10)
    timeline = Timeline(100.0)
    for n in range(95):
        timeline.record(("a" if n % 2 else "b", 100.0 + n, 100.5 + n, n))
        if timeline.length() >= timeline.limit:
            timeline.fold()
    assert timeline.length() < 20 * 4
    assert len(timeline) == 95
    assert timeline.events == [HostCall("a" if n % 2 else "b", n, 0.5, n) for n in range(10)]
    assert timeline.totals == {
        "a": CallTotals(47, 23.5, sum(range(1, 95, 2))),
        "b": CallTotals(48, 24.0, sum(range(0, 95, 2))),
    }


def test_plotting_without_matplotlib_says_what_to_install(runner, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    run = runner.guest(guests.HELLO).run()
    with pytest.raises(UnsupportedOperation, match="%pip install matplotlib"):
        run.plot()


class Axes:
    def __init__(self):
        self.bars = []

    def broken_barh(self, spans, rows):
        self.bars.append((len(spans), rows[0]))

    def set_yticks(self, ticks, labels):
        self.labels = dict(zip(ticks, labels, strict=True))

    def invert_yaxis(self):
        pass

    def set_xlabel(self, text):
        pass


def test_plotting_draws_a_row_a_function(runner, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", object())
    run = runner.guest(guests.stream("a b")).run()
    axes = run.plot(Axes())
    assert axes.labels[3] == "compute_single"
    assert axes.bars[3] == (6, 2.6)


# -- token streams


def test_tokens_of_all_generations_count():
    transcript = Transcript()
    stream = RunStream("m")
    transcript.streams.append(stream)
    for _ in range(3):
        stream.begin_prompt(1)
        stream.push(b"\xe2\x82")
        stream.push(b"\xac")
    assert (transcript.tokens, transcript.text) == (6, "€€€")
    assert transcript.since(1) == ["€", "€"]
    stream.push(b"\xe2")
    assert transcript.text == "€€€"
    assert transcript.since(3, final=True) == ["�"]


def test_text_and_tokens_are_there_while_the_guest_runs(runner):
    run = runner.guest(guests.stream("a b c d e f g h i j", '{"token-ms": 5}')).start()
    seen = set()
    while not run.done:
        seen.add(run.text)
    assert run.wait().text == "a b c d e f g h i j and then some </s>"
    assert len(seen) > 2
    assert all(run.text.startswith(text) for text in seen)


def test_without_streaming_no_callback(runner):
    run = runner.guest(guests.stream("a")).run(on_token=pytest.fail, stream=False)
    assert run.text == "a and then some </s>"


def test_figures_are_kept_though_the_guest_did_not_read_them(runner):
    run = runner.guest(guests.whole("a b")).run()
    assert run.metadata == {"input_tokens": 2, "output_tokens": 6}
