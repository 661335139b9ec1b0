"""The line that shows what takes long."""

from __future__ import annotations

from wasinn_nb.notebook.figures import activity_text
from wasinn_nb.notebook.progress import ProgressLine


class Painter:
    def __init__(self):
        self.painted, self.ended = [], []

    def paint(self, what, fraction, seconds):
        self.painted.append(activity_text(what, fraction, seconds))

    def end(self, text):
        self.ended.append(text)


def progress(monkeypatch, *calls, closed):
    """What is shown of calls ``(second, what)`` and a close."""
    clock = [0.0]
    monkeypatch.setattr("wasinn_nb.notebook.progress.time.monotonic", lambda: clock[0])
    line = ProgressLine(None)
    line._painter = Painter()
    for second, what in calls:
        clock[0] = second
        line(what, None)
    clock[0] = closed
    line.close()
    return line._painter


def test_what_is_over_in_a_moment_is_not_shown(monkeypatch):
    shown = progress(monkeypatch, (0, "reading"), (0.3, "compiling"), closed=0.9)
    assert (shown.painted, shown.ended) == ([], [])


def test_the_longest_part_names_the_line_that_stays(monkeypatch):
    shown = progress(
        monkeypatch, (0, "reading"), (0.1, "compiling"), (1.3, "making room"), closed=1.4
    )
    assert shown.painted == ["making room (1.3 s)"]
    assert shown.ended == ["compiling: took 1.4 s"]


def test_one_part_is_painted_again_only_after_a_while(monkeypatch):
    calls = [(1 + n / 10, "reading") for n in range(10)]
    shown = progress(monkeypatch, (0, "reading"), *calls, closed=2)
    assert 2 < len(shown.painted) < 7
