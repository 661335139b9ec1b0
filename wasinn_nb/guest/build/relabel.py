"""Names that are stable in a build, and the user's names for them.

A module is built from a file called ``cell.c`` (``cell.cpp``, ``cell.go``) in ``/wasinn``,
whatever cell it came from, so that the same text is the same module in every cell and every kernel.
Traps, debug information and assertion texts carry that name; :func:`relabel` puts the user's own in
its place. Line numbers need no translation: they are the user's from the start.
"""

from __future__ import annotations

import re

from wasinn_nb.guest.build.model import BuiltModule, Source

STEM = "cell"
# What DWARF calls the directory of the source: no path of the machine that compiled it.
DIRECTORY = "/wasinn"

_CELL = re.compile(
    rf"(?<![\w./\\-])(?:(?:[A-Za-z]:)?[^\s:\"'<>()]*[/\\])?{STEM}\.(?:c|cpp|go|rs|ts|zig)(?![\w.])"
)
_TOOLCHAIN = re.compile(r"(?:[A-Za-z]:)?[^\s:\"'<>()]*[/\\]ziglang[/\\]lib[/\\]")


def relabel(text: str, source: Source | BuiltModule) -> str:
    """``text`` (a trap's backtrace, a compiler's output) with the cell called by its label.

    The directories of the compiler's own files are dropped as well.
    """
    text = _TOOLCHAIN.sub("", text)
    return _CELL.sub(lambda _: source.label, text)
