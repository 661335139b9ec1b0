"""Values as core WebAssembly passes them, in C: parts of structures on the way in and out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wasinn_nb.guest.bindings import names
from wasinn_nb.guest.componentize import abi
from wasinn_nb.guest.wit.model import (
    Borrow,
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
    value_type,
)

CORE = {"i32": "int32_t", "i64": "int64_t", "f32": "float", "f64": "double"}
_TO_JOINED = {
    ("f32", "i32"): "wit_bits_of_f32({})",
    ("i32", "i64"): "(int64_t)(uint32_t)({})",
    ("f32", "i64"): "(int64_t)(uint32_t)wit_bits_of_f32({})",
    ("f64", "i64"): "wit_bits_of_f64({})",
}
_FROM_JOINED = {
    ("i32", "f32"): "wit_f32_of_bits({})",
    ("i64", "i32"): "(int32_t)({})",
    ("i64", "f32"): "wit_f32_of_bits((int32_t)({}))",
    ("i64", "f64"): "wit_f64_of_bits({})",
}


class Flat(NamedTuple):
    """One core value: its type, and the C expression that gives it."""

    core: str
    value: str


class Choice(NamedTuple):
    """One of the cases of a value: its number, its type, and where its payload lies."""

    number: int
    type: Type
    place: str


def fields(type_: Type) -> list[tuple[str, Type]]:
    """The members of what is always whole: of records and tuples."""
    match value_type(type_):
        case TypeDef(kind=Record(found)):
            return [(names.plain(one.name), one.type) for one in found]
        case TupleOf(items):
            return [(f"f{number}", item) for number, item in enumerate(items)]
    return []


def choices(type_: Type, place: str) -> tuple[str, list[Choice]] | None:
    """Of what is one of several: which member tells it, and the payloads."""
    match value_type(type_):
        case OptionOf(inner):
            return "some", [Choice(1, inner, f"{place}.value")]
        case ResultOf(ok, err):
            sides = ((0, ok, "value"), (1, err, "error"))
            return "failed", [Choice(n, t, f"{place}.{m}") for n, t, m in sides if t is not None]
        case TypeDef(kind=Variant(cases)):
            return "tag", [
                Choice(n, case.type, f"{place}.{names.plain(case.name)}")
                for n, case in enumerate(cases)
                if case.type is not None
            ]
    return None


def lowered(type_: Type, value: str) -> list[Flat]:
    """The core values of a value."""
    if members := fields(type_):
        return [one for name, part in members for one in lowered(part, f"{value}.{name}")]
    if found := choices(type_, value):
        member, payloads = found
        flats = [(choice, lowered(choice.type, choice.place)) for choice in payloads]
        slots = abi.joined([one.core for one in flat] for _, flat in flats)
        joined = [Flat("i32", f"(int32_t){value}.{member}")]
        for at, core in enumerate(slots):
            text = "0"
            for choice, flat in flats:
                if at < len(flat):
                    form = _TO_JOINED.get((flat[at].core, core), "{}")
                    cast = form.format(flat[at].value)
                    text = f"({value}.{member} == {choice.number} ? {cast} : {text})"
            joined.append(Flat(core, text))
        return joined
    match value_type(type_):
        case Prim("string") | ListOf():
            return [
                Flat("i32", f"(int32_t)(intptr_t){value}.data"),
                Flat("i32", f"(int32_t){value}.size"),
            ]
        case Prim(name):
            [core] = abi.FLAT[name]
            return [Flat(core, f"({CORE[core]}){value}")]
        case Own() | Borrow():
            return [Flat("i32", f"{value}.handle")]
    return [Flat("i32", f"(int32_t){value}")]


def lifted(type_: Type, place: str, flats: Iterator[Flat]) -> list[str]:
    """Statements that make a value of core values."""
    if members := fields(type_):
        return [line for name, part in members for line in lifted(part, f"{place}.{name}", flats)]
    if found := choices(type_, place):
        return _lifted_choice(place, found, flats)
    one = next(flats)
    match value_type(type_):
        case Prim("string") | ListOf() as pointed:
            element = "char" if isinstance(pointed, Prim) else names.of_type(pointed.element)
            return [
                f"{place}.data = ({element} *)(intptr_t){one.value};",
                f"{place}.size = (uint32_t){next(flats).value};",
            ]
        case Own() | Borrow():
            return [f"{place}.handle = {one.value};"]
        case Prim("bool"):
            return [f"{place} = {one.value} != 0;"]
    return [f"{place} = ({names.of_type(type_)}){one.value};"]


def _lifted_choice(place: str, found: tuple[str, list[Choice]], flats: Iterator[Flat]) -> list[str]:
    member, payloads = found
    tag = next(flats)
    kind = "" if member == "tag" else " != 0"
    lines = [f"{place}.{member} = {tag.value}{kind};"]
    cores = [[flat.core for flat in lowered(choice.type, "")] for choice in payloads]
    slots = [Flat(core, next(flats).value) for core in abi.joined(cores)]
    for choice, wanted in zip(payloads, cores, strict=True):
        own = iter(
            [
                Flat(core, _FROM_JOINED.get((slot.core, core), "{}").format(slot.value))
                for core, slot in zip(wanted, slots, strict=False)
            ]
        )
        lines.append(f"if ({tag.value} == {choice.number}) {{")
        lines += lifted(choice.type, choice.place, own)
        lines.append("}")
    return lines


def freed(type_: Type, place: str, depth: int = 0) -> list[str]:
    """Statements that free what a value points to."""
    if not abi.has_pointers(type_):
        return []
    match value_type(type_):
        case Prim():
            return [f"if ({place}.size) free((void *){place}.data);"]
        case ListOf(element):
            inner = freed(element, f"{place}.data[i{depth}]", depth + 1)
            loop = [f"for (uint32_t i{depth} = 0; i{depth} < {place}.size; i{depth}++) {{"]
            lines = [*loop, *inner, "}"] if inner else []
            return [*lines, f"if ({place}.size) free((void *){place}.data);"]
    if found := choices(type_, place):
        member, payloads = found
        return [
            line
            for choice in payloads
            if abi.has_pointers(choice.type)
            for line in (
                f"if ({place}.{member} == {choice.number}) {{",
                *freed(choice.type, choice.place, depth),
                "}",
            )
        ]
    return [line for name, part in fields(type_) for line in freed(part, f"{place}.{name}", depth)]
