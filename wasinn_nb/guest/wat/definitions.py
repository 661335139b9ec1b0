"""What a module imports, defines and exports, but for its types and the code of its functions.

Sections 5.5 (binary) and 6.6 (text) of the core specification.
"""

from __future__ import annotations

from collections import Counter

from wasinn_nb.guest.wat.instructions import Instructions
from wasinn_nb.guest.wat.literals import quoted, strings
from wasinn_nb.guest.wat.names import Names
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.valtypes import Types

_KINDS = ("func", "table", "memory", "global", "tag")
_WITH_INITIAL = b"\x40\x00"
# Bits of a segment's flags. The second means another thing for segments that are not active.
_NOT_ACTIVE, _NUMBERED, _EXPRESSIONS = 1, 2, 4
_DECLARED = _NOT_ACTIVE | _NUMBERED


class Definitions:
    """Reads one field of a module after the other, in the order of their sections.

    Args:
        names: of the module.
        types: of the module.
        instructions: of the module.

    Attributes:
        signatures: the types of the functions so far, by their indices.
    """

    def __init__(self, names: Names, types: Types, instructions: Instructions) -> None:
        self.signatures: list[int] = []
        self._spaces = {kind: names.space(kind) for kind in (*_KINDS, "elem", "data")}
        self._types = types
        self._instructions = instructions
        self._counts: Counter[str] = Counter()

    def import_(self, section: Reader) -> str:
        """An import."""
        place = f"{quoted(section.name())} {quoted(section.name())}"
        kind = self._kind(section)
        definition = self._definition(kind)
        if kind == "func":
            self.signatures.append(section.unsigned())
            text = self._types.use(self.signatures[-1], section)
        else:
            types = self._types
            readers = {"table": types.table, "memory": types.memory, "global": types.variable}
            text = readers.get(kind, types.tag)(section)
        return f"(import {place} ({definition} {text}))"

    def export(self, section: Reader) -> str:
        """An export."""
        name, kind = quoted(section.name()), self._kind(section)
        return f"(export {name} ({kind} {self.reference(kind, section)}))"

    def table(self, section: Reader) -> str:
        """A table."""
        parts = [self._definition("table")]
        initial = section.data[section.at : section.at + 2] == _WITH_INITIAL
        if initial:
            section.take(2)
        parts.append(self._types.table(section))
        if initial:
            parts.append(self._value(section))
        return f"({' '.join(parts)})"

    def memory(self, section: Reader) -> str:
        """A memory."""
        return f"({self._definition('memory')} {self._types.memory(section)})"

    def tag(self, section: Reader) -> str:
        """A tag of exceptions."""
        return f"({self._definition('tag')} {self._types.tag(section)})"

    def variable(self, section: Reader) -> str:
        """A global."""
        definition = self._definition("global")
        return f"({definition} {self._types.variable(section)} {self._value(section)})"

    def element(self, section: Reader) -> str:
        """A segment of elements, which a table takes."""
        flags = section.unsigned()
        if flags > _DECLARED | _EXPRESSIONS:
            raise section.failure(f"{flags} are no flags of elements", section.at - 1)
        parts = [self._definition("elem")]
        if flags & _DECLARED == _DECLARED:
            parts.append("declare")
        elif not flags & _NOT_ACTIVE:
            if flags & _NUMBERED:
                parts.append(f"(table {self.reference('table', section)})")
            parts.append(self._offset(section))
        short = not flags & _DECLARED
        if flags & _EXPRESSIONS:
            parts.append("funcref" if short else self._types.value(section))
            parts += section.vector(lambda: self._value(section, "item"))
        else:
            if not short and (kind := section.byte()):
                raise section.failure(f"{kind} is no kind of elements", section.at - 1)
            parts.append("func")
            parts += section.vector(lambda: self.reference("func", section))
        return f"({' '.join(parts)})"

    def data(self, section: Reader) -> str:
        """A segment of data, which a memory takes."""
        flags = section.unsigned()
        if flags > _NUMBERED:
            raise section.failure(f"{flags} are no flags of data", section.at - 1)
        parts = [self._definition("data")]
        if flags == _NUMBERED:
            parts.append(f"(memory {self.reference('memory', section)})")
        if flags != _NOT_ACTIVE:
            parts.append(self._offset(section))
        begin, lines = f"({' '.join(parts)}", strings(section.take(section.unsigned()))
        if len(lines) < 2:
            return " ".join([begin, *lines]) + ")"
        return "\n  ".join([begin, *lines]) + "\n)"

    def reference(self, kind: str, reader: Reader) -> str:
        """The thing of a kind that an index names."""
        return self._spaces[kind].reference(reader.unsigned())

    def _kind(self, section: Reader) -> str:
        number = section.byte()
        if number >= len(_KINDS):
            raise section.failure(f"{number} is no kind of things", section.at - 1)
        return _KINDS[number]

    def _definition(self, kind: str) -> str:
        """What the next thing of a kind begins with."""
        index = self._counts[kind]
        self._counts[kind] += 1
        return f"{kind} {self._spaces[kind].definition(index)}"

    def _value(self, section: Reader, word: str = "") -> str:
        """A constant expression: in parentheses if it is one instruction."""
        parts = self._instructions.constant(section)
        if len(parts) == 1:
            return f"({parts[0]})"
        text = " ".join([word, *parts] if word else parts)
        return f"({text})" if word else text

    def _offset(self, section: Reader) -> str:
        return self._value(section, "offset")
