"""What is no module is said to be none, and where; nothing else comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import Engine, Module, WasmtimeError, wat2wasm

import wasinn_nb as wn
from tests.guest.wat.modules import modules
from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.wat.printer import disassemble

_HEADER = b"\0asm\1\0\0\0"
_SMALL = """
(module $small
  (type $t (func (param i32) (result i32)))
  (import "host" "give" (func $give (type $t)))
  (table $table 3 funcref)
  (memory 1)
  (tag $e (param i32))
  (global $g (mut i64) (i64.const -5))
  (export "run" (func $run))
  (start $nothing)
  (elem (i32.const 1) func $give $run)
  (func $run (type $t) (local $x f64) (local i32 i32)
    block $b (result i32)
      local.get 0
      br_table $b 0 1
    end
    if (result i32) f32.const 0.1 drop i32.const 300 else i32.const 4 end
    i32.load8_u offset=1000
    call_indirect (type $t))
  (func $nothing try_table (catch $e 0) nop end)
  (data (i32.const 8) "some words\\00\\01"))
"""


def leb(number: int) -> bytes:
    low = number & 0x7F
    return bytes([low]) if number < 0x80 else bytes([low | 0x80]) + leb(number >> 7)


def section(kind: int, content: bytes) -> bytes:
    return bytes([kind]) + leb(len(content)) + content


def function(body: bytes) -> bytes:
    """A module of one function without parameters."""
    code = b"\1" + leb(len(body)) + body
    return _HEADER + section(1, b"\1\x60\0\0") + section(3, b"\1\0") + section(10, code)


def tried(wasm: bytes) -> str | None:
    """The text, or None for what is no module; any other error fails the test."""
    try:
        return disassemble(wasm).text
    except InvalidWasm:
        return None


def test_a_module_that_ends_anywhere():
    wasm = bytes(wat2wasm(_SMALL))
    assert tried(wasm)
    boundaries = [length for length in range(len(wasm)) if tried(wasm[:length])]
    # between sections it may end, but where functions are declared and have no code
    assert 0 < len(boundaries) < 12


_COMPONENT = """
(component
  (core module $m (func (export "f")))
  (core instance $i (instantiate $m))
  (import "a" (func))
  (import "b" (instance (export "t" (type (sub resource)))))
  (func $f (canon lift (core func $i "f")))
  (export "f" (func $f))
  (component (import "c" (type (sub resource)))))
"""
# Where to begin, how many bytes to take out, what to put there.
_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 2**20),
        st.integers(0, 3),
        st.one_of(st.binary(max_size=3), st.sampled_from([b"\xff\xff\xff\xff\x0f", b"\x80\x80"])),
    ),
    min_size=1,
    max_size=4,
)


def changed(wasm: bytes, changes: list[tuple[int, int, bytes]], *, end: int = 0) -> bytes:
    made = bytearray(wasm)
    for place, taken, put in changes:
        at = 8 + place % ((end or len(made)) - 8)
        made[at : at + taken] = put
    return bytes(made)


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


def valid(engine: Engine, wasm: bytes) -> bool:
    try:
        Module.validate(engine, wasm)
    except WasmtimeError:
        return False
    return True


@settings(max_examples=300, deadline=None)
@given(changes=_CHANGES)
def test_changed_modules(engine, changes):
    wasm = changed(bytes(wat2wasm(_SMALL)), changes)
    text = tried(wasm)
    if valid(engine, wasm):
        assert text is not None
        assert valid(engine, bytes(wat2wasm(text)))


@settings(max_examples=200, deadline=None)
@given(changes=_CHANGES)
def test_changed_components(changes):
    tried(changed(bytes(wat2wasm(_COMPONENT)), changes))


@settings(max_examples=100, deadline=None)
@given(source=modules(), changes=_CHANGES)
def test_changed_modules_that_were_made_up(source, changes):
    tried(changed(bytes(wat2wasm(source)), changes))


@pytest.mark.parametrize("part", ["code", ".debug_line"])
def test_changed_guests(engine, part):
    """With as many bytes as before: what follows is read as well."""
    whole = wn.build("int main(int argc, char **argv) { return argc > 1; }\n", "c").wasm
    start = 0 if part == "code" else whole.index(part.encode())
    stop = whole.index(b".debug_loc") if part == "code" else start + 5000

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(st.integers(start + 8, stop), st.integers(0, 255)), min_size=1))
    def run(changes):
        wasm = bytearray(whole)
        for place, byte in changes:
            wasm[place] = byte
        text = tried(bytes(wasm))
        if valid(engine, bytes(wasm)):
            assert text is not None
            assert valid(engine, bytes(wat2wasm(text)))

    run()


@pytest.mark.parametrize(
    ("wasm", "says"),
    [
        (b"", "empty"),
        (b"(module)", "text, not a binary"),
        (_HEADER + b"\x01", "at byte 0x9: it ends too early"),
        (_HEADER + section(14, b""), "at byte 0x8: there is no section 14"),
        (_HEADER + section(5, b"\0") + section(5, b"\0"), "section 5 is there twice or too late"),
        (_HEADER + section(1, b"\1\x61"), "0x61 is no kind of types"),
        (_HEADER + section(2, b"\1\1\xff\0\0\0"), "a name is not UTF-8"),
        (_HEADER + section(3, b"\1\0"), "0 functions have code, 1 a type"),
        (_HEADER + section(5, b"\1\0\x80\x80\x80\x80\x10"), "a number has more than 32 bits"),
        (_HEADER + section(5, b"\xff\xff\xff\xff\x0f"), "it ends too early"),
        (function(b"\0\xe0\0\x0b"), "the instruction 0xe0 is unknown"),
        (function(b"\0\xfc\x63\x0b"), "the instruction 0xfc 0x63 is unknown"),
        (function(b"\0\x02\x40\x0b"), "it ends too early"),
        (function(b"\0\x0b\x0b"), "something follows the end of the function"),
        (function(b"\1\xff\xff\xff\xff\x0f\x7f\x0b"), "more than 50000 local variables"),
        (function(b"\0\x0e\xff\xff\xff\xff\x0f\0\x0b"), "it ends too early"),
        (function(b"\0\xd0\xf0\x7e\x0b"), "-144 is nothing to refer to"),
        (function(b"\0\x18\0\x0b"), "a delegate ends no block"),
    ],
)
def test_what_is_wrong_is_said(wasm, says):
    with pytest.raises(InvalidWasm, match=says):
        disassemble(wasm)


def test_blocks_in_blocks():
    depth = 20_000
    text = disassemble(function(b"\0" + b"\x02\x40" * depth + b"\x0b" * (depth + 1))).text
    assert text.count("end\n") == depth
    assert len(text) < 3_000_000


def test_components_in_components():
    wasm = b""
    for _ in range(1000):
        wasm = b"\0asm\x0d\0\1\0" + section(4, wasm) if wasm else b"\0asm\x0d\0\1\0"
    assert "bytes, not shown" in disassemble(wasm).text
