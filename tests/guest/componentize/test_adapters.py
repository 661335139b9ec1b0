"""Adapters: core modules between a program and the interfaces that it does not know."""

from __future__ import annotations

from contextlib import suppress

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import component

from tests.guest.componentize.cores import MEMORY, instance, module, packages
from wasinn_nb.guest.build.model import InvalidWasm
from wasinn_nb.guest.componentize import ComponentizeError, componentize
from wasinn_nb.guest.componentize.trim import trim

_LOG = """
interface log { say: func(text: string); whisper: func(text: string); name: func() -> string; }
interface other { never: func(); }
"""
_BRIDGE = """
  (import "env" "memory" (memory $main 0))
  (memory $own (export "memory") 1)
  (func (export "read") (param i32 i32 i32)
    (memory.copy $own $main (local.get 0) (local.get 1) (local.get 2)))
"""
_ADAPTER = """
  (import "bridge" "memory" (memory 1))
  (import "bridge" "read" (func $read (param i32 i32 i32)))
  (import "t:t/log" "say" (func $say (param i32 i32)))
  (import "t:t/log" "whisper" (func $whisper (param i32 i32)))
  (import "t:t/log" "name" (func $name (param i32)))
  (import "t:t/other" "never" (func $never))
  (import "__main_module__" "hook" (func $hook))
  (import "__main_module__" "lacking" (func $lacking))
  (table 2 funcref)
  (elem (i32.const 0) $whispered $named)
  (func $whispered (call $whisper (i32.const 100) (i32.const 2)))
  (func $named (call $name (i32.const 0)))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 512))
  (func (export "print") (param $at i32) (param $size i32)
    (call $read (i32.const 100) (local.get $at) (local.get $size))
    (call $say (i32.const 100) (local.get $size)))
  (func (export "called") (call_indirect (i32.const 0)))
  (func (export "hooked") (call $hook))
  (func (export "trapping") (call $lacking))
  (func (export "unused") (call $never))
"""
_ADAPTERS = {"bridge": module(_BRIDGE), "old": module(_ADAPTER), "older": module(_ADAPTER)}


def wrapped(*fields: str) -> bytes:
    return componentize(module(*fields), packages(_LOG), adapters=_ADAPTERS)


def imports_of(data: bytes) -> dict[str, set[str]]:
    engine = wasmtime.Engine()
    found = component.Component(engine, data).type.imports(engine)
    return {name: set(found[name].ty.exports(engine)) for name in found}


def said(data: bytes) -> list[str]:
    heard: list[str] = []
    functions = {
        "say": lambda _store, text: heard.append(text),
        "whisper": lambda _store, text: heard.append(f"({text})"),
        "name": lambda _store: "me",
    }
    wanted = imports_of(data)
    host = {name: {one: functions[one] for one in found} for name, found in wanted.items()}
    instance(data, host).call("wasi:cli/run@0.2.0", "run")
    return heard


_PRINTS = (
    '(import "old" "print" (func $print (param i32 i32)))',
    MEMORY,
    '(data (i32.const 9) "hello")',
    '(func (export "_start") (call $print (i32.const 9) (i32.const 5)))',
)


def test_a_program_speaks_through_an_adapter_with_memory_of_its_own():
    data = wrapped(*_PRINTS)
    assert said(data) == ["hello"]


def test_what_the_program_does_not_use_is_not_asked_for():
    assert imports_of(wrapped(*_PRINTS)) == {"t:t/log": {"say"}}


def test_what_is_called_through_a_table_is_kept():
    data = wrapped(
        '(import "old" "called" (func $f))', MEMORY, '(func (export "_start") (call $f))'
    )
    assert set(imports_of(data)["t:t/log"]) == {"whisper", "name"}
    assert said(data) == ["(\0\0)"]


def test_two_names_are_one_adapter():
    data = wrapped(
        '(import "old" "print" (func $print (param i32 i32)))',
        '(import "older" "called" (func $f))',
        MEMORY,
        '(data (i32.const 9) "hello")',
        '(func (export "_start") (call $print (i32.const 9) (i32.const 5)) (call $f))',
    )
    assert said(data) == ["hello", "(he)"]


def test_an_adapter_calls_the_program():
    data = wrapped(
        '(import "old" "hooked" (func $f))',
        '(import "old" "print" (func $print (param i32 i32)))',
        MEMORY,
        '(data (i32.const 9) "hello")',
        '(func (export "hook") (call $print (i32.const 9) (i32.const 4)))',
        '(func (export "_start") (call $f))',
    )
    assert said(data) == ["hell"]


def test_an_adapter_calls_what_the_program_has_not():
    data = wrapped(
        '(import "old" "trapping" (func $f))', MEMORY, '(func (export "_start") (call $f))'
    )
    with pytest.raises(wasmtime.WasmtimeError, match="unreachable"):
        said(data)


def test_an_adapter_that_shares_the_programs_memory():
    adapter = module(
        """(import "env" "memory" (memory 0))
        (import "t:t/log" "say" (func $say (param i32 i32)))
        (func (export "print") (param i32 i32) (call $say (local.get 0) (local.get 1)))"""
    )
    core = module(*_PRINTS)
    assert said(componentize(core, packages(_LOG), adapters={"old": adapter})) == ["hello"]


def test_an_adapter_that_is_not_used_is_not_in_it():
    core = module('(func (export "_start"))')
    assert len(componentize(core, packages(_LOG), adapters=_ADAPTERS)) < 400


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ('(import "old" "lost" (func))', "old.lost, which is not there for components"),
        ('(import "old" "print" (func))', r"old#print as \(\) -> \(\), but it is \(i32, i32\)"),
        ('(import "old" "print" (memory 1))', "the memory old.print"),
    ],
)
def test_what_an_adapter_lacks(wanted, words):
    with pytest.raises(ComponentizeError, match=words):
        wrapped(wanted, '(func (export "_start"))')


def test_a_program_without_memory():
    with pytest.raises(ComponentizeError, match="does not export its memory"):
        wrapped('(import "old" "print" (func (param i32 i32)))', '(func (export "_start"))')


def test_functions_in_constants_are_kept():
    """Of globals, and of segments that tables are filled from later."""
    adapter = module(
        """(import "t:t/log" "say" (func $say (param i32 i32)))
        (import "t:t/log" "whisper" (func $whisper (param i32 i32)))
        (import "t:t/other" "never" (func $never))
        (global (export "g") funcref (ref.func $say))
        (table $t 1 funcref)
        (elem $e funcref (ref.func $whisper) (ref.null func))
        (func (export "fill")
          (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export "unused") (call $never))"""
    )
    found = trim(adapter, frozenset(["fill"]))
    names = [found.core.imports[place].name for place in sorted(found.used)]
    assert names == ["say", "whisper"]
    wasmtime.Module(wasmtime.Engine(), found.data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_adapter_is_said_to_be_one(data):
    damaged = bytearray(_ADAPTERS["old"])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(8, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    with suppress(InvalidWasm):
        trim(bytes(damaged), frozenset(["print"]))
