"""A source map as debug information: runtimes know DWARF, and compilers of scripts write maps.

Of the map (ECMA-426) the mappings are used, which give a place in the binary a place in a source.
Of DWARF 4 one unit with its line table (section 6.2) is written, which is what names lines in
backtraces. Addresses count from the beginning of the code section's content.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wasinn_nb.guest.build import relabel
from wasinn_nb.guest.componentize.binary import name, section, unsigned
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import CODE, CUSTOM

_DIGITS = {
    digit: value
    for value, digit in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}
_MORE = 0x20
_PREAMBLE = 8
_REFERENCE = "sourceMappingURL"

_VERSION = 4
_ADDRESS_SIZE = 4
_ABBREVIATIONS = bytes(
    (
        *(1, 0x11, 0),  # number 1: a compile unit without children
        *(0x03, 0x08),  # its name, a string
        *(0x1B, 0x08),  # its directory, a string
        *(0x10, 0x17),  # its line table, an offset
        *(0x11, 0x01),  # where its code begins, an address
        *(0x12, 0x06),  # how long it is, 4 bytes
        *(0, 0, 0),
    )
)
# How many operands the standard opcodes have; there are no special ones.
_OPERANDS = bytes((0, 1, 1, 1, 1, 0, 0, 0, 1))
_COPY, _ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _SET_COLUMN = 1, 2, 3, 4, 5
_END_SEQUENCE = bytes((0, 1, 1))
_SET_ADDRESS = bytes((0, 1 + _ADDRESS_SIZE, 2))


@dataclass(frozen=True, slots=True)
class _Row:
    """From ``address`` on, code is of this place: lines and columns from 1, files from 0."""

    address: int
    file: int = 0
    line: int = 0
    column: int = 0


def with_lines(wasm: bytes, source_map: str, entry: str) -> bytes:
    """``wasm`` with the lines of its source map, and without its reference to the map.

    Args:
        wasm: a module.
        source_map: its map, as JSON.
        entry: the name of the source that it was made of.
    """
    described = json.loads(source_map)
    kept, start, end = _without_reference(wasm)
    # the places of a map are those in the binary
    rows = [
        _moved(row, start) for row in _rows(described["mappings"]) if start <= row.address < end
    ]
    if not rows:
        return kept
    name, directory = (text.encode() + b"\0" for text in (entry, relabel.DIRECTORY))
    unit = struct.pack("<HIB", _VERSION, 0, _ADDRESS_SIZE) + b"\1" + name + directory
    unit += struct.pack("<III", 0, 0, end - start)
    return b"".join(
        (
            kept,
            _custom(".debug_abbrev", _ABBREVIATIONS),
            _custom(".debug_info", struct.pack("<I", len(unit)) + unit),
            _custom(".debug_line", _table(described["sources"], rows, end - start)),
        )
    )


def _without_reference(wasm: bytes) -> tuple[bytes, int, int]:
    """The module, and where in what was given the content of its code is."""
    reader = Reader(wasm, _PREAMBLE)
    parts = [wasm[:_PREAMBLE]]
    found = (0, 0)
    while reader:
        start = reader.at
        kind = reader.byte()
        content = reader.part()
        if kind == CODE:
            found = (content.at, content.end)
        if kind != CUSTOM or content.name() != _REFERENCE:
            parts.append(wasm[start : reader.at])
    return b"".join(parts), *found


def _moved(row: _Row, start: int) -> _Row:
    return replace(row, address=row.address - start)


def _rows(mappings: str) -> Iterator[_Row]:
    """The mappings, whose numbers are differences to those before."""
    address = file = line = column = 0
    for segment in mappings.replace(";", ",").split(","):
        numbers = _numbers(segment)
        if not numbers:
            continue
        address += numbers[0]
        if len(numbers) < 4:  # code that no source stands for
            yield _Row(address)
            continue
        file += numbers[1]
        line += numbers[2]
        column += numbers[3]
        yield _Row(address, file, line + 1, column + 1)


def _numbers(segment: str) -> list[int]:
    """The numbers of a segment: digits of base 64, the sign in the lowest bit."""
    found: list[int] = []
    value = shift = 0
    for character in segment:
        digit = _DIGITS[character]
        value |= (digit & _MORE - 1) << shift
        shift += 5
        if not digit & _MORE:
            found.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return found


def _table(sources: Sequence[str], rows: Sequence[_Row], size: int) -> bytes:
    """A line table: its header, and the program that makes the rows."""
    files = b"".join(name.encode() + b"\0\0\0\0" for name in sources)
    header = bytes((1, 1, 1, 0, 1, len(_OPERANDS) + 1)) + _OPERANDS + b"\0" + files + b"\0"
    program = bytearray(_SET_ADDRESS + struct.pack("<I", rows[0].address))
    before = _Row(rows[0].address, 0, 1)
    for row in rows:
        program += _advanced(before, row)
        before = row
    program += bytes((_ADVANCE_PC,)) + unsigned(size - before.address) + _END_SEQUENCE
    body = struct.pack("<HI", _VERSION, len(header)) + header + bytes(program)
    return struct.pack("<I", len(body)) + body


def _advanced(before: _Row, row: _Row) -> bytes:
    made = bytearray()
    if row.address != before.address:
        made += bytes((_ADVANCE_PC,)) + unsigned(row.address - before.address)
    if row.file != before.file:
        made += bytes((_SET_FILE,)) + unsigned(row.file + 1)
    if row.line != before.line:
        made += bytes((_ADVANCE_LINE,)) + _signed(row.line - before.line)
    if row.column != before.column:
        made += bytes((_SET_COLUMN,)) + unsigned(row.column)
    made.append(_COPY)
    return bytes(made)


def _custom(called: str, content: bytes) -> bytes:
    return section(CUSTOM, name(called) + content)


def _signed(value: int) -> bytes:
    made = bytearray()
    while not -0x40 <= value < 0x40:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value & 0x7F)
    return bytes(made)
