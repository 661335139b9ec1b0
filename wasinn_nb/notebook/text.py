"""Quantities and tables as text and as HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import zip_longest
from textwrap import wrap

_WIDEST = 160
_WRAPPED = 40
_NAME = 32
_STYLE = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"
_TABLE = "margin:0 0 8px 0"
_CAPTION = "caption-side:top;text-align:left;font-weight:bold;color:inherit"
_FADED = "color:var(--jp-ui-font-color2,inherit)"


def duration(seconds: float) -> str:
    """Seconds in the unit that reads best: ``8 ms``, ``1.3 s``, ``2 min 5 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.2g} ms" if seconds < 0.00995 else f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def rate(per_second: float) -> str:
    """Tokens a second."""
    digits = 1 if per_second < 9.95 else 0
    return f"{per_second:,.{digits}f} tok/s"


def count(number: int, noun: str) -> str:
    """``1 token``, ``2 tokens``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable(text: str) -> str:
    """``text`` in one line, with control characters escaped: names come from anywhere."""
    return "".join(_visible(char) for char in text)


def html_line(text: str) -> str:
    """A faded line."""
    return f'<div style="{_FADED}">{escape(text)}</div>'


@dataclass
class Table:
    """A table of strings.

    Attributes:
        title: a line above it.
        empty: what stands in place of a table without rows.
    """

    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    title: str = ""
    empty: str = ""

    def without_empty(self, column: str) -> Table:
        """This table, or one without the column if no row has anything in it."""
        at = list(self.columns).index(column)
        if not self.rows or any(row[at] for row in self.rows):
            return self
        cut = [[*row[:at], *row[at + 1 :]] for row in (self.columns, *self.rows)]
        return Table(cut[0], list(cut[1:]), self.title, self.empty)

    def text(self) -> str:
        """Columns padded to their widest cell; of a very wide table, long cells are wrapped."""
        head = [printable(self.title)] if self.title else []
        if not self.rows:
            return "\n".join([*head, self.empty])
        grid = [list(self.columns), *([printable(cell) for cell in row] for row in self.rows)]
        longest = [max(_width(cell) for cell in column) for column in zip(*grid, strict=True)]
        if sum(longest) > _WIDEST:
            grid = [line for row in grid for line in _wrapped(row)]
        widths = [max(_width(cell) for cell in column) for column in zip(*grid, strict=True)]
        lines = ["  ".join(map(_pad, row, widths)).rstrip() for row in grid]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([*head, lines[0], rule, *lines[1:]])

    def html(self) -> str:
        """A ``<table>``, every cell escaped."""
        if not self.rows:
            head = f"<div><b>{escape(printable(self.title))}</b></div>" if self.title else ""
            return head + html_line(self.empty)
        columns = "".join(
            f'<th scope="col" style="{_STYLE}">{escape(name)}</th>' for name in self.columns
        )
        rows = "".join(
            f"<tr>{_cell(row[0], is_name=True)}{''.join(map(_cell, row[1:]))}</tr>"
            for row in self.rows
        )
        body = f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody>"
        return f'<table style="{_TABLE}">{_caption(self.title)}{body}</table>'


@dataclass
class Facts:
    """Pairs of a name and a text, under a title."""

    title: str
    pairs: Sequence[tuple[str, str]]

    def text(self) -> str:
        """The title, and a line a pair."""
        width = max((_width(printable(key)) for key, _ in self.pairs), default=0)
        lines = [f"  {_pad(printable(key), width)}  {printable(text)}" for key, text in self.pairs]
        return "\n".join([printable(self.title), *lines])

    def html(self) -> str:
        """A ``<table>`` in which the names are headers of their rows."""
        rows = "".join(
            f'<tr><th scope="row" style="{_STYLE};font-weight:normal;{_FADED}">'
            f'{escape(printable(key))}</th><td style="{_STYLE};overflow-wrap:anywhere">'
            f"{escape(printable(text))}</td></tr>"
            for key, text in self.pairs
        )
        return f'<table style="{_TABLE}">{_caption(self.title)}<tbody>{rows}</tbody></table>'


def shortened(text: str, longest: int) -> str:
    """``text``, or its beginning and how long it is."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"


def _caption(title: str) -> str:
    return f'<caption style="{_CAPTION}">{escape(printable(title))}</caption>' if title else ""


def _cell(text: str, *, is_name: bool = False) -> str:
    """A cell; the name of a row is not broken at a hyphen, unless it is very long."""
    style = f"{_STYLE};white-space:nowrap" if is_name and len(text) <= _NAME else _STYLE
    return f'<td style="{style}">{escape(printable(text))}</td>'


def _wrapped(row: Sequence[str]) -> list[list[str]]:
    """The lines of a row whose long cells are wrapped between words."""
    cells = [wrap(cell, _WRAPPED, break_long_words=False) or [""] for cell in row]
    return [list(line) for line in zip_longest(*cells, fillvalue="")]


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def _visible(char: str) -> str:
    if char == "\n":
        return "\\n"
    return char if char.isprintable() else char.encode("unicode_escape").decode()
