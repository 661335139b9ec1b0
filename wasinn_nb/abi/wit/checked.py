"""Interfaces of ours in a component linker, the package's way: slow, and always there.

The package reads and writes values by the types that the guest declares. Here its values become
what :mod:`codec` would have read, and back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import wasmtime
from wasmtime import component

from wasinn_nb.abi.core.faults import MustTrap
from wasinn_nb.abi.wit.codec import (
    Bytes,
    Case,
    Codec,
    Enum,
    Err,
    Floats,
    List,
    Option,
    Record,
    Result,
    Scalar,
    String,
    Tuple,
    Variant,
)
from wasinn_nb.abi.wit.linker import Calls, Function, Interface, dropper, short_name
from wasinn_nb.abi.wit.octets import Octets, octets
from wasinn_nb.abi.wit.planes import Planes, packed, unpacked
from wasinn_nb.abi.wit.resources import Handle
from wasinn_nb.nn.errors import WasinnError

_FLOATS = {"F32", "F64"}


def define(linker: component.Linker, interfaces: Mapping[str, Interface], calls: Calls) -> None:
    """Define interfaces by their full names."""
    with linker.root() as root:
        for name, interface in interfaces.items():
            with root.add_instance(name) as instance:
                for resource, table in interface.resources.items():
                    kind = component.ResourceType.host(table.kind)
                    drop = dropper(resource, table, calls)
                    instance.add_resource(resource, kind, lambda _, number, drop=drop: drop(number))
                for function_name, function in interface.functions.items():
                    checked = _checked(function_name, function, interface.failure, calls)
                    instance.add_func(function_name, checked)


def _checked(
    name: str, function: Function, failure: Callable[[WasinnError], Any], calls: Calls
) -> Callable[..., Any]:
    params, result = function.params, function.result
    label = function.called or short_name(name)

    def checked(store: Any, *args: Any) -> Any:
        start = time.perf_counter()
        calls.crossing.nbytes = 0
        try:
            if len(args) != len(params):
                raise MustTrap("The guest declares the function with another type.")  # noqa: TRY301
            values = [lift(codec, arg, store) for codec, arg in zip(params, args, strict=True)]
            try:
                value = function.call(*values)
            except BaseException as error:  # noqa: BLE001 - `judged` knows what to make of it
                value = failure(calls.judged(label, error, fallible=function.fallible))
            return None if result is None else lower(result, value)
        except BaseException as error:  # noqa: BLE001 - the package would keep it in a global
            raise wasmtime.WasmtimeError(f"{label}: {error}") from None
        finally:
            calls.recorded(label, start, time.perf_counter())

    return checked


def lift(codec: Codec, value: Any, store: Any) -> Any:  # noqa: PLR0911 - one a type
    """What ``codec`` would have read, from the package's value."""
    match codec:
        case Handle():
            host = value.to_host(store)
            if host.type != codec.table.kind:
                raise MustTrap(f"The guest gave a handle of no {codec.table.noun}.")
            return codec.table.take(host.rep) if codec.own else codec.table[host.rep]
        case Octets():
            return octets(value)
        case Planes():
            return unpacked(value)
        case List():
            return [lift(codec.item, item, store) for item in value]
        case Tuple():
            pairs = zip(codec.items, value, strict=True)
            return tuple(lift(item, part, store) for item, part in pairs)
        case Record():
            return {n: lift(item, getattr(value, n), store) for n, item in codec.fields.items()}
        case Option() | Result() | Variant():
            name, inner = _opened(codec, value)
            part = _cases(codec)[name]
            payload = None if part is None else lift(part, inner, store)
            if isinstance(codec, Variant):
                return Case(name, payload)
            return Err(payload) if name == "err" else payload
        case _:
            return value


def lower(codec: Codec, value: Any) -> Any:  # noqa: PLR0911, PLR0912, C901 - one a type
    """The package's value for what ``codec`` would have written."""
    match codec:
        case Handle():
            return component.ResourceHost.own(codec.table.add(value), codec.table.kind)
        case Bytes():
            return bytes(memoryview(value).cast("B"))
        case Octets():
            return bytes(value).decode("latin-1")
        case Planes():
            return packed(value)
        case Floats():
            return [float(number) for number in value]
        case Scalar():
            return float(value) if codec.name in _FLOATS else value
        case List():
            return [lower(codec.item, item) for item in value]
        case Tuple():
            pairs = zip(codec.items, value, strict=True)
            return tuple(lower(item, part) for item, part in pairs)
        case Record():
            record = component.Record()
            for name, item in codec.fields.items():
                setattr(record, name, lower(item, value[name]))
            return record
        case Option():
            return _closed(codec, *(("none", None) if value is None else ("some", value)))
        case Result():
            failed = isinstance(value, Err)
            return _closed(codec, "err" if failed else "ok", value.value if failed else value)
        case Variant():
            return _closed(codec, value.name, value.value)
        case String():
            return value.encode("utf-8", "replace").decode()
        case _:
            return value


def _cases(codec: Option | Result | Variant) -> Mapping[str, Codec | None]:
    if isinstance(codec, Option):
        return {"none": None, "some": codec.some}
    if isinstance(codec, Result):
        return {"ok": codec.ok, "err": codec.err}
    return codec.cases


def _opened(codec: Option | Result | Variant, value: Any) -> tuple[str, Any]:
    """The case that a value of the package's is, and what it carries."""
    if _is_tagged(codec):
        return value.tag, value.payload
    kinds = {component.ResourceAny: "resource", component.ResourceHost: "resource"}
    name = "none" if value is None else kinds.get(type(value), type(value).__name__)
    for case, part in _cases(codec).items():
        if name in _classes(part):
            return case, value
    raise MustTrap("The guest declares the function with another type.")


def _closed(codec: Option | Result | Variant, name: str, value: Any) -> Any:
    part = _cases(codec)[name]
    payload = None if part is None else lower(part, value)
    return component.Variant(name, payload) if _is_tagged(codec) else payload


def _is_tagged(codec: Option | Result | Variant) -> bool:
    """Whether Python's types cannot tell the cases apart, so that the package names them."""
    seen: set[str] = set()
    for part in _cases(codec).values():
        classes = _classes(part)
        if classes & seen:
            return True
        seen |= classes
    return False


def _classes(codec: Codec | None) -> set[str]:
    """The Python types that the package has for values of a type."""
    match codec:
        case None:
            return {"none"}
        case Scalar():
            if codec.name == "BOOL":
                return {"bool"}
            return {"float" if codec.name in _FLOATS else "int"}
        case Option() | Result() | Variant():
            if _is_tagged(codec):
                return {"Variant"}
            return set().union(*map(_classes, _cases(codec).values()))
    names: dict[type, str] = {
        String: "str",
        Octets: "str",
        Planes: "str",
        Enum: "str",
        Bytes: "bytes",
        Floats: "list",
    }
    names |= {List: "list", Tuple: "tuple", Record: "Record", Handle: "resource"}
    return {names[type(codec)]}
