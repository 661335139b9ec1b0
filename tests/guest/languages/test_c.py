"""C cells: real builds, run on wasmtime."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.relabel import relabel

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


def test_a_program_runs(build, run):
    assert run(build(HELLO).wasm).stdout == "hello\n"


def test_lines_before_a_trap_are_seen(build, run):
    done = run(build('#include <stdio.h>\nint main(void) { puts("a"); __builtin_trap(); }').wasm)
    assert done.stdout == "a\n"
    assert "unreachable" in done.trap


def test_a_trap_names_the_cell_s_own_line(build, run):
    text = (
        "#include <stdlib.h>\n"
        "__attribute__((noinline)) static void deep(int n) {\n"
        "  if (n > 0)\n"
        "    abort();\n"
        "}\n"
        "int main(int argc, char **argv) {\n"
        "  deep(argc);\n"
        "  return 0;\n"
        "}\n"
    )
    module = build(text)
    trap = run(module.wasm).trap
    assert "/wasinn/cell.c:5:5" in trap
    shown = relabel(trap, module)
    assert "at In[7]:5:5" in shown
    assert "at In[7]:8:3" in shown
    assert "cell.c" not in shown
    assert "/ziglang/" not in shown


def test_the_sdk_is_on_the_path(build, run):
    assert run(build('#include "wasi_nn.h"\nint main(void) { return 0; }').wasm).trap == ""


def test_main_takes_arguments(build, run):
    done = run(build("int main(int argc, char **argv) { return argc == 1 ? 5 : 6; }").wasm)
    assert done.trap == "exit 5"


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("int main(void) {\n  return undeclared;\n}", 3, 10, "undeclared identifier 'undeclared'"),
        ("int main(void) { return 0 }", 2, 26, "expected ';'"),
        ('#include "nope.h"\nint main(void) { return 0; }', 2, 10, "'nope.h' file not found"),
        ("int main(void) {\n\tint é = 1; return zork; }", 3, 20, "'zork'"),
        ("int main(void) { return 0;", 2, 27, "expected '}'"),
        ('int main(void) {\n    char *a = "hi;\n}', 3, 15, "missing terminating"),
        ("int main(void) { int value = 1; return valu; }", 2, 40, "did you mean 'value'"),
        ("#define F(x) (x)->y\nint main(void) { int a; return F(a); }", 3, 32, "'int'"),
    ],
)
def test_errors_stand_at_the_cell_s_line(build, text, line, column, says):
    with pytest.raises(BuildError) as caught:
        build(text)
    first = caught.value.diagnostics[0]
    assert (first.line, first.column) == (line, column)
    assert says in first.message
    assert first.source_line == text.split("\n")[line - 2]
    shown = str(caught.value).splitlines()
    assert shown[0].startswith(f"In[7]:{line}:{column}: error: ")
    assert shown[1].endswith(first.source_line)
    assert shown[2].rstrip().endswith("^")


@pytest.mark.parametrize(
    ("language", "text", "note"),
    [
        ("c", 'int main(void) { printf("x"); }', "include the header <stdio.h>"),
        ("c", 'printf("x");', "statements stand in a function"),
        ("c", '#include <stdio.h>\nint main(void) { pritnf("x"); }', "did you mean 'printf'"),
        ("cpp", 'int main() { std::cout << "x"; }', "#include <iostream>"),
        ("cpp", "#include <string>\nint main() { std::map<int, int> m; m[1] = 2; }", "<map>"),
        ("zig", 'std.debug.print("x", .{});', "statements stand in a function"),
        ("zig", 'pub fn main() void { std.debug.print("x", .{}); }', '@import("std")'),
        ("zig", "pub fn main() void { var x: u8 = 1; _ = x; }", "consider using 'const'"),
        ("zig", "pub fn main() void { const answer = 42; }", "_ = answer;"),
        ("zig", "pub fn main() void {\n    while (true) {\n}\n", "In[7]:3: this '{' is not closed"),
    ],
)
def test_what_a_first_cell_lacks_is_said(build, language, text, note):
    with pytest.raises(BuildError) as caught:
        build(text, language)
    assert note in " ".join(caught.value.diagnostics[0].notes)


def test_an_undefined_function_is_explained_at_its_call(build):
    with pytest.raises(BuildError) as caught:
        build("int foo(int);\nint main(void) {\n  return foo(1); // not foo\n}")
    found = caught.value.diagnostics[0]
    assert (found.line, found.column, found.source_line) == (4, 10, "  return foo(1); // not foo")
    assert "undefined symbol: foo" in found.message
    assert "used in your cell but not defined" in found.message


def test_a_host_function_without_the_header_says_which_header(build):
    text = "int load_by_name(char *, int, int *);\nint main(void) { return load_by_name(0, 0, 0); }"
    with pytest.raises(BuildError, match=r"wasi_nn\.h"):
        build(text)


def test_a_cell_without_main_is_an_error(build):
    with pytest.raises(BuildError, match="no main function"):
        build("int add(int a, int b) { return a + b; }")


@pytest.mark.parametrize("flags", [(), ("-mexec-model=reactor",)])
def test_a_cell_of_exports_is_a_library(build, flags):
    text = '__attribute__((export_name("add"))) int add(int a, int b) { return a + b; }'
    wasm = build(text, flags=flags).wasm
    assert b"_initialize" in wasm
    assert b"undefined_weak" not in wasm


def test_warnings_come_with_the_module(build):
    module = build("int main(void) {\n  int unused;\n  return 0;\n}")
    assert module.warnings.startswith("In[7]:3:7: warning: unused variable 'unused'")


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("-fnonsense", "does not know the option -fnonsense"),
        ("-lnonsense", "no library nonsense"),
        ("-c", "-c cannot be used here"),
    ],
)
def test_flags_that_cannot_be_used_are_named(build, flag, says):
    with pytest.raises(BuildError, match=says):
        build(HELLO, flags=(flag,))


def test_user_flags_win(build):
    text = "int main(void) { int unused; return X; }"
    assert build(text, flags=("-DX=0", "-Wno-unused-variable")).warnings == ""


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_assertions_are_checked_unless_the_user_says_otherwise(build, run, language):
    text = "#include <assert.h>\nint main(int n, char **v) {\n  assert(n == 7);\n}"
    module = build(text, language)
    done = run(module.wasm)
    assert "Assertion failed: n == 7 (In[7]: main: 4)" in relabel(done.stderr, module)
    assert "at In[7]:4:3" in relabel(done.trap, module)
    assert run(build(text, language, flags=("-DNDEBUG",)).wasm).trap == ""


def test_debug_finds_undefined_behaviour(build, run):
    text = (
        "#include <limits.h>\nint main(int c, char **v) {\n  int x = INT_MAX;\n  return x + c;\n}"
    )
    module = build(text, debug=True)
    done = run(module.wasm)
    assert "signed integer overflow" in done.stderr
    assert "at In[7]:5:12" in relabel(done.trap, module)


def test_errors_name_no_directory_of_this_machine(build, tmp_path):
    text = "#include <stdio.h>\nint f(FILE *f) { return f->x; }\nint main(void) { return y; }"
    with pytest.raises(BuildError) as caught:
        build(text)
    assert "/site-packages/" not in caught.value.log + str(caught.value)
    assert "wasinn-" not in caught.value.log + str(caught.value)
    assert str(tmp_path) not in caught.value.log
