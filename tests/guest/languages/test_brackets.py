"""Which bracket was forgotten."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import brackets

ENDED = Diagnostic("error", "unexpected end of the cell")


def noted(text: str) -> str:
    found = brackets.with_note(ENDED, Source(text, "js", label="In[1]", first_line=2))
    return " ".join(found.notes)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("f(\n1,\n", 2),
        ("function f() {\n  return 1;\n\nf();\n", 2),
        # what closes the function stands further left than the loop
        ("function f() {\n  for (;;) {\n    g();\n}\n", 3),
        ("f({\n  a: [1, 2],\n});\ng([\n", 5),
        ("a = '}'; // }\n/* } */ b = `}`; c = /[}]/;\nif (a) {", 4),
    ],
)
def test_the_line_of_the_bracket(text, line):
    assert f"In[1]:{line}: this" in noted(text)


@pytest.mark.parametrize("text", ["", "f()", "f(]", "a = '{", "}"])
def test_where_it_cannot_be_told_nothing_is(text):
    assert noted(text) == ""


def test_other_messages_are_left_alone():
    other = Diagnostic("error", "expected ';'", 2, 1, "f(")
    assert brackets.with_note(other, Source("f(", "js")) is other
