"""Worlds: what they import, export and include."""

from __future__ import annotations

from typing import Protocol

from wasinn_nb.guest.wit.model import Function, Interface, TypeDef, World
from wasinn_nb.guest.wit.scope import Scope
from wasinn_nb.guest.wit.source import Place
from wasinn_nb.guest.wit.syntax import (
    FuncItem,
    Gate,
    IncludeItem,
    InterfaceItem,
    PackageItem,
    Path,
    PortItem,
    TypeItem,
    UseItem,
    WorldItem,
)


class Lookup(Protocol):
    """Where the names of interfaces and worlds are looked up."""

    def interface(self, path: Path, scope: Scope) -> Interface:
        """The interface that a path names."""

    def world(self, path: Path, scope: Scope) -> World:
        """The world that a path names."""

    def use(self, item: UseItem, scope: Scope) -> None:
        """Take over types of an interface."""

    def included(self, gate: Gate, package: str) -> bool:
        """Whether an item of a package is there."""

    def fill(
        self, interface: Interface, item: InterfaceItem, part: PackageItem, package: str
    ) -> None:
        """Work out what is in an interface."""


def fill(lookup: Lookup, world: World, item: WorldItem, part: PackageItem) -> None:
    """Work out what is in a world.

    Raises:
        WitError: a name stands for nothing, or for two things.
    """
    scope = Scope(world, world.package, part)
    items = [one for one in item.items if lookup.included(_gate(one), world.package)]
    for one in items:
        if isinstance(one, UseItem):
            lookup.use(one, scope)
        elif isinstance(one, TypeItem):
            scope.declare(one)
    for name, type_ in scope.types().items():
        world.imports[name] = type_
    for one in items:
        if isinstance(one, PortItem):
            _port(lookup, scope, world, one)
    for one in items:
        if isinstance(one, IncludeItem):
            _include(world, lookup.world(one.path, scope), one)


def _gate(item: PortItem | UseItem | TypeItem | IncludeItem) -> Gate:
    return item.gate if isinstance(item, UseItem | IncludeItem) else item.head.gate


def _port(lookup: Lookup, scope: Scope, world: World, item: PortItem) -> None:
    place = item.head.place
    what: Interface | Function
    if isinstance(item.what, Path):
        what = lookup.interface(item.what, scope)
        name = item.head.name or what.id
    elif isinstance(item.what, FuncItem):
        what = scope.function(item.what)
        name = what.extern
    else:
        what = Interface(item.head.name, "", item.head.docs)
        lookup.fill(what, item.what, scope.part, scope.package)
        name = item.head.name
    there = world.imports if item.direction == "import" else world.exports
    if name.lower() in map(str.lower, there):
        raise place.error(f"the world {item.direction}s {name!r} twice")
    if item.direction == "import":
        world.imports[name] = what
    else:
        world.exports[name] = what


def _include(world: World, other: World, item: IncludeItem) -> None:
    names = {old: (new, place) for old, new, place in item.names}
    for old, (_, place) in names.items():
        if old not in other.imports and old not in other.exports:
            raise place.error(f"the world {other.id} has nothing called {old!r}")
    for imported, port in other.imports.items():
        new, place = names.get(imported, (imported, item.path.place))
        if _is_new(world.imports.get(new), port, new, place):
            world.imports[new] = port
    for exported, what in other.exports.items():
        new, place = names.get(exported, (exported, item.path.place))
        if _is_new(world.exports.get(new), what, new, place):
            world.exports[new] = what


def _is_new(
    there: Interface | Function | TypeDef | None,
    what: Interface | Function | TypeDef,
    name: str,
    place: Place,
) -> bool:
    """Whether nothing has the name; an interface may be included often."""
    if there is not None and (there is not what or not isinstance(what, Interface)):
        raise place.error(
            f"{name!r} is there already",
            hint=f"Include it under another name: with {{ {name} as other }}.",
        )
    return there is None
