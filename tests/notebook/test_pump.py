"""Painting a run's output."""

from __future__ import annotations

import io

import pytest

from wasinn_nb.notebook import pump as pumps
from wasinn_nb.notebook.pump import Pump


@pytest.fixture
def painted(monkeypatch):
    """A function that paints what it is given and returns stdout and stderr."""

    def paint(*events, **options):
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr("sys.stdout", out)
        monkeypatch.setattr("sys.stderr", err)
        pump = Pump(lambda: 0, lambda: None, frame_rate=60, **options)
        pump.start()
        for channel, text in events:
            getattr(pump, channel)(text)
        pump.finish()
        monkeypatch.undo()
        return out.getvalue(), err.getvalue()

    return paint


def test_everything_is_painted_when_finish_returns(painted):
    events = [("stdout", f"{n}\n") for n in range(1000)]
    assert painted(*events, ("stderr", "e"), ("token", "t")) == (
        "".join(f"{n}\n" for n in range(1000)) + "t",
        "e",
    )


def test_without_stream_no_token_is_painted(painted):
    assert painted(("token", "t"), ("stdout", "s"), stream=False) == ("s", "")


@pytest.mark.parametrize("extra", [5, 50_000])
def test_long_output_is_shown_by_its_beginning_and_end(painted, extra):
    text = "x" * (pumps.SHOWN_LIMIT + extra - 3) + "end"
    out, _ = painted(("stdout", text))
    assert out.endswith("end")
    if extra == 5:
        assert out == text
    else:
        assert len(out) < len(text)
        assert "characters are not shown" in out


def test_a_background_run_keeps_the_file_it_began_with(monkeypatch):
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdout", first)
    pump = Pump(lambda: 0, lambda: None, frame_rate=60)
    pump.start()
    monkeypatch.setattr("sys.stdout", second)
    pump.stdout("text")
    pump.finish()
    monkeypatch.undo()
    assert (first.getvalue(), second.getvalue()) == ("text", "")
