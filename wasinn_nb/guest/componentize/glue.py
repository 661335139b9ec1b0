"""The small core modules that hold a component together.

Core modules are instantiated one after the other, but they need each other: what the program
imports needs the program's memory. So the program imports from the *shim*, whose functions call
whatever is in a table, and once everything is there the *fixup* fills the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wasinn_nb.guest.componentize.binary import (
    CORE_HEADER,
    VALTYPES,
    index,
    name,
    section,
    unsigned,
    vector,
)
from wasinn_nb.guest.componentize.core import FUNC, TABLE, CoreType

TABLE_NAME = "$imports"
INITIALIZE, START, RUN = "_initialize", "_start", "run"
_CODES = {text: code for code, text in VALTYPES.items()}
_TYPE, _IMPORT, _FUNCTION, _TABLE, _EXPORT, _START, _ELEMENT, _CODE = 1, 2, 3, 4, 7, 8, 9, 10
_NAMED_FUNCTIONS = 1
_FUNCREF = b"\x70"
_UNREACHABLE, _END = b"\x00", b"\x0b"


def shim(functions: Sequence[tuple[str, CoreType]]) -> bytes:
    """The functions of the table, exported by their numbers; the names are for backtraces."""
    types = [type_ for _, type_ in functions]
    codes = [
        b"".join(b"\x20" + unsigned(local) for local in range(len(type_.params)))
        + b"\x41"
        + index(number)
        + b"\x11"
        + unsigned(number)
        + b"\x00"
        for number, type_ in enumerate(types)
    ]
    size = unsigned(len(types))
    exports = [_export(str(number), FUNC, number) for number in range(len(types))]
    return b"".join(
        (
            CORE_HEADER,
            section(_TYPE, vector(map(_type, types))),
            section(_FUNCTION, vector(map(unsigned, range(len(types))))),
            section(_TABLE, vector([_FUNCREF + b"\x01" + size + size])),
            section(_EXPORT, vector([*exports, _export(TABLE_NAME, TABLE, 0)])),
            section(_CODE, vector(map(_body, codes))),
            _names(dict(enumerate(called for called, _ in functions))),
        )
    )


def fixup(types: Sequence[CoreType], first: Sequence[str], *, run: bool) -> bytes:
    """What fills the table; then it calls what prepares the program.

    Args:
        types: of the functions in the table.
        first: the functions that prepare the program.
        run: whether to export ``run``, which calls ``_start`` and says that all is well.
    """
    nothing = len(types)
    all_types = [*types, CoreType(()), CoreType((), ("i32",))]
    imports = [(str(number), number) for number in range(len(types))]
    imports += [(called, nothing) for called in first] + [(START, nothing)] * run
    size = unsigned(len(types))
    table = name("") + name(TABLE_NAME) + bytes((TABLE,)) + _FUNCREF + b"\x01" + size + size
    described = [
        name("") + name(called) + bytes((FUNC,)) + unsigned(type_) for called, type_ in imports
    ]
    places = vector(map(unsigned, range(len(types))))
    parts = [
        CORE_HEADER,
        section(_TYPE, vector(map(_type, all_types))),
        section(_IMPORT, vector([table] * bool(types) + described)),
    ]
    prepare = b"".join(b"\x10" + unsigned(nothing + at) for at in range(len(first)))
    start = b"\x10" + unsigned(len(imports) - 1) + b"\x41\x00"
    own = vector([unsigned(nothing), unsigned(nothing + 1)][: 1 + run])
    parts.append(section(_FUNCTION, own))
    if run:
        parts.append(section(_EXPORT, vector([_export(RUN, FUNC, len(imports) + 1)])))
    parts.append(section(_START, unsigned(len(imports))))
    if types:
        parts.append(section(_ELEMENT, vector([b"\x00\x41\x00" + _END + places])))
    parts.append(section(_CODE, vector([_body(prepare), _body(start)][: 1 + run])))
    parts.append(_names(dict(enumerate([INITIALIZE, RUN][: 1 + run], len(imports)))))
    return b"".join(parts)


def stubs(types: Sequence[CoreType]) -> bytes:
    """Functions that trap, exported by their numbers."""
    return b"".join(
        (
            CORE_HEADER,
            section(_TYPE, vector(map(_type, types))),
            section(_FUNCTION, vector(map(unsigned, range(len(types))))),
            section(
                _EXPORT,
                vector(_export(str(number), FUNC, number) for number in range(len(types))),
            ),
            section(_CODE, vector([_body(_UNREACHABLE)] * len(types))),
        )
    )


def _type(type_: CoreType) -> bytes:
    params, results = (bytes(_CODES[one] for one in part) for part in type_)
    return b"\x60" + unsigned(len(params)) + params + unsigned(len(results)) + results


def _body(code: bytes) -> bytes:
    body = b"\x00" + code + _END
    return unsigned(len(body)) + body


def _export(called: str, kind: int, number: int) -> bytes:
    return name(called) + bytes((kind,)) + unsigned(number)


def _names(functions: Mapping[int, str]) -> bytes:
    """The custom section that tells what functions are called."""
    named = vector(unsigned(number) + name(called) for number, called in functions.items())
    return section(0, name("name") + section(_NAMED_FUNCTIONS, named))
