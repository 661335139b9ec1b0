"""Core modules that import one function twice, as Go's do, which components do not allow."""

from __future__ import annotations

from wasinn_nb.guest.componentize.binary import name, section, unsigned, vector
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import IMPORT

_FUNCTION = 0
_PREAMBLE = 8


def without_duplicates(wasm: bytes) -> tuple[bytes, dict[str, str]]:
    """The module with a name of its own for each of its imports.

    Returns:
        The module, and for every name of a module that it now imports from, whose place it takes.
    """
    module = Reader(wasm)
    module.take(_PREAMBLE)
    while module:
        start = module.at
        kind = module.byte()
        content = module.part()
        if kind == IMPORT:
            entries, renamed = _renamed(content)
            if not renamed:
                break
            return wasm[:start] + section(IMPORT, vector(entries)) + wasm[module.at :], renamed
    return wasm, {}


def _renamed(content: Reader) -> tuple[list[bytes], dict[str, str]]:
    entries: list[bytes] = []
    renamed: dict[str, str] = {}
    seen: dict[tuple[str, str], int] = {}
    for _ in range(content.unsigned()):
        origin, function, kind = content.name(), content.name(), content.byte()
        if kind != _FUNCTION:
            return [], {}  # such modules have no duplicates so far
        type_ = content.unsigned()
        count = seen[origin, function] = seen.get((origin, function), 0) + 1
        called = origin
        if count > 1:
            called = f"{origin} ({count})"
            renamed[called] = origin
        entries.append(name(called) + name(function) + bytes((kind,)) + unsigned(type_))
    return entries, renamed
