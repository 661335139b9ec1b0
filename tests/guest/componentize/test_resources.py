"""Resources: of the host, of the component itself, and taken over by other interfaces."""

from __future__ import annotations

import wasmtime
from wasmtime import component

from tests.guest.componentize.cores import MEMORY, Running, module, packages
from wasinn_nb.guest.componentize import componentize

_OWN = """
  interface counters {
    resource counter {
      constructor(start: u32);
      add: func(n: u32) -> u32;
      merge: static func(a: counter, b: borrow<counter>) -> counter;
    }
    record pair { left: counter, right: u32 }
    split: func(n: u32) -> pair;
  }
  interface users {
    use counters.{counter as count, pair};
    peek: func(c: borrow<count>) -> u32;
    sum: func(p: pair) -> u32;
  }
  interface log { ended: func(value: u32); }
  world w { import log; export users; export counters; }
"""
_CORE = """
  (import "t:t/log" "ended" (func $ended (param i32)))
  (import "[export]t:t/counters" "[resource-new]counter" (func $new (param i32) (result i32)))
  (import "[export]t:t/counters" "[resource-rep]counter" (func $rep (param i32) (result i32)))
  (import "[export]t:t/counters" "[resource-drop]counter" (func $drop (param i32)))
  (global $next (mut i32) (i32.const 1024))
  (func $make (param $value i32) (result i32)
    (global.set $next (i32.add (global.get $next) (i32.const 4)))
    (i32.store (global.get $next) (local.get $value))
    (call $new (global.get $next)))
  (func (export "t:t/counters#[constructor]counter") (param i32) (result i32)
    (call $make (local.get 0)))
  (func $add (export "t:t/counters#[method]counter.add") (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (local.get 1)))
    (i32.load (local.get 0)))
  (func (export "t:t/counters#[static]counter.merge") (param i32 i32) (result i32)
    (drop (call $add (call $rep (local.get 0)) (i32.load (local.get 1))))
    (local.get 0))
  (func (export "t:t/counters#split") (param i32) (result i32)
    (i32.store (i32.const 64) (call $make (local.get 0)))
    (i32.store (i32.const 68) (local.get 0))
    (i32.const 64))
  (func (export "t:t/users#peek") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "t:t/users#sum") (param i32 i32) (result i32) (local $value i32)
    (local.set $value (i32.load (call $rep (local.get 0))))
    (call $drop (local.get 0))
    (i32.add (local.get $value) (local.get 1)))
  (func (export "t:t/counters#[dtor]counter") (param i32) (call $ended (i32.load (local.get 0))))
"""


def test_resources_of_the_component():
    found = packages(_OWN)
    imports, rest = _CORE.split("(global $next", 1)
    core = module(imports, MEMORY, "(global $next", rest)
    engine = wasmtime.Engine()
    compiled = component.Component(engine, componentize(core, found, found.world("t:t/w")))
    linker, store, ended = component.Linker(engine), wasmtime.Store(engine), []
    with linker.root() as root, root.add_instance("t:t/log") as log:
        log.add_func("ended", lambda _store, value: ended.append(value))
    running = Running(store, compiled, linker.instantiate(store, compiled))

    def call(name, *args):
        where = "t:t/users" if name in ("peek", "sum") else "t:t/counters"
        return running.call(where, name, args=args)

    first, second = call("[constructor]counter", 5), call("[constructor]counter", 7)
    assert call("[method]counter.add", first, 10) == 15
    merged = call("[static]counter.merge", first, second)
    assert call("peek", merged) == 22
    pair = call("split", 30)
    assert pair.right == 30
    assert call("sum", pair) == 60
    assert ended == [30]
    merged.drop(store)
    second.drop(store)
    assert ended == [30, 22, 7]


def test_one_resource_of_the_host_in_two_packages():
    found = packages(
        """
        interface files { resource file; open: func(n: u32) -> file; }
        package t:other {
          interface readers { use t:t/files.{file as it}; next: func(f: borrow<it>) -> it; }
        }
        package t:mine {
          world w { import t:other/readers; import t:t/files; export go: func() -> u32; }
        }
        """
    )
    core = module(
        '(import "t:t/files" "open" (func $open (param i32) (result i32)))',
        '(import "t:t/files" "[resource-drop]file" (func $drop (param i32)))',
        '(import "t:other/readers" "next" (func $next (param i32) (result i32)))',
        """(func (export "go") (result i32) (local $a i32) (local $b i32)
          (local.set $a (call $open (i32.const 40)))
          (local.set $b (call $next (local.get $a)))
          (call $drop (local.get $a))
          (call $drop (local.get $b))
          (i32.const 9))""",
    )
    engine = wasmtime.Engine()
    compiled = component.Component(engine, componentize(core, found, found.world("t:mine/w")))
    assert set(compiled.type.imports(engine)) == {"t:t/files", "t:other/readers"}
    linker, store, dropped = component.Linker(engine), wasmtime.Store(engine), []
    kind = component.ResourceType.host(1)

    def following(store, file):
        return component.ResourceHost.own(file.to_host(store).rep + 1, 1).to_any(store)

    with linker.root() as root:
        with root.add_instance("t:t/files") as files:
            files.add_resource("file", kind, lambda _store, rep: dropped.append(rep))
            files.add_func("open", lambda store, n: component.ResourceHost.own(n, 1).to_any(store))
        with root.add_instance("t:other/readers") as readers:
            readers.add_resource("it", kind, lambda _store, rep: dropped.append(rep))
            readers.add_func("next", following)
    running = Running(store, compiled, linker.instantiate(store, compiled))
    assert running.call("go") == 9
    assert dropped == [40, 41]
