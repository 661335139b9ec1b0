"""Components in text whose exports take and give all that WIT has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import wasmtime

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


def library(core: str, lifts: Iterable[str]) -> bytes:
    """A component around a core module that has the memory above.

    Args:
        core: what the module has besides.
        lifts: component fields; the module's functions are those of ``$main``.
    """
    return bytes(
        wasmtime.wat2wasm(f"""
    (component {MEMORY}
      (core module $main_
        (import "m" "memory" (memory 1))
        (import "m" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        {core})
      (core instance $main (instantiate $main_ (with "m" (instance $memory))))
      {" ".join(lifts)})""")
    )
