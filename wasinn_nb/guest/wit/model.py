"""What WIT texts come to once every name in them is resolved.

What has a name (types, functions, interfaces, worlds) is compared by identity: two records with
the same fields are two types.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Prim:
    """``bool``, ``u8`` to ``s64``, ``f32``, ``f64``, ``char``, ``string``, ``error-context``."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """``list<T>``; with a length, ``list<T, 4>``."""

    element: Type
    length: int | None = None


@dataclass(frozen=True, slots=True)
class OptionOf:
    """``option<T>``."""

    inner: Type


@dataclass(frozen=True, slots=True)
class ResultOf:
    """``result<T, E>``; None where it has nothing to say."""

    ok: Type | None = None
    err: Type | None = None


@dataclass(frozen=True, slots=True)
class TupleOf:
    """``tuple<A, B>``."""

    items: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """``map<K, V>``."""

    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class StreamOf:
    """``stream<T>``."""

    inner: Type | None = None


@dataclass(frozen=True, slots=True)
class FutureOf:
    """``future<T>``."""

    inner: Type | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """A handle that owns its resource: the resource's name where a value is meant."""

    resource: TypeDef


@dataclass(frozen=True, slots=True)
class Borrow:
    """``borrow<R>``."""

    resource: TypeDef


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record."""

    name: str
    type: Type
    docs: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A case of a variant or an enum, or a flag."""

    name: str
    type: Type | None = None
    docs: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """``record``."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """``variant``."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Enum:
    """``enum``."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """``flags``."""

    flags: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """``resource``; its functions are among those of the interface."""


@dataclass(frozen=True, slots=True)
class Alias:
    """``type a = T``, or a name taken over with ``use``; the target may be a resource."""

    target: Type


@dataclass(eq=False, slots=True)
class TypeDef:
    """A type that has a name.

    Attributes:
        name: in its interface.
        owner: where it is defined, or taken over with ``use``.
        docs: its documentation.
        kind: what it is.
    """

    name: str
    owner: Interface | World
    docs: str
    kind: Record | Variant | Enum | Flags | Resource | Alias

    @property
    def resolved(self) -> TypeDef:
        """What it is an alias of, as far as that has a name."""
        found = self
        while isinstance(found.kind, Alias) and isinstance(found.kind.target, TypeDef):
            found = found.kind.target
        return found

    @property
    def is_resource(self) -> bool:
        """Whether values of it are handles."""
        return isinstance(self.resolved.kind, Resource)

    def __repr__(self) -> str:
        return f"TypeDef({self.owner.id}.{self.name})"


Type: TypeAlias = (
    Prim
    | ListOf
    | OptionOf
    | ResultOf
    | TupleOf
    | MapOf
    | StreamOf
    | FutureOf
    | Own
    | Borrow
    | TypeDef
)


def value_type(type_: Type) -> Type:
    """A type without the names that were given to it, down to the first that is more than a name.

    What comes back is no :class:`TypeDef` of an alias.
    """
    while isinstance(type_, TypeDef) and isinstance(type_.kind, Alias):
        type_ = type_.kind.target
    return type_


def parts(type_: Type) -> Iterator[Type]:
    """The types that a type is made of, one level down."""
    match type_:
        case ListOf(element) | OptionOf(element):
            yield element
        case ResultOf(ok, err):
            yield from (part for part in (ok, err) if part is not None)
        case TupleOf(items):
            yield from items
        case MapOf(key, value):
            yield from (key, value)
        case StreamOf(inner) | FutureOf(inner):
            if inner is not None:
                yield inner
        case Own(resource) | Borrow(resource):
            yield resource
        case TypeDef(kind=kind):
            yield from _parts_of_kind(kind)
        case Prim():
            return


def _parts_of_kind(
    kind: Record | Variant | Enum | Flags | Resource | Alias,
) -> Iterator[Type]:
    match kind:
        case Record(fields):
            yield from (field.type for field in fields)
        case Variant(cases):
            yield from (case.type for case in cases if case.type is not None)
        case Alias(target):
            yield target
        case _:
            return


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter."""

    name: str
    type: Type


@dataclass(eq=False, slots=True)
class Function:
    """A function.

    Attributes:
        name: as it is written; a constructor is called ``constructor``.
        docs: its documentation.
        kind: what it belongs to.
        resource: the resource it is of, unless it is free.
        params: a method's first is ``self``.
        result: None if it returns nothing.
        is_async: whether it may be suspended.
    """

    name: str
    docs: str
    kind: Literal["free", "method", "static", "constructor"]
    resource: TypeDef | None
    params: tuple[Param, ...]
    result: Type | None
    is_async: bool = False

    @property
    def extern(self) -> str:
        """What components call it."""
        if self.resource is None:
            return self.name
        if self.kind == "constructor":
            return f"[constructor]{self.resource.name}"
        return f"[{self.kind}]{self.resource.name}.{self.name}"

    @property
    def types(self) -> tuple[Type, ...]:
        """The types of its parameters, and of its result."""
        result = () if self.result is None else (self.result,)
        return (*(param.type for param in self.params), *result)

    def __repr__(self) -> str:
        return f"Function({self.extern})"


@dataclass(eq=False, slots=True)
class Interface:
    """Types and functions.

    Attributes:
        name: without its package.
        package: ``wasi:nn@0.2.0``; empty for one that is written into a world.
        docs: its documentation.
        types: by their names here, in the order of the text.
        functions: by the names that components have for them.
    """

    name: str
    package: str
    docs: str = ""
    types: dict[str, TypeDef] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What components call it: ``wasi:nn/graph@0.2.0``."""
        return _id(self.package, self.name)

    def __repr__(self) -> str:
        return f"Interface({self.id})"


@dataclass(eq=False, slots=True)
class World:
    """What a component imports and exports.

    Attributes:
        name: without its package.
        package: ``wasi:nn@0.2.0``.
        docs: its documentation.
        imports: by the names that components have for them; a type is one that the world's own
            functions use.
        exports: likewise.
    """

    name: str
    package: str
    docs: str = ""
    imports: dict[str, Interface | Function | TypeDef] = field(default_factory=dict)
    exports: dict[str, Interface | Function] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its full name."""
        return _id(self.package, self.name)

    def __repr__(self) -> str:
        return f"World({self.id})"


@dataclass(eq=False, slots=True)
class Package:
    """What one package has.

    Attributes:
        name: ``wasi:nn@0.2.0``.
        docs: its documentation.
    """

    name: str
    docs: str = ""
    interfaces: dict[str, Interface] = field(default_factory=dict)
    worlds: dict[str, World] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Packages:
    """Packages by their names, with the version."""

    packages: dict[str, Package] = field(default_factory=dict)

    def interface(self, full: str) -> Interface | None:
        """The interface that components call so."""
        package, name = _parted(full)
        found = self.packages.get(package)
        return found.interfaces.get(name) if found else None

    def world(self, full: str) -> World | None:
        """The world of this full name."""
        package, name = _parted(full)
        found = self.packages.get(package)
        return found.worlds.get(name) if found else None


def _id(package: str, name: str) -> str:
    if not package:
        return name
    base, at, version = package.partition("@")
    return f"{base}/{name}{at}{version}"


def _parted(full: str) -> tuple[str, str]:
    base, at, version = full.partition("@")
    package, _, name = base.partition("/")
    return f"{package}{at}{version}", name
