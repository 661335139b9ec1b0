"""Which bracket a text forgot to close, for compilers that only say that the text has ended.

The innermost one that is still open is often not the one that was forgotten: a later bracket closed
it. Where lines are indented, one that is closed further to the left than its own line is meant.
"""

from __future__ import annotations

import re
from dataclasses import replace

from wasinn_nb.guest.build.model import Diagnostic, Source

_ENDED = re.compile(
    r"expected .*, found 'EOF'"  # Zig
    r"|syntax error: unexpected EOF\b.*"  # Go
    r"|Unexpected end of text\..*"  # AssemblyScript
    r"|unexpected end of the cell"  # JavaScript
    r"|expected `\)`"  # WAT
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
# Comments, texts, and what stands between slashes where a value may begin.
_C_LIKE = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|`(?:\\.|[^`\\])*`"
    r"|(?<=[(,=:\[!&|?{};])[ \t]*/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/",
    re.DOTALL,
)
_WAT = re.compile(r";;[^\n]*|\(;.*?;\)|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_BRACKET = re.compile(r"[()\[\]{}]")


def with_note(found: Diagnostic, source: Source) -> Diagnostic:
    """What says that the text has ended, with the line of the bracket if it can be told.

    Any other diagnostic is returned as it is.
    """
    if not _ENDED.fullmatch(found.message):
        return found
    at = _unclosed(source.text, _WAT if source.language in ("wat", "wast") else _C_LIKE)
    if at is None:
        return found
    line = source.first_line + source.text.count("\n", 0, at)
    note = f"note: {source.label}:{line}: this '{source.text[at]}' is not closed"
    return replace(found, notes=(*found.notes, note))


def _unclosed(text: str, noise: re.Pattern[str]) -> int | None:
    code = noise.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    opened: list[int] = []
    suspect = None
    for found in _BRACKET.finditer(code):
        at, bracket = found.start(), found[0]
        if bracket not in _PAIRS:
            opened.append(at)
            continue
        if not opened or code[opened[-1]] != _PAIRS[bracket]:
            return None  # something else is wrong
        own = opened.pop()
        if suspect is None and _leads(code, at) and _indent(code, at) < _indent(code, own):
            suspect = own
    if not opened:
        return None
    return opened[-1] if suspect is None else suspect


def _line_start(code: str, at: int) -> int:
    return code.rfind("\n", 0, at) + 1


def _leads(code: str, at: int) -> bool:
    """Whether nothing stands before ``at`` in its line."""
    return not code[_line_start(code, at) : at].strip()


def _indent(code: str, at: int) -> int:
    line = code[_line_start(code, at) :]
    return len(line) - len(line.lstrip(" \t"))
