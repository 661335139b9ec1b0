"""Zig cells."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.languages import zig

HELLO = 'const std = @import("std");\npub fn main() void {\n    std.debug.print("hello", .{});\n}\n'


def test_the_directory_that_made_the_run_time_library_is_renamed_too():
    written = b"../../wasinn-0a1b2c3d/rt.zig\0/tmp/wasinn-zzzzzzzz/cell.zig"
    renamed = zig._stable_paths(written, Path("/tmp/wasinn-zzzzzzzz"))
    assert b"wasinn-" not in renamed
    assert len(renamed) == len(written)


def test_a_program_runs(build, run):
    assert run(build(HELLO, "zig").wasm).stderr == "hello"


def test_a_trap_names_the_cell_s_own_line(build, run):
    module = build('pub fn main() void {\n    @panic("enough");\n}', "zig")
    done = run(module.wasm)
    assert "enough" in done.stderr
    assert "at In[7]:3:5" in relabel(done.trap, module)


def test_the_module_does_not_name_the_build_s_directory(build):
    wasm = build(HELLO, "zig").wasm
    assert not re.search(rb"/wasinn-\w{8}\b", wasm)
    assert b"/wasinn/" in wasm


@pytest.mark.parametrize("prefix", [b"/tmp", b"../..", b"..", b"../../tmp", b"../../a b/\xc3\xbc"])
def test_the_directory_is_renamed_however_zig_writes_it(prefix):
    written = prefix + b"/wasinn-0a1b2c3d/cell.zig\0"
    renamed = zig._stable_paths(written, Path("/tmp/wasinn-0a1b2c3d"))
    assert re.fullmatch(rb"/wasinn/+cell\.zig\0", renamed)
    assert len(renamed) == len(written)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("pub fn main() void {\n    foo();\n}", 3, 5, "undeclared identifier 'foo'"),
        ("pub fn main() void {\n    const é = 1\n}", 3, 11, "invalid"),
        (HELLO.replace('"hello", .{}', '"{d}", .{"x"}'), 4, 20, "invalid format string"),
        ("pub fn main() void {\n    const x: u8 = 300;\n    _ = x;\n}", 3, 19, "300"),
    ],
)
def test_errors_stand_at_the_cell_s_line(build, text, line, column, says):
    with pytest.raises(BuildError) as caught:
        build(text, "zig")
    found = caught.value.diagnostics[0]
    assert says in found.message
    assert (found.line, found.column) == (line, column)
    assert "site-packages" not in caught.value.log


def test_a_cell_without_main_is_an_error(build):
    with pytest.raises(BuildError, match="no main function"):
        build("fn f() void {}", "zig")
