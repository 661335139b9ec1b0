"""Reading compilers' output: any output at all, and the shapes that matter."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wasinn_nb.guest import languages
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.build.render import render
from wasinn_nb.guest.languages import diagnostics

FILES = st.sampled_from(
    ["cell.c", "cell.zig", "./mine.h", "C:\\x\\y.h", "/usr/a b.h", "<anon>", ""]
)
NUMBERS = st.one_of(st.integers(0, 40).map(str), st.text("0123456789", max_size=5000))
SEVERITIES = st.sampled_from(["error", "warning", "note", "fatal error", "remark"])
LINES = st.one_of(
    st.builds("{}:{}:{}: {}: {}".format, FILES, NUMBERS, NUMBERS, SEVERITIES, st.text()),
    st.builds("In file included from {}:{}:".format, FILES, NUMBERS),
    st.builds("    f: {}:{}:{}".format, FILES, NUMBERS, NUMBERS),
    st.builds("wasm-ld: error: x.o: undefined symbol: {}".format, st.text()),
    st.builds("wasm-ld: warning: function signature mismatch: {}".format, st.text()),
    st.builds("  --> <anon>:{}:{}".format, NUMBERS, NUMBERS),
    st.text(),
)
LOGS = st.lists(LINES, max_size=12).map("\n".join)
TEXTS = st.one_of(st.text(max_size=200), st.just("int main(void) {\n\treturn é漢;\n}"))


@pytest.mark.parametrize("name", ["c", "cpp", "zig", "rust", "wat"])
@given(log=LOGS, text=TEXTS, first=st.integers(1, 9))
@example(log="cell.c:" + "9" * 5000 + ":1: error: x", text="", first=1)
@example(log="cell.c:2:9: error: x", text="漢漢漢漢", first=2)
def test_any_output_is_explained_without_failing(name, log, text, first):
    language = languages.find(name)
    assert language is not None
    source = Source(text, name, label="In[1]", first_line=first)
    for found in language.explain(log, source):
        assert found.severity in ("error", "warning")
        shown = render(found, source.label)
        assert shown.startswith("In[1]")
        if found.line is not None and found.source_line is not None:
            assert found.source_line == source.line(found.line)


def test_an_error_in_a_local_header_stands_at_the_include():
    log = (
        "In file included from cell.c:3:\n./mine.h:1:20: error: use of undeclared identifier 'zz'\n"
    )
    source = Source('#include <stdio.h>\n#include "mine.h"\n', "c", first_line=2)
    assert diagnostics.explain(log, source, "cell.c") == [
        Diagnostic(
            "error",
            "in mine.h, line 1: use of undeclared identifier 'zz'",
            line=3,
            source_line='#include "mine.h"',
        )
    ]


def test_excerpts_and_counts_are_no_diagnostics():
    log = "cell.c:2:5: warning: w [-Wx]\n"
    log += "    2 | error: not one\n      |     ^\n1 warning generated.\n"
    found = diagnostics.explain(log, Source("abcdef", "c", first_line=2), "cell.c")
    assert [(one.severity, one.message) for one in found] == [("warning", "w [-Wx]")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("void f(void);\nint main(void) { f(); }", 3),
        ("extern int f(int);\nint g;\nint h = 1 + f(2);", 4),
        ('// f()\n/* f() */ char *s = "f()";\nx = f();', 4),
        ("int f(int);", 2),
        ("nothing here", None),
    ],
)
def test_a_symbol_is_found_where_it_is_used(text, line):
    log = "wasm-ld: error: o/cell.o: undefined symbol: f(int)"
    (found,) = diagnostics.explain(log, Source(text, "c", first_line=2), "cell.c")
    assert found.line == line


def test_the_caret_stands_under_wide_and_tabbed_text():
    found = Diagnostic("error", "x", 1, 4, "\t漢a!")
    assert render(found, "f").splitlines()[2] == "      | \t   ^"


def test_a_long_line_is_cut_around_the_caret():
    text = "a" * 500 + "!" + "b" * 500
    line, caret = render(Diagnostic("error", "x", 1, 501, text), "f").splitlines()[1:]
    assert line[caret.index("^")] == "!"
    assert len(line) < 120
