"""What a guest exports, as attributes and by name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from wasinn_nb.guest.exports.functions import Function
from wasinn_nb.guest.words import few, plain

_MOST, _MOST_LINES, _LONGEST_LINE = 12, 500, 1000


class NoExport(AttributeError, KeyError):  # noqa: N818 - named after what happened
    """The guest exports nothing of that name."""

    __str__ = AttributeError.__str__


class Members:
    """Things by their own names, and by the names that they have in Python."""

    def __init__(self) -> None:
        self.by_python: dict[str, tuple[str, Any]] = {}
        self.by_own: dict[str, Any] = {}

    def add(self, own: str, member: Any, *names: str) -> None:
        """A member, under the first of some names that is not taken."""
        self.by_own.setdefault(own, member)
        free = next((name for name in names if name not in self.by_python), None)
        if free is not None:
            self.by_python[free] = (own, member)

    def find(self, name: str, title: str) -> Any:
        """The member of a name; raises :class:`NoExport`."""
        if name in self.by_own:
            return self.by_own[name]
        return self.attribute(name, title)

    def attribute(self, name: str, title: str) -> Any:
        """The member of a name in Python; raises :class:`NoExport`."""
        if name in self.by_python:
            return self.by_python[name][1]
        offered = few(list(self.by_python), most=_MOST) or "nothing"
        raise NoExport(f"{title} has no {name!r}; there is {offered}.")

    def lines(self) -> Iterator[str]:
        """A line for each member."""
        return (plain(line, _LONGEST_LINE) for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for name, (_, member) in self.by_python.items():
            if isinstance(member, Namespace):
                yield from (f"{name}.{line}" for line in member._members().lines())  # noqa: SLF001
            elif isinstance(member, Function):
                signature = repr(member)[1:-1]
                yield name + signature[signature.index("(") :]
            elif isinstance(member, type):
                yield _of_class(name, member)
            else:
                yield f"{name}: {member!r}"


class Namespace:
    """Exports under the names they have in Python; by ``[...]`` also under their own.

    Iterating gives their own names. Methods have underscores, for the names are the guest's.

    Args:
        title: what messages call it.
        members: what is in it.
    """

    def __init__(self, title: str, members: Members) -> None:
        self._title = title
        self._known = members

    def _members(self) -> Members:
        return self._known

    def __getattr__(self, name: str) -> Any:
        # whoever displays an object looks for its methods of these names, and calls them
        if name.startswith(("__", "_repr_", "_ipython_")) or "_known" not in vars(self):
            raise AttributeError(name)
        return self._members().attribute(name, self._title)

    def __getitem__(self, name: str) -> Any:
        return self._members().find(name, self._title)

    def __contains__(self, name: object) -> bool:
        members = self._members()
        return name in members.by_own or name in members.by_python

    def __iter__(self) -> Iterator[str]:
        return iter(self._members().by_own)

    def __len__(self) -> int:
        return len(self._members().by_own)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._members().by_python})

    def __repr__(self) -> str:
        lines = [f"  {line}" for line in islice(self._members().lines(), _MOST_LINES)]
        if len(lines) == _MOST_LINES:
            lines.append("  ...")
        return "\n".join([f"<{self._title}{':' if lines else ': nothing'}", *lines]) + ">"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)


def listing(namespace: Namespace) -> list[str]:
    """What there is, a line each."""
    return list(namespace._members().lines())  # noqa: SLF001 - names of the guest's only


def _of_class(name: str, member: type) -> str:
    described = getattr(member, "_signatures", None)
    if described is not None:
        return f"{name}: resource with {', '.join(described) or 'no methods'}"
    return (member.__doc__ or name).rpartition("\n")[2]


class Interface(Namespace):
    """One exported interface of a component.

    Args:
        name: as ``my:pkg/counting@1.0.0``.
        members: what is in it.
        docs: what its author says of it.
    """

    def __init__(self, name: str, members: Members, docs: str = "") -> None:
        super().__init__(name, members)
        self.__doc__ = docs or f"The interface {name}."
