"""Which components are rewritten, and that those are components as before."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime
from hypothesis import event, example, given, settings
from hypothesis import strategies as st
from wasmtime import component as package

from tests.guest.octets.components import (
    AREA,
    GRAPH,
    NEWEST,
    TENSOR,
    Caller,
    component,
    rewritten,
    text,
)
from tests.guest.run import components as without_bytes
from wasinn_nb.guest import languages, octets
from wasinn_nb.guest.languages import javascript

ENGINE = wasmtime.Engine()
NAMES = (
    "new",
    "data",
    "load",
    "drop",
    "drop-graph",
    "drop-error",
    "peek",
    "poke",
    "peek4",
    "poke4",
)


def assembled(source):
    return bytes(wasmtime.wat2wasm(source.replace("DATE", NEWEST)))


def outside(wasm):
    """What a component imports and exports, by name."""
    described = package.Component(ENGINE, wasm).type
    return list(described.imports(ENGINE)), list(described.exports(ENGINE))


def is_valid(wasm):
    try:
        package.Component(ENGINE, wasm)
    except wasmtime.WasmtimeError:
        return False
    return True


def test_the_rewritten_one_imports_and_exports_the_same():
    wasm = component()
    assert outside(rewritten(wasm)) == outside(wasm)
    assert rewritten(rewritten(wasm)) is None


def test_what_passes_no_bytes_is_left_alone():
    for wasm in (
        b"",
        b"\0asm",
        bytes(wasmtime.wat2wasm("(module)")),
        bytes(wasmtime.wat2wasm("(component)")),
        without_bytes.HELLO,
        without_bytes.LOADS,
        assembled(f"(component {TENSOR} {GRAPH})"),
    ):
        assert octets.find(wasm) is None


TENSOR_DATA = '(alias export $tensors "tensor-data" (type $bytes))'
LIFTED = """
  (core module $m (memory (export "m") 1)
    (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 0))
    (func (export "f") (param i32 i32)))
  (core instance $m (instantiate $m))
"""
LOWERED = """
  (core func $new (canon lower (func $new) (memory $memory) (realloc $realloc)))
  (core func $data (canon lower (func $data) (memory $memory) (realloc $realloc) OPTION))
  (core func $load (canon lower (func $load) (memory $memory)))
  (core func $drop (canon resource.drop $tensor))
  (core func $drop_graph (canon resource.drop $graph))
  (core func $drop_error (canon resource.drop $error))
"""
NOT_UNDERSTOOD = {
    "the type is exported": text(extra=f'{TENSOR_DATA} (export "bytes" (type $bytes))'),
    "a function with the type is exported": text(
        extra=f"""{LIFTED} {TENSOR_DATA}
        (func (export "f") (param "p" $bytes) (canon lift (core func $m "f")
          (memory (core memory $m "m")) (realloc (core func $m "r"))))"""
    ),
    "a function with the type is imported": text(
        extra=f'{TENSOR_DATA} (import "give" (func (param "p" $bytes)))'
    ),
    "an interface has a function with the type": text(
        extra=f"""{TENSOR_DATA} (import "a:b/c" (instance
          (alias outer 1 $bytes (type $outer)) (export "bytes" (type $b (eq $outer)))
          (export "give" (func (param "p" $b)))))"""
    ),
    "a function is exported": text(extra='(export "new-tensor" (func $new))'),
    "an interface is exported": text(extra='(export "tensors" (instance $tensors))'),
    "an interface is part of another one": text(
        extra='(instance $both (export "tensors" (instance $tensors)))'
    ),
    "a component sees the type": text(
        extra=f"(component $inner {LIFTED})".replace("$m", "$n") + TENSOR_DATA
    ).replace("(component $inner", f"{TENSOR_DATA.replace('$bytes', '$seen')} (component $inner "
              "(alias outer 1 $seen (type $mine))"),
    "it is lowered with another option": text(lowered=LOWERED.replace("OPTION", "async")),
    "there is nothing to ask for memory": text(
        lowered=LOWERED.replace("OPTION", "").replace(
            "(func $data) (memory $memory) (realloc $realloc)", "(func $data) (memory $memory)"
        )
    ),
    "the interface has another function with the type": text().replace(
        '(export "[method]tensor.data"',
        '(export "[method]tensor.again" (func (param "self" (borrow $tensor)) (result $data)))'
        '(export "[method]tensor.data"',
    ),
    "the function has another type": text().replace(
        '(param "dimensions" $dims)', '(param "dimensions" $data)'
    ),
    "the type is from elsewhere": text().replace(
        "(component", "(component (type $u8s (list u8))", 1
    ).replace("(type $data' (list u8))", "(alias outer 1 $u8s (type $data'))"),
    "a type is not known": text(extra="(type (component))"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_what_is_not_understood_is_left_as_it_is(name):
    wasm = assembled(NOT_UNDERSTOOD[name])
    assert octets.find(wasm) is None


def test_a_component_with_more_in_it_is_rewritten():
    extra = f"""
      {TENSOR_DATA}
      (import "a:b/c" (instance $other
        (alias outer 1 $bytes (type $outer)) (export "bytes" (type (eq $outer)))
        (type $own (list u8)) (export "own" (type $mine (eq $own)))
        (export "give" (func (param "p" $mine)))))
      (alias export $other "give" (func $give))
      (core func $give (canon lower (func $give) (memory $memory)))
      {LIFTED}
      (core func $free (canon lower (func $give) (memory (core memory $m "m"))))
      (type $r (resource (rep i32) (dtor (core func $drop))))
      (core func (canon resource.new $r))
      (type $many (list (tuple u8 string)))
      (func (export "more") (param "p" $many) (canon lift (core func $m "f")
        (memory (core memory $m "m")) (realloc (core func $m "r"))))"""
    wasm = component(extra=extra)
    changed = rewritten(wasm)
    assert outside(changed) == outside(wasm)


def inside(*, opaque=""):
    """A component with one in it, which is given what the outer one imports."""
    inner = text(extra=opaque).replace("(component", "(component $inner", 1)
    given = "".join(
        f'(with "wasi:nn/{name}@DATE" (instance {which}))'
        for name, which in (("tensor", "$tensors"), ("graph", "$graphs"), ("errors", "$errors"))
    )
    passed = "".join(f'(export "{name}" (func $i "{name}"))' for name in NAMES)
    return assembled(
        f"(component {TENSOR} {GRAPH} {inner} (instance $i (instantiate $inner {given})) {passed})"
    )


def test_a_component_in_a_component_is_rewritten_with_it(shelf):
    guest = Caller(inside(), shelf)
    data = bytes(range(256))
    guest.put(1025, data)
    tensor = guest("new", 0, 0, 4, 1025, len(data))
    assert guest.data(tensor)[1] == data
    guest.put_words(64, 1025, 200)
    guest("load", 64, 1, 0, 0, AREA)
    assert shelf.loads[0][0] == (data[:200],)
    guest.close()


def test_one_in_it_that_is_not_understood_keeps_it_as_it_is():
    wasm = inside(opaque="(type (component))")
    assert octets.find(wasm) is None
    assert is_valid(wasm)


def test_the_components_of_languages_are_rewritten():
    wasm = (Path(languages.__file__).parent / javascript._COMPONENT.name).read_bytes()
    assert octets.find(wasm) is not None


WHOLE = component()
PLACES = st.integers(8, len(WHOLE) - 1)
DAMAGE = {
    "changed": lambda data, at, value: [*data[:at], value, *data[at + 1 :]],
    "cut": lambda data, at, size: [*data[:at], *data[at + size :]],
    "cut off": lambda data, at, _: data[:at],
    "repeated": lambda data, at, size: [*data[: at + size], *data[at:]],
}


@settings(max_examples=300)
@given(kind=st.sampled_from(list(DAMAGE)), at=PLACES, value=st.integers(0, 255))
@example(kind="changed", at=WHOLE.rindex(b"poke4"), value=ord("q"))
def test_damaged_components_end_in_nothing_worse_than_errors(kind, at, value):
    """What is valid after it was rewritten was valid before."""
    damaged = bytes(DAMAGE[kind](WHOLE, at, value))
    changed = rewritten(damaged)
    event(f"{kind}: {'left as it is' if changed is None else 'rewritten'}")
    if changed is not None and is_valid(changed):
        assert is_valid(damaged)
