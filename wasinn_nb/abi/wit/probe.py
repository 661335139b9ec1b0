"""Whether the installed wasmtime package has what the fast way of calling components needs."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from wasinn_nb.abi.wit.codec import (
    F32,
    U32,
    Bytes,
    Case,
    Err,
    List,
    Option,
    Record,
    Result,
    String,
    Tuple,
    Variant,
)
from wasinn_nb.abi.wit.layout import ENTRY, ENTRY_VALUE, PAYLOAD, SIZE
from wasinn_nb.abi.wit.linker import Calls, Function, Interface, define_raw
from wasinn_nb.abi.wit.resources import Crossing, Handle, Table
from wasinn_nb.nn.errors import InvalidArgument

_COMPONENT = """
(component
  (import "wasinn:probe/api" (instance $api
    (export "thing" (type $thing (sub resource)))
    (type $record (record (field "text" string) (field "data" (list u8))
      (field "number" (option f32))))
    (export "record" (type $entry (eq $record)))
    (type $variant (variant (case "none") (case "some" $entry)))
    (export "variant" (type $choice (eq $variant)))
    (export "make" (func (param "of" (list (tuple u32 string)))
      (result (result (own $thing) (error $choice)))))
    (export "look" (func (param "thing" (borrow $thing)) (result $entry)))))
  (alias export $api "make" (func $make))
  (alias export $api "look" (func $look))
  (alias export $api "thing" (type $thing))
  (core module $memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3)))))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (alias core export $m "realloc" (core func $realloc))
  (core func $lower_make (canon lower (func $make) (memory $mem) (realloc $realloc)))
  (core func $lower_look (canon lower (func $look) (memory $mem) (realloc $realloc)))
  (core func $drop (canon resource.drop $thing))
  (core module $main
    (import "m" "memory" (memory 1))
    (import "api" "make" (func $make (param i32 i32 i32)))
    (import "api" "look" (func $look (param i32 i32)))
    (import "api" "drop" (func $drop (param i32)))
    (data (i32.const 0) "\\07\\00\\00\\00\\0c\\00\\00\\00\\03\\00\\00\\00abc")
    (func (export "run") (result i32)
      (local $thing i32)
      (call $make (i32.const 0) (i32.const 1) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then (return (i32.const 1))))
      (local.set $thing (i32.load (i32.const 68)))
      (call $look (local.get $thing) (i32.const 96))
      (if (i32.ne (i32.load (i32.const 100)) (i32.const 5)) (then (return (i32.const 2))))
      (if (i32.ne (i32.load8_u (i32.load (i32.const 96))) (i32.const 119))
        (then (return (i32.const 3))))
      (if (i32.ne (i32.load (i32.const 108)) (i32.const 100)) (then (return (i32.const 4))))
      (if (i32.ne (i32.load8_u (i32.add (i32.load (i32.const 104)) (i32.const 99)))
        (i32.const 99)) (then (return (i32.const 5))))
      (if (i32.ne (i32.load8_u (i32.const 112)) (i32.const 1)) (then (return (i32.const 6))))
      (if (f32.ne (f32.load (i32.const 116)) (f32.const 0.5)) (then (return (i32.const 7))))
      (call $drop (local.get $thing))
      (call $make (i32.const 0) (i32.const 0) (i32.const 64))
      (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then (return (i32.const 8))))
      (if (i32.ne (i32.load8_u (i32.const 68)) (i32.const 1)) (then (return (i32.const 9))))
      (if (i32.ne (i32.load (i32.const 76)) (i32.const 2)) (then (return (i32.const 10))))
      (i32.const 0)))
  (core instance $i (instantiate $main
    (with "m" (instance $m))
    (with "api" (instance (export "make" (func $lower_make)) (export "look" (func $lower_look))
      (export "drop" (func $drop))))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
"""


@functools.cache
def raw_works() -> bool:
    """Whether values, handles, errors and drops cross as :mod:`layout` and :mod:`linker` assume.

    Asked once per process: the layout is compared, and then a small component passes some of
    everything back and forth.
    """
    try:
        return _layout() and _probe()
    except (
        AttributeError,
        NotImplementedError,
        TypeError,
        ctypes.ArgumentError,
        wasmtime.WasmtimeError,
    ):
        return False


def _layout() -> bool:
    value, entry = ffi.wasmtime_component_val_t, ffi.wasmtime_component_valrecord_entry_t
    offset: int = value.of.offset
    found = ctypes.sizeof(value), offset, ctypes.sizeof(entry), entry.val.offset
    return found == (SIZE, PAYLOAD, ENTRY, ENTRY_VALUE)


def _probe() -> bool:
    from wasmtime import component

    crossing = Crossing()
    calls: list[Any] = []
    dropped: list[Any] = []
    things = Table(1, "thing", limit=2, closed=dropped.append)
    entry = Record({"text": String(), "data": Bytes(), "number": Option(F32)})
    error = Variant({"none": None, "some": entry})

    def make(items: list[Any]) -> Any:
        calls.append(items)
        if not items:
            raise InvalidArgument("no")
        return items

    def look(thing: Any) -> Any:
        calls.append(thing)
        return {"text": "world", "data": bytes(range(100)), "number": 0.5}

    def failure(error: Exception) -> Err:
        return Err(Case("some", {"text": str(error), "data": b"", "number": None}))

    functions = {
        "make": Function(
            (List(Tuple(U32, String())),), Result(Handle(things, crossing, own=True), error), make
        ),
        "look": Function((Handle(things, crossing, own=False),), entry, look),
    }
    engine = wasmtime.Engine()
    linker = component.Linker(engine)
    kept = define_raw(
        linker,
        {"wasinn:probe/api": Interface({"thing": things}, functions, failure)},
        Calls(crossing),
    )
    with linker, wasmtime.Store(engine) as store:
        native = component.Component(engine, wasmtime.wat2wasm(_COMPONENT))
        run: Any = linker.instantiate(store, native).get_func(store, "run")
        found = run(store)
    kept.clear()
    given = [(7, "abc")]
    return found == 0 and calls == [given, given, []] and dropped == [given] and not things
