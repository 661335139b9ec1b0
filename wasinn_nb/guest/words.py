"""Text that a guest made up, as far as one wants to read it."""

from __future__ import annotations

from collections.abc import Sequence


def plain(text: str, longest: int) -> str:
    """``text``, cut, with what would move a terminal's cursor or colour it shown as escapes."""
    cut = text[:longest]
    if len(text) > longest:
        cut += "..."
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in cut)


def few(names: Sequence[str], *, most: int = 8, longest: int = 40) -> str:
    """The first names of a list."""
    shown = ", ".join(plain(name, longest).replace("\n", "\\n") for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
