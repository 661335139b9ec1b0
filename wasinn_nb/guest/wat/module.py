"""Core modules (sections 5.5.16 and 6.6.13 of the core specification)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wasinn_nb.guest.build.model import InvalidWasm, Source
from wasinn_nb.guest.wat import sections
from wasinn_nb.guest.wat.definitions import Definitions
from wasinn_nb.guest.wat.functions import Functions
from wasinn_nb.guest.wat.instructions import Instructions
from wasinn_nb.guest.wat.literals import comment, size
from wasinn_nb.guest.wat.names import Names, Space
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import Custom, Sections
from wasinn_nb.guest.wat.source_lines import source_lines
from wasinn_nb.guest.wat.valtypes import Types

Field = tuple[int, str]
"""How deep in parentheses, and some lines of text."""


def module_fields(
    whole: Reader, source: Source | None = None, *, depth: int = 0, head: str = "(module"
) -> Iterator[Field]:
    """A core module, and what is in it.

    Args:
        whole: the module, with its preamble.
        source: what it was built from, where that is known.
        depth: in how many components it is.
        head: what it begins with.

    Raises:
        InvalidWasm: what comes next is damaged.
    """
    module = Module(whole, source)
    yield depth, f"{head} {module.identifier()}".rstrip()
    for text in module.fields():
        yield depth + 1, text
    yield depth, ")"


class Module:
    """One core module.

    Args:
        module: the whole module, with its preamble.
        source: what it was built from, where that is known.

    Raises:
        InvalidWasm: its sections are damaged.
    """

    def __init__(self, module: Reader, source: Source | None = None) -> None:
        self._sections = Sections(module)
        self._names = Names(self._sections.named("name"))
        self._types = Types(self._names)
        instructions = Instructions(self._names, self._types)
        self._definitions = Definitions(self._names, self._types, instructions)
        lines = source_lines(self._sections, source)
        self._functions = Functions(self._names, self._types, instructions, lines)

    def identifier(self) -> str:
        """The module's own name, as an identifier; empty without one."""
        name = self._names.module
        return "" if name is None else Space({0: name}).identified(0)

    def fields(self) -> Iterator[str]:
        """What stands between ``(module`` and its end, in the order of the binary.

        Raises:
            InvalidWasm: what comes next is damaged.
        """
        definitions = self._definitions
        yield from self._each(sections.TYPE, self._types.definition)
        yield from self._each(sections.IMPORT, definitions.import_)
        yield from self._each(sections.TABLE, definitions.table)
        yield from self._each(sections.MEMORY, definitions.memory)
        yield from self._each(sections.TAG, definitions.tag)
        yield from self._each(sections.GLOBAL, definitions.variable)
        yield from self._each(sections.EXPORT, definitions.export)
        if section := self._sections.section(sections.START):
            yield f"(start {definitions.reference('func', section)})"
        yield from self._each(sections.ELEMENT, definitions.element)
        yield from self._code()
        yield from self._each(sections.DATA, definitions.data)
        yield from self._remarks()

    def _each(self, kind: int, read: Callable[[Reader], str]) -> Iterator[str]:
        """What a section holds a number of."""
        section = self._sections.section(kind)
        if section:
            for _ in range(section.unsigned()):
                yield read(section)
            section.finish(f"section {kind}")

    def _code(self) -> Iterator[str]:
        """The functions: their types are in one section, their code in another."""
        signatures = self._definitions.signatures
        imported = len(signatures)
        declared = self._sections.section(sections.FUNCTION)
        signatures += declared.vector(declared.unsigned) if declared else []
        declared.finish("the section of functions")
        code = self._sections.section(sections.CODE)
        bodies = code.unsigned() if code else 0
        if bodies != len(signatures) - imported:
            raise code.failure(f"{bodies} functions have code, {len(signatures) - imported} a type")
        for index in range(imported, len(signatures)):
            yield self._functions.text(index, signatures[index], code)
        code.finish("the section of code")

    def _remarks(self) -> Iterator[str]:
        """What the text format has no fields for."""
        if self._names.damaged:
            yield f";; Names are missing: {comment(self._names.damaged)}"
        for custom in self._sections.custom:
            if custom.name != "name":
                yield f";; custom section {comment(custom.name)}: {_content(custom)}"


def _content(custom: Custom) -> str:
    """What is in a custom section."""
    content = custom.content
    described = size(content)
    try:
        if custom.name == "producers":
            return _producers(content)
        if custom.name == "target_features":
            return _features(content)
    except InvalidWasm:
        pass
    return described


def _producers(content: Reader) -> str:
    """Which tools made the module (tool-conventions, ProducersSection.md)."""

    def tool() -> str:
        return f"{content.name()} {content.name()}".rstrip()

    fields = content.vector(lambda: (content.name(), content.vector(tool)))
    return comment("; ".join(f"{name} {', '.join(tools)}" for name, tools in fields))


def _features(content: Reader) -> str:
    """What an engine must know to run it (tool-conventions, Linking.md)."""
    return comment(" ".join(content.vector(lambda: f"{chr(content.byte())}{content.name()}")))
