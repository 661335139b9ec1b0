"""What a WIT text says, before its names are looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wasinn_nb.guest.wit.source import Place


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands before an item with an ``@``.

    Attributes:
        since: ``@since(version = ...)``.
        feature: ``@unstable(feature = ...)``.
    """

    since: str = ""
    feature: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What every item begins with."""

    name: str
    place: Place
    docs: str = ""
    gate: Gate = Gate()


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """A type as it is written.

    Attributes:
        name: the word before ``<``.
        args: what stands between ``<`` and ``>``; None for ``_``.
        length: of a list that has one.
    """

    name: str
    place: Place
    args: tuple[TypeExpr | None, ...] = ()
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A field, a case, a flag or a parameter."""

    name: str
    place: Place
    type: TypeExpr | None = None
    docs: str = ""


@dataclass(frozen=True, slots=True)
class TypeItem:
    """A type that gets a name; its one member is what an alias stands for."""

    head: Head
    kind: Literal["record", "variant", "enum", "flags", "type", "resource"]
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class FuncItem:
    """A function, of the resource if one is named."""

    head: Head
    kind: Literal["free", "method", "static", "constructor"]
    params: tuple[Member, ...]
    result: TypeExpr | None
    is_async: bool
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """An interface or a world; without a package, of the text's own."""

    name: str
    place: Place
    package: str = ""


@dataclass(frozen=True, slots=True)
class UseItem:
    """``use path.{name as other}``: the names there, and here."""

    path: Path
    names: tuple[tuple[str, str, Place], ...]
    gate: Gate


@dataclass(frozen=True, slots=True)
class TopUse:
    """``use path as name`` outside of interfaces."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class InterfaceItem:
    """An interface."""

    head: Head
    items: tuple[TypeItem | FuncItem | UseItem, ...]


@dataclass(frozen=True, slots=True)
class PortItem:
    """An import or an export of a world: a name of its own for something, or an interface."""

    direction: Literal["import", "export"]
    head: Head
    what: Path | FuncItem | InterfaceItem


@dataclass(frozen=True, slots=True)
class IncludeItem:
    """``include path with { name as other }``."""

    path: Path
    names: tuple[tuple[str, str, Place], ...]
    gate: Gate


@dataclass(frozen=True, slots=True)
class WorldItem:
    """A world."""

    head: Head
    items: tuple[PortItem | UseItem | TypeItem | IncludeItem, ...]


@dataclass(frozen=True, slots=True)
class PackageItem:
    """What one text says of one package.

    Attributes:
        name: with its version; empty where the text does not say.
        place: of the name.
        docs: the package's documentation.
        uses: the names that interfaces of others have in this text.
        items: its interfaces and worlds.
    """

    name: str
    place: Place
    docs: str
    uses: tuple[TopUse, ...]
    items: tuple[InterfaceItem | WorldItem, ...]
