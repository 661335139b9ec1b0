"""From an offset in a module to the function of the text that it came from.

Validation knows offsets only. The assembler keeps functions in order, so the n-th body of the code
section is the n-th ``(func ...)`` of the text that is not an import.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_CODE_SECTION = 10
_PREAMBLE = 8
_NOISE = re.compile(r";;[^\n]*|\(;.*?;\)|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_FORM = re.compile(r"\(\s*([\w.-]*)|\)")
_IMPORTED = re.compile(r"\s*(?:\$[^\s()]+)?(?:\s*\(\s*export[^()]*\))*\s*\(\s*import\b")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; both numbers are 1-based."""

    line: int
    column: int


def position(wasm: bytes, offset: int, text: str) -> Position | None:
    """Where the function that byte ``offset`` belongs to begins in ``text``, if it is in one."""
    bodies = _bodies(wasm)
    number = bisect_right(bodies, offset) - 1
    starts = _functions(text)
    if number < 0 or len(starts) != len(bodies) - 1 or number >= len(starts):
        return None
    at = starts[number]
    return Position(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))


def _bodies(wasm: bytes) -> list[int]:
    """Where each body of the code section begins, and where the last one ends."""
    at = _PREAMBLE
    while at < len(wasm):
        section = wasm[at]
        size, at = _number(wasm, at + 1)
        if section == _CODE_SECTION:
            count, at = _number(wasm, at)
            bodies = [at]
            for _ in range(count):
                length, start = _number(wasm, at)
                at = start + length
                bodies.append(at)
            return bodies
        at += size
    return [len(wasm)]


def _number(wasm: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = wasm[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _functions(text: str) -> list[int]:
    """Where each function that is defined in ``text`` begins."""
    code = _NOISE.sub(lambda noise: re.sub(r"[^\n]", " ", noise[0]), text)
    found = []
    depth = level = 0
    for form in _FORM.finditer(code):
        if form[0] == ")":
            depth -= 1
            continue
        if depth == 0 and form[1] == "module":
            level = 1
        if depth == level and form[1] == "func" and not _IMPORTED.match(code, form.end()):
            found.append(form.start())
        depth += 1
    return found
