"""The fall-back: a system clang with wasi-libc, where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.languages import clang, ziglang


@pytest.fixture
def without_zig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Builder:
    if clang.detect("cc") is None or clang.detect("c++") is None:
        pytest.skip("no clang here that links for WASI")
    monkeypatch.setattr(ziglang, "detect", lambda: None)
    return Builder(tmp_path / "cache")


def test_c_runs_and_traps_at_the_cell_s_line(without_zig, run):
    text = '#include <stdio.h>\nint main(void) {\n  puts("hi");\n  __builtin_trap();\n}'
    module = without_zig.build(Source(text, "c", label="In[7]", first_line=2))
    done = run(module.wasm)
    assert done.stdout == "hi\n"
    assert "at In[7]:5:3" in relabel(done.trap, module)


def test_cpp_runs_and_says_that_it_has_no_exceptions(without_zig, run):
    text = "#include <iostream>\nint main() { std::cout << 42 << std::endl; }"
    assert run(without_zig.build(Source(text, "cpp")).wasm).stdout == "42\n"
    with pytest.raises(BuildError, match="hint: exceptions are off"):
        without_zig.build(Source("int main() { throw 1; }", "cpp"))


def test_errors_are_the_same(without_zig):
    with pytest.raises(BuildError, match=r"cell:3:3: error: undefined symbol: foo"):
        without_zig.build(Source("void foo(void);\nint main(void) {\n  foo();\n}", "c"))
    with pytest.raises(BuildError, match="no main function"):
        without_zig.build(Source("int x;", "c"))


def test_a_clang_that_cannot_link_is_not_taken(tmp_path, monkeypatch):
    broken = tmp_path / "clang"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    clang._found.cache_clear()
    assert clang.detect("cc") is None
    clang._found.cache_clear()
