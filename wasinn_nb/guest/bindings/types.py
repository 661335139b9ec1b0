"""The types of WIT as C has them: with the layout that the canonical ABI says."""

from __future__ import annotations

from collections.abc import Iterator

from wasinn_nb.guest.bindings import names
from wasinn_nb.guest.wit.model import (
    Alias,
    Borrow,
    Case,
    Enum,
    Flags,
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
    parts,
    value_type,
)


class Types:
    """Writes each type once, those that it is made of before it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._done: set[str] = set()

    def need(self, type_: Type | None) -> None:
        """Declare a type, unless it is."""
        if type_ is None:
            return
        found = value_type(type_)
        if isinstance(found, Prim):
            return
        if isinstance(found, Own | Borrow):
            found = found.resource.resolved
        name = names.of_type(found)
        if name in self._done:
            return
        self._done.add(name)
        if not (isinstance(found, TypeDef) and isinstance(found.kind, Resource)):
            for part in parts(found):
                self.need(part)
        docs = found.docs if isinstance(found, TypeDef) else ""
        guard = f"WIT_HAS_{name.upper()}"
        written = [*comment(docs), *_written(found, name)]
        self.lines += [f"#ifndef {guard}", f"#define {guard}", *written, "#endif", ""]


def comment(text: str) -> list[str]:
    """Documentation, as a comment."""
    lines = text.strip().replace("*/", "* /").split("\n") if text.strip() else []
    if len(lines) == 1:
        return [f"/* {lines[0].strip()} */"]
    if not lines:
        return []
    inner = [f" * {line.strip()}".rstrip() for line in lines[1:]]
    return [f"/* {lines[0].strip()}", *inner[:-1], f"{inner[-1]} */"]


def _written(type_: Type, name: str) -> list[str]:  # noqa: PLR0911 - one a kind
    match type_:
        case TypeDef(kind=Resource()):
            return [f"typedef struct {{ int32_t handle; }} {name};"]
        case TypeDef(kind=Record(found)):
            return _struct(name, [(names.of_type(f.type), names.plain(f.name)) for f in found])
        case TupleOf(items):
            return _struct(name, [(names.of_type(t), f"f{n}") for n, t in enumerate(items)])
        case ListOf(element):
            return _struct(name, [(f"{names.of_type(element)} *", "data"), ("uint32_t", "size")])
        case OptionOf(inner):
            return _struct(name, [("bool", "some"), (names.of_type(inner), "value")])
        case ResultOf(ok, err):
            sides = [(ok, "value"), (err, "error")]
            return _tagged("bool failed", [(t, n) for t, n in sides if t is not None], name)
        case TypeDef(kind=Variant(cases)):
            tag = f"{_number(len(cases))} tag"
            payloads = [(c.type, names.plain(c.name)) for c in cases if c.type is not None]
            return [*_tagged(tag, payloads, name), *_constants(type_, cases)]
        case TypeDef(kind=Enum(cases)):
            number = _number(len(cases))
            return [f"typedef {number} {name};", *_constants(type_, cases)]
        case TypeDef(kind=Flags(flags)):
            size = 8 if len(flags) <= 8 else 16 if len(flags) <= 16 else 32
            return [f"typedef uint{size}_t {name};", *_constants(type_, flags, bits=True)]
        case TypeDef(kind=Alias()):
            return []
    raise AssertionError(type_)


def _number(cases: int) -> str:
    return "uint8_t" if cases <= 1 << 8 else "uint16_t" if cases <= 1 << 16 else "uint32_t"


def _struct(name: str, members: list[tuple[str, str]]) -> list[str]:
    inner = [
        f"    {type_}{'' if type_.endswith('*') else ' '}{member};" for type_, member in members
    ]
    return ["typedef struct {", *inner, f"}} {name};"]


def _tagged(tag: str, payloads: list[tuple[Type, str]], name: str) -> list[str]:
    inner = [f"        {names.of_type(type_)} {member};" for type_, member in payloads]
    union = ["    union {", *inner, "    };"] if inner else []
    return ["typedef struct {", f"    {tag};", *union, f"}} {name};"]


def _constants(type_: TypeDef, cases: tuple[Case, ...], *, bits: bool = False) -> list[str]:
    def values() -> Iterator[str]:
        for number, case in enumerate(cases):
            value = f"1u << {number}" if bits else str(number)
            word = f"{names.of_typedef(type_)}_{case.name}".replace("-", "_").upper()
            yield f"    {word} = {value},"

    return ["enum {", *values(), "};"]
