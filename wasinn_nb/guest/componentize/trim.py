"""Leaving out of an adapter what a program does not use of it.

The adapter's functions keep their numbers: what cannot be reached becomes a function that traps,
and what only such functions import need not be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.componentize import core
from wasinn_nb.guest.componentize.binary import CORE_HEADER, section, vector
from wasinn_nb.guest.componentize.core import CoreModule, read_core
from wasinn_nb.guest.wat import sections
from wasinn_nb.guest.wat.instructions import Instructions
from wasinn_nb.guest.wat.names import Names
from wasinn_nb.guest.wat.opcodes import Immediate
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.valtypes import Types

_CACHED = 16
_EMPTY = b"\x03\x00\x00\x0b"
_TABLES = (
    *(Immediate.INDIRECT, Immediate.TABLE, Immediate.TABLE_PAIR, Immediate.TABLE_ELEMENTS),
    *(Immediate.TYPE, Immediate.ELEMENTS),
)


class Trimmed(NamedTuple):
    """An adapter for one program.

    Attributes:
        data: the core module.
        core: its outside, as it was.
        used: the imports that it may come to use, by their places among all imports.
    """

    data: bytes
    core: CoreModule
    used: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Body:
    """A function's code, and what it refers to."""

    data: bytes
    calls: frozenset[int]
    indirect: bool


@dataclass(frozen=True, slots=True)
class _Code:
    """An adapter, taken apart."""

    core: CoreModule
    bodies: tuple[_Body, ...]
    always: frozenset[int]
    elements: frozenset[int]


@lru_cache(_CACHED)
def trim(adapter: bytes, wanted: frozenset[str]) -> Trimmed:
    """An adapter of which only some exports are wanted.

    Raises:
        InvalidWasm: it is damaged.
    """
    code = _code(adapter)
    functions = [place for place, one in enumerate(code.core.imports) if one.kind == core.FUNC]
    live = _reached(code, wanted, len(functions))
    bodies = [
        body.data if len(functions) + number in live else _EMPTY
        for number, body in enumerate(code.bodies)
    ]
    data = adapter if _EMPTY not in bodies else _rewritten(adapter, bodies)
    others = {place for place, one in enumerate(code.core.imports) if one.kind != core.FUNC}
    used = {place for number, place in enumerate(functions) if number in live}
    return Trimmed(data, code.core, frozenset(used | others))


def _reached(code: _Code, wanted: frozenset[str], imported: int) -> frozenset[int]:
    live: set[int] = set()
    offered = code.core.exports
    pending = {
        offered[name].number
        for name in wanted
        if name in offered and offered[name].kind == core.FUNC
    }
    pending |= code.always
    while pending:
        number = pending.pop()
        live.add(number)
        if number < imported:
            continue
        if number - imported >= len(code.bodies):
            raise InvalidWasm(f"An adapter is damaged: there is no function {number}.")
        body = code.bodies[number - imported]
        pending |= (body.calls | (code.elements if body.indirect else frozenset())) - live
    return frozenset(live)


@lru_cache(_CACHED)
def _code(adapter: bytes) -> _Code:
    module = read_core(adapter)
    instructions = Instructions(Names(None), Types(Names(None)))
    section_ = module.sections.section(sections.CODE)
    bodies = section_.vector(lambda: _body(section_, instructions)) if section_ else []
    always = set()
    if start := module.sections.section(sections.START):
        always.add(start.unsigned())
    variables = module.sections.section(sections.GLOBAL)
    types = Types(Names(None))

    def variable() -> Iterator[int]:
        types.variable(variables)
        return _constants(variables, instructions)

    if variables:
        always |= {one for found in variables.vector(variable) for one in found}
    elements = _elements(module.sections.section(sections.ELEMENT), instructions, types)
    return _Code(module, tuple(bodies), frozenset(always), frozenset(elements))


def _body(code: Reader, instructions: Instructions) -> _Body:
    start = code.at
    reader = code.part()
    data = code.data[start : code.at]
    types = Types(Names(None))

    def locals_() -> None:
        reader.unsigned()
        types.value(reader)

    reader.vector(locals_)
    calls: set[int] = set()
    indirect = False
    instructions.labels = []
    while reader:
        opcode, operands = instructions.read(reader)
        if opcode.immediate is Immediate.FUNCTION:
            calls.add(int(operands))
        elif opcode.immediate in _TABLES:
            indirect = True
    return _Body(data, frozenset(calls), indirect)


def _constants(reader: Reader, instructions: Instructions) -> Iterator[int]:
    """The functions that a constant expression refers to."""
    found = instructions.constant(reader)
    return (int(one.split()[1]) for one in found if one.startswith("ref.func "))


def _elements(reader: Reader, instructions: Instructions, types: Types) -> set[int]:
    """The functions in all segments of elements."""
    found: set[int] = set()
    for _ in range(reader.unsigned() if reader else 0):
        flags = reader.unsigned()
        if not flags & 1:
            if flags & 2:
                reader.unsigned()
            instructions.constant(reader)
        one: Callable[[], Iterator[int]]
        if flags & 4:
            if flags & 3:
                types.value(reader)
            one = lambda: _constants(reader, instructions)  # noqa: E731
        else:
            if flags & 3:
                reader.byte()
            one = lambda: iter((reader.unsigned(),))  # noqa: E731
        found |= {number for part in reader.vector(one) for number in part}
    return found


def _rewritten(adapter: bytes, bodies: list[bytes]) -> bytes:
    """The same module with other code; of its custom sections only the names."""
    module = Reader(adapter, len(CORE_HEADER))
    parts = [CORE_HEADER]
    while module:
        start = module.at
        kind = module.byte()
        content = module.part()
        if kind == sections.CODE:
            parts.append(section(kind, vector(bodies)))
        elif kind != sections.CUSTOM or content.name() == "name":
            parts.append(adapter[start : module.at])
    return b"".join(parts)
