"""Components, in outline (component-model, Binary.md).

The modules in a component are shown in full, and what it imports and exports by name. The rest,
how types and instances are made of each other, is counted only.
"""

from __future__ import annotations

from collections.abc import Iterator

from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.wat.literals import comment, quoted, size
from wasinn_nb.guest.wat.module import Field, module_fields
from wasinn_nb.guest.wat.reader import Reader

_PREAMBLE = 8
_DEEPEST = 20
_CUSTOM, _MODULE, _COMPONENT, _IMPORT, _EXPORT = 0, 1, 4, 10, 11
_COUNTED = {
    2: "core instances",
    3: "core types",
    5: "instances",
    6: "aliases",
    7: "types",
    8: "canonical functions",
    10: "imports",
    11: "exports",
    12: "values",
}
_START = 9
_CORE_SORT = 0
_SORTS = {
    _CORE_SORT: "core module",
    1: "func",
    2: "value",
    3: "type",
    4: "component",
    5: "instance",
}
_TYPE, _VALUE = 3, 2


def component_fields(whole: Reader, depth: int = 0, index: str = "") -> Iterator[Field]:
    """A component and what is in it.

    Args:
        whole: the component, with its preamble.
        depth: in how many others it is.
        index: its number in the other one, as a comment.

    Raises:
        InvalidWasm: what comes next is damaged.
    """
    whole.take(_PREAMBLE)
    yield depth, f"(component {index}".rstrip()
    inside = depth + 1
    counts = {_MODULE: 0, _COMPONENT: 0}
    while whole:
        start = whole.at
        kind = whole.byte()
        content = whole.part()
        if kind in counts:
            number = f"(;{counts[kind]};)"
            counts[kind] += 1
            if kind == _MODULE:
                yield from module_fields(content, depth=inside, head=f"(core module {number}")
            elif inside > _DEEPEST:
                yield inside, f";; component {number}: {size(content)}, not shown"
            else:
                yield from component_fields(content, inside, number)
        elif kind == _CUSTOM:
            name = comment(content.name())
            yield inside, f";; custom section {name}: {size(content)}"
        elif kind == _START:
            yield inside, ";; a start function, not shown"
        elif kind in _COUNTED:
            for line in _outline(kind, content):
                yield inside, f";; {line}"
        else:
            raise whole.failure(f"there is no section {kind} in components", start)
    yield depth, ")"


def _outline(kind: int, content: Reader) -> list[str]:
    """A section in a few words, or by what it names."""
    again = Reader(content.data, content.at, content.end)
    try:
        if kind == _IMPORT:
            return content.vector(lambda: f"import {_extern_name(content)} {_extern(content)}")
        if kind == _EXPORT:
            return content.vector(lambda: f"export {_extern_name(content)} {_exported(content)}")
    except InvalidWasm:
        pass  # of a later draft of the format: its number is known still
    return [f"{_COUNTED[kind]}: {again.unsigned():,}, not shown"]


def _extern_name(content: Reader) -> str:
    if content.byte() > 1:
        raise content.failure("an unknown kind of names")
    return comment(quoted(content.name()))


def _extern(content: Reader) -> str:
    """What an import or an export is, without its type."""
    sort = content.byte()
    if sort not in _SORTS:
        raise content.failure(f"{sort} is nothing to import")
    if sort == _CORE_SORT:
        content.byte()
    # a type may be any resource, and a value may be of a type that has no number
    if sort not in (_TYPE, _VALUE) or content.byte() == 0 or sort == _VALUE:
        content.signed(33)
    return f"({_SORTS[sort]})"


def _exported(content: Reader) -> str:
    sort = content.byte()
    if sort not in _SORTS:
        raise content.failure(f"{sort} is nothing to export")
    if sort == _CORE_SORT:
        content.byte()
    text = f"({_SORTS[sort]} {content.unsigned()})"
    if content.byte():
        _extern(content)
    return text
