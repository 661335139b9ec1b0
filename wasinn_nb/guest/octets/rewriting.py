"""Finding what is to be changed in a component, and making the changed one.

A component is a list of sections, and everything in it has a number of its sort. What is put in
between moves the numbers of core functions, memories, instances and modules behind it. All other
numbers, of types, functions and instances, stay.

Components in a component are rewritten as well, if they are given the ``wasi:nn`` that the outer
one imports.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.componentize.binary import COMPONENT_HEADER, Section, section, unsigned
from wasinn_nb.guest.componentize.builder import TYPE
from wasinn_nb.guest.octets import between
from wasinn_nb.guest.octets.between import Arena, Counts, Lowering
from wasinn_nb.guest.octets.core import ENCODING, MEMORY, REALLOC, Core, Edits
from wasinn_nb.guest.octets.own import Own
from wasinn_nb.guest.octets.types import NotUnderstood
from wasinn_nb.guest.wat.reader import Reader

VERSION = 1
"""Changes with what comes of a component."""

_EXPORT_OF, _CORE_EXPORT_OF, _OUTER = 0, 1, 2
_LIFT, _LOWER = 0, 1
_OPERANDS: dict[int, tuple[str, ...]] = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x07), ("type",)),
    **dict.fromkeys((0x05, 0x0D, 0x1E, 0x1F, 0x22, 0x23, 0x24, 0x25), ()),
    **dict.fromkeys((0x06, 0x0C), ("flag",)),
    0x09: ("result", "options"),
    **dict.fromkeys((0x0A, 0x0B), ("core type", "number")),
    **dict.fromkeys((0x0E, 0x13, 0x14, 0x15, 0x1A, 0x1B), ("type",)),
    **dict.fromkeys((0x0F, 0x10, 0x16, 0x17), ("type", "options")),
    **dict.fromkeys((0x11, 0x12, 0x18, 0x19), ("type", "flag")),
    **dict.fromkeys((0x1C, 0x1D), ("options",)),
    **dict.fromkeys((0x20, 0x21), ("flag", "memory")),
}
"""What follows the number of a canonical function that is neither lifted nor lowered."""

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A component that can be rewritten.

    Attributes:
        parts: of the new one, in their order.
    """

    parts: tuple[bytes | memoryview, ...]

    def component(self) -> bytes:
        """The new component."""
        return b"".join(self.parts)


def find(wasm: bytes) -> Rewriting | None:
    """How a component is rewritten; None if it is not, or not understood."""
    try:
        if not _imports_bytes(wasm):
            return None
        walk = _Walk(Reader(wasm))
        return Rewriting((COMPONENT_HEADER, *walk.parts())) if walk.lowers else None
    except (NotUnderstood, InvalidWasm):
        return None


def _imports_bytes(wasm: bytes) -> bool:
    """Whether it is a component that imports an interface of ``wasi:nn`` with bytes in it."""
    if not wasm.startswith(COMPONENT_HEADER):
        return False
    whole = Reader(wasm, len(COMPONENT_HEADER))
    while whole:
        kind = whole.byte()
        content = whole.part()
        if kind == Section.IMPORT and b"wasi:nn/" in wasm[content.at : content.end]:
            return True
    return False


class _Walk:
    """One component, from its beginning to its end.

    Args:
        whole: the component.
        depth: in how many others it is.

    Raises:
        NotUnderstood, InvalidWasm: it is left as it is.

    Attributes:
        lowers: whether something in it is lowered that takes or gives bytes.
    """

    def __init__(self, whole: Reader, depth: int = 0) -> None:
        self.lowers = False
        self._depth = depth
        self._view = memoryview(whole.data)
        self._parts: list[Callable[[], Iterable[bytes | memoryview]]] = []
        self._edits = Edits(whole.data)
        self._core = Core(self._edits)
        self._own = Own(self._core)
        self._arena: Arena | None = None
        self._read(whole)
        self._own.settle(self._edits)

    @property
    def doors(self) -> Collection[str]:
        """The interfaces of ``wasi:nn`` that it imports, of which types become others."""
        return self._own.doors

    def parts(self) -> Iterator[bytes | memoryview]:
        """What is to follow the header of the new one."""
        for part in self._parts:
            yield from part()

    def _read(self, whole: Reader) -> None:
        readers: dict[int, Callable[[Reader], None]] = {
            Section.CORE_INSTANCE: self._core.define_instance,
            Section.INSTANCE: self._own.define_instance,
            Section.ALIAS: self._alias,
            Section.TYPE: self._own.types.define,
            Section.IMPORT: self._own.define_import,
            Section.EXPORT: self._own.define_export,
        }
        if whole.take(len(COMPONENT_HEADER)) != COMPONENT_HEADER:
            raise NotUnderstood
        while whole:
            start = whole.at
            kind = whole.byte()
            content = whole.part()
            if kind in readers:
                self._edited(kind, content.at, content.end)
                for _ in range(content.unsigned()):
                    readers[kind](content)
                content.finish("a section")
            elif kind == Section.CANON:
                self._canonical(content)
            elif kind == Section.COMPONENT:
                self._component(content, start)
            elif kind in (Section.CUSTOM, Section.CORE_MODULE, Section.CORE_TYPE):
                # names in it go by the old numbers, and nobody reads them
                if kind == Section.CORE_MODULE:
                    self._core.modules.add()
                self._copied(start, whole.at)
            else:
                raise NotUnderstood

    # -- what comes of sections --------------------------------------------------------------------

    def _copied(self, start: int, end: int) -> None:
        self._parts.append(lambda: (self._view[start:end],))

    def _edited(self, kind: int, start: int, end: int) -> None:
        self._parts.append(lambda: (section(kind, self._edits.applied(start, end)),))

    def _component(self, content: Reader, start: int) -> None:
        end = content.end
        try:
            if self._depth == _DEEPEST:
                raise NotUnderstood  # noqa: TRY301 - as below
            inner = _Walk(content, self._depth + 1)
        except NotUnderstood:
            self._own.define_component(None)
            self._copied(start, end)
            return
        self._own.define_component(inner.doors)
        if not inner.doors:
            self._copied(start, end)
            return
        self.lowers |= inner.lowers

        def made() -> Iterator[bytes | memoryview]:
            parts = [COMPONENT_HEADER, *inner.parts()]
            yield bytes((Section.COMPONENT,)) + unsigned(sum(map(len, parts)))
            yield from parts

        self._parts.append(made)

    def _canonical(self, content: Reader) -> None:
        """A section of canonical functions, in as many parts as it comes to."""
        start, count = -1, 0

        def flush(end: int) -> None:
            nonlocal start, count
            if count:
                first, number = start, unsigned(count)
                self._parts.append(
                    lambda: (section(Section.CANON, number + self._edits.applied(first, end)),)
                )
            start, count = end, 0

        left = content.unsigned()
        start = content.at
        for _ in range(left):
            begin = content.at
            lowering = self._canonical_function(content)
            if lowering is None:
                count += 1
                continue
            flush(begin)
            self._join(lowering)
            start = content.at
        flush(content.at)
        content.finish("a section")

    def _join(self, lowering: Lowering) -> None:
        self.lowers = True
        if self._arena is None:
            sections, self._arena = between.opened(self._counts())
            self._parts.append(lambda: (sections,))
            self._core.modules.skip(2)
            self._core.functions.skip(1)
            self._core.memories.skip(1)
            self._core.instances.skip(1)
        added = between.joined(lowering, self._arena, self._counts())
        self._parts.append(lambda: (added,))
        self._core.instances.skip(2)
        self._core.functions.skip(1)
        self._core.functions.add()

    def _counts(self) -> Counts:
        return Counts(
            self._core.modules.next,
            self._core.instances.next,
            self._core.functions.next,
            self._core.memories.next,
        )

    # -- what is in sections -----------------------------------------------------------------------

    def _alias(self, reader: Reader) -> None:
        sort = reader.byte()
        core = reader.byte() if sort == 0 else -1
        target = reader.byte()
        if target == _CORE_EXPORT_OF and sort == 0:
            self._core.define_alias(reader, core)
        elif target == _EXPORT_OF:
            self._own.define_alias(reader, sort, core)
        elif target == _OUTER and sort == TYPE and reader.unsigned() == 0:
            self._own.types.all.append(self._own.types.at(reader.unsigned()))
        else:
            raise NotUnderstood

    def _canonical_function(self, reader: Reader) -> Lowering | None:
        """A canonical function; how it is lowered if ours is to stand before it."""
        kind = reader.byte()
        if kind == _LIFT:
            self._lift(reader)
            return None
        if kind == _LOWER:
            return self._lower(reader)
        if kind not in _OPERANDS:
            raise NotUnderstood
        for operand in _OPERANDS[kind]:
            self._operand(operand, reader)
        self._core.functions.add()
        return None

    def _lift(self, reader: Reader) -> None:
        if reader.byte():
            raise NotUnderstood
        self._core.function(reader)
        self._core.options(reader)
        self._own.keep(self._own.types.at(reader.unsigned()))
        self._own.define_function()

    def _lower(self, reader: Reader) -> Lowering | None:
        if reader.byte():
            raise NotUnderstood
        function = reader.unsigned()
        options = self._core.options(reader)
        port = self._own.port(function)
        if port is None:
            self._core.functions.add()
            return None
        needed = {MEMORY, REALLOC} if port == "data" else {MEMORY}
        if not needed <= set(options) <= {MEMORY, REALLOC, ENCODING}:
            raise NotUnderstood
        return Lowering(port, function, options[MEMORY], options.get(REALLOC))

    def _operand(self, kind: str, reader: Reader) -> None:
        if kind == "type":
            self._own.keep(self._own.types.at(reader.unsigned()))
        elif kind == "result":
            self._own.keep(self._own.types.result(reader))
        elif kind == "options":
            self._core.options(reader)
        elif kind == "memory":
            self._core.renumber(reader, self._core.memories)
        else:
            reader.unsigned()
