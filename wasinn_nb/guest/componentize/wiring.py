"""Putting core modules together such that they make a component.

The order is that of wit-component: imports, the shim, the program, its adapters, the fixup, exports
(see :mod:`.glue`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from wasinn_nb.guest.componentize import abi, core, glue
from wasinn_nb.guest.componentize.builder import UTF8, Builder, CoreItem, Options
from wasinn_nb.guest.componentize.core import CoreType, Wanted
from wasinn_nb.guest.componentize.errors import ComponentizeError
from wasinn_nb.guest.componentize.exports import Exports
from wasinn_nb.guest.componentize.imports import Imports
from wasinn_nb.guest.componentize.lifting import Lift
from wasinn_nb.guest.componentize.parts import (
    Dead,
    FromAdapter,
    FromMain,
    Part,
    Parts,
    Provider,
)
from wasinn_nb.guest.componentize.ports import Call, Intrinsic
from wasinn_nb.guest.componentize.start import STARTER


class Indirect(NamedTuple):
    """A place in the table: the function is there once all core modules are.

    Attributes:
        name: what backtraces call it.
        type: of the function.
        get: asks for the function itself.
    """

    name: str
    type: CoreType
    get: Callable[[], CoreItem]


class Wiring:
    """One component.

    Args:
        parts: its core modules.
        builder: takes what comes.
        imports: the component's.
        exports: the component's.
        lifts: the functions of the program that it exports.
        encodings: how texts cross in the functions of an interface, where it is not UTF-8.
    """

    def __init__(
        self,
        parts: Parts,
        builder: Builder,
        imports: Imports,
        exports: Exports,
        lifts: list[Lift],
        encodings: Mapping[str, str],
    ) -> None:
        self._parts = parts
        self._builder = builder
        self._imports = imports
        self._exports = exports
        self._lifts = lifts
        self._encodings = encodings
        self._table: dict[tuple[str, str, str], Indirect] = {}
        self._stubs: dict[CoreType, int] = {}
        self._instances: dict[str, int] = {}

    def build(self, *, run: bool) -> CoreItem | None:
        """Instantiate everything.

        Args:
            run: whether a main program is to be called.

        Returns:
            What calls it.
        """
        builder, parts = self._builder, [self._parts.main, *self._parts.adapters.values()]
        self._collect(parts)
        modules = {part.name: builder.core_module(part.data, part.name) for part in parts}
        shim = self._shim()
        for lift in self._lifts:
            for type_, name in lift.destructors.items():
                end = None if name is None else self._shimmed(shim, ("main", "", name))
                self._exports.resource(type_, end)
        dead = self._instantiate_stubs()
        for part in parts:
            args: dict[str, dict[str, CoreItem]] = {}
            for wanted, provider in part.given:
                item = self._item(part, wanted, provider, shim, dead)
                args.setdefault(wanted.module, {})[wanted.name] = item
            bundles = {module: builder.core_bundle(items) for module, items in args.items()}
            number = builder.core_instantiate(modules[part.name], bundles)
            self._instances[part.name] = number
        return self._fixup(shim, run=run)

    def main(self, name: str, sort: int = core.FUNC) -> CoreItem:
        """What the program exports."""
        return self._builder.core_export(self._instances["main"], sort, name)

    def _collect(self, parts: list[Part]) -> None:
        """Find what goes through the table, and what traps."""
        for part in parts:
            for wanted, provider in part.given:
                if self._is_indirect(part, provider):
                    self._table[part.name, wanted.module, wanted.name] = Indirect(
                        f"{wanted.module}#{wanted.name}",
                        wanted.type,
                        partial(self._direct, part, provider),
                    )
                elif provider in (Dead(), FromMain(None)):
                    self._stubs.setdefault(wanted.type, len(self._stubs))
        for lift in self._lifts:
            for name in filter(None, lift.destructors.values()):
                self._table["main", "", name] = Indirect(
                    name, CoreType(("i32",)), partial(self.main, name)
                )

    def _is_indirect(self, part: Part, provider: Provider) -> bool:
        if isinstance(provider, Call):
            return abi.imported(provider.function).memory
        is_function = isinstance(provider, FromAdapter) and provider.kind == core.FUNC
        return is_function and part is self._parts.main

    def _item(
        self, part: Part, wanted: Wanted, provider: Provider, shim: int | None, dead: int | None
    ) -> CoreItem:
        key = (part.name, wanted.module, wanted.name)
        if key in self._table:
            return self._shimmed(shim, key)
        if provider in (Dead(), FromMain(None)):
            return self._builder.core_export(_there(dead), core.FUNC, str(self._stubs[wanted.type]))
        return self._direct(part, provider)

    def _direct(self, part: Part, provider: Provider) -> CoreItem:
        match provider:
            case Call():
                options = self._options(part, provider)
                return self._builder.lower(self._imports.function(provider), options)
            case Intrinsic(operation, resource, own):
                number = (self._exports if own else self._imports).named(resource)
                return {
                    "new": self._builder.resource_new,
                    "rep": self._builder.resource_rep,
                    "drop": self._builder.resource_drop,
                }[operation](number)
            case FromMain(name):
                sort = core.MEMORY if name == "memory" else core.FUNC
                return self.main(str(name), sort)
            case FromAdapter(number, name, kind):
                called = self._parts.adapters[number].name
                return self._builder.core_export(self._instances[called], kind, name)
        raise AssertionError(provider)

    def _options(self, part: Part, call: Call) -> Options:
        lowered = abi.imported(call.function)
        if not lowered.memory:
            return Options()
        encoding = self._encodings.get(call.interface.id, UTF8) if call.interface else UTF8
        memory, owner = self._memory(part, call)
        realloc: int | None = None
        if lowered.realloc:
            name = owner.realloc()
            if name is None:
                raise ComponentizeError(
                    f"{owner.name} calls {_title(call)}, which returns text or lists, but exports "
                    "no 'cabi_realloc' to ask for memory with.",
                    hint="It is void *cabi_realloc(void *old, size_t old_size, size_t align, "
                    "size_t new_size).",
                )
            instance = self._instances[owner.name]
            realloc = self._builder.core_export(instance, core.FUNC, name).number
        return Options(memory, realloc, None, encoding)

    def _memory(self, part: Part, call: Call) -> tuple[int, Part]:
        """The memory that a module's calls read and write, and who is asked for more of it."""
        main = self._parts.main
        if part.core.exports_memory():
            found = self._builder.core_export(self._instances[part.name], core.MEMORY, "memory")
            return found.number, part
        for wanted, provider in part.given:
            if isinstance(provider, FromAdapter) and wanted.kind == core.MEMORY:
                return self._direct(part, provider).number, part
        if not main.core.exports_memory():
            raise ComponentizeError(
                f"The program calls {_title(call)}, but exports no memory, as 'memory'."
            )
        return self.main("memory", core.MEMORY).number, part if part.realloc() else main

    def _shim(self) -> int | None:
        if not self._table:
            return None
        data = glue.shim([(one.name, one.type) for one in self._table.values()])
        return self._builder.core_instantiate(self._builder.core_module(data, "shim"), {})

    def _shimmed(self, shim: int | None, key: tuple[str, str, str]) -> CoreItem:
        number = list(self._table).index(key)
        return self._builder.core_export(_there(shim), core.FUNC, str(number))

    def _instantiate_stubs(self) -> int | None:
        if not self._stubs:
            return None
        module = self._builder.core_module(glue.stubs(list(self._stubs)), "unused")
        return self._builder.core_instantiate(module, {})

    def _fixup(self, shim: int | None, *, run: bool) -> CoreItem | None:
        outside = self._parts.main.core
        first = [one for one in (STARTER, glue.INITIALIZE) if outside.function(one) is not None]
        if not (self._table or first or run):
            return None
        types = [one.type for one in self._table.values()]
        data = glue.fixup(types, first, run=run)
        items = {str(at): one.get() for at, one in enumerate(self._table.values())}
        if shim is not None:
            table = self._builder.core_export(shim, core.TABLE, glue.TABLE_NAME)
            items[glue.TABLE_NAME] = table
        for one in first:
            items[one] = self.main(one)
        if run:
            items[glue.START] = self.main(glue.START)
        module = self._builder.core_module(data, "fixup")
        bundle = self._builder.core_bundle(items)
        instance = self._builder.core_instantiate(module, {"": bundle})
        return self._builder.core_export(instance, core.FUNC, glue.RUN) if run else None


def _there(instance: int | None) -> int:
    assert instance is not None  # noqa: S101 - it is made when something needs it
    return instance


def _title(call: Call) -> str:
    inside = f"{call.interface.id}#" if call.interface else ""
    return f"{inside}{call.function.extern}"
