"""Calls the twelve functions through a real guest, which exports a trampoline for each."""

from __future__ import annotations

import ctypes
import struct

import wasmtime

from tests.abi.models import Shelf
from wasinn_nb.abi.core.dialect import DIALECTS
from wasinn_nb.abi.core.functions import ARITY, MODULE
from wasinn_nb.abi.core.linker import define, new_session
from wasinn_nb.guest.engine import Engine

PAGE = 65536


def trampolines(names, memory='(memory (export "memory") 2 8)', extra=""):
    imports, functions = [], []
    for name in names:
        params = " ".join(["i32"] * ARITY[name])
        locals_ = " ".join(f"(local.get {n})" for n in range(ARITY[name]))
        imports.append(f'(import "{MODULE}" "{name}" (func ${name} (param {params}) (result i32)))')
        functions.append(
            f'(func (export "{name}") (param {params}) (result i32) (call ${name} {locals_}))'
        )
    return bytes(
        wasmtime.wat2wasm(f"(module {' '.join(imports)} {memory} {' '.join(functions)} {extra})")
    )


class Guest:
    """A guest that a test drives call by call.

    ``guest.compute(0)`` calls the export; numbers are taken modulo 2**32.
    """

    def __init__(self, compat="auto", *, engine=None, shelf=None, wasm=None, grow=True):
        engine = engine or Engine()
        self.shelf = shelf or Shelf()
        dialect = DIALECTS[compat]
        self.session = new_session(self.shelf, dialect)
        self.linker = wasmtime.Linker(engine.native)
        self.kept = define(self.linker, self.session)
        self.store = wasmtime.Store(engine.native)
        self.store.set_epoch_deadline(1 << 40)
        extra = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))'
        self.wasm = wasm or trampolines(dialect.functions or ARITY, extra=extra)
        module = wasmtime.Module(engine.native, self.wasm)
        self.exports = self.linker.instantiate(self.store, module).exports(self.store)
        self.memory = self.exports.get("memory")
        self._functions = dict(self.exports.items())

    def __getattr__(self, name):
        function = self._functions[name]

        def call(*values):
            return function(self.store, *(ctypes.c_int32(v).value for v in values))

        return call

    @property
    def size(self):
        return self.memory.data_len(self.store)

    def write(self, at, data):
        self.memory.write(self.store, bytearray(data), at)
        return at

    def read(self, at, length):
        return bytes(self.memory.read(self.store, at, at + length))

    def u32(self, at):
        return struct.unpack("<I", self.read(at, 4))[0]

    def put_u32(self, at, *values):
        return self.write(at, struct.pack(f"<{len(values)}I", *values))

    # what guests do, with fixed places: out values at 16, records at 64, names at 256, data at 4096

    def load_name(self, name, config=None):
        data = name if isinstance(name, bytes) else name.encode()
        self.write(256, data)
        if config is None:
            return self.load_by_name(256, len(data), 16)
        self.write(1024, config)
        return self.load_by_name_with_config(256, len(data), 1024, len(config), 16)

    def context(self, name="llm"):
        assert self.load_name(name) == 0
        assert self.init_execution_context(self.u32(16), 20) == 0
        return self.u32(20)

    def input(self, context, index, data, dims=None, kind=3):
        dims = [len(data)] if dims is None else dims
        self.put_u32(128, *dims)
        self.put_u32(64, 128, len(dims), kind, 4096, len(data))
        self.write(4096, data)
        return self.set_input(context, index, 64)

    def output(self, context, index=0, size=1000, function="get_output"):
        """(errno, written, what lies in the buffer)"""
        self.put_u32(24, 0xDEAD)
        self.write(8192, b"\xee" * max(size, 1))
        errno = getattr(self, function)(context, index, 8192, size, 24)
        return errno, self.u32(24), self.read(8192, size)
