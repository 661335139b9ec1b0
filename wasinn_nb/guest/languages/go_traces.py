"""What Go prints when a program panics, and where a trap is that Go knows nothing of.

A panic is no trap: Go prints it with the calls that led there, and exits with 2.
"""

from __future__ import annotations

import re

from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.trap import Frame, Trap
from wasinn_nb.guest.words import plain

_EXIT = 2
_LONGEST = 1000
_PANIC = re.compile(
    r"^(?:panic|fatal error): (?P<what>[^\n]*(?:\n(?!goroutine \d+ )[^\n]*)*)\n\n?"
    r"goroutine \d+ [^\n]*\[[^\n]*\]:\n(?P<calls>(?:\S[^\n]*\n\t[^\n]*(?:\n|\Z))*)",
    re.MULTILINE,
)
_CALL = re.compile(
    r"(?P<function>\S[^\n]*)\n\t(?P<file>[^\n]*?):(?P<line>\d{1,9})(?: [^\n]*)?$", re.MULTILINE
)
# Which signal it would be elsewhere, and panics that were recovered before this one.
_DETAIL = re.compile(r"\n\[signal [^\n]*|^.*\n\tpanic: | \[recovered[^\]\n]*\]", re.DOTALL)
_ASLEEP = "all goroutines are asleep"
_WAITS = "Something waits for a channel or a lock that nobody will ever serve."


def panicked(code: int, said: str, label: str) -> Trap | None:
    """The panic that ended a program with ``code``.

    Args:
        code: the exit code.
        said: the end of what it printed to standard error, with the cell called by its label.
        label: the cell's name.
    """
    if code != _EXIT:
        return None
    every = list(_PANIC.finditer(said))
    if not every:
        return None
    found = every[-1]
    frames = tuple(
        Frame(one["function"].partition("(")[0], one["file"].strip(), int(one["line"]))
        for one in _CALL.finditer(found["calls"])
    )
    own = next((frame for frame in frames if frame.file == label), Frame(""))
    what = plain(" ".join(_DETAIL.sub("", found["what"]).split()), _LONGEST)
    text = "\n".join(plain(line.expandtabs(4), _LONGEST) for line in found[0].split("\n"))
    hint = _WAITS if _ASLEEP in what else ""
    return Trap(what.removeprefix("runtime error: "), frames, own.line, 0, hint, text)


def declared(trap: Trap, source: Source) -> int:
    """The line of the cell's function that a trap is in; 0 if it is in none."""
    for frame in trap.frames:
        package, _, name = frame.function.rpartition(".")
        if package == "main" or package.startswith("main."):
            # the linker writes main.(*T).f as main.__T_.f
            function = re.compile(rf"func\s+(?:\([^)]*\)\s*)?{re.escape(name)}\s*[(\[]")
            for number, line in enumerate(source.text.split("\n"), source.first_line):
                if function.match(line):
                    return number
    return 0
