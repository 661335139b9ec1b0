"""What a component exports: functions as the world tells them, with the types they are about."""

from __future__ import annotations

from collections.abc import Mapping

from wasinn_nb.guest.componentize.binary import unsigned
from wasinn_nb.guest.componentize.builder import (
    FRESH,
    FUNC,
    INSTANCE,
    TYPE,
    Builder,
    CoreItem,
    extern,
    same,
)
from wasinn_nb.guest.componentize.imports import Imports
from wasinn_nb.guest.componentize.types import Types
from wasinn_nb.guest.wit.model import (
    Alias,
    Function,
    Interface,
    Resource,
    Type,
    TypeDef,
    World,
    parts,
)


class Exports:
    """The exports of a component.

    Args:
        builder: of the component.
        imports: where types come from that the component does not export itself.
        interfaces: what it exports.
    """

    def __init__(
        self, builder: Builder, imports: Imports, interfaces: Mapping[str, Interface]
    ) -> None:
        self._builder = builder
        self._imports = imports
        self._own: set[Interface | World] = set(interfaces.values())
        self._seen: set[Type] = set()
        self._instances: dict[Interface, int] = {}
        self._known: dict[TypeDef, int] = {}
        self._types = Types(self)
        for interface in interfaces.values():
            for type_ in interface.types.values():
                self._need(type_)

    def resource(self, type_: TypeDef, destructor: CoreItem | None) -> None:
        """A resource of the component's own, and what ends one."""
        ends = b"\x00" if destructor is None else b"\x01" + unsigned(destructor.number)
        self._known[type_] = self._builder.type(b"\x3f\x7f" + ends)

    def define(self, encoded: bytes) -> int:
        """Add a type."""
        return self._builder.type(encoded)

    def named(self, type_: TypeDef) -> int:
        """The number of a type that has a name, as it is exported."""
        found = self._known.get(type_)
        if found is not None:
            return found
        owner = type_.owner
        if not isinstance(owner, Interface) or owner not in self._own:
            return self._imports.named(type_)
        if owner in self._instances:
            found = self._builder.export_of(self._instances[owner], TYPE, type_.name)
        elif isinstance(type_.kind, Alias) and isinstance(type_.kind.target, TypeDef):
            found = self.named(type_.kind.target)
        else:
            found = self.define(self._types.structure(type_))
        self._known[type_] = found
        return found

    def type_of(self, function: Function) -> int:
        """The number of a function's type, to lift it with."""
        return self._types.function(function)

    def function(self, called: str, function: int) -> None:
        """Export a function of the world's own."""
        self._builder.export(called, FUNC, function)

    def interface(self, called: str, interface: Interface, functions: Mapping[str, int]) -> None:
        """Export an interface.

        An instance whose functions are about types with names comes from a component in this one,
        which imports the types and functions, and exports them by their names.
        """
        inner = _Inner(interface)
        for name, function in interface.functions.items():
            inner.function(function, functions[name])
        data, types, given = inner.finished()
        component = self._builder.component(data)
        args = [(name, TYPE, self.named(type_)) for name, type_ in types.items()]
        args += [(name, FUNC, number) for name, number in given.items()]
        instance = self._builder.instantiate(component, args)
        exported = self._builder.export(called, INSTANCE, instance)
        self._instances[interface] = exported
        # from now on its types are what the export has: only those have names outside
        self._types = Types(self)
        for type_ in interface.types.values():
            self._known.pop(type_, None)

    def _need(self, type_: Type) -> None:
        """Have what a type is made of imported, where it is not exported."""
        if type_ in self._seen:
            return
        self._seen.add(type_)
        if isinstance(type_, TypeDef) and type_.owner not in self._own:
            self._imports.need_type(type_)
            return
        for part in parts(type_):
            self._need(part)


class _Inner:
    """The component that an exported interface is an instance of."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._builder = Builder()
        self._given: dict[str, int] = {}
        self._wanted: dict[str, TypeDef] = {}
        self._known: dict[TypeDef, int] = {}
        self._types = Types(self)
        self._functions: list[tuple[Function, int]] = []

    def define(self, encoded: bytes) -> int:
        """Add a type."""
        return self._builder.type(encoded)

    def named(self, type_: TypeDef) -> int:
        """The number of a type, as it is imported."""
        found = self._known.get(type_)
        if found is None:
            found = self._known[type_] = self._imported(type_)
        return found

    def function(self, function: Function, lifted: int) -> None:
        """Import a function, which is exported at the end."""
        described = extern(FUNC, self._types.function(function))
        called = f"import-func-f{len(self._given)}"
        self._given[called] = lifted
        self._functions.append((function, self._builder.import_(called, FUNC, described)))

    def finished(self) -> tuple[bytes, dict[str, TypeDef], dict[str, int]]:
        """The component, and which types and functions it imports under which names."""
        for type_ in self._interface.types.values():
            self.named(type_)
        outside = _Outside(self._builder, self, self._interface)
        for type_ in self._interface.types.values():
            outside.named(type_)
        for function, number in self._functions:
            described = extern(FUNC, outside.types.function(function))
            self._builder.export(function.extern, FUNC, number, described)
        return self._builder.finish(), self._wanted, self._given

    def _imported(self, type_: TypeDef) -> int:
        if isinstance(type_.kind, Alias) and isinstance(type_.kind.target, TypeDef):
            return self.named(type_.kind.target)
        if isinstance(type_.kind, Resource):
            described = FRESH
        else:
            described = same(self.define(self._types.structure(type_)))
        called = f"import-type-t{len(self._wanted)}"
        self._wanted[called] = type_
        return self._builder.import_(called, TYPE, described)


class _Outside:
    """The types of such a component as it exports them."""

    def __init__(self, builder: Builder, inner: _Inner, interface: Interface) -> None:
        self.types = Types(self)
        self._builder = builder
        self._inner = inner
        self._interface = interface
        self._known: dict[TypeDef, int] = {}

    def define(self, encoded: bytes) -> int:
        """Add a type."""
        return self._builder.type(encoded)

    def named(self, type_: TypeDef) -> int:
        """The number of a type, as it is exported."""
        found = self._known.get(type_)
        if found is None:
            if type_.owner is self._interface:
                found = self._builder.export(type_.name, TYPE, self._defined(type_))
            else:
                found = self._inner.named(type_)
            self._known[type_] = found
        return found

    def _defined(self, type_: TypeDef) -> int:
        """A type of the interface's own, made of types that are exported where there are such."""
        if isinstance(type_.kind, Resource):
            return self._inner.named(type_)
        if isinstance(type_.kind, Alias) and isinstance(type_.kind.target, TypeDef):
            return self.named(type_.kind.target)
        return self.define(self.types.structure(type_))
