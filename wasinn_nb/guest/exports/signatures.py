"""The types of the functions that a core module exports, read from its binary.

wasmtime's C API ends the process when it is asked for the kind of a type that it has no number for.
"""

from __future__ import annotations

from dataclasses import dataclass

from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.wat.names import Names
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import EXPORT, FUNCTION, IMPORT, TYPE, Sections
from wasinn_nb.guest.wat.valtypes import Types

_FUNCTION, _TABLE, _MEMORY, _GLOBAL = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's types, as WebAssembly text writes them, and what its parameters are called.

    ``names`` is empty where the module does not say.
    """

    params: tuple[str, ...]
    results: tuple[str, ...]
    names: tuple[str, ...] = ()


def signatures(wasm: bytes) -> dict[str, Signature]:
    """By the names of exports; of a module that cannot be read, nothing."""
    try:
        return _signatures(Sections(Reader(wasm)))
    except InvalidWasm:
        return {}


def _signatures(sections: Sections) -> dict[str, Signature]:
    names = Names(sections.named("name"))
    types = Types(names)
    section = sections.section(TYPE)
    if section:
        section.vector(lambda: types.definition(section))
    kinds = [*_imported(sections.section(IMPORT), types), *_declared(sections.section(FUNCTION))]
    exports = sections.section(EXPORT)
    found: dict[str, Signature] = {}
    for _ in range(exports.unsigned() if exports else 0):
        name, kind, index = exports.name(), exports.byte(), exports.unsigned()
        if kind == _FUNCTION and index < len(kinds):
            signature = types.signature(kinds[index], exports)
            params = tuple(signature.parameters)
            called = names.local_names(index)
            known = tuple(called[i] for i in range(len(params)) if i in called)
            found[name] = Signature(
                params, tuple(signature.results), known if len(known) == len(params) else ()
            )
    return found


def _declared(section: Reader) -> list[int]:
    return section.vector(section.unsigned) if section else []


def _imported(section: Reader, types: Types) -> list[int]:
    """The types of the functions among the imports."""
    found: list[int] = []
    for _ in range(section.unsigned() if section else 0):
        section.name()
        section.name()
        kind = section.byte()
        if kind == _FUNCTION:
            found.append(section.unsigned())
        elif kind == _TABLE:
            types.table(section)
        elif kind == _MEMORY:
            types.memory(section)
        elif kind == _GLOBAL:
            types.variable(section)
        else:
            types.tag(section)
    return found
