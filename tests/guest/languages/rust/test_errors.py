"""What is said of a Rust cell that does not compile."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.rust import HELLO, refused
from wasinn_nb.guest.build.model import Diagnostic, Source
from wasinn_nb.guest.languages import rust_messages


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("fn main() {\n    foo();\n}", 3, 5, "cannot find function `foo` in this scope [E0425]"),
        ('fn main() {\n    let é: i32 = "é";\n}', 3, 18, "expected `i32`, found `&str` [E0308]"),
        ("fn main() {\n    let x = 1\n}", 3, 14, "expected `;`"),
        ('fn main() {\n    println!("{}");\n}', 3, 15, "1 positional argument"),
        ("fn main() {\n    let s = String::new();\n    drop(s);\n    drop(s);\n}", 5, 10, "moved"),
        ("fn main() {\n    wasi_nn::Model::lod();\n}", 3, 21, "named `lod` found"),
    ],
)
def test_errors_stand_at_the_cell_s_line(build, text, line, column, says):
    error = refused(build, text)
    found = error.diagnostics[0]
    assert says in found.message
    assert (found.line, found.column) == (line, column)
    assert found.source_line == text.split("\n")[line - 2]
    assert "/tmp" not in error.log
    assert not error.log.startswith("{")


def test_what_rustc_advises_is_a_note(build):
    text = "fn main() {\n    let s = String::new();\n    drop(s);\n    drop(s);\n}"
    notes = refused(build, text).diagnostics[0].notes
    assert "note: In[7]:4: value moved here" in notes
    error = refused(build, "fn main() {\n    wasi_nn::Model::lod();\n}")
    assert any("`load`" in note for note in error.diagnostics[0].notes)


def test_a_cell_without_main_is_an_error(build):
    error = refused(build, "fn f() {}")
    assert error.diagnostics[0].message == "there is no main function"
    assert "fn main()" in error.diagnostics[0].notes[0]


def test_statements_without_a_function_are_told_where_they_belong(build):
    (first,) = refused(build, '\nprintln!("hello");\n').diagnostics
    assert (first.line, first.source_line) == (3, 'println!("hello");')
    assert "put statements into fn main()" in first.notes[0]
    found = refused(build, "let x = 1;\n").diagnostics[0]
    assert (found.line, found.column) == (2, 1)


def test_a_crate_that_is_not_named(build):
    found = refused(build, "use serde_json::json;\nfn main() {}").diagnostics[0]
    assert (found.line, found.column) == (2, 5)
    assert found.notes == ('hint: a line such as  // cargo: serde_json = "1"  brings a crate',)


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("-Cnonsense", "unknown codegen option"),
        ("--nonsense", "Unrecognized option"),
        ("--emit=asm", "a cell becomes a module"),
        ("--edition=1995", "edition"),
    ],
)
def test_flags_that_make_no_sense(build, flag, says):
    assert says in str(refused(build, HELLO, flags=(flag,)))


KEYS = st.sampled_from(
    [
        *("reason", "message", "level", "spans", "children", "label", "is_primary", "file_name"),
        *("line_start", "column_start", "expansion", "span", "code", "suggested_replacement"),
        "rendered",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.just("cell.rs"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
)


@settings(max_examples=50)
@given(values=st.lists(st.dictionaries(KEYS, VALUES, max_size=8), max_size=4), message=st.text())
def test_any_remark_is_explained_without_failing(values, message):
    told = [{"level": "error", "message": message, **one} for one in values]
    log = "\n".join(json.dumps(one) for one in told)
    source = Source("fn main() {}\n", "rust", first_line=2)
    for found in rust_messages.explain(log, source, "cell.rs"):
        assert isinstance(found, Diagnostic)
    rust_messages.rendered(log)
