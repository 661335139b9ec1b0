"""The core things of a component: their numbers move when something is put between them."""

from __future__ import annotations

from bisect import bisect_left

from wasinn_nb.guest.componentize.binary import unsigned
from wasinn_nb.guest.componentize.builder import CORE_INSTANCE, CORE_MODULE
from wasinn_nb.guest.octets.types import NotUnderstood
from wasinn_nb.guest.wat.reader import Reader

ENCODING, MEMORY, REALLOC = 0, 3, 4
"""Options of a canonical function; the first stands for all encodings of texts."""

_ENCODINGS, _POST_RETURN, _ASYNC, _CALLBACK = (0, 1, 2), 5, 6, 7
_FUNC, _MEMORY = 0x00, 0x02
_UNMOVED = (0x01, 0x03, 0x04)  # tables, globals, tags


class Edits:
    """What stands in place of some bytes of a binary."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._all: list[tuple[int, int, bytes]] = []
        self._sorted = True

    def put(self, start: int, end: int, new: bytes) -> None:
        """In place of what is there."""
        self._all.append((start, end, new))
        self._sorted = False

    def applied(self, start: int, end: int) -> bytes:
        """A part of the binary with its edits."""
        if not self._sorted:
            self._all.sort()
            self._sorted = True
        found: list[bytes] = []
        first, last = (bisect_left(self._all, (place,)) for place in (start, end))
        for begin, behind, new in self._all[first:last]:
            found += (self._data[start:begin], new)
            start = behind
        return b"".join((*found, self._data[start:end]))


class Numbers:
    """The new numbers of things of one sort, by their old ones.

    Attributes:
        next: of whatever comes next.
    """

    def __init__(self) -> None:
        self.next = 0
        self._new: list[int] = []

    @property
    def moved(self) -> bool:
        """Whether one of them is not what it was."""
        return bool(self._new) and self._new[-1] != len(self._new) - 1

    def add(self) -> None:
        """One of the guest's."""
        self._new.append(self.next)
        self.next += 1

    def skip(self, count: int) -> None:
        """So many of ours."""
        self.next += count

    def __getitem__(self, old: int) -> int:
        if old >= len(self._new):
            raise NotUnderstood
        return self._new[old]


class Core:
    """The core things of one component.

    Args:
        edits: where their new numbers are written.
    """

    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self.functions = Numbers()
        self.memories = Numbers()
        self.instances = Numbers()
        self.modules = Numbers()

    def renumber(self, reader: Reader, numbers: Numbers) -> int:
        """Read a number; returns the new one, which will stand there."""
        start = reader.at
        old = reader.unsigned()
        new = numbers[old]
        if new != old:
            self._edits.put(start, reader.at, unsigned(new))
        return new

    def function(self, reader: Reader) -> None:
        """Read the number of a function."""
        self.renumber(reader, self.functions)

    def define_instance(self, reader: Reader) -> None:
        """The next instance."""
        if reader.byte() == 0:
            self.renumber(reader, self.modules)
            for _ in range(reader.unsigned()):
                reader.name()
                if reader.byte() != CORE_INSTANCE:
                    raise NotUnderstood
                self.renumber(reader, self.instances)
        else:
            for _ in range(reader.unsigned()):
                reader.name()
                self._item(reader)
        self.instances.add()

    def define_alias(self, reader: Reader, sort: int) -> None:
        """The next thing that an instance exports."""
        self.renumber(reader, self.instances)
        reader.name()
        if sort == _FUNC:
            self.functions.add()
        elif sort == _MEMORY:
            self.memories.add()
        elif sort not in _UNMOVED:
            raise NotUnderstood

    def is_module(self, reader: Reader) -> bool:
        """Read the number of a module, if one follows the sort of core things."""
        if reader.byte() != CORE_MODULE:
            return False
        self.renumber(reader, self.modules)
        return True

    def options(self, reader: Reader) -> dict[int, int]:
        """The options of a canonical function, with new numbers."""
        found: dict[int, int] = {}
        for _ in range(reader.unsigned()):
            kind = reader.byte()
            kind = ENCODING if kind in _ENCODINGS else kind
            if kind in found:
                raise NotUnderstood
            if kind == MEMORY:
                found[kind] = self.renumber(reader, self.memories)
            elif kind in (REALLOC, _POST_RETURN, _CALLBACK):
                found[kind] = self.renumber(reader, self.functions)
            elif kind in (ENCODING, _ASYNC):
                found[kind] = 0
            else:
                raise NotUnderstood
        return found

    def _item(self, reader: Reader) -> None:
        sort = reader.byte()
        moved = {_FUNC: self.functions, _MEMORY: self.memories, CORE_INSTANCE: self.instances}
        if sort in moved:
            self.renumber(reader, moved[sort])
        elif sort in _UNMOVED:
            reader.unsigned()
        else:
            raise NotUnderstood
