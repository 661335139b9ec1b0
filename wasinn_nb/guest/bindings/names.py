"""What is called what in C."""

from __future__ import annotations

from wasinn_nb.guest.wit.model import (
    Borrow,
    Function,
    Interface,
    ListOf,
    OptionOf,
    Own,
    Prim,
    ResultOf,
    TupleOf,
    Type,
    TypeDef,
    World,
    value_type,
)

_PRIMITIVE = {
    "bool": "bool",
    "char": "uint32_t",
    "f32": "float",
    "f64": "double",
    "string": "wit_string_t",
    **{f"u{bits}": f"uint{bits}_t" for bits in (8, 16, 32, 64)},
    **{f"s{bits}": f"int{bits}_t" for bits in (8, 16, 32, 64)},
}
_KEYWORDS = frozenset(
    """
    alignas alignof and asm auto bool break case catch char class const continue default delete do
    double else enum explicit export extern false float for friend goto if inline int long main
    mutable namespace new not operator or private protected public register restrict return short
    signed sizeof static struct switch template this throw true try typedef typeid typename union
    unsigned using virtual void volatile while xor
    """.split()  # noqa: SIM905 - a list of them would fill a page
)
_PREFIXED = ("wasi:", "wasinn:")


def plain(name: str) -> str:
    """A name of WIT's as one of C's."""
    word = name.replace("-", "_")
    return f"{word}_" if word in _KEYWORDS else word


def prefix(owner: Interface | World) -> str:
    """What the names of a package begin with: its own name; nothing for the user's own."""
    if not owner.package.startswith(_PREFIXED):
        return ""
    return owner.package.partition(":")[2].partition("@")[0].replace("-", "_") + "_"


def of_typedef(type_: TypeDef) -> str:
    """A named type, without the end that tells types from functions."""
    return prefix(type_.owner) + type_.name.replace("-", "_")


def of_type(type_: Type) -> str:
    """A type as C writes it."""
    found = value_type(type_)
    if isinstance(found, Prim):
        return _PRIMITIVE[found.name]
    if isinstance(found, TypeDef | Own | Borrow):
        return f"{mangled(found)}_t"
    return f"wit_{mangled(found)}_t"


def mangled(type_: Type | None) -> str:
    """A type as a part of another's name."""
    if type_ is None:
        return "nothing"
    match value_type(type_):
        case Prim(name):
            return name
        case TypeDef() as named:
            return of_typedef(named)
        case Own(resource) | Borrow(resource):
            return of_typedef(resource.resolved)
        case ListOf(element):
            return f"list_{mangled(element)}"
        case OptionOf(inner):
            return f"option_{mangled(inner)}"
        case ResultOf(ok, err):
            return f"result_{mangled(ok)}_{mangled(err)}"
        case TupleOf(items):
            return "_".join(("tuple", *map(mangled, items)))
    raise AssertionError(type_)


def of_import(function: Function, owner: Interface | World) -> str:
    """A function that a guest calls."""
    if function.resource is not None:
        end = "new" if function.kind == "constructor" else plain(function.name)
        return f"{of_typedef(function.resource)}_{end}"
    if isinstance(owner, World):
        return plain(function.name)
    return f"{prefix(owner)}{owner.name.replace('-', '_')}_{plain(function.name)}"


def of_export(function: Function, owner: Interface | World) -> str:
    """A function that a guest has."""
    name = plain(function.name)
    return name if isinstance(owner, World) else f"{owner.name.replace('-', '_')}_{name}"
