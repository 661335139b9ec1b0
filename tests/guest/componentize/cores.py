"""Core modules for components, written from what the canonical ABI says of their functions."""

from __future__ import annotations

from typing import Any

import wasmtime
from wasmtime import component

from wasinn_nb.guest.componentize import abi
from wasinn_nb.guest.wit import Packages, WitSource, read
from wasinn_nb.guest.wit.model import Function, Interface, World

MEMORY = """
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))"""


def module(*fields: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(module {' '.join(fields)})"))


def packages(text: str, known: Packages | None = None) -> Packages:
    return read(WitSource(f"package t:t;\n{text}"), known=known)


def signature(type_: abi.CoreType) -> str:
    params = f"(param {' '.join(type_.params)})" if type_.params else ""
    return f"{params} {f'(result {type_.results[0]})' if type_.results else ''}"


def importing(called: str, function: Function, identifier: str = "") -> str:
    type_ = signature(abi.imported(function).type)
    return f'(import "{called}" "{function.extern}" (func {identifier} {type_}))'


def trivial(world: World) -> bytes:
    """Imports everything that a world has, and exports functions that trap."""
    imports, exports = [], []
    for name, port in world.imports.items():
        if isinstance(port, Interface):
            imports += [importing(name, one) for one in port.functions.values()]
            imports += [
                f'(import "{name}" "[resource-drop]{one.name}" (func (param i32)))'
                for one in port.types.values()
                if one.is_resource
            ]
        elif isinstance(port, Function):
            imports.append(importing("$root", port))
    for name, exported in world.exports.items():
        own = isinstance(exported, Interface)
        functions = exported.functions if isinstance(exported, Interface) else {name: exported}
        for function in functions.values():
            called = f"{name}#{function.extern}" if own else name
            type_ = signature(abi.exported(function).type)
            exports.append(f'(func (export "{called}") {type_} unreachable)')
    return module(*imports, MEMORY, *exports)


def validated(data: bytes) -> component.Component:
    """wasmtime's opinion of a component: an error, if it is none."""
    return component.Component(wasmtime.Engine(), data)


def instance(data: bytes, host: dict[str, dict[str, Any]]) -> Running:
    """A component that runs, with functions of Python for what it imports."""
    engine = wasmtime.Engine()
    compiled = component.Component(engine, data)
    linker = component.Linker(engine)
    with linker.root() as root:
        for name, functions in host.items():
            with root.add_instance(name) as made:
                for extern, function in functions.items():
                    made.add_func(extern, function)
    store = wasmtime.Store(engine)
    return Running(store, compiled, linker.instantiate(store, compiled))


class Running:
    """An instance whose functions are called by name."""

    def __init__(self, store: Any, compiled: Any, made: Any) -> None:
        self.store = store
        self._compiled = compiled
        self._made = made

    def call(self, *path: str, args: tuple[Any, ...] = ()) -> Any:
        """Call a function, of an interface if two names are given."""
        index = None
        for name in path:
            index = self._compiled.get_export_index(name, index)
            assert index is not None, name
        function = self._made.get_func(self.store, index)
        found = function(self.store, *args)
        function.post_return(self.store)
        return found
