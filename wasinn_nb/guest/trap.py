"""A trap as the user's own line and words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

ABORT = "abort"

_WORDS = {
    "call stack exhausted": ("stack overflow", "Does a function call itself without end?"),
    "out of bounds memory access": ("access outside of the guest's memory", ""),
    "undefined element: out of bounds table access": ("call of a bad function pointer", ""),
    "uninitialized element": ("call of a null function pointer", ""),
    "indirect call type mismatch": ("call of a function through a pointer of another type", ""),
    "integer overflow": ("integer overflow", ""),
    "integer divide by zero": ("division by zero", ""),
    "invalid conversion to integer": ("a number that no integer can hold", ""),
    "unreachable": (ABORT, ""),
    "cannot allocate memory": ("out of memory", ""),
    "fuel allocated for hostcalls": (
        "too much data in one call of the host",
        (
            "wasmtime takes from a component, in one call, at most 2,796,202 elements of lists or "
            "134,217,728 bytes of text, and tensors and models of wasi:nn up to some 117 million "
            "bytes. Give it in pieces, or use a core module."
        ),
    ),
    "thrown Wasm exception": (
        "uncaught exception",
        "To see what it says, catch it: catch (const std::exception &error) has error.what().",
    ),
}
# functions of the modules that stand between a component and wasi:nn (octets/*.wat)
_BETWEEN = "wasinn_octets"
NO_ROOM = f"{_BETWEEN}!out_of_memory"
_BETWEEN_WORDS = {
    NO_ROOM: (
        "out of memory",
        "The bytes of a tensor or a model are copied on their way: let the guest have more memory.",
    ),
    f"{_BETWEEN}!pointer_that_is_not_aligned": ("an address that is not aligned", ""),
    f"{_BETWEEN}!call_within_a_call": ("call of wasi:nn by what gives memory to another one", ""),
}
# wasmtime reads one-letter names of C functions as mangled types of C++
_ONE_LETTER = {
    "signed char": "a",
    "bool": "b",
    "char": "c",
    "double": "d",
    "long double": "e",
    "float": "f",
    "__float128": "g",
    "unsigned char": "h",
    "int": "i",
    "unsigned int": "j",
    "long": "l",
    "unsigned long": "m",
    "__int128": "n",
    "unsigned __int128": "o",
    "short": "s",
    "unsigned short": "t",
    "void": "v",
    "wchar_t": "w",
    "long long": "x",
    "unsigned long long": "y",
    "...": "z",
}
_FRAME = re.compile(r"^\s*\d+:\s+(?:0x(?P<offset>[0-9a-f]{1,8}) - )?(?P<function>.*)$")
_INLINED = re.compile(r"^\s+- (?P<function>.*)$")
_PLACE = re.compile(r"^\s+at (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)\s*$")
_CAUSE = re.compile(r"wasm trap: (?P<cause>.*)")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a backtrace; ``line`` and ``column`` are 0 where the module does not say.

    ``offset`` is where in the module its instruction is, 0 for a frame that was inlined.
    """

    function: str
    file: str = ""
    line: int = 0
    column: int = 0
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.function} at {self.file}:{self.line}" if self.file else self.function


@dataclass(frozen=True, slots=True)
class Trap:
    """Why and where a guest trapped.

    Attributes:
        kind: a few words, such as ``"division by zero"``.
        frames: innermost first.
        line, column: the innermost place in the cell; 0 if it is unknown or not in the cell.
        hint: what may be behind it.
        text: wasmtime's full message, with the cell called by its label.
    """

    kind: str
    frames: tuple[Frame, ...] = ()
    line: int = 0
    column: int = 0
    hint: str = ""
    text: str = ""


def parse_trap(text: str, label: str) -> Trap:
    """Read wasmtime's message; ``label`` is the cell's name in it (after relabelling)."""
    frames = _frames(text)
    cause = found["cause"].strip() if (found := _CAUSE.search(text)) else _last_cause(text)
    kind, hint = cause, ""
    for known, words in _WORDS.items():
        if known in cause:
            kind, hint = words
            break
    if frames and frames[0].function in _BETWEEN_WORDS:
        kind, hint = _BETWEEN_WORDS[frames[0].function]
    frames = tuple(one for one in frames if not one.function.startswith(_BETWEEN))
    own = next((f for f in frames if f.file == label), Frame(""))
    return Trap(kind, frames, own.line, own.column, hint, text)


def _frames(text: str) -> tuple[Frame, ...]:
    frames: list[Frame] = []
    for line in text.splitlines():
        if found := _FRAME.match(line) or _INLINED.match(line):
            module, _, function = found["function"].rpartition("!")
            function = found["function"] if module == _BETWEEN else function.strip()
            offset = int(found.groupdict().get("offset") or "0", 16)
            frames.append(Frame(_ONE_LETTER.get(function, function), offset=offset))
        elif (place := _PLACE.match(line)) and frames:
            frames[-1] = replace(
                frames[-1],
                file=place["file"].strip(),
                line=int(place["line"]),
                column=int(place["column"]),
            )
    return tuple(frames)


def _last_cause(text: str) -> str:
    """The last line of a chain of causes, or the whole message."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return re.sub(r"^\d+: ", "", lines[-1]) if lines else "trap"
