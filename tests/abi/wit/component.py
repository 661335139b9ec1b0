"""Components for tests, made of WIT files and core code: no toolchain is needed.

:func:`component` writes component text that imports interfaces and gives each of their functions,
lowered, to a core module. :class:`Guest` runs one that only passes calls on, so that a test calls
a host's function from Python through a real guest; :func:`main` is for a guest with code of its
own.

Values are the wasmtime package's: records are :class:`wasmtime.component.Record`, and a variant is
tagged where Python's types cannot tell its cases apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import wasmtime
from wasmtime import component as package

from tests.abi.wit import wit

_FLAT = {"u64": "i64", "f32": "f32", "f64": "f64"}
_MOST_FLAT = 16
_RESULTS_AT = 16


@dataclass(frozen=True)
class Item:
    """A function of an interface: where it is from, its core name, and its types."""

    interface: wit.Interface
    name: str
    core: str

    @property
    def params(self):
        return self.interface.functions[self.name][0]

    @property
    def result(self):
        return self.interface.functions[self.name][1]


def imported(stems):
    """Interfaces by the stems of WIT files; one may also be given itself."""
    return [
        interface
        for stem in stems
        for interface in (wit.read(stem).values() if isinstance(stem, str) else [stem])
    ]


def items(interfaces, wanted=None):
    found = [
        Item(interface, name, name.rpartition("]")[2])
        for interface in interfaces
        for name in interface.functions
    ]
    return [item for item in found if wanted is None or item.core in wanted]


def flat(interface, kind):
    """The core types of a value."""
    if kind is None:
        return []
    interface, (word, *parts) = resolved(interface, kind)
    if word in ("string", "list"):
        return ["i32", "i32"]
    if word == "record":
        return [core for _, part in parts[0] for core in flat(interface, part)]
    if word == "tuple":
        return [core for part in parts for core in flat(interface, part)]
    cases = {
        "option": lambda: [None, parts[0]],
        "result": lambda: parts,
        "variant": lambda: [part for _, part in parts[0]],
    }
    if word in cases:
        joined = []
        for case in cases[word]():
            for number, core in enumerate(flat(interface, case)):
                if number == len(joined):
                    joined.append(core)
                elif joined[number] != core:
                    joined[number] = "i32" if {joined[number], core} == {"i32", "f32"} else "i64"
        return ["i32", *joined]
    return [_FLAT.get(word, "i32")]


def resolved(interface, kind):
    """A type that is no name, and the interface that the names in it are of."""
    while kind[0] == "named":
        home = interface.uses.get(kind[1], interface)
        found = home.types[kind[1]]
        if found == ("resource",):
            return home, ("own", kind[1])
        interface, kind = home, found
    return interface, kind


def signature(item):
    """Core parameters and results of an import, and whether its result goes to memory."""
    params = _flat_params(item)
    if len(params) > _MOST_FLAT:
        params = ["i32"]
    results = flat(item.interface, item.result)
    if len(results) > 1:
        return [*params, "i32"], [], True
    return params, results, False


def _flat_params(item):
    return [core for _, kind in item.params for core in flat(item.interface, kind)]


def text(kind, name):  # noqa: PLR0911 - one a kind
    """A type as component text; ``name`` gives a named one's identifier and if it is a resource."""
    if kind is None:
        return ""
    word, *parts = kind
    if word == "named":
        identifier, is_resource = name(parts[0])
        return f"(own {identifier})" if is_resource else identifier
    if word == "borrow":
        return f"(borrow {name(parts[0])[0]})"
    if word == "record":
        fields = " ".join(f'(field "{n}" {text(part, name)})' for n, part in parts[0])
        return f"(record {fields})"
    if word == "enum":
        labels = " ".join(f'"{n}"' for n in parts[0])
        return f"(enum {labels})"
    if word == "variant":
        cases = " ".join(
            f'(case "{n}"{" " + text(part, name) if part else ""})' for n, part in parts[0]
        )
        return f"(variant {cases})"
    if word == "result":
        ok, err = (*parts, None, None)[:2]
        ok = f" {text(ok, name)}" if ok else ""
        err = f" (error {text(err, name)})" if err else ""
        return f"(result{ok}{err})"
    if parts:
        return f"({word} {' '.join(text(part, name) for part in parts)})"
    return word


def component(stems, core, exports, *, wanted=None, rename=None):
    """A component as bytes.

    Args:
        stems: of the WIT files whose interfaces it imports (:func:`imported`).
        core: the core module's fields; imports are there by name (``model.load``), as are
            ``memory`` and ``realloc``.
        exports: component text after everything else; the core instance is ``$main``.
        wanted: names of the functions to import; all if None.
        rename: changes the text of the component before it is assembled.
    """
    interfaces = imported(stems)
    ids = {interface.name: f"$i{number}" for number, interface in enumerate(interfaces)}
    parts, lowered, given = [], [], []
    for interface in interfaces:
        parts += _import(interface, ids, wanted)
    for number, item in enumerate(items(interfaces, wanted)):
        parts.append(f'(alias export {ids[item.interface.name]} "{item.name}" (func $f{number}))')
        lowered.append(
            f"(core func $l{number} (canon lower (func $f{number}) (memory $memory) "
            "(realloc $realloc)))"
        )
        params, results, _ = signature(item)
        declared = f"(param {' '.join(params)})" + "".join(f" (result {r})" for r in results)
        given.append(
            (f'(export "{item.core}" (func $l{number}))',
             f'(import "api" "{item.core}" (func ${item.core} {declared}))')
        )  # fmt: skip
    for interface in interfaces:
        for name, kind in interface.types.items():
            if kind == ("resource",):
                drop = f"{name}.drop"
                full = f"{ids[interface.name]}-{name}"
                lowered.append(f"(core func $drop-{name} (canon resource.drop {full}))")
                given.append(
                    (f'(export "{drop}" (func $drop-{name}))',
                     f'(import "api" "{drop}" (func ${drop} (param i32)))')
                )  # fmt: skip
    source = f"""
(component $C
  {chr(10).join(parts)}
  (core module $lib
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (block $fits (loop $grow
        (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
        (br $grow)))
      (if (local.get 0) (then (memory.copy (local.get $at) (local.get 0) (local.get 1))))
      (local.get $at))
    (func (export "reset") (global.set $next (i32.const 65536))))
  (core instance $lib (instantiate $lib))
  (alias core export $lib "memory" (core memory $memory))
  (alias core export $lib "realloc" (core func $realloc))
  {chr(10).join(lowered)}
  (core module $code
    (import "lib" "memory" (memory 2))
    (import "lib" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "lib" "reset" (func $reset))
    {chr(10).join(line for _, line in given)}
    {core})
  (core instance $main (instantiate $code
    (with "lib" (instance $lib))
    (with "api" (instance {chr(10).join(line for line, _ in given)}))))
  {exports})
"""
    return bytes(wasmtime.wat2wasm(rename(source) if rename else source))


def _import(interface, ids, wanted):
    this = ids[interface.name]
    lines = [f'(import "{interface.name}" (instance {this}']

    def inside(name):
        return f"$t-{name}", interface.uses.get(name, interface).types[name] == ("resource",)

    for name, home in interface.uses.items():
        outer = f"{ids[home.name]}-{name}"
        lines.append(f"(alias outer $C {outer} (type $u-{name}))")
        lines.append(f'(export "{name}" (type $t-{name} (eq $u-{name})))')
    for name, kind in interface.types.items():
        if kind == ("resource",):
            lines.append(f'(export "{name}" (type $t-{name} (sub resource)))')
        else:
            lines.append(f"(type $d-{name} {text(kind, inside)})")
            lines.append(f'(export "{name}" (type $t-{name} (eq $d-{name})))')
    lines += [
        f'(export "{item.name}" {_function(item, inside)})' for item in items([interface], wanted)
    ]
    names = interface.types
    return [*lines, "))", *(f'(alias export {this} "{n}" (type {this}-{n}))' for n in names)]


def _function(item, name):
    params = " ".join(f'(param "{n}" {text(kind, name)})' for n, kind in item.params)
    result = f"(result {text(item.result, name)})" if item.result else ""
    return f"(func {params} {result})"


def passing(stems, wanted=None, rename=None):
    """A component that exports every function it imports."""
    interfaces = imported(stems)
    ids = {interface.name: f"$i{number}" for number, interface in enumerate(interfaces)}
    core, exports = [], []
    for number, item in enumerate(items(interfaces, wanted)):
        params, results, spilled = signature(item)
        taken = params[:-1] if spilled else params
        given = " ".join(f"(local.get {i})" for i in range(len(taken)))
        place = f"(i32.const {_RESULTS_AT})" if spilled else ""
        result = "i32" if spilled else " ".join(results)
        # whoever was lent a handle drops it before it returns; only self is ever lent
        lent = item.params[0][1] if item.params else (None,)
        this = (
            "(local.get 0)" if len(_flat_params(item)) <= _MOST_FLAT else "(i32.load (local.get 0))"
        )
        dropped = f"(call ${lent[1]}.drop {this})" if lent[0] == "borrow" else ""
        core.append(
            f'(func (export "f{number}") (param {" ".join(taken)}) '
            f"{f'(result {result})' if result else ''} "
            f"(call ${item.core} {given} {place}) {place} {dropped})"
        )
        core.append(
            f'(func (export "p{number}") {f"(param {result})" if result else ""} (call $reset))'
        )

        def outside(name, item=item):
            home = item.interface.uses.get(name, item.interface)
            return f"{ids[home.name]}-{name}", home.types[name] == ("resource",)

        exports.append(
            f'(func $x{number} (export "x{number}") {_function(item, outside)[5:-1]} '
            f'(canon lift (core func $main "f{number}") (memory $memory) (realloc $realloc) '
            f'(post-return (core func $main "p{number}"))))'
        )
    return component(stems, "\n".join(core), "\n".join(exports), wanted=wanted, rename=rename)


def main(stems, body, *, core="", wanted=None):
    """A program (``wasi:cli/run``) whose main function is ``body``; it leaves 0 if all is well."""
    core = f'{core} (func (export "main") (result i32) {body}\n)'
    exports = """
  (func $run (result (result)) (canon lift (core func $main "main")))
  (instance $runs (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $runs))"""
    return component(stems, core, exports, wanted=wanted)


def record(**fields):
    """A record of the package; underscores stand for hyphens."""
    made = package.Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


def plain(value):
    """A value of the package as dicts, lists and pairs of tag and payload."""
    if isinstance(value, package.Record):
        return {name: plain(part) for name, part in vars(value).items()}
    if isinstance(value, package.Variant):
        return (value.tag, plain(value.payload))
    return [plain(part) for part in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Fault:
    """What a function answered in place of its value."""

    value: object


class Guest:
    """A guest that passes on what a test calls: ``guest("model.load", "m", config)``."""

    def __init__(self, session, *stems, engine=None, wanted=None, rename=None):
        self.session = session
        self.engine = engine or wasmtime.Engine()
        self.linker = package.Linker(self.engine)
        self.kept = session.define(self.linker)
        interfaces = imported(stems)
        found = items(interfaces, wanted)
        self.numbers = {item.core: f"x{number}" for number, item in enumerate(found)}
        self.errors = {
            item.core: resolved(item.interface, item.result[2])[1][0]
            for item in found
            if item.result and item.result[0] == "result" and item.result[2:] not in ((), (None,))
        }
        native = package.Component(self.engine, passing(stems, wanted, rename))
        self.store = wasmtime.Store(self.engine)
        self.instance = self.linker.instantiate(self.store, native)

    def __call__(self, name, *args):
        function = self.instance.get_func(self.store, self.numbers[name])
        result = function(self.store, *args)
        function.post_return(self.store)
        if name not in self.errors:
            return plain(result)
        if isinstance(result, package.Variant) and result.tag in ("ok", "err"):
            failed, result = result.tag == "err", result.payload
        else:
            kinds = {"own": package.ResourceAny, "variant": package.Variant}
            failed = isinstance(result, kinds[self.errors[name]])
        return Fault(plain(result)) if failed else plain(result)

    def drop(self, *handles):
        for handle in handles:
            handle.drop(self.store)
            handle.close()

    def close(self):
        self.store.close()
        self.linker.close()
        self.session.close()
        self.kept.clear()
