"""Text-format cells."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import kind


def test_text_becomes_a_module(build):
    module = build('(module (func (export "_start")))', "wat")
    assert kind(module.wasm) == "module"
    assert module.language == "wat"


def test_text_becomes_a_component(build):
    assert kind(build("(component)", "wat").wasm) == "component"


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("(module\n  (func (foo)))", 3, 10, "unknown operator"),
        ("(module\n  (func (call $nope)))", 3, 15, "failed to find name `\\$nope`"),
        ("(module (func)", 2, 15, "expected `\\)`"),
        ("", 2, 1, "expected at least one module field"),
    ],
)
def test_errors_stand_at_the_cell_s_line(build, text, line, column, says):
    with pytest.raises(BuildError, match=says) as caught:
        build(text, "wat")
    found = caught.value.diagnostics[0]
    assert (found.line, found.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("(module\n  (func)\n  (func $f (result i32))\n  (func))", 4, 3),
        ('(module\n (import "a" "(func" (func))\n (func $g (import "a" "b"))\n (func drop))', 5, 2),
        (';; (func\n(func (export "a") (; (func ;) local.get 3)', 3, 1),
        ('(module (memory 1)\n(export "a" (func 3)))', None, None),
    ],
)
def test_a_module_that_is_not_valid_names_the_function(build, text, line, column):
    with pytest.raises(BuildError) as caught:
        build(text, "wat")
    found = caught.value.diagnostics[0]
    assert (found.line, found.column) == (line, column)
    assert found.message


def test_the_bracket_that_is_not_closed_is_named(build):
    with pytest.raises(BuildError, match=r":3: this '\(' is not closed"):
        build('(module ;; (\n  (func (export "(")\n    nop\n)\n', "wat")


def test_flags_are_refused(build):
    with pytest.raises(BuildError, match="takes no compiler flags"):
        build("(module)", "wat", flags=("-O2",))
