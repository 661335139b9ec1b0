"""The lines of a cell above the instructions that they became."""

from __future__ import annotations

import re

import pytest

import wasinn_nb as wn
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.wat import dwarf
from wasinn_nb.guest.wat.printer import disassemble
from wasinn_nb.guest.wat.reader import Reader

_OWN = ("", "cell.c")
_C = """\
#include <stdio.h>

__attribute__((noinline)) static void stop(void) {
    __builtin_trap();
}

int main(void) {
    puts("é \t\x02");
    stop();
}
"""
_CPP = """\
#include <cstdio>

int main() {
    std::puts("hello");
}
"""
_ZIG = """\
const std = @import("std");

noinline fn stop() void {
    @trap();
}

pub fn main() void {
    stop();
}
"""


def lines_of(text: str, instruction: str) -> list[str]:
    """The comments that stand nearest above an instruction."""
    found, last = [], ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("(func"):
            last = ""
        elif line.startswith(";; line"):
            last = line
        elif line == instruction and last:
            found.append(last)
    return found


@pytest.mark.parametrize("flags", [[], ["-gdwarf-5"], ["-gdwarf-3"]])
def test_c(flags):
    text = wn.build(_C, "c", flags=flags).wat
    assert lines_of(text, "call $puts") == [';; line 8: puts("é  \\x02");']
    assert lines_of(text, "call $stop") == [";; line 9: stop();"]
    assert ";; line 4: __builtin_trap();" in text
    # nothing else is the cell's
    assert set(re.findall(r";; line (\d+)", text)) <= set(map(str, range(1, 11)))


def test_cpp():
    assert lines_of(wn.build(_CPP, "cpp").wat, "call $puts") == [';; line 4: std::puts("hello");']


def test_zig():
    text = wn.build(_ZIG, "zig").wat
    assert ";; line 4: @trap();" in text
    assert lines_of(text, "call $cell.stop") == [";; line 8: stop();"]


def test_lines_are_counted_as_the_cell_counts(build):
    source = Source(_CPP, "cpp", first_line=2)
    built = build(_CPP, "cpp", first_line=2)
    text = disassemble(built.wasm, source=source).text
    assert lines_of(text, "call $puts") == [';; line 5: std::puts("hello");']
    # saved and loaded again it has no source, but still its lines
    assert lines_of(disassemble(built.wasm).text, "call $puts") == [";; line 5"]


def test_a_line_is_said_once_and_shortened(build):
    source = (
        "int main(int argc, char **argv) { return argc > 3 ? argv[1][0] : argv[2][1]; }" + " " * 9
    )
    source += "// " + "far " * 40 + "\n"
    text = disassemble(build(source).wasm, source=Source(source, "c", first_line=2)).text
    found = [line.strip() for line in text.splitlines() if ";; line 2" in line]
    assert len(found) == 1
    assert found[0].startswith(";; line 2: int main(int argc")
    assert found[0].endswith("...")
    assert len(found[0]) < 120


def _table(files: bytes, program: bytes) -> bytes:
    """A line table of version 4: opcodes from 13, lines from -5 in steps of 14."""
    header = b"\1\1\1\xfb\x0e\x0d" + bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]) + files
    rest = b"\4\0" + len(header).to_bytes(4, "little") + header + program
    return len(rest).to_bytes(4, "little") + rest


def test_every_opcode_of_a_line_table():
    files = b"lib\0\0" + b"other.c\0\1\0\0" + b"cell.c\0\0\0\0" + b"\0"
    program = (
        b"\0\5\2\x10\0\0\0"  # address 0x10
        b"\4\2"  # the second file
        b"\3\x29\1"  # 41 lines on, a row
        b"\2\x80\1\5\7\1"  # 128 bytes on, a column, a row
        b"\x08\6\x0a\x0b\x0c\3\1"  # 17 bytes on, flags and an instruction set, a row
        b"\x09\0\1\7\3\x7e\1"  # 256 bytes on, a block, 2 lines back, a row
        b"\0\2\4\5"  # an extended opcode with an operand: a discriminator
        b"\x21"  # special: 1 byte and 1 line on
        b"\4\1\x21\4\2"  # the same in the first file
        b"\0\1\1"  # the end of a sequence
        b"\4\2\1"
    )
    whole = _table(files, program) * 2
    found = list(dwarf.rows(Reader(whole), {}, lambda directory, name: (directory, name) == _OWN))
    once = [(0x10, 42), (0x90, 42), (0xA1, 42), (0x1A1, 40), (0x1A2, 41), (0, 1)]
    assert found == once * 2


def _mangled(wasm: bytes, section: bytes, change) -> bytes:
    """``wasm`` with the content of a custom section changed, at the same length."""
    at = wasm.index(bytes([len(section)]) + section) + 1 + len(section)
    changed = bytearray(wasm)
    change(changed, at)
    return bytes(changed)


@pytest.mark.parametrize(
    "change",
    [
        lambda data, at: data.__setitem__(slice(at, at + 4), b"\xff\xff\xff\xff"),
        lambda data, at: data.__setitem__(slice(at + 4, at + 6), b"\x63\x00"),
        lambda data, at: data.__setitem__(slice(at + 6, at + 10), b"\xf0\xff\xff\x00"),
        lambda data, at: data.__setitem__(slice(at, at + 3000), b"\xff" * 3000),
        lambda data, at: data.__setitem__(slice(at, at + 3000), b"\x00" * 3000),
    ],
    ids=["length", "version", "header", "noise", "zeros"],
)
def test_damaged_debug_information_costs_only_the_lines(change):
    guest = wn.build(_C, "c")
    text = disassemble(_mangled(guest.wasm, b".debug_line", change)).text
    assert ";; line" not in text
    assert re.sub(r" *;; line.*\n", "", guest.wat) == text
