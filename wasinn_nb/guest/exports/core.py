"""What a core module exports: functions of numbers, and its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import wasmtime

from wasinn_nb.guest.exports import naming
from wasinn_nb.guest.exports.composites import TupleForm
from wasinn_nb.guest.exports.forms import Form, Mismatch, Plain, Real, Whole
from wasinn_nb.guest.exports.functions import Described, Export, Function, Param
from wasinn_nb.guest.exports.memory import Memory
from wasinn_nb.guest.exports.namespace import Members

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.calls import Caller
    from wasinn_nb.guest.exports.live import Live
    from wasinn_nb.guest.exports.resources import Passing
    from wasinn_nb.guest.modules import CompiledModule

ENTRIES = ("_start", "_initialize")


class _Integer(Plain):
    """An integer, which is signed or not as the guest pleases; given back as a signed one."""

    annotation = int

    def __init__(self, name: str) -> None:
        self.wit = name
        bits = int(name[1:])
        self._signed, self._unsigned = Whole(f"s{bits}"), Whole(f"u{bits}")
        self.codec = self._signed.codec
        self._half = 1 << bits - 1

    def lower(self, value: Any, passing: Passing) -> int:
        """From an integer that so many bits can hold."""
        try:
            return self._signed.lower(int(value) if isinstance(value, bool) else value, passing)
        except Mismatch as mismatch:
            try:
                return self._unsigned.lower(value, passing) - 2 * self._half
            except Mismatch:
                why = f"it can be {-self._half} to {2 * self._half - 1}" if mismatch.why else ""
                raise Mismatch(self.wit, value, why) from None


_FORMS: dict[str, Form] = {
    "i32": _Integer("i32"),
    "i64": _Integer("i64"),
    "f32": Real("f32"),
    "f64": Real("f64"),
}


def fill(
    exports: Members, module: CompiledModule, caller: Caller, names: dict[str, list[str]]
) -> None:
    """Add everything that a module exports and that can be called.

    Args:
        names: those of the parameters, where they are known, by the function's name.
    """
    has_malloc = module.exports.get("malloc") == "func"
    for export in module.native.exports:
        name, native = export.name, export.type
        if isinstance(native, wasmtime.FuncType) and name not in ENTRIES:
            described = _described(name, native, names.get(name, []))
            function = Function(Export(described, caller, _enter(described)))
            exports.add(name, function, naming.core(name))
        elif isinstance(native, wasmtime.MemoryType) and not (native.is_64 or native.is_shared):
            memory = Memory(name, caller, has_malloc=has_malloc)
            exports.add(name, memory, naming.core(name))


def _described(name: str, native: Any, names: list[str]) -> Described:
    params, results = [str(one) for one in native.params], [str(one) for one in native.results]
    own = naming.core(name)
    if any(kind not in _FORMS for kind in (*params, *results)):
        text = f"({', '.join(params)}) -> ({', '.join(results)})"
        return Described(own, problem="it has vectors or references", text=text)
    called = [
        Param(text, naming.core(text), _FORMS[kind])
        for text, kind in zip(_whole(names, len(params)), params, strict=True)
    ]
    forms = [_FORMS[kind] for kind in results]
    result = forms[0] if len(forms) == 1 else TupleForm(forms) if forms else None
    return Described(own, tuple(called), result)


def _whole(names: list[str], count: int) -> list[str]:
    """Names for all parameters, each for one only."""
    if len(names) >= count and len({naming.core(name) for name in names[:count]}) == count:
        return names[:count]
    return [f"p{number}" for number in range(count)]


def _enter(described: Described) -> Any:
    kinds = [param.form.wit for param in described.params]
    name = described.name
    many = described.result is not None and isinstance(described.result, TupleForm)

    def enter(live: Live, values: Sequence[Any]) -> Any:
        results = live.core.call(name, list(zip(kinds, values, strict=True)))
        return results if many else results[0] if results else None

    return enter
