"""What the name section calls things (appendix 7.4.1 of the core specification, and its proposal).

The section is a custom one: it may lack, and what is damaged in it is left aside.
"""

from __future__ import annotations

from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.wat.literals import identifiers, quoted
from wasinn_nb.guest.wat.reader import Reader

_MODULE = 0
_LOCAL = 2
_LABEL = 3
_FIELD = 10
_SPACES = {
    1: "func",
    4: "type",
    5: "table",
    6: "memory",
    7: "global",
    8: "elem",
    9: "data",
    11: "tag",
}


class Space:
    """One index space: things by number, some of them by name.

    Args:
        named: their names by index.
    """

    def __init__(self, named: dict[int, str] | None = None) -> None:
        self._named = named or {}
        self._identifiers = identifiers(self._named)

    def __bool__(self) -> bool:
        """Whether anything in it has a name."""
        return bool(self._named)

    def __contains__(self, index: int) -> bool:
        return index in self._named

    def reference(self, index: int) -> str:
        """How an instruction refers to a thing."""
        return self._identifiers.get(index) or str(index)

    def definition(self, index: int) -> str:
        """What stands where a thing is defined: identifier and number."""
        named = self.identified(index)
        return f"{named} (;{index};)" if named else f"(;{index};)"

    def identified(self, index: int) -> str:
        """The identifier, and the name where they differ; empty without a name."""
        own = self._identifiers.get(index, "")
        name = self._named.get(index, "")
        if not own or own in (f"${name}", f"${quoted(name)}"):
            return own
        return f"{own} (@name {quoted(name)})"


class Names:
    """The names of one module.

    Args:
        section: the content of its name section, None without one.

    Attributes:
        module: the module's own name, or None.
        damaged: why not all of the section could be read, or None.
    """

    def __init__(self, section: Reader | None) -> None:
        self.module: str | None = None
        self.damaged: str | None = None
        self._spaces: dict[str, Space] = {}
        self._inner: dict[int, dict[int, dict[int, str]]] = {}
        self._fields: dict[int, Space] = {}
        try:
            while section:
                self._subsection(section.byte(), section.part())
        except InvalidWasm as error:
            self.damaged = error.message

    def space(self, kind: str) -> Space:
        """The things of one kind: ``"func"``, ``"type"``, ``"memory"``, ..."""
        return self._spaces.get(kind) or Space()

    def locals(self, function: int) -> Space:
        """A function's parameters and variables."""
        return self._space_in(_LOCAL, function)

    def local_names(self, function: int) -> dict[int, str]:
        """What a function's parameters and variables are called, by number."""
        return dict(self._inner.get(_LOCAL, {}).get(function, {}))

    def labels(self, function: int) -> Space:
        """A function's blocks, in the order in which they begin."""
        return self._space_in(_LABEL, function)

    def fields(self, structure: int) -> Space:
        """The fields of a structure's type."""
        if structure not in self._fields:
            self._fields[structure] = self._space_in(_FIELD, structure)
        return self._fields[structure]

    def _space_in(self, kind: int, outer: int) -> Space:
        return Space(self._inner.get(kind, {}).get(outer))

    def _subsection(self, kind: int, content: Reader) -> None:
        if kind == _MODULE:
            self.module = content.name()
        elif kind in _SPACES:
            self._spaces[_SPACES[kind]] = Space(_map(content))
        elif kind in (_LOCAL, _LABEL, _FIELD):
            pairs = content.vector(lambda: (content.unsigned(), _map(content)))
            self._inner[kind] = dict(pairs)


def _map(content: Reader) -> dict[int, str]:
    return dict(content.vector(lambda: (content.unsigned(), content.name())))
