"""A diagnostic as text: place, message, the cell's line and a caret."""

from __future__ import annotations

import unicodedata

from wasinn_nb.guest.build.model import Diagnostic

_WIDTH = 100
_BEFORE = 60


def render(found: Diagnostic, label: str) -> str:
    """The lines a compiler would print for ``found`` in a file named ``label``."""
    place = label
    if found.line is not None:
        place += f":{found.line}"
        if found.column is not None:
            place += f":{found.column}"
    lines = [f"{place}: {found.severity}: {found.message}"]
    if found.line is not None and found.source_line is not None:
        lines += excerpt(found.line, found.column, found.source_line)
    lines += [f"  {note}" for note in found.notes]
    return "\n".join(lines)


def excerpt(line: int, column: int | None, text: str) -> list[str]:
    """The line of the cell, and a caret below its column."""
    at = min(column - 1, len(text)) if column else None
    if len(text) > _WIDTH:
        start = max(0, (at or 0) - _BEFORE)
        cut = text[start : start + _WIDTH]
        if at is not None:
            at -= start
        text = cut
    gutter = f"{line:5d} | "
    shown = [gutter + text]
    if at is not None:
        shown.append(" " * (len(gutter) - 2) + "| " + "".join(map(_blank, text[:at])) + "^")
    return shown


def _blank(character: str) -> str:
    """Whitespace as wide as ``character`` in a monospaced font."""
    if character == "\t":
        return "\t"
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "


def in_characters(column: int, line: str) -> int:
    """A column that counts UTF-8 bytes as one that counts characters; both 1-based."""
    before = line.encode("utf-8", "surrogatepass")[: column - 1]
    return len(before.decode("utf-8", "ignore")) + 1
