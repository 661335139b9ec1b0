"""Components that pass bytes to ``wasi:nn``, in WebAssembly text, and what calls them.

:func:`component` writes one whose exports are the lowered functions themselves, with a memory that
a test reads and writes: so a test gives any address, and sees every byte.
"""

from __future__ import annotations

import wasmtime
from wasmtime import component as package

from wasinn_nb.abi.wit.nn import SNAPSHOTS
from wasinn_nb.abi.wit.session import Session
from wasinn_nb.guest import octets

NEWEST = SNAPSHOTS[-1]
PAGES = 32
SIZE = PAGES << 16
HEAP, AREA = 1 << 20, 16

TENSOR = """
  (import "wasi:nn/tensor@DATE" (instance $tensors
    (type $dims' (list u32)) (export "tensor-dimensions" (type $dims (eq $dims')))
    (type $type' (enum "FP16" "FP32" "FP64" "BF16" "U8" "I32" "I64"))
    (export "tensor-type" (type $type (eq $type')))
    (type $data' (list u8)) (export "tensor-data" (type $data (eq $data')))
    (export "tensor" (type $tensor (sub resource)))
    (export "[constructor]tensor" (func (param "dimensions" $dims) (param "ty" $type)
      (param "data" $data) (result (own $tensor))))
    (export "[method]tensor.data" (func (param "self" (borrow $tensor)) (result $data)))))
  (alias export $tensors "tensor" (type $tensor))
  (alias export $tensors "[constructor]tensor" (func $new))
  (alias export $tensors "[method]tensor.data" (func $data))
"""
GRAPH = """
  (import "wasi:nn/errors@DATE" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:nn/graph@DATE" (instance $graphs
    (export "graph" (type $graph (sub resource)))
    (alias outer 1 $error (type $error')) (export "error" (type $error (eq $error')))
    (type $part' (list u8)) (export "graph-builder" (type $part (eq $part')))
    (type $encoding' (enum "openvino" "onnx" "tensorflow" "pytorch" "tensorflowlite" "ggml"
      "autodetect"))
    (export "graph-encoding" (type $encoding (eq $encoding')))
    (type $target' (enum "cpu" "gpu" "tpu"))
    (export "execution-target" (type $target (eq $target')))
    (export "load" (func (param "builder" (list $part)) (param "encoding" $encoding)
      (param "target" $target) (result (result (own $graph) (error (own $error))))))))
  (alias export $graphs "graph" (type $graph))
  (alias export $graphs "load" (func $load))
"""

GOOD = """
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get 3)))
    (if (local.get 0) (then (memory.copy (local.get $at) (local.get 0) (local.get 1))))
    (local.get $at)"""
SLOPPY = "(i32.const 1048577)"
"""An odd address, always the same, nothing copied."""

_LIBRARY = f"""
  (core module $lib
    (memory (export "memory") {PAGES})
    (global $next (mut i32) (i32.const {HEAP}))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) REALLOC)
    (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "poke") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
    (func (export "peek4") (param i32) (result i32) (i32.load (local.get 0)))
    (func (export "poke4") (param i32 i32) (i32.store (local.get 0) (local.get 1))))
  (core instance $lib (instantiate $lib))
  (alias core export $lib "memory" (core memory $memory))
  (alias core export $lib "realloc" (core func $realloc))
"""
_LOWERED = """
  (core func $new (canon lower (func $new) (memory $memory)))
  (core func $data (canon lower (func $data) (memory $memory) (realloc $realloc)))
  (core func $load (canon lower (func $load) (memory $memory)))
  (core func $drop (canon resource.drop $tensor))
  (core func $drop_graph (canon resource.drop $graph))
  (core func $drop_error (canon resource.drop $error))
"""
_EXPORTS = {
    "new": ("func $new", 5, 1),
    "data": ("func $data", 2, 0),
    "load": ("func $load", 5, 0),
    "drop": ("func $drop", 1, 0),
    "drop-graph": ("func $drop_graph", 1, 0),
    "drop-error": ("func $drop_error", 1, 0),
    "peek": ('func $lib "peek"', 1, 1),
    "poke": ('func $lib "poke"', 2, 0),
    "peek4": ('func $lib "peek4"', 1, 1),
    "poke4": ('func $lib "poke4"', 2, 0),
}


def text(*, date=NEWEST, realloc=GOOD, lowered=_LOWERED, extra=""):
    exports = []
    for name, (function, params, results) in _EXPORTS.items():
        given = " ".join(f'(param "p{number}" u32)' for number in range(params))
        exports.append(
            f'(func (export "{name}") {given} {"(result u32)" * results} '
            f"(canon lift (core {function})))"
        )
    parts = (TENSOR, GRAPH, _LIBRARY.replace("REALLOC", realloc), lowered, *exports, extra)
    return f"(component {''.join(parts)})".replace("DATE", date)


def component(**changes):
    return bytes(wasmtime.wat2wasm(text(**changes)))


def rewritten(wasm):
    """The rewritten component; None if it is left as it is."""
    found = octets.find(wasm)
    return found and found.component()


class Caller:
    """A component of :func:`component`, in a store."""

    def __init__(self, wasm, host, engine=None, *, rewrite=True):
        changed = rewritten(wasm) if rewrite else None
        assert (changed is not None) == rewrite
        self.engine = engine or wasmtime.Engine()
        self.session = Session(host, packed=rewrite)
        self.linker = package.Linker(self.engine)
        self.kept = self.session.define(self.linker)
        self.store = wasmtime.Store(self.engine)
        native = package.Component(self.engine, changed or wasm)
        self.instance = self.linker.instantiate(self.store, native)

    def __call__(self, name, *args):
        function = self.instance.get_func(self.store, name)
        result = function(self.store, *args)
        function.post_return(self.store)
        return result

    def put(self, at, data):
        for place, byte in enumerate(data):
            self("poke", at + place, byte)

    def get(self, at, size):
        return bytes(self("peek", at + place) for place in range(size))

    def put_words(self, at, *words):
        for place, word in enumerate(words):
            self("poke4", at + 4 * place, word)

    def words(self, at, count):
        return [self("peek4", at + 4 * place) for place in range(count)]

    def data(self, tensor):
        """Where the bytes are, and the bytes."""
        self("data", tensor, AREA)
        at, size = self.words(AREA, 2)
        return at, self.get(at, size)

    def close(self):
        self.store.close()
        self.linker.close()
        self.session.close()
        self.kept.clear()
