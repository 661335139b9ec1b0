"""A component, section after section, with the numbers that its parts have.

Binary.md of the component model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from wasinn_nb.guest.componentize import binary
from wasinn_nb.guest.componentize.binary import Section, name, section, unsigned, vector

# sorts of core things, of which a component has functions, tables, memories and globals
CORE_INSTANCE, CORE_MODULE = 0x12, 0x11
# sorts of a component's own things
FUNC, TYPE, COMPONENT, INSTANCE = 0x01, 0x03, 0x04, 0x05

UTF8, UTF16, LATIN1 = "utf8", "utf16", "latin1+utf16"
_ENCODINGS = {UTF8: 0, UTF16: 1, LATIN1: 2}


class CoreItem(NamedTuple):
    """A function, table, memory or global: its sort and its number."""

    sort: int
    number: int


class Options(NamedTuple):
    """How values cross between a core module and the rest."""

    memory: int | None = None
    realloc: int | None = None
    post_return: int | None = None
    encoding: str = UTF8

    def encoded(self) -> bytes:
        """As it stands in the binary."""
        found = []
        if self.encoding != UTF8:
            found.append(bytes((_ENCODINGS[self.encoding],)))
        for code, number in ((3, self.memory), (4, self.realloc), (5, self.post_return)):
            if number is not None:
                found.append(bytes((code,)) + unsigned(number))
        return vector(found)


class Builder:
    """Puts a component together.

    Every method adds one thing and returns its number.
    """

    def __init__(self) -> None:
        self._done: list[bytes] = []
        self._kind = -1
        self._items: list[bytes] = []
        self._counts: Counter[str] = Counter()
        self._names: list[tuple[int, str]] = []

    def finish(self) -> bytes:
        """All of it."""
        self._flush()
        return b"".join([binary.COMPONENT_HEADER, *self._done, *self._name_section()])

    def core_module(self, data: bytes, called: str) -> int:
        """A core module, as it is, and what to call it."""
        number = self._whole(Section.CORE_MODULE, data, "core module")
        self._names.append((number, called))
        return number

    def component(self, data: bytes) -> int:
        """A component in this one."""
        return self._whole(Section.COMPONENT, data, "component")

    def core_instantiate(self, module: int, args: Mapping[str, int]) -> int:
        """An instance of a core module; what it imports comes from instances."""
        with_ = vector(
            name(key) + bytes((CORE_INSTANCE,)) + unsigned(instance)
            for key, instance in args.items()
        )
        return self._add(Section.CORE_INSTANCE, b"\x00" + unsigned(module) + with_, "core instance")

    def core_bundle(self, exports: Mapping[str, CoreItem]) -> int:
        """An instance that has these things."""
        items = vector(
            name(key) + bytes((item.sort,)) + unsigned(item.number) for key, item in exports.items()
        )
        return self._add(Section.CORE_INSTANCE, b"\x01" + items, "core instance")

    def core_export(self, instance: int, sort: int, called: str) -> CoreItem:
        """What a core instance exports."""
        data = bytes((0, sort, 1)) + unsigned(instance) + name(called)
        return CoreItem(sort, self._add(Section.ALIAS, data, f"core {sort}"))

    def export_of(self, instance: int, sort: int, called: str) -> int:
        """What an instance exports."""
        data = bytes((sort, 0)) + unsigned(instance) + name(called)
        return self._add(Section.ALIAS, data, str(sort))

    def type(self, encoded: bytes) -> int:
        """A type."""
        return self._add(Section.TYPE, encoded, str(TYPE))

    def instantiate(self, component: int, args: Iterable[tuple[str, int, int]]) -> int:
        """An instance of a component; each argument is a name, a sort and a number."""
        with_ = vector(name(key) + bytes((sort,)) + unsigned(item) for key, sort, item in args)
        return self._add(Section.INSTANCE, b"\x00" + unsigned(component) + with_, str(INSTANCE))

    def import_(self, called: str, sort: int, described: bytes) -> int:
        """An import, with its type as :func:`extern` has it."""
        return self._add(Section.IMPORT, b"\x00" + name(called) + described, str(sort))

    def export(self, called: str, sort: int, item: int, described: bytes = b"") -> int:
        """An export; its type may be given as :func:`extern` has it."""
        data = b"\x00" + name(called) + bytes((sort,)) + unsigned(item)
        return self._add(
            Section.EXPORT, data + (b"\x01" + described if described else b"\x00"), str(sort)
        )

    def lower(self, function: int, options: Options) -> CoreItem:
        """A function as core modules call it."""
        return self._core_function(b"\x01\x00" + unsigned(function) + options.encoded())

    def lift(self, function: CoreItem, options: Options, type_: int) -> int:
        """A core function as components call it."""
        data = b"\x00\x00" + unsigned(function.number) + options.encoded() + unsigned(type_)
        return self._add(Section.CANON, data, str(FUNC))

    def resource_new(self, resource: int) -> CoreItem:
        """What makes a handle of a number of the component's own."""
        return self._core_function(b"\x02" + unsigned(resource))

    def resource_drop(self, resource: int) -> CoreItem:
        """What gives a handle back."""
        return self._core_function(b"\x03" + unsigned(resource))

    def resource_rep(self, resource: int) -> CoreItem:
        """What tells the number behind a handle."""
        return self._core_function(b"\x04" + unsigned(resource))

    def _core_function(self, data: bytes) -> CoreItem:
        return CoreItem(0, self._add(Section.CANON, data, "core 0"))

    def _whole(self, kind: int, data: bytes, space: str) -> int:
        self._flush()
        self._done += (bytes((kind,)), unsigned(len(data)), data)
        return self._number(space)

    def _add(self, kind: int, data: bytes, space: str) -> int:
        if kind != self._kind:
            self._flush()
            self._kind = kind
        self._items.append(data)
        return self._number(space)

    def _number(self, space: str) -> int:
        self._counts[space] += 1
        return self._counts[space] - 1

    def _flush(self) -> None:
        if self._items:
            self._done.append(section(self._kind, vector(self._items)))
        self._items, self._kind = [], -1

    def _name_section(self) -> list[bytes]:
        if not self._names:
            return []
        modules = vector(unsigned(number) + name(called) for number, called in self._names)
        names = section(1, bytes((0, CORE_MODULE)) + modules)
        return [section(Section.CUSTOM, name("component-name") + names)]


def extern(sort: int, type_: int) -> bytes:
    """What a function or an instance of this type is described as."""
    return bytes((sort,)) + unsigned(type_)


def same(type_: int) -> bytes:
    """What a type is described as that is another one."""
    return bytes((TYPE, 0)) + unsigned(type_)


FRESH = bytes((TYPE, 1))
"""What a resource is described as."""
