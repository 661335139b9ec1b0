"""What a core module exports: functions of numbers, and its memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wasinn_nb.guest.exports import naming
from wasinn_nb.guest.exports.composites import TupleForm
from wasinn_nb.guest.exports.forms import Form, Mismatch, Plain, Real, Whole
from wasinn_nb.guest.exports.functions import Described, Enter, Export, Function, Param
from wasinn_nb.guest.exports.memory import Memory
from wasinn_nb.guest.exports.namespace import Members
from wasinn_nb.guest.exports.signatures import Signature, signatures
from wasinn_nb.guest.words import plain

if TYPE_CHECKING:
    from wasinn_nb.guest.exports.calls import Caller
    from wasinn_nb.guest.exports.live import Live
    from wasinn_nb.guest.exports.resources import Passing
    from wasinn_nb.guest.modules import CompiledModule

ENTRIES = ("_start", "_initialize")
_LONGEST_NAME = 80


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


def fill(exports: Members, module: CompiledModule, wasm: bytes, caller: Caller) -> None:
    """Add everything that a module exports and that can be called."""
    has_malloc = module.exports.get("malloc") == "func"
    known = signatures(wasm)
    for name, kind in module.exports.items():
        if kind == "func" and name not in ENTRIES:
            described = _described(name, known.get(name))
            function = Function(Export(described, caller, _enter(name, described)))
            exports.add(name, function, naming.core(name))
        elif kind == "memory" and not module.memory_problem:
            memory = Memory(name, caller, has_malloc=has_malloc)
            exports.add(name, memory, naming.core(name))


def _described(name: str, signature: Signature | None) -> Described:
    own = naming.core(name)
    if signature is None:
        return Described(own, problem="its types cannot be read", text="(...)")
    params, results = signature.params, signature.results
    if any(kind not in _FORMS for kind in (*params, *results)):
        text = f"({', '.join(params)}) -> ({', '.join(results)})"
        return Described(own, problem="it has vectors or references", text=text)
    names = signature.names
    if len({naming.core(one) for one in names}) != len(params):
        names = tuple(f"p{number}" for number in range(len(params)))
    called = tuple(
        Param(plain(text, _LONGEST_NAME).replace("\n", "\\n"), naming.core(text), _FORMS[kind])
        for text, kind in zip(names, params, strict=True)
    )
    forms = [_FORMS[kind] for kind in results]
    result = forms[0] if len(forms) == 1 else TupleForm(forms) if forms else None
    return Described(own, called, result)


def _enter(name: str, described: Described) -> Enter:
    kinds = [param.form.wit for param in described.params]
    result = described.result
    many = isinstance(result, TupleForm)
    returned = [item.wit for item in result.items] if isinstance(result, TupleForm) else []
    if result is not None and not many:
        returned = [result.wit]

    def enter(live: Live, values: Sequence[Any]) -> Any:
        given = list(zip(kinds, values, strict=True))
        results = live.core.call(name, given, returned)
        return results if many else results[0] if results else None

    return enter
