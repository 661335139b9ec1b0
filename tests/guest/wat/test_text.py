"""How modules and components are written."""

from __future__ import annotations

import pytest
from wasmtime import wat2wasm

import wasinn_nb as wn
from wasinn_nb.guest.wat.printer import disassemble


def text(source: str) -> str:
    return disassemble(bytes(wat2wasm(source))).text


_WRITTEN = """\
(module $sample
  (type $binary (;0;) (func (param i32 i32) (result i32)))
  (type (;1;) (func))
  (import "wasi" "log" (func $log (;0;) (type 1)))
  (table (;0;) 2 8 funcref)
  (memory $heap (;0;) 1)
  (tag $error (;0;) (type 1))
  (global $count (;0;) (mut i32) (i32.const -1))
  (export "max" (func $max))
  (start 2)
  (elem (;0;) (i32.const 1) func $log)
  (elem (;1;) funcref (ref.null func))
  (func $max (;1;) (type $binary) (param $a i32) (param i32) (result i32)
    (local $difference i32)
    (local f64)
    block $done (result i32)
      loop (result i32) ;; @2
        local.get $a
        local.get 1
        i32.sub
        local.tee $difference
        if ;; @3
          br 1 (;@2;)
        else
          local.get $a
          br $done
        end
        i32.const 64
        i32.load8_u offset=16
        i32.load align=1
        local.get $difference
        br_table $done $done 2
      end
    end
  )
  (func (;2;) (type 1)
    try_table (catch $error 0) ;; @1
      throw $error
    end
  )
  (data $words (;0;) (i32.const 8)
    "first line\\n"
    "second \\"line\\"\\00"
    "viele grüße\\00\\00"
    "\\01\\02\\ff"
  )
)
"""


def test_a_module():
    assert text(_WRITTEN) == _WRITTEN


def test_names_that_are_no_identifiers():
    found = text(
        '(module (func $"a b") (func $c (@name "std::f()")) (func (@name "twice")) '
        '(func (@name "twice")) (func (@name "twice#3")) (func (@name "")) '
        '(func (@name "\\u{202e}\\n")) (func call 0 call 1 call 2 call 3 call 4 call 5 call 6))'
    )
    calls = [line.strip() for line in found.splitlines() if "call" in line]
    assert calls == [
        'call $"a b"',
        'call $"std::f()"',
        "call $twice",
        "call $twice#3#",
        "call $twice#3",
        "call $#5",
        'call $"\\u{202e}\\n"',
    ]
    assert '(func $twice#3# (@name "twice") (;3;) (type 0)' in found


def test_long_names_are_shortened_where_they_are_used():
    name = "std::vector<" * 40
    found = text(f'(module (func (@name "{name}")) (func call 0))')
    assert f'(@name "{name}")' in found
    assert len(next(line for line in found.splitlines() if "call" in line)) < 200


def test_a_damaged_section_of_names_costs_only_names():
    wasm = bytes(wat2wasm("(module $m (func $f (local $x i32)))"))
    at = wasm.index(b"name") + len(b"name")
    found = disassemble(wasm[:at] + wasm[at:].replace(b"\1x", b"\1\xff")).text
    assert found.startswith("(module $m\n")
    assert "(func $f (;0;)" in found
    assert "(local i32)" in found
    assert ";; Names are missing: " in found


def test_custom_sections_are_mentioned():
    guest = wn.build("int main(void) { return 0; }\n", "c")
    assert ";; custom section .debug_line: " in guest.wat
    assert "\n  ;; custom section producers: language C" in guest.wat
    assert "+bulk-memory" in guest.wat
    found = text('(module (@custom "a\\nb" "\\00\\01") (@custom "producers" "\\ff"))')
    assert ";; custom section a b: 2 bytes\n  ;; custom section producers: 1 byte\n" in found


def test_a_guest_of_text_is_the_same_text():
    guest = wn.build(_WRITTEN, "wat")
    assert guest.wat == _WRITTEN
    assert wn.build(guest.wat, "wat").wasm == guest.wasm


_COMPONENT = """
(component
  (core module $inner (func (export "f")))
  (core instance $i (instantiate $inner))
  (import "wasi:cli/environment@0.2.0" (instance))
  (import "kind" (type (sub resource)))
  (func $f (canon lift (core func $i "f")))
  (component $nested (core module))
  (export "run" (func $f)))
"""


def test_a_component_in_outline():
    found = text(_COMPONENT)
    for line in (
        "(component",
        "  (core module (;0;) $inner",
        "    (func (;0;) (type 0)",
        '  ;; import "wasi:cli/environment@0.2.0" (instance)',
        '  ;; import "kind" (type)',
        '  ;; export "run" (func 0)',
        "  ;; core instances: 1, not shown",
        "  (component (;0;)",
        "    (core module (;0;)",
    ):
        assert f"{line}\n" in found
    assert found.endswith("\n)\n")


def test_a_component_is_cut_with_its_parentheses():
    whole = bytes(wat2wasm(_COMPONENT))
    found, cut = disassemble(whole, limit=100)
    assert cut
    assert found.endswith(
        "    ;; The text is cut here, it is too long. Guest.wat has all of it.\n  )\n)\n"
    )


@pytest.mark.parametrize("language", ["wasm", "wat"])
def test_guests_of_any_kind_have_text(language):
    source = '(module (func (export "_start")))'
    guest = (
        wn.load_guest(bytes(wat2wasm(source))) if language == "wasm" else wn.build(source, "wat")
    )
    assert '(export "_start" (func 0))' in guest.wat
