"""Types: of values, references, functions, structures, arrays, tables, memories, globals.

Section 5.3 of the core specification, read and written as text (section 6.4).
"""

from __future__ import annotations

from typing import NamedTuple

from wasinn_nb.guest.wat.names import Names, Space
from wasinn_nb.guest.wat.reader import Reader

_NUMBERS = {0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", 0x7B: "v128"}
_PACKED = {0x78: "i8", 0x77: "i16"}
_HEAP = {
    0x74: "noexn",
    0x73: "nofunc",
    0x72: "noextern",
    0x71: "none",
    0x70: "func",
    0x6F: "extern",
    0x6E: "any",
    0x6D: "eq",
    0x6C: "i31",
    0x6B: "struct",
    0x6A: "array",
    0x69: "exn",
}
# The short form of (ref null ...).
_SHORT = {
    "none": "nullref",
    "noexn": "nullexnref",
    "nofunc": "nullfuncref",
    "noextern": "nullexternref",
}
_REF_NULL, _REF = 0x63, 0x64
_EMPTY = 0x40
_REC, _SUB, _SUB_FINAL = 0x4E, 0x50, 0x4F
_FUNC, _STRUCT, _ARRAY = 0x60, 0x5F, 0x5E
_VALUES = {*_NUMBERS, *_HEAP, _REF_NULL, _REF}


class Signature(NamedTuple):
    """What a function takes and gives."""

    parameters: list[str]
    results: list[str]

    def text(self, names: Space | None = None) -> str:
        """As it stands in a type and in a function; ``names`` are the function's own."""
        if names and any(index in names for index in range(len(self.parameters))):
            parts = [
                " ".join(filter(None, ("(param", names.identified(index), f"{one})")))
                for index, one in enumerate(self.parameters)
            ]
        else:
            parts = [f"(param {' '.join(self.parameters)})"] if self.parameters else []
        if self.results:
            parts.append(f"(result {' '.join(self.results)})")
        return " ".join(parts)


class Types:
    """The types of one module.

    Args:
        names: of the module.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._space = names.space("type")
        self._signatures: dict[int, Signature] = {}
        self._count = 0

    def definition(self, section: Reader) -> str:
        """What the type section defines next: one type, or several that refer to each other."""
        kind = section.byte()
        if kind != _REC:
            return self._sub(kind, section)
        inner = [self._sub(section.byte(), section) for _ in range(section.unsigned())]
        return "\n".join(["(rec", *(f"  {one}" for one in inner), ")"]) if inner else "(rec)"

    def signature(self, index: int, reader: Reader) -> Signature:
        """The type of a function, which ``reader`` has found mentioned.

        Raises:
            InvalidWasm: there is none.
        """
        found = self._signatures.get(index)
        if found is None:
            raise reader.failure(f"type {index} is no function's")
        return found

    def use(self, index: int, reader: Reader, names: Space | None = None) -> str:
        """A function's type as it stands where the function does."""
        text = self.signature(index, reader).text(names)
        return f"(type {self._space.reference(index)}) {text}".rstrip()

    def fields(self, index: int) -> Space:
        """The names of a structure's fields."""
        return self._names.fields(index)

    def value(self, reader: Reader) -> str:
        """A type of values."""
        byte = reader.byte()
        if byte in _NUMBERS:
            return _NUMBERS[byte]
        if byte in _HEAP:
            heap = _HEAP[byte]
            return _SHORT.get(heap, f"{heap}ref")
        if byte in (_REF_NULL, _REF):
            return self.reference(reader, nullable=byte == _REF_NULL)
        raise reader.failure(f"{byte:#04x} is no type", reader.at - 1)

    def reference(self, reader: Reader, *, nullable: bool) -> str:
        """A type of references; what they refer to comes next."""
        return f"(ref {'null ' if nullable else ''}{self.heap(reader)})"

    def heap(self, reader: Reader) -> str:
        """What references refer to."""
        start = reader.at
        number = reader.signed(33)
        if number >= 0:
            return self._space.reference(number)
        if number >= -0x40 and number & 0x7F in _HEAP:
            return _HEAP[number & 0x7F]
        raise reader.failure(f"{number} is nothing to refer to", start)

    def block(self, reader: Reader) -> str:
        """The type of a block; empty for one that takes and leaves nothing."""
        byte = reader.byte()
        if byte == _EMPTY:
            return ""
        reader.at -= 1
        if byte in _VALUES:
            return f"(result {self.value(reader)})"
        start = reader.at
        index = reader.signed(33)
        if index < 0:
            raise reader.failure(f"{byte:#04x} is no type of a block", start)
        return f"(type {self._space.reference(index)})"

    def table(self, reader: Reader) -> str:
        """The type of a table."""
        element = self.value(reader)
        return f"{self._limits(reader)} {element}"

    def memory(self, reader: Reader) -> str:
        """The type of a memory."""
        return self._limits(reader)

    def variable(self, reader: Reader) -> str:
        """The type of a global."""
        value = self.value(reader)
        mutable = reader.byte()
        if mutable > 1:
            raise reader.failure(f"{mutable} does not say whether a global changes", reader.at - 1)
        return f"(mut {value})" if mutable else value

    def tag(self, reader: Reader) -> str:
        """The type of an exception's tag."""
        attribute = reader.byte()
        if attribute:
            raise reader.failure(f"{attribute} is no kind of tags", reader.at - 1)
        return self.use(reader.unsigned(), reader)

    def _limits(self, reader: Reader) -> str:
        flags = reader.byte()
        if flags > 0xF:
            raise reader.failure(f"{flags:#04x} are no flags of a size", reader.at - 1)
        bits = 64 if flags & 4 else 32
        parts = ["i64"] if flags & 4 else []
        parts += [str(reader.unsigned(bits)) for _ in range(1 + (flags & 1))]
        if flags & 2:
            parts.append("shared")
        if flags & 8:
            exponent = reader.unsigned()
            if exponent > 16:
                raise reader.failure(f"pages of 2 to the power of {exponent} bytes")
            parts.append(f"(pagesize {1 << exponent})")
        return " ".join(parts)

    def _sub(self, kind: int, section: Reader) -> str:
        index = self._count
        self._count += 1
        supertypes: list[int] | None = None
        if kind in (_SUB, _SUB_FINAL):
            supertypes = section.vector(section.unsigned)
        final = kind == _SUB_FINAL
        text = self._composite(index, kind if supertypes is None else section.byte(), section)
        if supertypes is not None:
            above = (self._space.reference(one) for one in supertypes)
            text = f"({' '.join(['sub', *(['final'] if final else []), *above, text])})"
        return f"(type {self._space.definition(index)} {text})"

    def _composite(self, index: int, kind: int, section: Reader) -> str:
        if kind == _FUNC:
            parameters = section.vector(lambda: self.value(section))
            found = Signature(parameters, section.vector(lambda: self.value(section)))
            self._signatures[index] = found
            return f"(func {found.text()}".rstrip() + ")"
        if kind == _ARRAY:
            return f"(array {self._field(section)})"
        if kind == _STRUCT:
            names = self._names.fields(index)
            fields = section.vector(lambda: self._field(section))
            named = (
                " ".join(filter(None, ("(field", names.identified(number), f"{one})")))
                for number, one in enumerate(fields)
            )
            return f"({' '.join(['struct', *named])})"
        raise section.failure(f"{kind:#04x} is no kind of types", section.at - 1)

    def _field(self, section: Reader) -> str:
        kind = section.byte()
        if kind in _PACKED:
            value = _PACKED[kind]
        else:
            section.at -= 1
            value = self.value(section)
        mutable = section.byte()
        if mutable > 1:
            raise section.failure(f"{mutable} does not say whether a field changes", section.at - 1)
        return f"(mut {value})" if mutable else value
