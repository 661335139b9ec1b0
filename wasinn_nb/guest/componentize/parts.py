"""The core modules that a component is made of, and what each of them is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from wasinn_nb.guest.componentize import abi, core
from wasinn_nb.guest.componentize.core import CoreModule, CoreType, Wanted, read_core
from wasinn_nb.guest.componentize.errors import ComponentizeError
from wasinn_nb.guest.componentize.ports import Call, Intrinsic, Ports
from wasinn_nb.guest.componentize.start import without_start
from wasinn_nb.guest.componentize.trim import trim

MAIN = "__main_module__"
ENV = "env"
REALLOCS = ("cabi_import_realloc", "cabi_realloc")


class FromMain(NamedTuple):
    """What the program exports; None for what it does not, and then it traps."""

    name: str | None


class FromAdapter(NamedTuple):
    """What an adapter exports.

    Attributes:
        adapter: its number.
        name: of the export.
        kind: the number of a sort.
    """

    adapter: int
    name: str
    kind: int


class Dead(NamedTuple):
    """Nothing that is ever called."""


Provider = Call | Intrinsic | FromMain | FromAdapter | Dead


@dataclass(slots=True)
class Part:
    """A core module, and where its imports come from.

    Attributes:
        name: what to call it.
        data: the module.
        core: its outside.
        given: its imports, each with where it comes from.
    """

    name: str
    data: bytes
    core: CoreModule
    given: list[tuple[Wanted, Provider]] = field(default_factory=list)

    def realloc(self) -> str | None:
        """The function that it is asked for memory with."""
        for name in REALLOCS:
            if self.core.function(name) == abi.REALLOC:
                return name
        return None


class Parts:
    """The program and the adapters that it needs, as much of them as it needs.

    Args:
        data: the program's core module.
        ports: what names mean.
        adapters: core modules by the name that they are imported by. They are instantiated in
            this order, one that has several names once.

    Raises:
        ComponentizeError: something is imported that is not there.
        InvalidWasm: a module is damaged.

    Attributes:
        main: the program.
        adapters: by their numbers.
    """

    def __init__(self, data: bytes, ports: Ports, adapters: Mapping[str, bytes]) -> None:
        self._ports = ports
        self._modules = list(dict.fromkeys(adapters.values()))
        self._numbers = {name: self._modules.index(one) for name, one in adapters.items()}
        self._names = {number: name for name, number in reversed(self._numbers.items())}
        self._wanted: dict[int, dict[str, None]] = {}
        data = without_start(read_core(data))
        self.main = Part("main", data, read_core(data))
        self.adapters: dict[int, Part] = {}
        self._check_main()
        for wanted in dict.fromkeys(self.main.core.imports):
            self.main.given.append((wanted, self._provider(wanted, self.main, None)))
        for number in reversed(range(len(self._modules))):
            if number in self._wanted:
                self._adapter(number)

    def _check_main(self) -> None:
        strange = [
            f"{one.module}.{one.name}"
            for one in self.main.core.imports
            if one.module not in self._numbers and not self._ports.understands(one.module)
        ]
        if strange:
            few = ", ".join(strange[:8]) + (", ..." if len(strange) > 8 else "")
            raise ComponentizeError(
                f"The program imports what no interface of WIT has: {few}.",
                hint="A component imports interfaces, such as wasi:nn/graph@0.2.0-rc-2024-10-28; "
                "those of your own are told with their WIT.",
            )

    def _adapter(self, number: int) -> None:
        module = self._modules[number]
        wanted = frozenset(self._wanted[number]) | {*REALLOCS}
        trimmed = trim(module, wanted)
        part = Part(self._names[number], trimmed.data, trimmed.core)
        for place, one in enumerate(trimmed.core.imports):
            provider = self._provider(one, part, number) if place in trimmed.used else Dead()
            part.given.append((one, provider))
        self.adapters = {number: part, **self.adapters}

    def _provider(self, wanted: Wanted, part: Part, number: int | None) -> Provider:
        adapter = self._numbers.get(wanted.module)
        if adapter is not None and (number is None or adapter < number):
            return self._from_adapter(wanted, adapter)
        if number is not None and (wanted.module, wanted.kind) == (ENV, core.MEMORY):
            if not self.main.core.exports_memory():
                raise ComponentizeError("The program does not export its memory, as 'memory'.")
            return FromMain(wanted.name)
        if number is not None and wanted.module == MAIN and wanted.kind == core.FUNC:
            return FromMain(self._own(wanted))
        if wanted.kind != core.FUNC or not self._ports.understands(wanted.module):
            raise ComponentizeError(
                f"{part.name} imports the {wanted.sort} {wanted.name!r} of {wanted.module}, which "
                "a component cannot give it."
            )
        found = self._ports.imported(wanted.module, wanted.name)
        if isinstance(found, Call):
            abi.check(found.function, f"{wanted.module}#{wanted.name}")
            expected = abi.imported(found.function).type
        else:
            expected = CoreType(("i32",), () if found.operation == "drop" else ("i32",))
        _same(wanted, expected)
        return found

    def _own(self, wanted: Wanted) -> str | None:
        there = self.main.core.function(wanted.name)
        if there is not None and there != wanted.type:
            raise ComponentizeError(
                f"The program's {wanted.name!r} is {there}, it should be {wanted.type}."
            )
        return None if there is None else wanted.name

    def _from_adapter(self, wanted: Wanted, number: int) -> Provider:
        outside = trim(self._modules[number], frozenset()).core
        offered = outside.exports.get(wanted.name)
        if offered is None or offered.kind != wanted.kind:
            raise ComponentizeError(
                f"The program imports the {wanted.sort} {wanted.module}.{wanted.name}, which is "
                "not there for components."
            )
        if wanted.kind == core.FUNC:
            _same(wanted, offered.type)
        self._wanted.setdefault(number, {})[wanted.name] = None
        return FromAdapter(number, wanted.name, wanted.kind)


def _same(wanted: Wanted, expected: CoreType) -> None:
    if wanted.type != expected:
        raise ComponentizeError(
            f"The program declares {wanted.module}#{wanted.name} as {wanted.type}, but it is "
            f"{expected}."
        )
