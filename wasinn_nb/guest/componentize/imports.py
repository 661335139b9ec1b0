"""What a component imports: of each interface only what is used, and the types that this needs."""

from __future__ import annotations

from wasinn_nb.guest.componentize.builder import (
    FRESH,
    FUNC,
    INSTANCE,
    TYPE,
    Builder,
    extern,
    same,
)
from wasinn_nb.guest.componentize.ports import Call, Ports
from wasinn_nb.guest.componentize.types import InstanceType, Types
from wasinn_nb.guest.wit.model import (
    Alias,
    Function,
    Interface,
    Resource,
    Type,
    TypeDef,
    parts,
)


class Imports:
    """The imports of a component.

    First everything that is needed is told, with :meth:`need` and :meth:`need_type`. Then numbers
    can be asked for.
    """

    def __init__(self, builder: Builder, ports: Ports) -> None:
        self._builder = builder
        self._ports = ports
        self._types = Types(self)
        self._functions: dict[Interface, dict[str, Function]] = {}
        self._needed: dict[Interface, dict[TypeDef, None]] = {}
        self._seen: set[Type] = set()
        self._instances: dict[Interface, int] = {}
        self._named: dict[TypeDef, int] = {}
        self._numbers: dict[Function, int] = {}

    def need(self, call: Call) -> None:
        """A function that is called."""
        if call.interface is not None:
            found = self._functions.setdefault(call.interface, {})
            found[call.function.extern] = call.function
        for type_ in call.function.types:
            self.need_type(type_)

    def need_type(self, type_: Type) -> None:
        """A type, and all that it is made of."""
        if type_ in self._seen:
            return
        self._seen.add(type_)
        for part in parts(type_):
            self.need_type(part)
        if isinstance(type_, TypeDef) and isinstance(type_.owner, Interface):
            self._needed.setdefault(type_.owner, {})[type_] = None

    def all(self) -> None:
        """Write everything that was needed, also what only types come from."""
        for interface in [*self._needed, *self._functions]:
            self.instance(interface)

    def function(self, call: Call) -> int:
        """The number of a function."""
        found = self._numbers.get(call.function)
        if found is None:
            if call.interface is None:
                described = extern(FUNC, self._types.function(call.function))
                found = self._builder.import_(call.function.extern, FUNC, described)
            else:
                instance = self.instance(call.interface)
                found = self._builder.export_of(instance, FUNC, call.function.extern)
            self._numbers[call.function] = found
        return found

    def instance(self, interface: Interface) -> int:
        """The number of an imported interface."""
        found = self._instances.get(interface)
        if found is None:
            described = InstanceType(interface, self)
            for type_ in self._needed.get(interface, {}):
                described.named(type_)
            for function in self._functions.get(interface, {}).values():
                described.function(function)
            number = self._builder.type(described.encoded())
            called = self._ports.called(interface)
            found = self._builder.import_(called, INSTANCE, extern(INSTANCE, number))
            self._instances[interface] = found
        return found

    def define(self, encoded: bytes) -> int:
        """Add a type."""
        return self._builder.type(encoded)

    def named(self, type_: TypeDef) -> int:
        """The number of a type that has a name, as it is imported."""
        found = self._named.get(type_)
        if found is None:
            if isinstance(type_.owner, Interface):
                instance = self.instance(type_.owner)
                found = self._builder.export_of(instance, TYPE, type_.name)
            else:
                found = self._of_world(type_)
            self._named[type_] = found
        return found

    def _of_world(self, type_: TypeDef) -> int:
        if isinstance(type_.kind, Resource):
            described = FRESH
        elif isinstance(type_.kind, Alias) and isinstance(type_.kind.target, TypeDef):
            described = same(self.named(type_.kind.target))
        else:
            described = same(self.define(self._types.structure(type_)))
        return self._builder.import_(type_.name, TYPE, described)
