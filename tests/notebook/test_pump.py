"""Painting a run's output."""

from __future__ import annotations

import io

import pytest

from tests.notebook.told import ToldRun
from wasinn_nb.notebook import pump as pumps
from wasinn_nb.notebook.pump import Pump


class Screen:
    """What was written to it, by stream."""

    def __init__(self):
        self.texts, self.frames, self.ended = {}, 0, False

    def write(self, text, stream, generation):
        del generation
        self.texts[stream] = self.texts.get(stream, "") + text

    def frame(self):
        self.frames += 1
        return True

    def end(self):
        self.ended = True


@pytest.fixture
def painted(monkeypatch):
    """A function that paints what a run is told to do; returns stdout, stderr and the screen."""

    def paint(tell, screen=None, **options):
        screen = screen or Screen()
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        run = ToldRun()
        pump = Pump(run, screen, frame_rate=60, **options).start()
        tell(run)
        run.ends()
        pump.finish()
        monkeypatch.undo()
        return out.getvalue(), err.getvalue(), screen

    return paint


def test_everything_is_painted_when_finish_returns(painted):
    def tell(run):
        run.generates(run.context(), "t", "u")
        for n in range(1000):
            run.prints(f"{n}\n")
        run.prints("e", "stderr")

    out, err, screen = painted(tell)
    assert (out, err) == ("".join(f"{n}\n" for n in range(1000)), "e")
    assert list(screen.texts.values()) == ["tu"]
    assert screen.ended


def test_what_the_guest_prints_is_not_on_the_screen(painted):
    def tell(run):
        run.generates(run.context(), "Once", " upon")
        run.prints("Once upon")

    assert painted(tell)[0] == "Once upon"
    assert painted(tell)[2].texts == {}


def test_without_streams_no_token_is_painted(painted):
    def tell(run):
        run.generates(run.context(), "token")
        run.prints("printed")

    out, _, screen = painted(tell, stream=False)
    assert (out, screen.texts) == ("printed", {})


def test_streams_between_what_is_printed(painted):
    def tell(run):
        run.generates(run.context(), "token ")
        run.prints("printed")

    assert painted(tell, inline=True)[0] == "token printed"


def test_whole_streams_without_what_is_printed(painted):
    def tell(run):
        run.generates(run.context(), "Once", " upon")
        run.prints("Once upon")

    out, _, screen = painted(tell, printing=False)
    assert (out, list(screen.texts.values())) == ("", ["Once upon"])


@pytest.mark.parametrize("extra", [5, 50_000])
def test_long_output_is_shown_by_its_beginning_and_end(painted, extra):
    text = "x" * (pumps.SHOWN_LIMIT + extra - 3) + "end"
    out = painted(lambda run: run.prints(text))[0]
    assert out.endswith("end")
    if extra == 5:
        assert out == text
    else:
        assert len(out) < len(text)
        assert "characters are not shown" in out


def test_a_background_run_keeps_the_file_it_began_with(monkeypatch):
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdout", first)
    run = ToldRun()
    pump = Pump(run, Screen(), frame_rate=60).start()
    monkeypatch.setattr("sys.stdout", second)
    run.prints("text")
    run.ends()
    pump.finish()
    monkeypatch.undo()
    assert (first.getvalue(), second.getvalue()) == ("text", "")


def test_it_ends_with_the_run(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    run, screen = ToldRun(), Screen()
    pump = Pump(run, screen, frame_rate=60).start()
    run.ends()
    pump._thread.join(20)
    assert screen.ended


def test_it_ends_at_once_when_nobody_waits_for_a_run_that_goes_on(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stdout", out)
    run, screen = ToldRun(), Screen()
    pump = Pump(run, screen, frame_rate=60).start()
    run.prints("so far")
    pump.finish()
    monkeypatch.undo()
    assert not run.done
    assert screen.ended
    assert out.getvalue() == "so far"


def test_a_screen_that_fails_does_not_end_what_is_printed(painted):
    class Broken(Screen):
        def end(self):
            raise OSError("no front end")

    out, err, _ = painted(lambda run: run.prints("printed"), Broken())
    assert out == "printed"
    assert "no front end" in err
