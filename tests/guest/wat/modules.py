"""Modules in the text format, made up: well formed, and seldom valid."""

from __future__ import annotations

import math
import struct

from hypothesis import strategies as st

from wasinn_nb.guest.wat.opcodes import CORE, PREFIXED, Immediate, Opcode

OPCODES = [*CORE.values(), *(opcode for table in PREFIXED.values() for opcode in table.values())]

INDICES = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1)).map(str)
LABELS = INDICES
NAMES = st.one_of(
    # often the same
    st.sampled_from(["", "a", "a#1", "std::vector<int>", '"\\\n', "long" * 50]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
HEAP_TYPES = st.one_of(
    INDICES,
    st.sampled_from(
        [
            "func",
            "extern",
            "any",
            "eq",
            "i31",
            "struct",
            "array",
            "exn",
            "none",
            "nofunc",
            "noextern",
            "noexn",
        ]
    ),
)
REFERENCES = st.one_of(
    st.sampled_from(
        ["funcref", "externref", "anyref", "eqref", "i31ref", "structref", "arrayref", "exnref"]
    ),
    st.sampled_from(["nullref", "nullfuncref", "nullexternref", "nullexnref"]),
    HEAP_TYPES.map("(ref {})".format),
    HEAP_TYPES.map("(ref null {})".format),
)
VALUES = st.one_of(st.sampled_from(["i32", "i64", "f32", "f64", "v128"]), REFERENCES)


def spelt(text: str) -> str:
    """A string of which every character is written by its number."""
    return '"' + "".join(f"\\u{{{ord(character):x}}}" for character in text) + '"'


def bytes_of(data: bytes) -> str:
    return '"' + "".join(f"\\{byte:02x}" for byte in data) + '"'


def some(word: str, things: st.SearchStrategy[str], **size: int) -> st.SearchStrategy[str]:
    """``(word a b c)``."""
    return st.lists(things, **size).map(lambda found: f"({' '.join([word, *found])})")


def _float(bits: int, kind: str) -> str:
    """A number as the text format writes it in hexadecimal, which rounds nothing."""
    size, exponent, payload = (4, 0xFF, 23) if kind == "f" else (8, 0x7FF, 52)
    sign = "-" if bits >> (8 * size - 1) else ""
    mantissa = bits & (1 << payload) - 1
    if bits >> payload & exponent == exponent:
        return f"{sign}nan:{mantissa:#x}" if mantissa else f"{sign}inf"
    value = struct.unpack(f"<{kind}", bits.to_bytes(size, "little"))[0]
    assert math.isfinite(value)
    return float.hex(value)


_BLOCK_TYPES = st.tuples(
    st.one_of(st.just(""), NAMES.map(lambda name: f"(@name {spelt(name)})")),
    st.one_of(st.just(""), VALUES.map("(result {})".format), INDICES.map("(type {})".format)),
).map(" ".join)
_CATCHES = st.one_of(
    st.tuples(st.sampled_from(["catch", "catch_ref"]), INDICES, LABELS),
    st.tuples(st.sampled_from(["catch_all", "catch_all_ref"]), LABELS),
).map(lambda parts: f"({' '.join(parts)})")


@st.composite
def _addresses(draw: st.DrawFn) -> str:
    parts = [draw(st.one_of(st.just(""), INDICES))]
    parts.append(draw(st.one_of(st.just(""), st.integers(0, 2**64 - 1).map("offset={}".format))))
    parts.append(draw(st.one_of(st.just(""), st.integers(0, 31).map(lambda k: f"align={1 << k}"))))
    return " ".join(filter(None, parts))


def _pair(first: st.SearchStrategy[str], second: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(first, second).map(" ".join)


_BYTES = st.integers(0, 255).map(str)
_NULLABLE = st.sampled_from(["", "null "])
_REFERENCE = st.tuples(_NULLABLE, HEAP_TYPES).map(lambda parts: "(ref {}{})".format(*parts))
OPERANDS: dict[Immediate, st.SearchStrategy[str]] = {
    Immediate.NOTHING: st.just(""),
    Immediate.ZERO: st.just(""),
    Immediate.LABEL: LABELS,
    Immediate.LABELS: st.lists(LABELS, min_size=1, max_size=6).map(" ".join),
    Immediate.INDIRECT: st.tuples(st.one_of(st.just(""), INDICES), INDICES).map(
        lambda parts: f"{parts[0]} (type {parts[1]})"
    ),
    Immediate.MEMORY: st.one_of(st.just(""), INDICES),
    Immediate.MEMORY_PAIR: st.one_of(st.just(""), _pair(INDICES, INDICES)),
    Immediate.MEMORY_DATA: st.one_of(INDICES, _pair(INDICES, INDICES)),
    Immediate.TABLE_ELEMENTS: st.one_of(INDICES, _pair(INDICES, INDICES)),
    Immediate.TABLE_PAIR: st.one_of(st.just(""), _pair(INDICES, INDICES)),
    Immediate.ADDRESS: _addresses(),
    Immediate.ADDRESS_LANE: _pair(_addresses(), _BYTES),
    Immediate.LANE: _BYTES,
    Immediate.LANES: st.lists(_BYTES, min_size=16, max_size=16).map(" ".join),
    Immediate.SELECT: some("result", VALUES, min_size=1, max_size=2),
    Immediate.I32: st.integers(-(2**31), 2**31 - 1).map(str),
    Immediate.I64: st.integers(-(2**63), 2**63 - 1).map(str),
    Immediate.F32: st.integers(0, 2**32 - 1).map(lambda bits: _float(bits, "f")),
    Immediate.F64: st.integers(0, 2**64 - 1).map(lambda bits: _float(bits, "d")),
    Immediate.V128: st.lists(_BYTES, min_size=16, max_size=16).map(
        lambda found: f"i8x16 {' '.join(found)}"
    ),
    Immediate.HEAP_TYPE: HEAP_TYPES,
    Immediate.REFERENCE: HEAP_TYPES.map("(ref {})".format),
    Immediate.NULLABLE_REFERENCE: HEAP_TYPES.map("(ref null {})".format),
    Immediate.CAST: st.tuples(LABELS, _REFERENCE, _REFERENCE).map(" ".join),
    **dict.fromkeys(
        (
            *(Immediate.FUNCTION, Immediate.TYPE, Immediate.LOCAL, Immediate.GLOBAL),
            *(Immediate.TAG, Immediate.TABLE, Immediate.ELEMENTS, Immediate.DATA),
        ),
        INDICES,
    ),
    **dict.fromkeys(
        (
            *(Immediate.FIELD, Immediate.TYPE_COUNT, Immediate.TYPE_PAIR),
            *(Immediate.TYPE_DATA, Immediate.TYPE_ELEMENTS),
        ),
        _pair(INDICES, INDICES),
    ),
}


@st.composite
def plain_instructions(draw: st.DrawFn) -> str:
    """One instruction that is no block."""
    opcode: Opcode = draw(st.sampled_from([one for one in OPCODES if one.immediate in OPERANDS]))
    # the assembler takes a select of no types for one with types
    select = opcode.name == "select" and opcode.immediate is Immediate.NOTHING
    return "drop select" if select else f"{opcode.name} {draw(OPERANDS[opcode.immediate])}"


def _block(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[str]:
    body = inner.map("\n".join)

    def text(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map("\n".join)

    end = st.just("end")
    catches = st.lists(_CATCHES, max_size=3).map(" ".join)
    return st.one_of(
        text(st.sampled_from(["block", "loop", "if", "try"]), _BLOCK_TYPES, body, end),
        text(st.just("if"), _BLOCK_TYPES, body, st.just("else"), body, end),
        text(st.just("try_table"), _BLOCK_TYPES, catches, body, end),
        text(
            st.just("try"), body, st.just("catch"), INDICES, body, st.just("catch_all"), body, end
        ),
        text(st.just("try"), body, st.just("delegate"), LABELS),
    )


BODIES = st.recursive(
    st.lists(plain_instructions(), max_size=6),
    lambda inner: st.lists(st.one_of(plain_instructions(), _block(inner)), max_size=4),
    max_leaves=8,
).map("\n".join)

_FIELDS = st.tuples(st.one_of(VALUES, st.sampled_from(["i8", "i16"])), st.booleans()).map(
    lambda parts: f"(mut {parts[0]})" if parts[1] else parts[0]
)
SIGNATURES = st.tuples(some("param", VALUES, max_size=4), some("result", VALUES, max_size=3)).map(
    " ".join
)
_COMPOSITES = st.one_of(
    SIGNATURES.map("(func {})".format),
    _FIELDS.map("(array {})".format),
    st.lists(
        st.tuples(NAMES.map(spelt), _FIELDS).map(
            lambda parts: "(field (@name {}) {})".format(*parts)
        ),
        max_size=3,
    ).map(lambda found: f"(struct {' '.join(found)})"),
)
_SUBTYPES = st.one_of(
    _COMPOSITES,
    st.tuples(
        st.sampled_from(["", "final"]), st.lists(INDICES, max_size=2).map(" ".join), _COMPOSITES
    ).map(lambda parts: f"(sub {' '.join(parts)})"),
).map("(type {})".format)
TYPES = st.one_of(_SUBTYPES, some("rec", _SUBTYPES, max_size=3))
_SIZES = st.tuples(
    st.sampled_from(["", "i64 "]), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)
).flatmap(lambda size: st.sampled_from([f"{size[0]}{size[1]}", f"{size[0]}{size[1]} {size[2]}"]))
TABLES = _pair(_SIZES, REFERENCES)
MEMORIES = st.one_of(
    _SIZES,
    _SIZES.map("{} (pagesize 1)".format),
    st.tuples(st.integers(0, 9), st.integers(9, 99)).map(
        lambda size: f"{size[0]} {size[1]} shared"
    ),
)
GLOBALS = st.one_of(VALUES, VALUES.map("(mut {})".format))
CONSTANTS = st.lists(plain_instructions(), min_size=1, max_size=3).map("\n".join)
_OFFSETS = CONSTANTS.map("(offset {})".format)
_ITEMS = st.one_of(
    some("func", INDICES, max_size=5).map(lambda text: text[1:-1]),
    st.tuples(REFERENCES, st.lists(CONSTANTS.map("(item {})".format), max_size=3)).map(
        lambda parts: f"{parts[0]} {' '.join(parts[1])}"
    ),
)
ELEMENTS = st.one_of(
    _ITEMS,
    _ITEMS.map("declare {}".format),
    _pair(_OFFSETS, _ITEMS),
    st.tuples(INDICES, _OFFSETS, _ITEMS).map(lambda parts: "(table {}) {} {}".format(*parts)),
)
_STRINGS = st.one_of(st.binary(max_size=200), NAMES.map(str.encode)).map(bytes_of)
DATA = st.one_of(
    _STRINGS,
    _pair(_OFFSETS, _STRINGS),
    st.tuples(INDICES, _OFFSETS, _STRINGS).map(lambda parts: "(memory {}) {} {}".format(*parts)),
)
_EXTERNAL = st.one_of(
    TABLES.map("(table {})".format),
    MEMORIES.map("(memory {})".format),
    GLOBALS.map("(global {})".format),
    st.just("(func (type 0))"),
    st.just("(tag (type 0))"),
)


@st.composite
def modules(draw: st.DrawFn) -> str:
    """A module whose first type is a function's, with names here and there."""

    def name() -> str:
        return f" (@name {spelt(draw(NAMES))})" if draw(st.booleans()) else ""

    def each(word: str, things: st.SearchStrategy[str], most: int = 3) -> list[str]:
        return [f"({word}{name()} {one})" for one in draw(st.lists(things, max_size=most))]

    fields = [f"(type{name()} (func {draw(SIGNATURES)}))", *draw(st.lists(TYPES, max_size=3))]
    fields += [
        f"(import {spelt(draw(NAMES))} {spelt(draw(NAMES))} {thing})"
        for thing in draw(st.lists(_EXTERNAL, max_size=3))
    ]
    fields += each("table", TABLES)
    fields += [
        f"(table{name()} {text} ({draw(plain_instructions())}))"
        for text in draw(st.lists(TABLES, max_size=1))
    ]
    fields += each("memory", MEMORIES)
    fields += each("tag", st.just("(type 0)"))
    fields += each("global", st.tuples(GLOBALS, CONSTANTS).map("\n".join))
    fields += [
        f"(export {spelt(draw(NAMES))} ({kind} {draw(INDICES)}))"
        for kind in draw(
            st.lists(st.sampled_from(["func", "table", "memory", "global", "tag"]), max_size=3)
        )
    ]
    fields += draw(st.lists(INDICES.map("(start {})".format), max_size=1))
    fields += each("elem", ELEMENTS)
    fields += [
        f"(func{name()} (type 0)"
        + "".join(f"(local{name()} {kind})" for kind in draw(st.lists(VALUES, max_size=4)))
        + f"\n{body})"
        for body in draw(st.lists(BODIES, max_size=3))
    ]
    fields += each("data", DATA)
    return f"(module{name()}\n" + "\n".join(fields) + "\n)"
