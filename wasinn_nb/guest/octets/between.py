"""The modules of ours in a rewritten component, and what joins them to it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from wasinn_nb.guest.componentize.binary import Section, name, section, unsigned, vector
from wasinn_nb.guest.componentize.builder import CORE_INSTANCE, Options

_HERE = Path(__file__).parent
_FUNC, _MEMORY = 0x00, 0x02


class Counts(NamedTuple):
    """How many things of each kind a component has so far; these are the next ones' numbers."""

    modules: int
    instances: int
    functions: int
    memories: int


class Arena(NamedTuple):
    """Our memory in a component, by the numbers of its parts."""

    between: int
    instance: int
    memory: int
    realloc: int


class Lowering(NamedTuple):
    """How a guest lowers a function: core numbers, of which ``realloc`` may be missing."""

    port: str
    function: int
    memory: int
    realloc: int | None


def opened(there: Counts) -> tuple[bytes, Arena]:
    """The sections that bring our modules and the memory in: 2 modules, and one of each else."""
    arena = Arena(there.modules + 1, there.instances, there.memories, there.functions)
    sections = [
        *(section(Section.CORE_MODULE, _module(one)) for one in ("arena", "between")),
        section(Section.CORE_INSTANCE, vector([b"\x00" + unsigned(there.modules) + vector([])])),
        section(
            Section.ALIAS,
            vector(
                [
                    _exported(_MEMORY, arena.instance, "memory"),
                    _exported(_FUNC, arena.instance, "realloc"),
                ]
            ),
        ),
    ]
    return b"".join(sections), arena


def joined(lowering: Lowering, arena: Arena, there: Counts) -> bytes:
    """The sections that put an instance of ours before a function: 2 instances, 2 functions.

    The second function is the one for the guest.
    """
    lowered, bundle, between = there.functions, there.instances, there.instances + 1
    options = Options(arena.memory, arena.realloc)
    given = {"memory": (_MEMORY, lowering.memory), lowering.port: (_FUNC, lowered)}
    if lowering.realloc is not None:
        given["realloc"] = (_FUNC, lowering.realloc)
    exports = [name(key) + bytes((sort,)) + unsigned(item) for key, (sort, item) in given.items()]
    places = {"guest": bundle, "arena": arena.instance}
    for key in ("realloc", "new", "data", "load"):
        places[key] = bundle if key in given else arena.instance
    args = [name(key) + bytes((CORE_INSTANCE,)) + unsigned(one) for key, one in places.items()]
    instances = [
        b"\x01" + vector(exports),
        b"\x00" + unsigned(arena.between) + vector(args),
    ]
    lower = b"\x01\x00" + unsigned(lowering.function) + options.encoded()
    return (
        section(Section.CANON, vector([lower]))
        + section(Section.CORE_INSTANCE, vector(instances))
        + section(Section.ALIAS, vector([_exported(_FUNC, between, lowering.port)]))
    )


def _exported(sort: int, instance: int, called: str) -> bytes:
    return bytes((0, sort, 1)) + unsigned(instance) + name(called)


@cache
def _module(called: str) -> bytes:
    import wasmtime

    return bytes(wasmtime.wat2wasm((_HERE / f"{called}.wat").read_bytes()))
