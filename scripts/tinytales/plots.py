"""The plots: what happens in a tale.

A plot is a block of text. Its head line is ``## name second``, where ``second`` says what the
plot needs beside a hero (``object``, ``gift``, ``toy``, ``friend``, ``moon``, ``sun``, ``light``,
``sky``, ``place`` or ``none``). Each following line is a template of ``grammar.expand``; a line
that starts with ``?`` may be left out. ``=`` starts the summary, which continues "a fox named
Zoë", and ``!`` starts the lesson, which continues "Zoë learned".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).with_name("plots")
_FILES: Final = ("things.txt", "friends.txt", "world.txt")


@dataclass(frozen=True)
class Plot:
    """One plot, its lines still templates."""

    name: str
    second: str
    lines: tuple[str, ...]
    summary: str
    lesson: str


def parse(text: str) -> tuple[Plot, ...]:
    """The plots in ``text``. Raises ValueError for a block without summary or lesson."""
    plots = []
    for block in text.strip().removeprefix("## ").split("\n## "):
        head, *lines = block.strip().splitlines()
        name, second = head.split()
        summaries = [line[1:] for line in lines if line.startswith("=")]
        lessons = [line[1:] for line in lines if line.startswith("!")]
        if len(summaries) != 1 or len(lessons) != 1:
            raise ValueError(f"plot {name!r} needs exactly one summary and one lesson")
        body = tuple(line for line in lines if line[0] not in "=!")
        plots.append(Plot(name, second, body, summaries[0], lessons[0]))
    return tuple(plots)


PLOTS: Final = parse("\n".join((_FOLDER / name).read_text("utf-8") for name in _FILES))
