"""Which line of a cell an instruction comes from, as the debug information has it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.build.model import InvalidWasm, Source
from wasinn_nb.guest.wat import dwarf
from wasinn_nb.guest.wat.literals import comment
from wasinn_nb.guest.wat.sections import CODE, Sections

# clang names the directory first, Zig all in one, with as many slashes as its length needs.
_CELL = re.compile(rf"{relabel.STEM}\.(?:c|cpp|rs|ts|zig)")
_CELL_PATH = re.compile(rf"(?:.*/)?{relabel.DIRECTORY.strip('/')}/+{_CELL.pattern}")
_LONGEST = 100


class SourceLines:
    """The lines of one module.

    Args:
        rows: pairs of an instruction's place in the binary and a line, in any order.
        source: the text of the lines, where it is known.
    """

    def __init__(self, rows: Iterable[tuple[int, int]] = (), source: Source | None = None) -> None:
        # of several rows for one place the last one counts
        self._rows = sorted(dict(rows).items())
        self._source = source

    def within(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        """The places between ``start`` and ``end`` where another line begins, and a comment."""
        last = 0
        for index in range(bisect_left(self._rows, (start, 0)), len(self._rows)):
            place, line = self._rows[index]
            if place >= end:
                return
            if line != last:
                last = line
                yield place, self._comment(line)

    def _comment(self, line: int) -> str:
        text = comment((self._source.line(line) or "") if self._source else "")
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}..."
        return f";; line {line}: {text}" if text else f";; line {line}"


def source_lines(sections: Sections, source: Source | None) -> SourceLines:
    """The lines of a module; none without debug information, or where that is damaged."""
    table = sections.named(".debug_line")
    if table is None:
        return SourceLines()
    strings = dwarf.sections_of_strings(sections.named)
    code = sections.section(CODE).at
    try:
        found = [(code + at, line) for at, line in dwarf.rows(table, strings, _is_cell) if line > 0]
    except InvalidWasm:
        return SourceLines()
    return SourceLines(found, source)


def _is_cell(directory: str, name: str) -> bool:
    """Whether a file is the cell: in the directory of the build, which need not be named."""
    if directory in ("", relabel.DIRECTORY):
        return bool(_CELL.fullmatch(name) or _CELL_PATH.fullmatch(name))
    return bool(_CELL_PATH.fullmatch(name))
