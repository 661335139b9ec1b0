from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.guest.run import guests
from tests.support.core_abi import ARITY
from wasinn_nb.guest import plot
from wasinn_nb.guest import timeline as module
from wasinn_nb.guest.timeline import CallTotals, HostCall, Part, Timeline, part_of, time_text
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
    # the rest in stretches of ten calls and more, whose time is known
    assert sum(chunk.parts[Part.CALLS] for chunk in timeline.chunks) == 85 * 0.5
    assert (timeline.chunks[0].start, timeline.chunks[-1].end) == (10.0, 94.5)
    assert timeline.totals == {
        "a": CallTotals(47, 23.5, sum(range(1, 95, 2))),
        "b": CallTotals(48, 24.0, sum(range(0, 95, 2))),
    }


# -- what the time went to


def crafted():
    """A run of 10 s: 1 s until the guest begins, 1 s after its end, and calls between."""
    timeline = Timeline(100.0, "it #1")
    timeline.entered, timeline.left, timeline.ended = 101.0, 109.0, 110.0
    for call, start, end in [
        ("load_by_name", 101.0, 102.0),
        ("init_execution_context", 102.0, 102.5),
        ("set_input", 103.0, 103.25),
        ("compute", 103.25, 107.25),
        ("get_output", 107.25, 107.5),
    ]:
        timeline.record((call, start, end, 0))
    return timeline


def test_every_moment_belongs_to_one_part():
    summary = crafted().summary()
    assert summary.parts == {
        Part.GUEST: 2.0,
        Part.START: 2.0,
        Part.CALLS: 0.5,
        Part.MODELS: 1.5,
        Part.COMPUTE: 4.0,
    }
    assert (summary.guest, summary.host, summary.backend, summary.total) == (2.0, 2.5, 5.5, 10.0)
    lines = [line.split() for line in repr(summary).splitlines()]
    assert ["backend", "5.5", "s", "55", "%"] in lines
    assert ["start", "and", "end", "2", "s", "20", "%"] in lines
    assert lines[-1] == ["total", "10", "s", "100", "%"]


def test_the_backend_loads_and_computes_and_the_rest_is_the_hosts():
    models = {"load", "load_by_name", "load_by_name_with_config", "unload"}
    models |= {"init_execution_context", "finalize_execution_context"}
    for call in ARITY:
        assert part_of(call) is (
            Part.MODELS if call in models else Part.COMPUTE if "compute" in call else Part.CALLS
        )


def test_the_parts_of_a_real_run_add_up_to_its_duration(runner):
    run = runner.guest(guests.stream("a b", '{"token-ms": 5}')).run()
    summary = run.timeline.summary()
    assert summary.total == pytest.approx(run.duration)
    assert summary.parts[Part.COMPUTE] > 5 * 0.005
    assert all(seconds > 0 for seconds in summary.parts.values())
    assert run.started < run.entered < run.timeline.left < run.ended


def test_a_run_that_never_began_was_all_start_and_end(runner):
    run = runner.guest(guests.HELLO).run(entry="nothing", check=False)
    assert run.timeline.summary().host == pytest.approx(run.duration)


def test_of_a_run_that_goes_on_the_time_until_its_last_call_is_known(runner):
    run = runner.guest(guests.stream("a b c d e f g h i j", '{"token-ms": 30}')).start()
    while len(run.timeline) < 7:
        time.sleep(0.002)
    summary = run.timeline.summary()
    last = run.timeline.events[-1]
    run.cancel()
    run.wait()
    assert summary.total <= last.start + last.duration + 1e-9
    assert summary.guest < summary.backend


def test_times_are_in_the_unit_that_reads_best():
    texts = {12.345: "12.3 s", 0.9999: "1 s", 0.031: "31 ms", 8.04e-6: "8.04 µs", 0.0: "0 µs"}
    assert {seconds: time_text(seconds) for seconds in texts} == texts


# -- the picture


@pytest.fixture
def pictures(monkeypatch):
    """Matplotlib without a screen."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    yield plt
    plt.close("all")


def areas(axes):
    """The filled area of each colour in seconds, by the words in the legend."""
    found = {}
    for steps in axes.patches:
        tops, edges, bases = steps.get_data()
        filled = float(((tops - bases) * np.diff(edges)).sum() / plot._HEIGHT)
        found[steps.get_label().partition(":")[0]] = filled
    return found


def test_the_picture_shows_the_time_of_every_part(pictures):
    axes = crafted().plot()
    expected = {str(part): seconds for part, seconds in crafted().summary().parts.items()}
    assert areas(axes) == pytest.approx(expected, abs=0.02)
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "guest\n2 s, 20 %",
        "host\n2.5 s, 25 %",
        "backend\n5.5 s, 55 %",
    ]
    assert axes.get_title() == "it #1: 10 s"
    assert "compute: 4 s" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert axes.get_xlabel() == "time since the run started (s)"
    compute = next(steps for steps in axes.patches if steps.get_label() == "compute: 4 s")
    tops, edges, bases = compute.get_data()
    busy = edges[:-1][tops > bases]
    assert (busy.min(), busy.max()) == pytest.approx((3.25, 7.25), abs=0.02)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(ARITY)), st.floats(0, 1), st.floats(0, 1))),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(1, 5),
)
def test_the_columns_of_a_picture_are_full(calls, before, after, kept):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_KEPT", kept)
        patch.setattr(plot, "_LEAST", 0.0)
        timeline = Timeline(50.0)
        timeline.entered = now = 50.0 + before
        for call, pause, seconds in calls:
            timeline.record((call, now + pause, now + pause + seconds, 0))
            now += pause + seconds
            if timeline.length() >= timeline.limit:
                timeline.fold()
        timeline.left, timeline.ended = now + 0.125, now + 0.125 + after
        edges = np.linspace(0.0, timeline.ended - 50.0, 71)
        shares = plot._shares(timeline, edges)
    np.testing.assert_allclose(sum(shares.values()), 1.0, atol=1e-5)
    for part, seconds in timeline.summary().parts.items():
        assert shares[part].sum() * edges[1] == pytest.approx(seconds, abs=1e-4)


def test_a_short_call_is_seen(pictures):
    timeline = crafted()
    timeline.record(("set_input", 108.5, 108.500001, 0))
    steps = next(s for s in timeline.plot().patches if s.get_label().startswith("host calls"))
    tops, edges, bases = steps.get_data()
    assert (tops - bases)[(edges[:-1] > 8.4) & (edges[:-1] < 8.6)].max() > 0.04


def test_as_many_calls_as_one_likes(pictures, monkeypatch):
    monkeypatch.setattr(module, "_KEPT", 1000)
    timeline = Timeline(0.0)
    timeline.entered, now = 1.0, 1.0
    for _ in range(20_000):
        for call, seconds in (("compute_single", 3e-4), ("get_output_single", 1e-4)):
            timeline.record((call, now, now + seconds, 4))
            now += seconds + 5e-5
            if timeline.length() >= timeline.limit:
                timeline.fold()
    timeline.left = timeline.ended = now
    expected = timeline.summary().parts
    assert expected[Part.COMPUTE] == pytest.approx(6.0)
    assert expected[Part.CALLS] == pytest.approx(2.0)
    assert expected[Part.GUEST] == pytest.approx(2.0)
    axes = timeline.plot()
    drawn = areas(axes)
    assert len(drawn) == 4, "one artist a part"
    assert drawn == pytest.approx(
        {str(part): seconds for part, seconds in expected.items() if seconds}, rel=0.02
    )


def test_it_is_drawn_into_axes_that_are_given(pictures, runner):
    run = runner.guest(guests.stream("a b")).run()
    _, axes = pictures.subplots()
    assert run.plot(axes) is axes
    assert axes.get_title().startswith(run.name)
    axes.figure.canvas.draw()


def test_a_run_that_has_not_begun_can_be_drawn(pictures):
    Timeline(time.perf_counter()).plot().figure.canvas.draw()


def test_plotting_without_matplotlib_says_what_to_install(runner, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    run = runner.guest(guests.HELLO).run()
    with pytest.raises(UnsupportedOperation) as caught:
        run.plot()
    assert '%pip install "wasinn-nb[plot]"' in caught.value.hint
    assert run.timeline.summary().total > 0


# -- token streams


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
