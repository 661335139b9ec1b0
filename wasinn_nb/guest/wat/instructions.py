"""One instruction after the other, from bytes to text."""

from __future__ import annotations

from collections.abc import Callable

from wasinn_nb.guest.wat import literals
from wasinn_nb.guest.wat.names import Names, Space
from wasinn_nb.guest.wat.opcodes import CORE, PREFIXED, Immediate, Opcode
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.valtypes import Types

_CATCHES = ("catch", "catch_ref", "catch_all", "catch_all_ref")
_WITH_TAG = 2
_OWN_MEMORY = 0x40
_NULL_FROM, _NULL_TO = 1, 2


class Instructions:
    """Reads instructions of one module.

    Args:
        names: of the module.
        types: of the module.

    Attributes:
        locals: of the function that is read.
        labels: the blocks that are open where the reader is, outermost first: their identifiers,
            empty for one that has none.
    """

    def __init__(self, names: Names, types: Types) -> None:
        self.locals = Space()
        self.labels: list[str] = []
        self._types = types
        self._spaces = {
            kind: names.space(kind)
            for kind in ("func", "type", "table", "memory", "global", "elem", "data", "tag")
        }
        self._operands = self._readers()

    def read(self, reader: Reader) -> tuple[Opcode, str]:
        """The next instruction, and its operands as text.

        Raises:
            InvalidWasm: it is unknown, or not complete.
        """
        start = reader.at
        number = reader.byte()
        opcode = CORE.get(number)
        if opcode is None:
            opcode = self._prefixed(number, reader, start)
        operands = self._operands.get(opcode.immediate)
        return opcode, operands(reader, opcode) if operands else ""

    def constant(self, reader: Reader) -> list[str]:
        """The instructions of a constant expression, up to its end."""
        self.locals, self.labels = Space(), []
        found: list[str] = []
        while True:
            opcode, operands = self.read(reader)
            if opcode.immediate is Immediate.END:
                return found
            found.append(f"{opcode.name} {operands}" if operands else opcode.name)

    def label(self, depth: int) -> str:
        """A block that is open, counted from the innermost."""
        index = len(self.labels) - 1 - depth
        if index < 0:
            return str(depth)
        return self.labels[index] or f"{depth} (;@{index + 1};)"

    def _prefixed(self, prefix: int, reader: Reader, start: int) -> Opcode:
        table = PREFIXED.get(prefix)
        if table is None:
            raise reader.failure(f"the instruction {prefix:#04x} is unknown", start)
        number = reader.unsigned()
        if number not in table:
            raise reader.failure(f"the instruction {prefix:#04x} {number:#04x} is unknown", start)
        return table[number]

    def _readers(self) -> dict[Immediate, Callable[[Reader, Opcode], str]]:
        """What reads the operands, for each form they have."""
        own: dict[Immediate, Callable[[Reader, Opcode], str]] = {
            Immediate.BLOCK: lambda reader, _: self._types.block(reader),
            Immediate.TRY_TABLE: self._try_table,
            Immediate.LABEL: lambda reader, _: self.label(reader.unsigned()),
            Immediate.LABELS: self._labels,
            Immediate.DELEGATE: self._delegate,
            Immediate.INDIRECT: self._indirect,
            Immediate.LOCAL: lambda reader, _: self.locals.reference(reader.unsigned()),
            Immediate.MEMORY: lambda reader, _: self._memory(reader.unsigned()),
            Immediate.MEMORY_PAIR: self._memory_pair,
            Immediate.MEMORY_DATA: self._memory_data,
            Immediate.TABLE_ELEMENTS: self._table_elements,
            Immediate.ADDRESS: self._address,
            Immediate.ADDRESS_LANE: self._address_lane,
            Immediate.LANE: lambda reader, _: str(reader.byte()),
            Immediate.LANES: lambda reader, _: " ".join(map(str, reader.take(16))),
            Immediate.SELECT: self._select,
            Immediate.I32: lambda reader, _: str(reader.signed(32)),
            Immediate.I64: lambda reader, _: str(reader.signed(64)),
            Immediate.F32: lambda reader, _: literals.f32(reader.take(4)),
            Immediate.F64: lambda reader, _: literals.f64(reader.take(8)),
            Immediate.V128: _v128,
            Immediate.HEAP_TYPE: lambda reader, _: self._types.heap(reader),
            Immediate.REFERENCE: lambda reader, _: self._types.reference(reader, nullable=False),
            Immediate.NULLABLE_REFERENCE: lambda reader, _: self._types.reference(
                reader, nullable=True
            ),
            Immediate.FIELD: self._field,
            Immediate.TYPE_COUNT: lambda reader, _: (
                f"{self._referred('type', reader)} {reader.unsigned()}"
            ),
            Immediate.CAST: self._cast,
            Immediate.ZERO: _zero,
        }
        plain = {
            Immediate.FUNCTION: ("func",),
            Immediate.TYPE: ("type",),
            Immediate.GLOBAL: ("global",),
            Immediate.TAG: ("tag",),
            Immediate.CATCH: ("tag",),
            Immediate.TABLE: ("table",),
            Immediate.TABLE_PAIR: ("table", "table"),
            Immediate.ELEMENTS: ("elem",),
            Immediate.DATA: ("data",),
            Immediate.TYPE_PAIR: ("type", "type"),
            Immediate.TYPE_DATA: ("type", "data"),
            Immediate.TYPE_ELEMENTS: ("type", "elem"),
        }
        return own | {form: self._indices(*kinds) for form, kinds in plain.items()}

    def _indices(self, *kinds: str) -> Callable[[Reader, Opcode], str]:
        """Reads indices of these kinds of things."""
        spaces = [self._spaces[kind] for kind in kinds]
        if len(spaces) == 1:
            only = spaces[0]
            return lambda reader, _: only.reference(reader.unsigned())
        return lambda reader, _: " ".join(space.reference(reader.unsigned()) for space in spaces)

    def _referred(self, kind: str, reader: Reader) -> str:
        return self._spaces[kind].reference(reader.unsigned())

    def _memory(self, index: int) -> str:
        """A memory; empty for the first one, which need not be mentioned."""
        return self._spaces["memory"].reference(index) if index else ""

    def _memory_pair(self, reader: Reader, _opcode: Opcode) -> str:
        indices = (reader.unsigned(), reader.unsigned())
        return " ".join(map(self._spaces["memory"].reference, indices)) if any(indices) else ""

    def _memory_data(self, reader: Reader, _opcode: Opcode) -> str:
        data = self._referred("data", reader)
        return f"{self._memory(reader.unsigned())} {data}".lstrip()

    def _table_elements(self, reader: Reader, _opcode: Opcode) -> str:
        elements = self._referred("elem", reader)
        return f"{self._referred('table', reader)} {elements}"

    def _indirect(self, reader: Reader, _opcode: Opcode) -> str:
        use = f"(type {self._referred('type', reader)})"
        table = reader.unsigned()
        return f"{self._spaces['table'].reference(table)} {use}" if table else use

    def _labels(self, reader: Reader, _opcode: Opcode) -> str:
        depths = reader.vector(reader.unsigned)
        return " ".join(map(self.label, [*depths, reader.unsigned()]))

    def _delegate(self, reader: Reader, _opcode: Opcode) -> str:
        """The end of a block, which names one further out."""
        if not self.labels:
            raise reader.failure("a delegate ends no block")
        self.labels.pop()
        return self.label(reader.unsigned())

    def _try_table(self, reader: Reader, _opcode: Opcode) -> str:
        parts = [self._types.block(reader)]
        for _ in range(reader.unsigned()):
            kind = reader.byte()
            if kind >= len(_CATCHES):
                raise reader.failure(f"{kind} is no kind of catch", reader.at - 1)
            tag = f" {self._referred('tag', reader)}" if kind < _WITH_TAG else ""
            parts.append(f"({_CATCHES[kind]}{tag} {self.label(reader.unsigned())})")
        return " ".join(filter(None, parts))

    def _select(self, reader: Reader, _opcode: Opcode) -> str:
        return f"(result {' '.join(reader.vector(lambda: self._types.value(reader)))})"

    def _address(self, reader: Reader, opcode: Opcode) -> str:
        start = reader.at
        exponent, memory = reader.unsigned(), 0
        if exponent & _OWN_MEMORY:
            exponent ^= _OWN_MEMORY
            memory = reader.unsigned()
        if exponent >= 32:
            raise reader.failure(f"{exponent} is no alignment", start)
        offset = reader.unsigned(64)
        if not memory and not offset and 1 << exponent == opcode.alignment:
            return ""
        parts = [self._memory(memory)]
        if offset:
            parts.append(f"offset={offset}")
        if 1 << exponent != opcode.alignment:
            parts.append(f"align={1 << exponent}")
        return " ".join(filter(None, parts))

    def _address_lane(self, reader: Reader, opcode: Opcode) -> str:
        address = self._address(reader, opcode)
        return f"{address} {reader.byte()}".lstrip()

    def _field(self, reader: Reader, _opcode: Opcode) -> str:
        index = reader.unsigned()
        field = self._types.fields(index).reference(reader.unsigned())
        return f"{self._spaces['type'].reference(index)} {field}"

    def _cast(self, reader: Reader, _opcode: Opcode) -> str:
        flags = reader.byte()
        if flags > _NULL_FROM | _NULL_TO:
            raise reader.failure(f"{flags} are no flags of a cast", reader.at - 1)
        label = self.label(reader.unsigned())
        before = self._types.reference(reader, nullable=bool(flags & _NULL_FROM))
        after = self._types.reference(reader, nullable=bool(flags & _NULL_TO))
        return f"{label} {before} {after}"


def _v128(reader: Reader, _opcode: Opcode) -> str:
    data = reader.take(16)
    words = (int.from_bytes(data[at : at + 4], "little") for at in range(0, 16, 4))
    return f"i32x4 {' '.join(f'{word:#010x}' for word in words)}"


def _zero(reader: Reader, _opcode: Opcode) -> str:
    if byte := reader.byte():
        raise reader.failure(f"{byte:#04x} stands where 0 should", reader.at - 1)
    return ""
