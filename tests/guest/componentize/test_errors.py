"""What does not become a component is refused in words that help."""

from __future__ import annotations

from contextlib import suppress

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest.componentize.cores import MEMORY, module, packages, trivial
from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.componentize import ComponentizeError, componentize
from wasinn_nb.guest.wit import shipped

_WORLD = """
interface host {
  use types.{thing};
  text: func() -> string;
  number: func(n: u64) -> u32;
  watch: async func();
  all: func() -> stream<u8>;
  four: func(x: list<u8, 4>);
}
interface types { resource thing { constructor(); } }
interface guest {
  greet: func(name: string) -> string;
  count: func() -> u32;
}
world w { import host; import types; export guest; }
world typed { import types; export types; }
world plain { export go: func(n: u32) -> u32; }
world program { export wasi:cli/run@0.2.0; }
"""
_GREET = '(func (export "t:t/guest#greet") (param i32 i32) (result i32) unreachable)'
_COUNT = '(func (export "t:t/guest#count") (result i32) unreachable)'
_PLAIN_MEMORY = '(memory (export "memory") 1)'


def refused(world: str, *fields: str) -> str:
    found = packages(_WORLD, known=shipped())
    with pytest.raises(ComponentizeError) as error:
        componentize(module(*fields), found, found.world(f"t:t/{world}") if world else None)
    return str(error.value)


@pytest.mark.parametrize(
    ("imported", "words"),
    [
        ('"env" "puts" (func)', "imports what no interface of WIT has: env.puts."),
        ('"t:t/nowhere" "f" (func)', "no interface of WIT has: t:t/nowhere.f."),
        ('"wasi:nn/graph@0.2.0-rc-2025-01-01" "load" (func)', "no interface of WIT has"),
        ('"t:t/host" "numbr" (func)', "no function 'numbr'"),
        ('"t:t/host" "numbr" (func)', "Its functions: text, number"),
        (
            '"t:t/host" "number" (func (param i32) (result i32))',
            "t:t/host#number as (i32) -> (i32), but it is (i64) -> (i32)",
        ),
        ('"t:t/host" "number" (memory 1)', "the memory 'number' of t:t/host"),
        ('"t:t/host" "[resource-drop]stone" (func (param i32))', "no resource 'stone'"),
        ('"t:t/host" "[resource-drop]thing" (func)', "but it is (i32) -> ()"),
        ('"t:t/host" "watch" (func)', "t:t/host#watch is asynchronous"),
        ('"t:t/host" "[async-lower]watch" (func (result i32))', "made for asynchronous"),
        ('"t:t/host" "all" (func (result i32))', "cannot have yet: 'stream'"),
        ('"t:t/host" "four" (func (param i32 i32))', "cannot have yet: lists of a fixed length"),
        ('"$root" "log" (func)', "The world of a program imports no function 'log'"),
        ('"[export]t:t/types" "[resource-new]thing" (func)', "no interface t:t/types"),
    ],
)
def test_imports(imported, words):
    assert words in refused("", f"(import {imported})", '(func (export "_start"))')


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([MEMORY, _GREET], "exports t:t/guest#count, but the program does not"),
        ([MEMORY, _GREET], 'in C: __attribute__((export_name("t:t/guest#count")))'),
        (
            [MEMORY, _GREET, '(func (export "t:t/guest#count"))'],
            "t:t/guest#count as () -> (), but the world says () -> (i32)",
        ),
        ([_GREET, _COUNT], "no memory, as 'memory'"),
        ([_PLAIN_MEMORY, _GREET, _COUNT], "takes text or lists, but no 'cabi_realloc'"),
        (
            [MEMORY, _GREET, _COUNT, '(func (export "cabi_post_t:t/guest#greet"))'],
            "'cabi_post_t:t/guest#greet' is () -> (), it should be (i32) -> ()",
        ),
    ],
)
def test_exports(fields, words):
    assert words in refused("w", *fields)


def test_a_function_of_the_world():
    said = refused("plain", '(func (export "go") (param i64) (result i32) unreachable)')
    assert "exports go as (i64) -> (i32), but the world says (i32) -> (i32)" in said


def test_what_ends_a_resource():
    said = refused(
        "typed",
        '(func (export "t:t/types#[constructor]thing") (result i32) unreachable)',
        '(func (export "t:t/types#[dtor]thing"))',
    )
    assert "'t:t/types#[dtor]thing' is () -> (), it should be (i32)" in said


def test_a_text_from_the_host_needs_memory():
    said = refused("", '(import "t:t/host" "text" (func (param i32)))', '(func (export "_start"))')
    assert "calls t:t/host#text, but exports no memory" in said


def test_a_text_from_the_host_needs_a_place():
    said = refused(
        "",
        '(import "t:t/host" "text" (func (param i32)))',
        _PLAIN_MEMORY,
        '(func (export "_start"))',
    )
    assert "returns text or lists, but exports no 'cabi_realloc'" in said


def test_a_program_without_a_main_function():
    assert "the program has no main function" in refused("program", _PLAIN_MEMORY)


def test_a_main_function_of_another_type():
    assert "_start is (i32) -> ()" in refused("", '(func (export "_start") (param i32))')


@pytest.mark.parametrize("data", [b"", b"\0asm\1\0\0\0\1\5\1", b"\0asm\1\0\0\0\7\4\1\0\0\7"])
def test_a_damaged_module(data):
    with pytest.raises(InvalidWasm):
        componentize(data, shipped())


_FOUND = packages(_WORLD, known=shipped())
_WHOLE = bytes(
    wasmtime.wat2wasm(f'(module (import "t:t/host" "text" (func (param i32))) {MEMORY})')
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_the_bytes_are(data):
    damaged = bytearray(_WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidWasm, ComponentizeError):
        componentize(bytes(damaged), _FOUND)


def test_more_flags_than_there_can_be():
    names = ", ".join(f"flag{number}" for number in range(33))
    found = packages(
        f"interface i {{ flags many {{ {names} }} f: func(x: many); }} world w {{ import i; }}"
    )
    world = found.world("t:t/w")
    assert world
    with pytest.raises(ComponentizeError, match="more than 32 flags"):
        componentize(trivial(world), found, world)
