"""What AssemblyScript says when a program ends itself: an error is thrown, or an index is wrong.

``abort: MESSAGE in FILE(LINE:COLUMN)`` goes to standard error. The SDK's ``wasi.ts`` traps then;
other implementations of WASI for the language exit with 255.
"""

from __future__ import annotations

import re
from dataclasses import replace

from wasinn_nb.guest.trap import ABORT, Trap
from wasinn_nb.guest.words import plain

EXIT = 255
_LONGEST = 1000
_SAID = re.compile(
    r"^abort: (?P<what>(?:(?!^abort: ).)*?)"
    r"(?: in (?P<file>[^\s()]+)\((?P<line>\d{1,9}):(?P<column>\d{1,9})\))?\s*\Z",
    re.MULTILINE | re.DOTALL,
)


def aborted(trap: Trap, said: str, label: str) -> Trap | None:
    """``trap`` in the words of the program; None if it says nothing.

    Args:
        trap: what is known without them.
        said: the end of what it printed to standard error, with the cell called by its label.
        label: the cell's name.
    """
    found = _SAID.search(said)
    if found is None:
        return None
    what = plain(" ".join(found["what"].split()), _LONGEST) or ABORT
    if found["file"] != label:  # thrown in a library: the cell's line is in the backtrace
        return replace(trap, kind=what)
    return replace(trap, kind=what, line=int(found["line"]), column=int(found["column"]))
