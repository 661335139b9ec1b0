"""Components in text whose exports take and give all that WIT has."""

from __future__ import annotations

from collections.abc import Mapping

import wasmtime

from tests.guest.run import components as runs

# an allocator that begins anew after every call, and grows the memory as it needs
MEMORY = """
  (core module $memory_
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "reset") (param i32) (global.set $next (i32.const 1024)))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (loop $more
        (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
          (then
            (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then (unreachable)))
            (br $more))))
      (local.get $at))
    (func (export "same") (param i32) (result i32) (local.get 0)))
  (core instance $memory (instantiate $memory_))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (alias core export $memory "reset" (core func $reset))
"""

# so many that the parameters lie in memory, as the result does: what came is what is returned
PADDING = 16
PADS = tuple(range(PADDING))


def identity(types: Mapping[str, str], functions: Mapping[str, str]) -> bytes:
    """A component with functions that return what they were given.

    Args:
        types: named types, which may use earlier ones as ``$name``.
        functions: by name, the type that each takes; it takes and returns a tuple of u8 along.
    """
    parts = [MEMORY, f"(type $pads (tuple {'u8 ' * PADDING}))"]
    for name, text in types.items():
        parts.append(f'(type ${name}_ {text}) (export ${name} "{name}" (type ${name}_))')
    for name, text in functions.items():
        parts.append(f"""
          (type $result_{name} (tuple {text} $pads))
          (func ${name}_ (param "x" {text}) (param "pads" $pads) (result $result_{name})
            (canon lift (core func $memory "same") (memory $mem) (realloc $realloc)
              (post-return $reset)))
          (export "{name}" (func ${name}_))""")
    return bytes(wasmtime.wat2wasm(f"(component {' '.join(parts)})"))


def library(core: str, fields: str, *parts: str) -> bytes:
    """A component around a core module that has the memory above.

    Args:
        core: what the module has besides.
        fields: of the component, after the module's instance, which is ``$main``.
        parts: what it imports of WASI and wasi:nn, see the components of the runs' tests.
    """
    imports, exports, outer = [], [], []
    for part in parts:
        source, functions = runs.PARTS[part]
        outer.append(source)
        for function in functions:
            name, _, kind = function.partition(" ")
            imports.append(f'(import "h" "{name}" (func ${name} {kind}))')
            exports.append(f'(export "{name}" (func ${name}))')
    helpers = "".join(runs.HELPERS.get(part, "") for part in parts)
    source = f"""
    (component {MEMORY} {" ".join(outer)}
      (core module $main_
        {" ".join(imports)}
        (import "m" "memory" (memory 1))
        (import "m" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        {helpers} {core})
      (core instance $h {" ".join(exports)})
      (core instance $main
        (instantiate $main_ (with "h" (instance $h)) (with "m" (instance $memory))))
      {fields})"""
    allocating = "(memory $mem) (realloc $realloc)"
    return bytes(
        wasmtime.wat2wasm(
            source.replace("ALLOCATING", allocating).replace(" MEMORY)", " (memory $mem))")
        )
    )


COUNTERS = """
(component
  (core module $m
    (global $alive (mut i32) (i32.const 0))
    (memory (export "memory") 1)
    (data (i32.const 64) "too many")
    (func (export "dtor") (param i32)
      (global.set $alive (i32.sub (global.get $alive) (i32.const 1))))
    (func (export "made") (global.set $alive (i32.add (global.get $alive) (i32.const 1))))
    (func (export "get") (param i32) (result i32) (local.get 0))
    (func (export "sum") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "boom") (param i32) (result i32) (unreachable))
    (func (export "alive") (result i32) (global.get $alive))
    (func (export "limited") (param i32) (result i32)
      (i32.store (i32.const 0) (i32.gt_u (local.get 0) (i32.const 10)))
      (i32.store (i32.const 4) (local.get 0))
      (if (i32.gt_u (local.get 0) (i32.const 10)) (then
        (i32.store (i32.const 4) (i32.const 64)) (i32.store (i32.const 8) (i32.const 8))))
      (i32.const 0)))
  (core instance $i (instantiate $m))
  (type $counter_ (resource (rep i32) (dtor (core func $i "dtor"))))
  (core func $new_ (canon resource.new $counter_))
  (core func $drop_ (canon resource.drop $counter_))
  (core module $glue
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "made" (func $made))
    (func (export "new") (param i32) (result i32) (call $made) (call $new (local.get 0)))
    (func (export "take") (param i32) (result i32) (call $drop (local.get 0)) (i32.const 7)))
  (core instance $g (instantiate $glue (with "" (instance
    (export "new" (func $new_)) (export "drop" (func $drop_)) (export "made" (func $i "made"))))))
  (func $new (param "start" u32) (result (own $counter_)) (canon lift (core func $g "new")))
  (func $get (param "self" (borrow $counter_)) (result u32) (canon lift (core func $i "get")))
  (func $boom (param "self" (borrow $counter_)) (result u32) (canon lift (core func $i "boom")))
  (func $sum (param "a" (borrow $counter_)) (param "b" (borrow $counter_)) (result u32)
    (canon lift (core func $i "sum")))
  (func $take (param "c" (own $counter_)) (result u32) (canon lift (core func $g "take")))
  (func $alive (result u32) (canon lift (core func $i "alive")))
  (func $limited (param "n" u32) (result (result u32 (error string)))
    (canon lift (core func $i "limited") (memory (core memory $i "memory"))))
  (component $inner
    (import "counter" (type $c (sub resource)))
    (import "new" (func $new (param "start" u32) (result (own $c))))
    (import "get" (func $get (param "self" (borrow $c)) (result u32)))
    (import "boom" (func $boom (param "self" (borrow $c)) (result u32)))
    (import "sum" (func $sum (param "a" (borrow $c)) (param "b" (borrow $c)) (result u32)))
    (import "take" (func $take (param "c" (own $c)) (result u32)))
    (export $e "counter" (type $c))
    (export "[constructor]counter" (func $new) (func (param "start" u32) (result (own $e))))
    (export "[method]counter.get" (func $get) (func (param "self" (borrow $e)) (result u32)))
    (export "[method]counter.boom" (func $boom) (func (param "self" (borrow $e)) (result u32)))
    (export "[static]counter.sum" (func $sum)
      (func (param "a" (borrow $e)) (param "b" (borrow $e)) (result u32)))
    (export "take" (func $take) (func (param "c" (own $e)) (result u32))))
  (instance $counting (instantiate $inner (with "counter" (type $counter_))
    (with "new" (func $new)) (with "get" (func $get)) (with "boom" (func $boom))
    (with "sum" (func $sum)) (with "take" (func $take))))
  (export "my:pkg/counting@1.0.0" (instance $counting))
  (export "other:pkg/counting@1.0.0" (instance $counting))
  (export "alive" (func $alive))
  (export "limited-to-ten" (func $limited)))
"""
"""Counters that count how many of them there are, in two interfaces of the same short name."""


def counters() -> bytes:
    """:data:`COUNTERS`, assembled."""
    return bytes(wasmtime.wat2wasm(COUNTERS))


MODELS = library(
    """
  (data (i32.const 64) "m") (data (i32.const 80) "working\\n")
  (global $graph (mut i32) (i32.const 0))
  (func (export "load") (result i32)
    (call $print (i32.const 80) (i32.const 8))
    (call $load (i32.const 64) (i32.const 1) (i32.const 16))
    (global.set $graph (i32.load (i32.const 20)))
    (i32.load8_u (i32.const 16)))
  (func (export "free") (call $drop (global.get $graph)))
  (func (export "spin") (loop $again (br $again)))
""",
    """
  (func $load_it (result bool) (canon lift (core func $main "load")))
  (func $free_it (canon lift (core func $main "free")))
  (func $spin_it (canon lift (core func $main "spin")))
  (export "load" (func $load_it)) (export "free" (func $free_it)) (export "spin" (func $spin_it))
""",
    "print",
    "graph",
)
"""Loads the model m, and keeps it until it is told to free it; ``load`` is whether that failed."""
