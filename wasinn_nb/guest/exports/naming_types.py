"""What WIT calls the types of functions: a component has names for those that it exports alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wasmtime import component

from wasinn_nb.guest.exports.reading import Named, is_named
from wasinn_nb.guest.wit.model import (
    Alias,
    Function,
    Interface,
    ListOf,
    OptionOf,
    Record,
    ResultOf,
    TupleOf,
    Type,
    TypeDef,
    Variant,
)


def types_of(native: Any, function: Function) -> Iterator[Named]:
    """The named types that a function is about.

    Args:
        native: its type, as wasmtime has it.
        function: what WIT says of it.
    """
    params = [type_ for _, type_ in native.params]
    for found, param in zip(params, function.params, strict=False):
        yield from _named(found, param.type)
    if function.result is not None:
        yield from _named(native.result, function.result)


def _named(native: Any, type_: Type | None) -> Iterator[Named]:
    if native is None or type_ is None:
        return
    pairs: list[tuple[Any, Type | None]] = []
    match native, type_:
        case _, TypeDef(kind=Alias(target)) if not isinstance(target, TypeDef):
            pairs.append((native, target))
        case _, TypeDef() if is_named(native):
            owner = type_.owner.id if isinstance(type_.owner, Interface) else ""
            yield Named(owner, type_.name, native)
            pairs = _members(native, type_.resolved)
        case component.ListType(), ListOf(element):
            pairs.append((native.element, element))
        case component.OptionType(), OptionOf(inner):
            pairs.append((native.payload, inner))
        case component.ResultType(), ResultOf(ok, err):
            pairs += [(native.ok, ok), (native.err, err)]
        case component.TupleType(), TupleOf(items):
            pairs += zip(native.elements, items, strict=False)
    for one, of in pairs:
        yield from _named(one, of)


def _members(native: Any, type_: TypeDef) -> list[tuple[Any, Type | None]]:
    found: list[tuple[Any, Type | None]] = []
    match native, type_.kind:
        case component.RecordType(), Record(fields):
            for (_, item), field in zip(native.fields, fields, strict=False):
                found.append((item, field.type))
        case component.VariantType(), Variant(cases):
            for (_, payload), case in zip(native.cases, cases, strict=False):
                found.append((payload, case.type))
    return found
