"""Cells that are libraries, and calls of what they export from other cells."""

from __future__ import annotations

import pytest

from wasinn_nb.guest.errors import GuestTrap, GuestTypeError

LIBRARY = """%%wasinn wat --name f
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 16) "called")
  (global $n (mut i32) (i32.const 0))
  (func (export "count") (param $by i32) (result i32)
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
    (global.set $n (i32.add (global.get $n) (local.get $by)))
    (global.get $n))
  (func (export "spin") (loop $again (br $again)))
  (func (export "boom") (unreachable)))
"""


def test_a_library_is_built_and_not_run(shell):
    text = repr(shell.run(LIBRARY))
    assert text.startswith("f exports:")
    assert "count(by: i32) -> i32" in text
    assert "--name" not in text
    assert "--name" in repr(shell.run(LIBRARY.replace(" --name f", "")))


def test_what_a_call_prints_is_in_its_cell(shell, capsys):
    shell.run(LIBRARY)
    capsys.readouterr()
    assert shell.run("f.exports.count(2)") == 2
    assert capsys.readouterr().out.startswith("called\n")
    assert shell.run("f.exports.count(3)") == 5
    shell.run(LIBRARY)
    assert shell.run("f.exports.count(3)") == 3


def test_names_are_completed(shell):
    shell.run(LIBRARY)
    _, found = shell.complete("f.exports.co")
    assert {"configure", "count"} == set(found)
    _, keys = shell.complete('f.exports["cou')
    assert any(key.startswith("count") for key in keys)


def test_help(shell):
    shell.run(LIBRARY)
    found = shell.inspector.info(shell.user_ns["f"].exports.count, "count")
    assert found["docstring"] == "count(by: i32) -> i32"
    assert found["definition"] == "count(by: int) -> int"


def test_options_of_the_cell_are_those_of_its_calls(shell):
    shell.run(LIBRARY.replace("--name f", "--name f --timeout 0.2"))
    with pytest.raises(Exception, match=r"after 0\.2 s.*starts afresh"):
        shell.run("f.exports.spin()")


def test_errors(shell):
    shell.run(LIBRARY)
    with pytest.raises(GuestTypeError, match=r"by is i32, and it was given 'two'"):
        shell.run("f.exports.count('two')")
    with pytest.raises(GuestTrap, match=r"in the function at In\[\d+\]:\d+: abort"):
        shell.run("f.exports.boom()")
