"""Types as they stand in a component."""

from __future__ import annotations

from typing import Protocol

from wasinn_nb.guest.componentize.binary import index, name, unsigned, vector
from wasinn_nb.guest.componentize.builder import FRESH, FUNC, TYPE, extern, same
from wasinn_nb.guest.wit.model import (
    Alias,
    Borrow,
    Enum,
    Flags,
    Function,
    Interface,
    ListOf,
    OptionOf,
    Own,
    Prim,
    Record,
    Resource,
    ResultOf,
    TupleOf,
    Type,
    TypeDef,
    Variant,
)

_PRIMS = {
    "bool": 0x7F,
    "s8": 0x7E,
    "u8": 0x7D,
    "s16": 0x7C,
    "u16": 0x7B,
    "s32": 0x7A,
    "u32": 0x79,
    "s64": 0x78,
    "u64": 0x77,
    "f32": 0x76,
    "f64": 0x75,
    "char": 0x74,
    "string": 0x73,
}
_RECORD, _VARIANT, _LIST, _TUPLE, _FLAGS, _ENUM = 0x72, 0x71, 0x70, 0x6F, 0x6E, 0x6D
_OPTION, _RESULT, _OWN, _BORROW, _FUNCTION, _INSTANCE = 0x6B, 0x6A, 0x69, 0x68, 0x40, 0x42


class Space(Protocol):
    """Where types are defined: a component, or the type of an instance."""

    def define(self, encoded: bytes) -> int:
        """Add a type; returns its number."""

    def named(self, type_: TypeDef) -> int:
        """The number of a type that has a name."""


class Types:
    """Writes types into a space, each once.

    Args:
        space: where they go.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[Type, int] = {}

    def function(self, function: Function) -> int:
        """The number of a function's type."""
        params = vector(name(param.name) + self.value(param.type) for param in function.params)
        result = b"\x01\x00"
        if function.result is not None:
            result = b"\x00" + self.value(function.result)
        return self._space.define(bytes((_FUNCTION,)) + params + result)

    def value(self, type_: Type) -> bytes:
        """A type where a value's is written."""
        if isinstance(type_, Prim):
            return bytes((_PRIMS[type_.name],))
        if isinstance(type_, TypeDef):
            return index(self._space.named(type_))
        known = self._known.get(type_)
        if known is None:
            known = self._known[type_] = self._space.define(self._anonymous(type_))
        return index(known)

    def structure(self, type_: TypeDef) -> bytes:
        """What a type with a name is, other than a resource or another type with a name."""
        match type_.kind:
            case Record(fields):
                members = vector(name(field.name) + self.value(field.type) for field in fields)
                return bytes((_RECORD,)) + members
            case Variant(cases):
                members = vector(
                    name(case.name) + self._optional(case.type) + b"\x00" for case in cases
                )
                return bytes((_VARIANT,)) + members
            case Enum(cases):
                return bytes((_ENUM,)) + vector(name(case.name) for case in cases)
            case Flags(flags):
                return bytes((_FLAGS,)) + vector(name(flag.name) for flag in flags)
            case Alias(Prim() as target):
                return self.value(target)
            case Alias(target):
                return self._anonymous(target)
        raise AssertionError(type_)

    def _anonymous(self, type_: Type) -> bytes:
        match type_:
            case ListOf(element):
                return bytes((_LIST,)) + self.value(element)
            case OptionOf(inner):
                return bytes((_OPTION,)) + self.value(inner)
            case ResultOf(ok, err):
                return bytes((_RESULT,)) + self._optional(ok) + self._optional(err)
            case TupleOf(items):
                return bytes((_TUPLE,)) + vector(map(self.value, items))
            case Own(resource):
                return bytes((_OWN,)) + unsigned(self._space.named(resource))
            case Borrow(resource):
                return bytes((_BORROW,)) + unsigned(self._space.named(resource))
        raise AssertionError(type_)

    def _optional(self, type_: Type | None) -> bytes:
        return b"\x00" if type_ is None else b"\x01" + self.value(type_)


class Outer(Protocol):
    """Where the types of other interfaces are found."""

    def named(self, type_: TypeDef) -> int:
        """The number of a type that has a name, in the component."""


class InstanceType:
    """The type of an instance of an interface, with as much in it as is needed.

    Args:
        interface: whose names it has.
        outer: the component around it.
    """

    def __init__(self, interface: Interface, outer: Outer) -> None:
        self._interface = interface
        self._outer = outer
        self._types = Types(self)
        self._declared: list[bytes] = []
        self._count = 0
        self._known: dict[TypeDef, int] = {}

    def function(self, function: Function) -> None:
        """Say that there is a function."""
        described = extern(FUNC, self._types.function(function))
        self._declared.append(b"\x04\x00" + name(function.extern) + described)

    def encoded(self) -> bytes:
        """The type."""
        return bytes((_INSTANCE,)) + vector(self._declared)

    def define(self, encoded: bytes) -> int:
        """Add a type."""
        return self._declare(b"\x01" + encoded)

    def named(self, type_: TypeDef) -> int:
        """The number of a type that has a name, which the instance exports if it is its own."""
        found = self._known.get(type_)
        if found is None:
            found = self._known[type_] = self._named(type_)
        return found

    def _named(self, type_: TypeDef) -> int:
        if type_.owner is not self._interface:
            outer = self._outer.named(type_)
            return self._declare(bytes((2, TYPE, 2, 1)) + unsigned(outer))
        if isinstance(type_.kind, Resource):
            described = FRESH
        elif isinstance(type_.kind, Alias) and isinstance(type_.kind.target, TypeDef):
            described = same(self.named(type_.kind.target))
        else:
            described = same(self.define(self._types.structure(type_)))
        return self._declare(b"\x04\x00" + name(type_.name) + described)

    def _declare(self, declaration: bytes) -> int:
        self._declared.append(declaration)
        self._count += 1
        return self._count - 1
