"""The lines of a cell above the instructions that they became."""

from __future__ import annotations

import re

import pytest

import wasinn_nb as wn
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.wat.printer import disassemble

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
