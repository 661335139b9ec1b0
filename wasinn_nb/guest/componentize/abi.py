"""The canonical ABI: what functions of components look like in core modules.

CanonicalABI.md of the component model: flattening, and which options a function needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from wasinn_nb.guest.componentize.core import CoreType
from wasinn_nb.guest.componentize.errors import ComponentizeError
from wasinn_nb.guest.wit.model import (
    Alias,
    Borrow,
    Enum,
    Flags,
    Function,
    ListOf,
    OptionOf,
    Own,
    Prim,
    Record,
    ResultOf,
    TupleOf,
    Type,
    TypeDef,
    Variant,
    parts,
    value_type,
)

REALLOC = CoreType(("i32",) * 4, ("i32",))
MOST_PARAMS, _MOST_RESULTS, _MOST_FLAGS = 16, 1, 32
"""How many core values parameters may take; with more, they lie in memory."""

FLAT = {
    **dict.fromkeys(("bool", "u8", "u16", "u32", "s8", "s16", "s32", "char"), ("i32",)),
    **dict.fromkeys(("u64", "s64"), ("i64",)),
    "f32": ("f32",),
    "f64": ("f64",),
    "string": ("i32", "i32"),
}
"""The core values of what is just a name in WIT."""


class Lowered(NamedTuple):
    """How a function looks in a core module.

    Attributes:
        type: of the core function.
        memory: whether values cross in memory.
        realloc: whether the module is asked for memory.
    """

    type: CoreType
    memory: bool
    realloc: bool


def imported(function: Function) -> Lowered:
    """What a core module calls."""
    params, results = _flat_params(function), _flat_results(function)
    memory = len(params) > MOST_PARAMS or any(map(has_pointers, function.types))
    if len(params) > MOST_PARAMS:
        params = ("i32",)
    if len(results) > _MOST_RESULTS:
        params, results, memory = (*params, "i32"), (), True
    realloc = function.result is not None and has_pointers(function.result)
    return Lowered(CoreType(params, results), memory, realloc)


def exported(function: Function) -> Lowered:
    """What a core module is called as."""
    params, results = _flat_params(function), _flat_results(function)
    memory = any(map(has_pointers, function.types))
    realloc = any(has_pointers(param.type) for param in function.params)
    if len(params) > MOST_PARAMS:
        params, memory, realloc = ("i32",), True, True
    if len(results) > _MOST_RESULTS:
        results, memory = ("i32",), True
    return Lowered(CoreType(params, results), memory, realloc)


def check(function: Function, where: str) -> None:
    """Refuse what components cannot have yet.

    Raises:
        ComponentizeError: the function is asynchronous, or has such a type.
    """
    if function.is_async:
        raise ComponentizeError(
            f"{where} is asynchronous, which a component made from a core module cannot be."
        )
    for type_ in function.types:
        check_type(type_, where)


def check_type(type_: Type, where: str, seen: set[Type] | None = None) -> None:
    """Refuse a type that components cannot have yet.

    Args:
        type_: the type.
        where: what has it.
        seen: types that were looked at before.

    Raises:
        ComponentizeError: it is one, or is made of one.
    """
    seen = set() if seen is None else seen
    if type_ in seen:
        return
    seen.add(type_)
    plain = value_type(type_)
    missing = ""
    if isinstance(plain, Prim) and plain.name not in FLAT:
        missing = f"{plain.name!r}"
    elif isinstance(plain, ListOf) and plain.length is not None:
        missing = "lists of a fixed length"
    elif not isinstance(
        plain, Prim | ListOf | OptionOf | ResultOf | TupleOf | Own | Borrow | TypeDef
    ):
        missing = {"StreamOf": "'stream'", "FutureOf": "'future'"}.get(
            type(plain).__name__, "'map'"
        )
    elif isinstance(plain, TypeDef) and _flags(plain) > _MOST_FLAGS:
        missing = f"more than {_MOST_FLAGS} flags in one type"
    elif isinstance(plain, TypeDef) and plain.kind in (Record(()), Flags(())):
        missing = f"{plain.name!r} with nothing in it"
    if missing:
        raise ComponentizeError(f"{where} has a type that components cannot have yet: {missing}.")
    for part in parts(type_):
        check_type(part, where, seen)


def _flags(type_: TypeDef) -> int:
    return len(type_.kind.flags) if isinstance(type_.kind, Flags) else 0


def _flat_params(function: Function) -> tuple[str, ...]:
    flat = (one for param in function.params for one in _flat(param.type))
    return tuple(islice(flat, MOST_PARAMS + 1))


def _flat_results(function: Function) -> tuple[str, ...]:
    if function.result is None:
        return ()
    return tuple(islice(_flat(function.result), _MOST_RESULTS + 1))


def _flat(type_: Type) -> Iterator[str]:
    """The core values of a value; whoever reads it stops when there are too many."""
    plain = value_type(type_)
    match plain:
        case Prim(name):
            yield from FLAT[name]
        case ListOf():
            yield from ("i32", "i32")
        case TupleOf(items):
            for item in items:
                yield from _flat(item)
        case OptionOf(inner):
            yield from _flat_cases([inner])
        case ResultOf(ok, err):
            yield from _flat_cases([ok, err])
        case TypeDef(kind=Record(fields)):
            for field in fields:
                yield from _flat(field.type)
        case TypeDef(kind=Variant(cases)):
            yield from _flat_cases(case.type for case in cases)
        case TypeDef(kind=Enum() | Flags()) | Own() | Borrow():
            yield "i32"
        case _:
            raise AssertionError(plain)


def _flat_cases(payloads: Iterable[Type | None]) -> Iterator[str]:
    """Which case it is, then what holds the payload of any."""
    yield "i32"
    there = (payload for payload in payloads if payload is not None)
    yield from joined(islice(_flat(payload), MOST_PARAMS + 1) for payload in there)


def joined(flats: Iterable[Iterable[str]]) -> list[str]:
    """The core values that hold those of any of several types."""
    found: list[str] = []
    for flat in flats:
        for at, one in enumerate(flat):
            if at == len(found):
                found.append(one)
            elif found[at] != one:
                found[at] = "i32" if {found[at], one} == {"i32", "f32"} else "i64"
    return found


def has_pointers(type_: Type) -> bool:
    """Whether texts or lists are in a type."""
    match value_type(type_):
        case Prim(name):
            return name == "string"
        case ListOf():
            return True
        case TypeDef(kind=Alias()) | Own() | Borrow():
            return False
        case plain:
            return any(map(has_pointers, parts(plain)))
