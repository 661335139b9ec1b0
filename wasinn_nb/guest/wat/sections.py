"""The sections of a core module (section 5.5 of the core specification)."""

from __future__ import annotations

from typing import NamedTuple

from wasinn_nb.guest.wat.reader import Reader

CUSTOM = 0
TYPE, IMPORT, FUNCTION, TABLE, MEMORY, GLOBAL = 1, 2, 3, 4, 5, 6
EXPORT, START, ELEMENT, CODE, DATA, DATA_COUNT, TAG = 7, 8, 9, 10, 11, 12, 13

_ORDER = (
    *(TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, GLOBAL, EXPORT, START, ELEMENT),
    *(DATA_COUNT, CODE, DATA),
)
_PREAMBLE = 8


class Custom(NamedTuple):
    """A custom section."""

    name: str
    content: Reader


class Sections:
    """Where the sections of a module are.

    Args:
        module: the whole module, with its preamble.

    Raises:
        InvalidWasm: they are damaged, unknown, or not in order.
    """

    def __init__(self, module: Reader) -> None:
        self.custom: list[Custom] = []
        self._data = module.data
        self._found: dict[int, Reader] = {}
        module.take(_PREAMBLE)
        last = -1
        while module:
            start = module.at
            kind = module.byte()
            content = module.part()
            if kind == CUSTOM:
                self.custom.append(Custom(content.name(), content))
                continue
            if kind not in _ORDER:
                raise module.failure(f"there is no section {kind}", start)
            place = _ORDER.index(kind)
            if place <= last:
                raise module.failure(f"section {kind} is there twice or too late", start)
            last = place
            self._found[kind] = content

    def section(self, kind: int) -> Reader:
        """A section's content; empty where there is no such section."""
        found = self._found.get(kind)
        return Reader(self._data, found.at, found.end) if found else Reader(b"")

    def named(self, name: str) -> Reader | None:
        """The first custom section of a name."""
        for one in self.custom:
            if one.name == name:
                return Reader(self._data, one.content.at, one.content.end)
        return None
