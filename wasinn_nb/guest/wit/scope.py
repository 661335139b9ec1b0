"""The names of types in one interface or world, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wasinn_nb.guest.wit.model import (
    Alias,
    Borrow,
    Case,
    Enum,
    Field,
    Flags,
    Function,
    FutureOf,
    Interface,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    Param,
    Prim,
    Record,
    Resource,
    ResultOf,
    StreamOf,
    TupleOf,
    Type,
    TypeDef,
    Variant,
    World,
    parts,
    value_type,
)
from wasinn_nb.guest.wit.source import Place
from wasinn_nb.guest.wit.syntax import FuncItem, Member, PackageItem, TypeExpr, TypeItem
from wasinn_nb.guest.wit.tokens import TYPES

_KEYS = TYPES - {"f32", "f64", "error-context"}
_BARE = frozenset(["result", "stream", "future"])


class Scope:
    """What is declared in an interface or a world.

    Args:
        owner: the interface or the world.
        package: with its version.
        part: what its text says of the package.
    """

    def __init__(self, owner: Interface | World, package: str, part: PackageItem) -> None:
        self.owner = owner
        self.package = package
        self.part = part
        self._items: dict[str, TypeItem] = {}
        self._types: dict[str, TypeDef] = {}
        self._functions: list[FuncItem] = []
        self._names: set[str] = set()
        self._hidden: set[str] = set()
        self._busy: set[str] = set()

    def hide(self, items: Iterable[object]) -> None:
        """Items that are there for those only who ask for their feature, or a later version."""
        self._hidden = {item.head.name for item in items if isinstance(item, TypeItem)}

    def declare(self, item: TypeItem | FuncItem) -> None:
        """Note an item; its types are looked up later.

        Raises:
            WitError: the name is there already.
        """
        if isinstance(item, TypeItem):
            self._claim(item.head.name, item.head.place)
            self._items[item.head.name] = item
        else:
            if not item.resource:
                self._claim(item.head.name, item.head.place)
            self._functions.append(item)

    def take_over(self, name: str, original: TypeDef, place: Place) -> None:
        """A type of another interface, under a name of this one."""
        self._claim(name, place)
        self._types[name] = TypeDef(name, self.owner, original.docs, Alias(original))

    def types(self) -> dict[str, TypeDef]:
        """All types, by name."""
        for name, item in self._items.items():
            self._type(name, item.head.place)
        return self._types

    def functions(self) -> Iterator[Function]:
        """All functions."""
        seen: set[str] = set()
        for item in self._functions:
            if item.resource in self._hidden:
                continue
            found = self.function(item)
            # a method and a static function of a resource share their names
            key = found.extern.replace("[static]", "[method]")
            if key in seen:
                raise item.head.place.error(f"{found.name!r} is there twice")
            seen.add(key)
            yield found

    def function(self, item: FuncItem) -> Function:
        """A function with its types."""
        resource = self._type(item.resource, item.head.place) if item.resource else None
        params = [self._param(member) for member in item.params]
        names = [param.name.lower() for param in params]
        for member in item.params:
            if names.count(member.name.lower()) > 1:
                raise member.place.error(f"two parameters are called {member.name!r}")
        result = self.type(item.result) if item.result is not None else None
        if resource is not None and item.kind == "method":
            params.insert(0, Param("self", Borrow(resource)))
        if resource is not None and item.kind == "constructor":
            own = Own(resource)
            if result is None:
                result = own
            elif not isinstance(result, ResultOf) or result.ok != own:
                raise item.head.place.error(
                    f"a constructor of {resource.name} gives result<{resource.name}, ...>, or "
                    "says nothing"
                )
        if result is not None and _borrows(result, set()):
            raise item.head.place.error(f"{item.head.name!r} cannot return a borrowed handle")
        return Function(
            item.head.name,
            item.head.docs,
            item.kind,
            resource,
            tuple(params),
            result,
            item.is_async,
        )

    def type(self, expr: TypeExpr) -> Type:
        """What a type stands for where a value is meant.

        Raises:
            WitError: a name in it stands for nothing.
        """
        found = self._meant(expr)
        return Own(found) if isinstance(found, TypeDef) and found.is_resource else found

    def _claim(self, name: str, place: Place) -> None:
        # components do not tell capitals from small letters
        if name.lower() in self._names:
            raise place.error(f"{name!r} is there twice")
        self._names.add(name.lower())

    def _param(self, member: Member) -> Param:
        return Param(member.name, self._member_type(member))

    def _member_type(self, member: Member) -> Type:
        assert member.type is not None  # noqa: S101 - the grammar sees to it
        return self.type(member.type)

    def _type(self, name: str, place: Place) -> TypeDef:
        if found := self._types.get(name):
            return found
        item = self._items.get(name)
        if item is None:
            raise self._unknown(name, place)
        if name in self._busy:
            raise place.error(
                f"the type {name!r} is a part of itself",
                hint="WIT has no recursive types; a list of nodes with indices can say the same.",
            )
        self._busy.add(name)
        kind = self._kind(item)
        self._busy.discard(name)
        found = self._types[name] = TypeDef(name, self.owner, item.head.docs, kind)
        return found

    def _unknown(self, name: str, place: Place) -> Exception:
        if name in self._hidden:
            return place.error(
                f"the type {name!r} is not there yet: it is marked @unstable, or @since a later "
                "version"
            )
        there = ", ".join([*self._types, *(one for one in self._items if one not in self._types)])
        hint = f"Types here: {there}." if there else ""
        return place.error(f"there is no type {name!r}", hint=hint)

    def _kind(self, item: TypeItem) -> Record | Variant | Enum | Flags | Resource | Alias:
        names = [member.name.lower() for member in item.members]
        for number, member in enumerate(item.members):
            if member.name.lower() in names[:number]:
                raise member.place.error(f"{member.name!r} is there twice in {item.head.name!r}")
        match item.kind:
            case "record":
                return Record(
                    tuple(Field(one.name, self._member_type(one), one.docs) for one in item.members)
                )
            case "variant":
                return Variant(
                    tuple(
                        Case(one.name, self.type(one.type) if one.type else None, one.docs)
                        for one in item.members
                    )
                )
            case "enum":
                return Enum(tuple(Case(one.name, None, one.docs) for one in item.members))
            case "flags":
                return Flags(tuple(Case(one.name, None, one.docs) for one in item.members))
            case "resource":
                return Resource()
        [target] = item.members
        assert target.type is not None  # noqa: S101 - the grammar sees to it
        return Alias(self._meant(target.type))

    def _meant(self, expr: TypeExpr) -> Type:
        """What a type stands for; a resource for itself."""
        if not expr.args and (expr.name not in TYPES | _BARE or expr.name in self._names):
            return self._type(expr.name, expr.place)
        args = [None if arg is None else self._argument(expr, arg) for arg in expr.args]
        found: Type = Prim(expr.name)
        match expr.name, args:
            case "list", [one] if one:
                found = ListOf(one, expr.length)
            case "option", [one] if one:
                found = OptionOf(one)
            case "result", _:
                ok, err, *_ = (*args, None, None)
                found = ResultOf(ok, err)
            case "tuple", _:
                found = TupleOf(tuple(one for one in args if one))
            case "map", [key, value] if key and value:
                found = MapOf(key, value)
            case "stream", _:
                found = StreamOf(args[0] if args else None)
            case "future", _:
                found = FutureOf(args[0] if args else None)
            case (("borrow" | "own"), [Own(resource)]):
                found = Borrow(resource) if expr.name == "borrow" else Own(resource)
        return found

    def _argument(self, outer: TypeExpr, expr: TypeExpr) -> Type:
        """A type within another one's ``<>``."""
        found = self.type(expr)
        if outer.name in {"borrow", "own"} and not isinstance(found, Own):
            raise expr.place.error(f"{expr.name!r} is no resource: it cannot be borrowed")
        if outer.name == "map" and expr is outer.args[0]:
            plain = value_type(found)
            if not isinstance(plain, Prim) or plain.name not in _KEYS:
                raise expr.place.error("the keys of a map are numbers, characters, texts or bools")
        return found


def _borrows(type_: Type, seen: set[TypeDef]) -> bool:
    """Whether a borrowed handle is in a type."""
    if isinstance(type_, Borrow):
        return True
    if isinstance(type_, TypeDef):
        if type_ in seen:
            return False
        seen.add(type_)
    return any(_borrows(part, seen) for part in parts(type_))
