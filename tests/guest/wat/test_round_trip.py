"""What is printed is assembled to the same bytes again."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from wasmtime import wat2wasm

from tests.guest.wat.modules import OPCODES, modules
from wasinn_nb.guest.wat.opcodes import CORE, PREFIXED, Immediate
from wasinn_nb.guest.wat.printer import disassemble


def assembled(text: str) -> bytes:
    return bytes(wat2wasm(text.encode()))


def again(source: str) -> str:
    """The text of what ``source`` becomes, which becomes the same."""
    wasm = assembled(source)
    text = disassemble(wasm).text
    assert assembled(text) == wasm, text
    return text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(modules())
def test_made_up_modules(source):
    again(source)


_OPERANDS = {
    Immediate.LABEL: "1",
    Immediate.LABELS: "1 2 0",
    Immediate.FUNCTION: "3",
    Immediate.TYPE: "3",
    Immediate.INDIRECT: "1 (type 3)",
    Immediate.LOCAL: "2",
    Immediate.GLOBAL: "5",
    Immediate.TAG: "6",
    Immediate.TABLE: "7",
    Immediate.TABLE_PAIR: "1 2",
    Immediate.TABLE_ELEMENTS: "1 2",
    Immediate.ELEMENTS: "4",
    Immediate.MEMORY: "2",
    Immediate.MEMORY_PAIR: "2 1",
    Immediate.MEMORY_DATA: "1 2",
    Immediate.DATA: "9",
    # without an alignment: the assembler's own must be the one that is left out
    Immediate.ADDRESS: "offset=5",
    Immediate.ADDRESS_LANE: "offset=5 1",
    Immediate.LANE: "1",
    Immediate.LANES: "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31",
    Immediate.SELECT: "(result i32)",
    Immediate.I32: "-5",
    Immediate.I64: "-5",
    Immediate.F32: "0.1",
    Immediate.F64: "-0.1",
    Immediate.V128: "i32x4 0x00000001 0xffffffff 0x00000000 0x12345678",
    Immediate.HEAP_TYPE: "extern",
    Immediate.REFERENCE: "(ref 2)",
    Immediate.NULLABLE_REFERENCE: "(ref null struct)",
    Immediate.FIELD: "2 1",
    Immediate.TYPE_COUNT: "2 7",
    Immediate.TYPE_PAIR: "2 3",
    Immediate.TYPE_DATA: "2 3",
    Immediate.TYPE_ELEMENTS: "2 3",
    Immediate.CAST: "1 (ref null any) (ref 2)",
}
_IN_A_BLOCK = {
    "block": "block end",
    "loop": "loop end",
    "if": "if end",
    "else": "if else end",
    "end": "block end",
    "try": "try end",
    "catch": "try catch 0 end",
    "catch_all": "try catch_all end",
    "delegate": "try delegate 0",
    "try_table": "try_table (catch 1 0) (catch_ref 2 1) (catch_all 0) (catch_all_ref 2) end",
}


def encoded(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])


@pytest.mark.parametrize("prefix", [None, *PREFIXED])
def test_every_instruction(prefix):
    """Each by its name, its number, and without operands that need not be written."""
    table = CORE if prefix is None else PREFIXED[prefix]
    for number, opcode in table.items():
        text = f"{opcode.name} {_OPERANDS.get(opcode.immediate, '')}".strip()
        source = _IN_A_BLOCK.get(opcode.name, text)
        code = bytes([number]) if prefix is None else bytes([prefix]) + encoded(number)
        assert code in assembled(f"(module (func {source}))").partition(b"\x0a")[2], source
        printed = again(f"(module (func {source}))")
        words = re.sub(r";; @\d+|\(;.*?;\)|\s+", " ", printed).split()
        assert " ".join(source.split()) in " ".join(words)
        assert "align" not in printed


def test_every_form_of_operand_is_tried():
    forms = {opcode.immediate for opcode in OPCODES if opcode.name not in _IN_A_BLOCK}
    assert forms == {*_OPERANDS, Immediate.NOTHING, Immediate.ZERO}


@pytest.mark.parametrize(
    "text",
    [
        "0.1", "1e+20", "1.1754942e-38", "1e-45", "3.4028235e+38", "-0.0", "16777216.0",
        "inf", "-inf", "nan", "-nan", "nan:0x1", "-nan:0x7fffff",
    ],
)  # fmt: skip
def test_short_floats(text):
    assert f"f32.const {text}\n" in again(f"(module (func f32.const {text}))")


@pytest.mark.parametrize(
    "text",
    [
        "0.1", "1e+300", "5e-324", "2.2250738585072014e-308", "-0.0", "123456789.25",
        "inf", "-inf", "nan", "-nan", "nan:0x1", "-nan:0xfffffffffffff",
    ],
)  # fmt: skip
def test_long_floats(text):
    assert f"f64.const {text}\n" in again(f"(module (func f64.const {text}))")
