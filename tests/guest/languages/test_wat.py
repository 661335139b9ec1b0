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


def test_flags_are_refused(build):
    with pytest.raises(BuildError, match="takes no compiler flags"):
        build("(module)", "wat", flags=("-O2",))
