"""Looking up the names of WIT texts: packages, interfaces and their types."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from wasinn_nb.guest.wit.gates import included
from wasinn_nb.guest.wit.model import Interface, Package, Packages, World
from wasinn_nb.guest.wit.scope import Scope
from wasinn_nb.guest.wit.source import Place
from wasinn_nb.guest.wit.syntax import (
    Gate,
    InterfaceItem,
    PackageItem,
    Path,
    UseItem,
    WorldItem,
)
from wasinn_nb.guest.wit.worlds import fill

_UNNAMED = "Write 'package namespace:name;' on its first line."


@dataclass(slots=True)
class _Pending:
    """An interface or a world that was met, and is worked out once it is needed."""

    item: InterfaceItem | WorldItem
    package: str
    part: PackageItem
    done: Interface | World | None = None
    busy: bool = False


class Resolver:
    """Turns what texts say into packages.

    Args:
        known: packages that the texts may refer to.
        features: what is wanted of what is marked ``@unstable``.
    """

    def __init__(self, known: Packages, features: Collection[str]) -> None:
        self.known = known
        self.features = features
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._docs: dict[str, str] = {}
        self._parts: list[tuple[PackageItem, str]] = []

    def packages(self, parts: Iterable[PackageItem], default: str) -> Packages:
        """All packages: those that are known, and those of the texts.

        Raises:
            WitError: a name stands for nothing, or for two things.
        """
        for part in parts:
            self._collect(part, default)
        self._check_uses()
        found = Packages(dict(self.known.packages))
        for name, docs in self._docs.items():
            found.packages[name] = Package(name, docs)
        for (name, _), pending in self._pending.items():
            package, made = found.packages[name], self._done(pending, pending.item.head.place)
            if isinstance(made, Interface):
                package.interfaces[made.name] = made
            else:
                package.worlds[made.name] = made
        return found

    def included(self, gate: Gate, package: str) -> bool:
        """Whether an item of a package is there."""
        return included(gate, package, self.features)

    def interface(self, path: Path, scope: Scope) -> Interface:
        """The interface that a path names.

        Raises:
            WitError: there is none.
        """
        found = self._found(path, scope)
        if not isinstance(found, Interface):
            raise path.place.error(f"{path.name!r} is a world, not an interface")
        return found

    def world(self, path: Path, scope: Scope) -> World:
        """The world that a path names.

        Raises:
            WitError: there is none.
        """
        found = self._found(path, scope)
        if not isinstance(found, World):
            raise path.place.error(f"{path.name!r} is an interface, not a world")
        return found

    def use(self, item: UseItem, scope: Scope) -> None:
        """Take over types of an interface.

        Raises:
            WitError: it has not all of them.
        """
        source = self.interface(item.path, scope)
        for name, new, place in item.names:
            found = source.types.get(name)
            if found is None:
                there = ", ".join(source.types) or "none"
                raise place.error(
                    f"the interface {source.id} has no type {name!r}", hint=f"Its types: {there}."
                )
            scope.take_over(new, found, place)

    def _collect(self, part: PackageItem, default: str) -> None:
        name = part.name or default
        if not name:
            raise part.place.error("the text does not say which package it is of", hint=_UNNAMED)
        if name in self.known.packages:
            raise part.place.error(f"the package {name} is there already")
        self._parts.append((part, name))
        docs = self._docs.setdefault(name, part.docs)
        self._docs[name] = docs or part.docs
        for item in part.items:
            if not self.included(item.head.gate, name):
                continue
            key = (name, item.head.name)
            if key in self._pending:
                raise item.head.place.error(f"{item.head.name!r} is there twice in {name}")
            self._pending[key] = _Pending(item, name, part)

    def _check_uses(self) -> None:
        """Look up what texts name for themselves, whether or not they mention it again."""
        for part, package in self._parts:
            scope = Scope(Interface("", package), package, part)
            items = {item.head.name for item in part.items}
            for use in part.uses:
                self.interface(use.path, scope)
                if use.name in items:
                    raise use.path.place.error(f"{use.name!r} is there twice in this text")

    def _found(self, path: Path, scope: Scope) -> Interface | World:
        if path.package:
            return self._named(path, path.package, path.name)
        for use in scope.part.uses:
            if use.name == path.name and use.path is not path:
                package = use.path.package or scope.package
                return self._named(use.path, package, use.path.name)
        return self._named(path, scope.package, path.name)

    def _named(self, path: Path, package: str, name: str) -> Interface | World:
        if pending := self._pending.get((package, name)):
            return self._done(pending, path.place)
        if there := self.known.packages.get(package):
            found = there.interfaces.get(name) or there.worlds.get(name)
            if found is not None:
                return found
        if package not in self._docs and package not in self.known.packages:
            raise path.place.error(f"there is no package {package}", hint=self._others(package))
        names = [other for where, other in self._pending if where == package]
        names += [*there.interfaces, *there.worlds] if there else []
        raise path.place.error(
            f"there is no interface {name!r} in {package}",
            hint=f"There is {', '.join(names) or 'nothing'}.",
        )

    def _others(self, package: str) -> str:
        base = package.partition("@")[0]
        there = [*self._docs, *self.known.packages]
        found = sorted(name for name in there if name.partition("@")[0] == base)
        return f"There is {', '.join(found)}." if found else ""

    def _done(self, pending: _Pending, place: Place) -> Interface | World:
        if pending.done is not None:
            return pending.done
        if pending.busy:
            raise place.error(f"{pending.item.head.name!r} depends on itself")
        pending.busy = True
        item, package = pending.item, pending.package
        if isinstance(item, WorldItem):
            world = World(item.head.name, package, item.head.docs)
            fill(self, world, item, pending.part)
            pending.done = world
        else:
            interface = Interface(item.head.name, package, item.head.docs)
            self.fill(interface, item, pending.part, package)
            pending.done = interface
        return pending.done

    def fill(
        self, interface: Interface, item: InterfaceItem, part: PackageItem, package: str
    ) -> None:
        """Work out what is in an interface."""
        scope = Scope(interface, package, part)
        there = [one for one in item.items if self.included(_gate(one), package)]
        hidden = [one for one in item.items if one not in there]
        scope.hide(hidden)
        for one in there:
            if isinstance(one, UseItem):
                self.use(one, scope)
            else:
                scope.declare(one)
        interface.types.update(scope.types())
        for function in scope.functions():
            interface.functions[function.extern] = function


def _gate(item: object) -> Gate:
    if isinstance(item, UseItem):
        return item.gate
    head = getattr(item, "head", None)
    return head.gate if head is not None else Gate()
