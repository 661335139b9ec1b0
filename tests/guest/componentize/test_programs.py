"""Programs: what a component made of one imports, and how it is entered."""

from __future__ import annotations

import wasmtime
from wasmtime import component

from tests.guest.componentize.cores import MEMORY, importing, instance, module, packages, validated
from wasinn_nb.guest.componentize import componentize
from wasinn_nb.guest.wit import shipped

_RUN = "wasi:cli/run@0.2.0"


def imports_of(data: bytes) -> set[str]:
    engine = wasmtime.Engine()
    return set(component.Component(engine, data).type.imports(engine))


def test_the_program_is_in_it_as_it_was():
    core = module('(func (export "_start"))')
    assert core in componentize(core, shipped())


def test_a_program_runs():
    core = module(
        '(import "t:t/log" "say" (func $say (param i32)))',
        '(func (export "_start") (call $say (i32.const 5)))',
    )
    found = packages("interface log { say: func(n: u32); }", known=shipped())
    said = []
    running = instance(
        componentize(core, found), {"t:t/log": {"say": lambda _store, n: said.append(n)}}
    )
    running.call(_RUN, "run")
    assert said == [5]


def test_only_what_is_used_is_imported():
    core = module(
        '(import "wasi:cli/stdout@0.2.0" "get-stdout" (func (result i32)))',
        '(func (export "_start"))',
    )
    assert imports_of(componentize(core, shipped())) == {
        "wasi:io/streams@0.2.0",
        "wasi:cli/stdout@0.2.0",
    }


def test_all_of_wasi_is_what_wasmtime_has():
    """Our declarations agree with wasmtime's own, which checks them when it links."""
    wanted = [
        importing(interface.id, function)
        for name, package in shipped().packages.items()
        if name.startswith("wasi:") and not name.startswith("wasi:nn")
        for interface in package.interfaces.values()
        for function in interface.functions.values()
        if interface.name != "run"
    ]
    core = module(*wanted, MEMORY, '(func (export "_start"))')
    engine = wasmtime.Engine()
    compiled = component.Component(engine, componentize(core, shipped()))
    linker, store = component.Linker(engine), wasmtime.Store(engine)
    linker.add_wasip2()
    linker.add_wasi_http()
    store.set_wasi(wasmtime.WasiConfig())
    store.set_wasi_http()
    assert linker.instantiate(store, compiled)
    assert len(wanted) > 60


def test_a_later_release_is_served_with_what_is_known():
    core = module(
        '(import "wasi:random/random@0.2.6" "get-random-u64" (func (result i64)))',
        '(func (export "_start"))',
    )
    assert imports_of(componentize(core, shipped())) == {"wasi:random/random@0.2.0"}


def test_a_reactor_is_initialized_before_anything_else():
    core = module(
        '(import "t:t/log" "say" (func $say (param i32 i32)))',
        MEMORY,
        '(data (i32.const 8) "ready")',
        '(func (export "_initialize") (call $say (i32.const 8) (i32.const 5)))',
        '(func (export "answer") (result i32) (i32.const 42))',
    )
    found = packages(
        "interface log { say: func(text: string); }"
        "world w { import log; export answer: func() -> u32; }"
    )
    said = []
    data = componentize(core, found, found.world("t:t/w"))
    running = instance(data, {"t:t/log": {"say": lambda _store, text: said.append(text)}})
    assert said == ["ready"]
    assert running.call("answer") == 42


def test_a_module_that_starts_by_itself():
    """Its function runs when what it calls is there; ``_initialize`` comes after it."""
    core = module(
        '(import "t:t/log" "say" (func $say (param i32 i32)))',
        MEMORY,
        '(data (i32.const 8) "firstthen")',
        "(func $first (call $say (i32.const 8) (i32.const 5)))",
        "(start $first)",
        '(func (export "_initialize") (call $say (i32.const 13) (i32.const 4)))',
    )
    found = packages("interface log { say: func(text: string); }")
    said = []
    data = componentize(core, found)
    instance(data, {"t:t/log": {"say": lambda _store, text: said.append(text)}})
    assert said == ["first", "then"]


def test_a_module_that_only_starts():
    found = packages("interface log { say: func(n: u32); }")
    core = module(
        '(import "t:t/log" "say" (func $say (param i32)))',
        "(func $f (call $say (i32.const 3)))",
        "(start $f)",
    )
    said = []
    instance(componentize(core, found), {"t:t/log": {"say": lambda _store, n: said.append(n)}})
    assert said == [3]


def test_what_a_function_returned_is_given_back():
    core = module(
        MEMORY,
        """(global $given (mut i32) (i32.const 0))
        (func (export "text") (result i32)
          (i32.store (i32.const 8) (i32.const 16)) (i32.store (i32.const 12) (i32.const 2))
          (i32.const 8))
        (data (i32.const 16) "hi")
        (func (export "cabi_post_text") (param i32) (global.set $given (local.get 0)))
        (func (export "given") (result i32) (global.get $given))""",
    )
    found = packages("world w { export text: func() -> string; export given: func() -> u32; }")
    running = instance(componentize(core, found, found.world("t:t/w")), {})
    assert running.call("text") == "hi"
    assert running.call("given") == 8


def test_a_function_of_the_world_itself():
    core = module(
        '(import "$root" "double" (func $double (param i32) (result i32)))',
        '(func (export "go") (param i32) (result i32) (call $double (local.get 0)))',
    )
    found = packages(
        "world w { import double: func(n: u32) -> u32; export go: func(n: u32) -> u32; }"
    )
    data = componentize(core, found, found.world("t:t/w"))
    assert imports_of(data) == {"double"}


def test_texts_cross_as_the_caller_wants():
    """In Latin-1 any bytes are a text."""
    core = module(
        '(import "t:t/log" "say" (func $say (param i32 i32)))',
        MEMORY,
        r'(data (i32.const 8) "\00\80\ff")',
        '(func (export "_start") (call $say (i32.const 8) (i32.const 3)))',
    )
    found = packages("interface log { say: func(text: string); }")
    said = []
    data = componentize(core, found, encodings={"t:t/log": "latin1+utf16"})
    running = instance(data, {"t:t/log": {"say": lambda _store, text: said.append(text)}})
    running.call(_RUN, "run")
    assert said == ["\x00\x80\xff"]


def test_the_packages_that_come_with_us():
    """A module that imports all of wasi-nn and ours."""
    wanted = [
        importing(interface.id, function)
        for name, package in shipped().packages.items()
        if name.startswith(("wasi:nn@", "wasinn:llm@"))
        for interface in package.interfaces.values()
        for function in interface.functions.values()
    ]
    core = module(*wanted, MEMORY, '(func (export "_start"))')
    validated(componentize(core, shipped()))
