"""What a core module asks for and what it offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from wasinn_nb.guest.wat import sections
from wasinn_nb.guest.wat.names import Names
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import Sections
from wasinn_nb.guest.wat.valtypes import Types

FUNC, TABLE, MEMORY, GLOBAL, TAG = range(5)
_KINDS = ("function", "table", "memory", "global", "tag")


class CoreType(NamedTuple):
    """What a core function takes and gives, as in ``i32``."""

    params: tuple[str, ...]
    results: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"({', '.join(self.params)}) -> ({', '.join(self.results)})"


class Wanted(NamedTuple):
    """An import.

    Attributes:
        module: the first of its names.
        name: the second one.
        kind: the number of a sort.
        type: of a function.
    """

    module: str
    name: str
    kind: int
    type: CoreType = CoreType(())

    @property
    def sort(self) -> str:
        """What it is, in words."""
        return _KINDS[self.kind]


class Offered(NamedTuple):
    """An export.

    Attributes:
        kind: the number of a sort.
        number: among the things of that sort.
        type: of a function.
    """

    kind: int
    number: int
    type: CoreType = CoreType(())


@dataclass(frozen=True, slots=True)
class CoreModule:
    """The outside of a core module.

    Attributes:
        data: all of it.
        imports: in their order.
        exports: by name.
        types: of its functions, those that it imports first.
        sections: where its parts are.
    """

    data: bytes
    imports: tuple[Wanted, ...]
    exports: dict[str, Offered]
    types: tuple[CoreType, ...]
    sections: Sections

    def function(self, name: str) -> CoreType | None:
        """The type of an exported function."""
        found = self.exports.get(name)
        return found.type if found and found.kind == FUNC else None

    def exports_memory(self) -> bool:
        """Whether its memory can be seen."""
        found = self.exports.get("memory")
        return found is not None and found.kind == MEMORY


def read_core(data: bytes) -> CoreModule:
    """Look at a core module's outside; its code is not read.

    Raises:
        InvalidWasm: it is damaged.
    """
    found = Sections(Reader(data))
    types = Types(Names(None))
    section = found.section(sections.TYPE)
    for _ in range(section.unsigned() if section else 0):
        types.definition(section)

    def function_type(reader: Reader) -> CoreType:
        parameters, results = types.signature(reader.unsigned(), reader)
        return CoreType(tuple(parameters), tuple(results))

    imports = _imports(found.section(sections.IMPORT), types)
    functions = [one.type for one in imports if one.kind == FUNC]
    section = found.section(sections.FUNCTION)
    if section:
        functions += section.vector(lambda: function_type(section))
    exports = _exports(found.section(sections.EXPORT), functions)
    return CoreModule(data, imports, exports, tuple(functions), found)


def _imports(section: Reader, types: Types) -> tuple[Wanted, ...]:
    skip = {TABLE: types.table, MEMORY: types.memory, GLOBAL: types.variable, TAG: types.tag}
    found: list[Wanted] = []
    for _ in range(section.unsigned() if section else 0):
        module, name, kind = section.name(), section.name(), section.byte()
        if kind == FUNC:
            parameters, results = types.signature(section.unsigned(), section)
            type_ = CoreType(tuple(parameters), tuple(results))
            found.append(Wanted(module, name, kind, type_))
        elif kind in skip:
            skip[kind](section)
            found.append(Wanted(module, name, kind))
        else:
            raise section.failure(f"{kind} is no kind of imports", section.at - 1)
    return tuple(found)


def _exports(section: Reader, functions: list[CoreType]) -> dict[str, Offered]:
    found: dict[str, Offered] = {}
    for _ in range(section.unsigned() if section else 0):
        name, kind, index = section.name(), section.byte(), section.unsigned()
        if kind == FUNC:
            if index >= len(functions):
                raise section.failure(f"there is no function {index}")
            found[name] = Offered(kind, index, functions[index])
        else:
            found[name] = Offered(kind, index)
    return found
