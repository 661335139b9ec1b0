"""The types of a component's exports, as wasmtime tells them, made into forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wasmtime import component

from wasinn_nb.guest.exports.composites import (
    EnumForm,
    FlagsForm,
    OptionForm,
    RecordForm,
    ResultForm,
    TupleForm,
    VariantForm,
)
from wasinn_nb.guest.exports.docs import Docs
from wasinn_nb.guest.exports.forms import Form, listed, scalar
from wasinn_nb.guest.exports.resources import Resource, ResourceForm
from wasinn_nb.guest.wit.model import Interface

_SCALARS = {
    component.Bool: "bool",
    component.S8: "s8",
    component.S16: "s16",
    component.S32: "s32",
    component.S64: "s64",
    component.U8: "u8",
    component.U16: "u16",
    component.U32: "u32",
    component.U64: "u64",
    component.F32: "f32",
    component.F64: "f64",
    component.Char: "char",
    component.String: "string",
}
_NAMED = (component.RecordType, component.VariantType, component.EnumType, component.FlagsType)
_UNKNOWN = {
    component.FutureType: "a future",
    component.StreamType: "a stream",
    component.ErrorContext: "an error context",
}


class Unsupported(Exception):  # noqa: N818 - never leaves this package
    """Values of this type cannot be given or taken here."""


@dataclass(frozen=True, slots=True)
class Named:
    """A type with a name: whose it is, the name, and the type."""

    owner: str
    name: str
    native: Any


class Types:
    """Forms for the types of one component; each named type gets one class.

    Args:
        named: the types that its interfaces name.
        docs: what is said of it.
        home: what classes say that they are from.
    """

    def __init__(self, named: Iterable[Named], docs: Docs, home: str) -> None:
        self._home = home
        self._named = list(named)
        self._docs = docs
        self._nameless = 0
        self._made: list[tuple[Named, Form]] = []
        self._resources: list[tuple[Any, str, type[Resource]]] = []

    def add_resource(self, native: Any, name: str, made: type[Resource]) -> None:
        """A resource that the component exports."""
        self._resources.append((native, name, made))

    def form(self, native: Any, owner: str) -> Form:
        """The form of a type that something of ``owner`` uses.

        Raises:
            Unsupported: with what it is.
        """
        if type(native) in _SCALARS:
            return scalar(_SCALARS[type(native)])
        if isinstance(native, _NAMED):
            return self._of_name(native, owner)
        match native:
            case component.ListType():
                return listed(self.form(native.element, owner))
            case component.TupleType():
                return TupleForm([self.form(item, owner) for item in native.elements])
            case component.OptionType():
                return OptionForm(self.form(native.payload, owner))
            case component.ResultType():
                sides = (native.ok, native.err)
                ok, err = (None if side is None else self.form(side, owner) for side in sides)
                return ResultForm(ok, err)
            case component.OwnType() | component.BorrowType():
                return self._resource(native)
        raise Unsupported(f"it has {_UNKNOWN.get(type(native), 'a value of an unknown type')}")

    def named(self, one: Named) -> Form:
        """The form of a named type; it has the name that it was defined with."""
        defined = self._docs.type_(one.owner, one.name)
        if defined is not None:
            owner = defined.owner.id if isinstance(defined.owner, Interface) else ""
            one = Named(owner, defined.name, one.native)
        for made, form in self._made:
            if made.name == one.name and _same(made.native, one.native):
                return form
        form = self._new(one)
        self._made.append((one, form))
        return form

    def made(self) -> Iterable[tuple[str, Any]]:
        """The classes that there are, by the names of their types."""
        return [(one.name, form.annotation) for one, form in self._made]

    def _of_name(self, native: Any, owner: str) -> Form:
        same = [one for one in self._named if _same(one.native, native)]
        own = next((one for one in same if one.owner == owner), None)
        one = own or next(iter(same), None)
        if one is None:
            self._nameless += 1
            one = Named(owner, f"type-{self._nameless}", native)
            self._named.append(one)
        return self.named(one)

    def _new(self, one: Named) -> Form:
        native, owner = one.native, one.owner
        about: dict[str, str] = {"home": self._home, "docs": self._docs.type_docs(owner, one.name)}
        match native:
            case component.RecordType():
                members = {name: self.form(item, owner) for name, item in native.fields}
                return RecordForm(one.name, members, **about)
            case component.VariantType():
                cases = {
                    name: None if item is None else self.form(item, owner)
                    for name, item in native.cases
                }
                return VariantForm(one.name, cases, **about)
            case component.EnumType():
                return EnumForm(one.name, native.names, **about)
        return FlagsForm(one.name, native.names, **about)

    def _resource(self, native: Any) -> Form:
        for known, name, made in self._resources:
            if known == native.ty:
                return ResourceForm(name, made, own=isinstance(native, component.OwnType))
        raise Unsupported("it has a resource of the host's")


def is_named(native: Any) -> bool:
    """Whether it is a type that has to have a name."""
    return isinstance(native, _NAMED)


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)
