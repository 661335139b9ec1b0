"""Line tables of debug information (DWARF 2 to 5, section 6.2 of each)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wasinn_nb.guest.wat.reader import Reader

_PATH, _DIRECTORY_INDEX = 1, 2
_ADVANCE_PC, _ADVANCE_LINE, _SET_FILE, _CONST_ADD_PC, _FIXED_ADVANCE_PC = 2, 3, 4, 8, 9
_EXTENDED, _COPY = 0, 1
_END_SEQUENCE, _SET_ADDRESS = 1, 2
# Forms by what they take: fixed sizes, or a number, or text.
_FIXED = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16}
_STRING, _BLOCK, _UDATA, _STRP, _LINE_STRP = 0x08, 0x09, 0x0F, 0x0E, 0x1F
# Of lengths, one that says that 64 bits follow; nothing for WebAssembly is so large.
_LONG = 0xFFFF_FFF0

Wanted = Callable[[str, str], bool]
"""Whether a file is wanted: its directory as it is written there, and its name."""


def rows(
    lines: Reader, strings: dict[int, Reader | None], wanted: Wanted
) -> Iterator[tuple[int, int]]:
    """Address and line of each row of the line tables that is in a file that is wanted.

    Args:
        lines: the section ``.debug_line``.
        strings: the sections of strings, by the forms that refer to them.
        wanted: chooses files.

    Raises:
        InvalidWasm: the tables are damaged, or of another version.
    """
    while lines:
        size = _fixed(lines, 4)
        if size >= _LONG or size > len(lines):
            raise lines.failure("a table of lines is longer than its section")
        unit = Reader(lines.data, lines.at, lines.at + size)
        lines.at += size
        yield from _unit(unit, strings, wanted)


def sections_of_strings(named: Callable[[str], Reader | None]) -> dict[int, Reader | None]:
    """What :func:`rows` takes; ``named`` finds a section."""
    return {_STRP: named(".debug_str"), _LINE_STRP: named(".debug_line_str")}


def _unit(
    unit: Reader, strings: dict[int, Reader | None], wanted: Wanted
) -> Iterator[tuple[int, int]]:
    version = _fixed(unit, 2)
    if not 2 <= version <= 5:
        raise unit.failure(f"line tables of version {version} are unknown")
    if version >= 5:
        unit.take(2)  # sizes of addresses and of segments
    length = _fixed(unit, 4)
    if length > len(unit):
        raise unit.failure("a table of lines has no program")
    program = Program(unit, version, Reader(unit.data, unit.at + length, unit.end))
    files = _files(unit, strings, wanted) if version >= 5 else _old_files(unit, wanted)
    if files:
        yield from program.rows(files)


class Program:
    """The program of one table, which makes its rows.

    Args:
        unit: the table, where the reading of its opcodes is described.
        version: of the table.
        code: the program itself.
    """

    def __init__(self, unit: Reader, version: int, code: Reader) -> None:
        self._code = code
        self._step = unit.byte()
        if version >= 4:
            unit.byte()  # operations of one instruction: for other kinds of machines
        unit.byte()
        base = unit.byte()
        self._first = base - 0x100 if base > 0x7F else base
        self._span = unit.byte()
        self._base = unit.byte()
        if not self._span or not self._base:
            raise unit.failure("a table of lines has no opcodes")
        self._operands = unit.take(self._base - 1)
        self._reset()

    def rows(self, files: set[int]) -> Iterator[tuple[int, int]]:
        """Address and line of the rows that are in ``files``."""
        code, base, span = self._code, self._base, self._span
        while code:
            opcode = code.byte()
            if opcode >= base:
                opcode -= base
                self._address += opcode // span * self._step
                self._line += self._first + opcode % span
            elif opcode != _COPY:
                self._execute(opcode)
                continue
            if self._file in files:
                yield self._address, self._line

    def _reset(self) -> None:
        self._address, self._file, self._line = 0, 1, 1

    def _execute(self, opcode: int) -> None:
        """An opcode that makes no row."""
        code = self._code
        if opcode == _EXTENDED:
            self._extended(code.part())
        elif opcode == _ADVANCE_PC:
            self._address += code.unsigned(64) * self._step
        elif opcode == _ADVANCE_LINE:
            self._line += code.signed(64)
        elif opcode == _SET_FILE:
            self._file = code.unsigned(64)
        elif opcode == _CONST_ADD_PC:
            self._address += (255 - self._base) // self._span * self._step
        elif opcode == _FIXED_ADVANCE_PC:
            self._address += _fixed(code, 2)
        else:
            for _ in range(self._operands[opcode - 1]):
                code.unsigned(64)

    def _extended(self, content: Reader) -> None:
        kind = content.byte()
        if kind == _END_SEQUENCE:
            self._reset()
        elif kind == _SET_ADDRESS:
            self._address = _fixed(content, len(content))


def _old_files(unit: Reader, wanted: Wanted) -> set[int]:
    """The files of a table up to version 4, which begin at 1."""
    directories = [""]
    while name := _text(unit):
        directories.append(name)
    found = set()
    number = 0
    while name := _text(unit):
        number += 1
        directory = unit.unsigned(64)
        unit.unsigned(64)
        unit.unsigned(64)
        if directory < len(directories) and wanted(directories[directory], name):
            found.add(number)
    return found


def _files(unit: Reader, strings: dict[int, Reader | None], wanted: Wanted) -> set[int]:
    """The files of a table of version 5, which begin at 0."""
    directories = [name for name, _ in _entries(unit, strings)]
    return {
        number
        for number, (name, directory) in enumerate(_entries(unit, strings))
        if directory < len(directories) and wanted(directories[directory], name)
    }


def _entries(unit: Reader, strings: dict[int, Reader | None]) -> list[tuple[str, int]]:
    """Names, and the numbers of their directories."""
    formats = [(unit.unsigned(), unit.unsigned()) for _ in range(unit.byte())]
    count = unit.unsigned()
    if not formats and count:
        raise unit.failure("a table of lines has files without names")
    found = []
    for _ in range(count):
        name, directory = "", 0
        for content, form in formats:
            value = _value(unit, form, strings)
            if content == _PATH and isinstance(value, str):
                name = value
            elif content == _DIRECTORY_INDEX and isinstance(value, int):
                directory = value
        found.append((name, directory))
    return found


def _value(unit: Reader, form: int, strings: dict[int, Reader | None]) -> str | int:
    if form == _STRING:
        return _text(unit)
    if form == _UDATA:
        return unit.unsigned(64)
    if form in _FIXED:
        return _fixed(unit, _FIXED[form])
    if form == _BLOCK:
        unit.part()
        return 0
    if form in strings:
        at, section = _fixed(unit, 4), strings[form]
        if section is None:
            raise unit.failure("the section of strings is missing")
        return _text(Reader(section.data, section.at + at, section.end))
    raise unit.failure(f"the form {form:#x} is unknown")


def _fixed(reader: Reader, size: int) -> int:
    return int.from_bytes(reader.take(size), "little")


def _text(reader: Reader) -> str:
    """A text that a zero ends."""
    end = reader.data.find(0, reader.at, reader.end)
    if end < 0:
        raise reader.failure("a text has no end")
    text = reader.take(end - reader.at).decode(errors="replace")
    reader.at += 1
    return text
