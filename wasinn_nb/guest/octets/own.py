"""A component's own things, as opposed to core ones: who gets which, and what becomes of them.

Their numbers stay. What matters is that types which become others are seen by nobody else: neither
by what the component exports, nor by other functions that it imports.
"""

from __future__ import annotations

from collections.abc import Collection

from wasinn_nb.abi.wit.nn import SNAPSHOTS
from wasinn_nb.guest.componentize.builder import COMPONENT, CORE_MODULE, FUNC, INSTANCE, TYPE
from wasinn_nb.guest.octets.core import Core, Edits
from wasinn_nb.guest.octets.types import (
    BYTES,
    PLAIN,
    SIGNATURES,
    TEXT,
    NotUnderstood,
    Type,
    Types,
    extern_name,
)
from wasinn_nb.guest.wat.reader import Reader

_DOORS = {
    f"wasi:nn/{interface}@{snapshot}": signatures
    for snapshot in SNAPSHOTS
    for interface, signatures in SIGNATURES.items()
}


class Own:
    """The types, functions, instances and components of one component.

    Args:
        core: its core things.

    Attributes:
        doors: the interfaces of ``wasi:nn`` that it imports, of which types become others.
    """

    def __init__(self, core: Core) -> None:
        self.types = Types(core_function=core.function)
        self.doors: set[str] = set()
        self._core = core
        # the doors of each component in this one, None where nothing is known of it
        self._components: list[Collection[str] | None] = []
        # the port that each function is
        self._ports: list[str | None] = []
        # the type of each instance that is imported
        self._imports: list[Type | None] = []
        # of the imports that are rewritten: their ports by name, and what they are called
        self._doors: dict[int, dict[str, str]] = {}
        self._called: dict[int, str] = {}
        self._rewritten: set[int] = set()
        self._untouchable: set[int] = set()

    def settle(self, edits: Edits) -> None:
        """Put down which types become others.

        Raises:
            NotUnderstood: somebody else has them, or a number that moves.
        """
        if self._rewritten & self._untouchable:
            raise NotUnderstood
        if None in self._components and (
            self._core.modules.moved or any(one.homes & self._rewritten for one in self.types.all)
        ):
            raise NotUnderstood
        for home in self._rewritten:
            for place in self.types.at(home).places:
                edits.put(place, place + len(BYTES), TEXT)

    def port(self, function: int) -> str | None:
        """Which of the functions that take or give bytes it is."""
        return self._ports[function] if function < len(self._ports) else None

    def keep(self, type_: Type) -> None:
        """A type has to stay what it is."""
        self._untouchable |= type_.homes

    def define_function(self) -> None:
        """The next function: one that is lifted."""
        self._ports.append(None)

    def define_component(self, doors: Collection[str] | None) -> None:
        """The next component."""
        self._components.append(doors)

    def define_alias(self, reader: Reader, sort: int, core: int) -> None:
        """The next thing that an instance exports."""
        instance, called = reader.unsigned(), reader.name()
        if instance >= len(self._imports):
            raise NotUnderstood
        if sort == 0 and core == CORE_MODULE:
            self._core.modules.add()
            return
        of = self._imports[instance]
        if of is None:
            self._new(sort, PLAIN)
            return
        found, type_ = of.exports.get(called, (-1, PLAIN))
        if found != sort:
            raise NotUnderstood
        self._new(sort, type_)
        if sort == FUNC:
            self._ports[-1] = self._doors.get(instance, {}).get(called)
            if self._ports[-1] is None:
                self.keep(type_)

    def define_import(self, reader: Reader) -> None:
        """The next import."""
        called = extern_name(reader)
        start = reader.at
        number = len(self._imports)
        sort, type_ = self.types.extern(reader)
        if sort != TYPE:
            self._new(sort, type_)
        if sort == FUNC:
            self.keep(type_)
        if sort != INSTANCE:
            return
        home = Reader(reader.data, start + 1).unsigned()  # behind the sort
        signatures = _DOORS.get(called, {})
        if signatures and type_.places:
            self._rewritten.add(home)
            self.doors.add(called)
            self._doors[number] = {}
            self._called[number] = called
        else:
            self._untouchable.add(home)
        for name, (kind, inner) in type_.exports.items():
            if kind != FUNC:
                continue
            if name in signatures:
                expected = signatures[name]
                if (inner.text, inner.homes) != (expected.text, frozenset((home,))):
                    raise NotUnderstood
                self._doors[number][name] = expected.port
            else:
                self.keep(inner)

    def define_instance(self, reader: Reader) -> None:
        """The next instance."""
        if reader.byte() == 0:
            number = reader.unsigned()
            if number >= len(self._components):
                raise NotUnderstood
            doors = self._expects(number)
            for _ in range(reader.unsigned()):
                called = reader.name()
                self._given_away(reader, called if called in doors else "")
        else:
            for _ in range(reader.unsigned()):
                extern_name(reader)
                self._given_away(reader)
        self._imports.append(None)

    def _given_away(self, reader: Reader, door: str = "") -> tuple[int, Type]:
        """A component's own thing that somebody else gets: then its types have to stay.

        Args:
            reader: where its sort and number are.
            door: as what a rewritten component gets it, which expects the new types.
        """
        sort = reader.byte()
        if sort == 0 and self._core.is_module(reader):
            return CORE_MODULE, PLAIN
        number = reader.unsigned()
        type_ = PLAIN
        if sort == TYPE:
            type_ = self.types.at(number)
            self.keep(type_)
        elif sort == FUNC:
            if number >= len(self._ports) or self._ports[number] is not None:
                raise NotUnderstood
        elif sort == INSTANCE:
            if number >= len(self._imports) or self._called.get(number, "") != door:
                raise NotUnderstood
            type_ = self._imports[number] or PLAIN
        elif sort != COMPONENT or number >= len(self._components) or self._expects(number):
            raise NotUnderstood
        return sort, type_

    def _expects(self, component: int) -> Collection[str]:
        """The interfaces of which a component in this one expects the new types."""
        return self._components[component] or ()

    def define_export(self, reader: Reader) -> None:
        """The next export."""
        extern_name(reader)
        sort, type_ = self._given_away(reader)
        if reader.byte():
            before = len(self.types.all)
            _, described = self.types.extern(reader)
            del self.types.all[before:]
            self.keep(described)
        self._new(sort, type_)

    def _new(self, sort: int, type_: Type) -> None:
        """A component's own thing gets its number."""
        if sort == FUNC:
            self._ports.append(None)
        elif sort == INSTANCE:
            self._imports.append(type_ if type_.text == "instance" else None)
        elif sort == TYPE:
            self.types.all.append(type_)
        elif sort == COMPONENT:
            self._components.append(None)
        elif sort == CORE_MODULE:
            self._core.modules.add()
        else:
            raise NotUnderstood
