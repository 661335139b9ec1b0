"""Go cells."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.support.toolchains import go_there
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.errors import BuildError, ToolchainMissing
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.languages import go, go_hints, go_modules, go_traces, golang
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.sections import EXPORT, Sections
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled

HELLO = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("héllo")\n}\n'


@pytest.fixture(scope="session")
def toolchain_dir(tmp_path_factory):
    """The user's own cache, in which Go keeps its standard library."""
    from wasinn_nb.guest.build.paths import cache_root

    go_there()
    return cache_root()


def exports(wasm):
    """Their names; without compiling the module, which takes seconds."""
    section = Sections(Reader(wasm)).section(EXPORT)
    names = set()
    for _ in range(section.unsigned()):
        names.add(section.name())
        section.byte()  # what it is
        section.unsigned()  # which one
    return names


def refused(build, text, **fields):
    with pytest.raises(BuildError) as caught:
        build(text, "go", **fields)
    return caught.value


def test_a_program_runs(build, run):
    assert run(build(HELLO, "go").wasm).stdout == "héllo\n"


def test_the_same_text_is_not_compiled_again_whatever_the_cell(build):
    first = build(HELLO, "go")
    again = build(HELLO, "golang", label="In[8]")
    assert (first.from_cache, again.from_cache) == (False, True)
    assert first.wasm == again.wasm


def test_the_module_names_no_directory_of_this_machine(build):
    wasm = build(HELLO, "go").wasm
    assert b"site-packages" not in wasm
    assert b"/wasinn-" not in wasm


@pytest.mark.parametrize(
    ("text", "place", "says", "hint"),
    [
        (HELLO.replace("fmt.P", "fmt.p"), (7, 6), "undefined: fmt.println (but have Println)", ""),
        (HELLO.replace('"héllo"', '"é", y'), (7, 19), "undefined: y", ""),
        (HELLO.replace('"héllo")', '"x"'), (7, 17), "unexpected newline in argument list", ""),
        (HELLO.replace("\tfmt", "\tx := 5\n\tfmt"), (7, 2), "declared and not used: x", ""),
        (HELLO.replace("\tfmt.Println", "\t_ = "), (4, 8), '"fmt" imported and not used', ""),
        ('package main\nfunc main() { strings.ToUpper("x") }', (3, 15), "", 'import "strings"'),
        ("package main\nfunc main() { nn.Load() }", (3, 15), "", 'import "wasinn/nn"'),
        ("func main() {}", (2, 1), "the cell has no package clause", "package main"),
        ("", (2, 1), "the cell has no package clause", "package main"),
        ("package cell\nfunc main() {}", (2, 9), "call it main", ""),
        ("package main\nfunc f() {}", (None, None), "no main function", "func main()"),
        ('package main\nimport "wasi_nn"\nfunc main() {}', (3, 8), "wasi_nn", '"wasinn/nn"'),
        ('package main\nimport "json"\nfunc main() {}', (3, 8), "json", '"encoding/json"'),
        ('package main\n\nimport "C"\nfunc main() {}', (4, 8), "cannot use C", ""),
        ("package main\nfunc f()\nfunc main() { f() }", (3, 6), "missing", "//go:wasmimport"),
        ('package main\nimport "a.b/c"\nfunc main() { c.X() }', (3, 8), "a.b/c", "go get a.b/c"),
    ],
)
def test_errors_stand_at_the_cell_s_line(build, text, place, says, hint):
    error = refused(build, text)
    found = error.diagnostics[0]
    assert (found.line, found.column) == place
    assert says in found.message
    assert hint in "".join(found.notes)
    assert "/" not in found.message.replace("a.b/c", "")
    assert "site-packages" not in error.log


def test_every_error_is_there_with_what_belongs_to_it(build):
    text = (
        "package main\ntype I interface{ M() }\ntype T struct{}\nvar i I = T{}\n"
        "func f() {}\nfunc f() {}\nfunc main() { return 5 }\n"
    )
    missing, twice, result = refused(build, text).diagnostics
    assert (missing.line, twice.line, result.line) == (5, 7, 8)
    assert "note: In[7]:6: other declaration of f" in twice.notes
    assert "have (number)" in result.notes


def test_more_errors_than_go_shows_of_itself(build):
    text = "package main\nfunc main() {\n" + "".join(f"\tx{i}()\n" for i in range(15)) + "}\n"
    assert len(refused(build, text).diagnostics) == 15


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("-O2", "does not know the option -O2"),
        ("-o", "cannot be used here"),
        ("-race", "-race is not supported"),
        ("-gcflags=-nonsense", "does not know the option -nonsense"),
    ],
)
def test_flags_that_cannot_be_meant(build, flag, says):
    found = refused(build, HELLO, flags=(flag,)).diagnostics
    assert len(found) == 1
    assert says in found[0].message


def test_flags_reach_the_compiler(build):
    text = "package main\nvar who string\nfunc main() { println(who) }"
    assert b"somebody" in build(text, "go", flags=("-ldflags=-X main.who=somebody",)).wasm


def test_a_cell_that_exports_functions_is_a_library(build):
    text = "package main\n\n//go:wasmexport add\nfunc add(a, b int32) int32 { return a + b }\n"
    for ending in ("", "func main() {}\n"):
        assert exports(build(text + ending, "go").wasm) == {"_initialize", "add", "memory"}
    program = text + "func main() { println(add(1, 2)) }\n"
    assert exports(build(program, "go").wasm) == {"_start", "add", "memory"}


def test_cancelling_kills_the_compiler(build, builder, tmp_path, monkeypatch):
    # a standard library of its own, which takes seconds
    slow = Builder(tmp_path / "cold")
    cancel = CancelToken()
    told: list[str] = []

    def progress(message, _seconds):
        told.append(message)
        cancel.cancel("stop")

    started = time.monotonic()
    with pytest.raises(Cancelled):
        slow.build(Source(HELLO, "go"), progress=progress, cancel=cancel)
    assert told == ["building Go's standard library once"]
    assert time.monotonic() - started < 60
    deadline = time.monotonic() + 20
    while _compilers_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _compilers_in(tmp_path)


def _compilers_in(directory: Path) -> list[str]:
    """Processes whose environment names a directory."""
    found = []
    for one in Path("/proc").glob("[0-9]*/environ"):
        try:
            if os.fsencode(directory) in one.read_bytes():
                found.append(one.parent.name)
        except OSError:
            continue
    return [pid for pid in found if pid != str(os.getpid())]


def test_without_a_toolchain_one_line_says_what_to_install(builder, monkeypatch):
    monkeypatch.setattr(golang, "_roots", lambda: iter(()))
    with pytest.raises(ToolchainMissing) as caught:
        builder.build(Source(HELLO, "go"))
    assert 'pip install "wasinn-nb[go]"' in caught.value.hint


def test_which_go_is_taken(tmp_path, monkeypatch):
    def root(name, version):
        home = tmp_path / name
        (home / "bin").mkdir(parents=True)
        executable = home / "bin" / "go"
        executable.write_text("#!/bin/sh\n")
        executable.chmod(0o755)
        (home / "VERSION").write_text(version)
        return home

    old, new = root("old", "go1.19.8\n"), root("new", "go1.30rc1\ntime x\n")
    monkeypatch.setenv("GOROOT", str(old))
    monkeypatch.setattr(golang, "_package", lambda: ())
    golang._package.cache_clear = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setattr(golang, "_USUAL", ())
    monkeypatch.setenv("PATH", str(old / "bin"))
    assert golang.detect() is None
    monkeypatch.setenv("PATH", str(new / "bin"))
    found = golang.detect()
    assert found is not None
    assert (found.identity, golang.language(found)) == ("go-1.30rc1", "1.30")
    newer = root("newer", "go1.31.1\n")
    monkeypatch.setenv("GOROOT", str(newer))
    assert golang.detect().version == "1.31.1"


# ---- modules of the user's -----------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A module with a package, and one that it needs, beside it."""
    project, other = tmp_path / "my project", tmp_path / "other"
    (project / "greet").mkdir(parents=True)
    other.mkdir()
    (other / "go.mod").write_text("module example.org/other\n\ngo 1.21\n")
    (other / "other.go").write_text("package other\n\nconst Name = `other`\n")
    (project / "go.mod").write_text(
        "module project\n\ngo 1.21\n\nrequire example.org/other v0.0.0\n"
        "replace example.org/other => ../other\n"
    )
    (project / "greet" / "greet.go").write_text(
        'package greet\n\nimport "example.org/other"\n\nfunc Hello() string { '
        'return "hello " + other.Name }\n'
    )
    monkeypatch.chdir(project)
    return project


GREETING = (
    'package main\n\nimport (\n\t"project/greet"\n\t"wasinn/nn"\n)\n\n'
    "func main() {\n\tprintln(greet.Hello())\n\t_, _ = nn.Load, greet.Hello\n}\n"
)


def test_packages_of_the_notebook_s_directory(build, project):
    before = sorted(project.rglob("*"))
    assert b"hello other" in build(GREETING, "go").wasm
    assert build(GREETING, "go").from_cache
    greet = project / "greet" / "greet.go"
    greet.write_text(greet.read_text().replace("hello", "bye"))
    assert b"bye other" in build(GREETING, "go").wasm
    assert sorted(project.rglob("*")) == before


def test_vendored_packages(build, project):
    toolchain = golang.detect()
    subprocess.run(
        [toolchain.path, "mod", "vendor"],
        cwd=project,
        env={"HOME": str(project.parent), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "PATH": ""}
        | {"GOCACHE": str(project.parent / "cache")},
        check=True,
        capture_output=True,
    )
    shutil.rmtree(project.parent / "other")
    assert b"hello other" in build(GREETING, "go").wasm


def test_errors_in_a_package_of_the_user_s(build, project):
    greet = project / "greet" / "greet.go"
    greet.write_text(greet.read_text().replace("other.Name", "other.Nothing"))
    error = refused(build, GREETING)
    assert error.diagnostics[0].line is None
    assert "in greet/greet.go, line 5: undefined: other.Nothing" in error.diagnostics[0].message
    assert str(project) not in error.log
    greet.write_text(greet.read_text().replace("other.Nothing", "other.Name"))
    found = refused(build, GREETING.replace("Hello()", "Nothing()")).diagnostics[0]
    assert (found.line, found.column) == (10, 16)


def test_two_builds_at_once(build):
    outcomes: list[bool] = []

    def one(number):
        outcomes.append(build(HELLO.replace("héllo", f"{number}"), "go").wasm[:4] == b"\0asm")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [True] * 3


# ---- words ---------------------------------------------------------------------------------------


def test_imports_are_found_however_they_are_written():
    text = (
        'package main // import "no"\n/* import "neither" */\nimport "a"\nimport x "b/c"\n'
        'import (\n\t_ `d`\n\t"e" // "f"\n)\nvar s = "g"\n'
    )
    assert go_modules.imports(text) == ["a", "b/c", "d", "e"]


def test_a_panic_is_read():
    said = (
        "panic: first\n\ngoroutine 1 [running]:\nmain.x()\n\tIn[7]:9 +0x1\n"
        "log\npanic: a problem [recovered]\n\tpanic: runtime error: index out of range [5]\n"
        "[signal 0xb code=0x0 addr=0x0 pc=0x0]\n\ngoroutine 18 [running]:\n"
        "strings.Repeat({0x1, 0x2}, 0xf)\n\tstrings/strings.go:609 +0xbc\n"
        "main.(*T).deep(...)\n\tIn[7]:4\ncreated by main.main in goroutine 1\n\tIn[7]:3 +0x8\n"
        "exit status 2\n"
    )
    trap = go_traces.panicked(2, said, "In[7]")
    assert trap is not None
    assert (trap.kind, trap.line) == ("index out of range [5]", 4)
    assert [frame.function for frame in trap.frames[:2]] == ["strings.Repeat", "main."]
    assert go_traces.panicked(1, said, "In[7]") is None
    assert go_traces.panicked(2, "panic: I only say so\n", "In[7]") is None


def test_output_that_is_no_message_is_no_trouble():
    for log in ("", "\n\t\n", "cell.go:99999999999999999999: x", "\x00", "cell.go:1:1: "):
        assert isinstance(go.LANGUAGE.explain(log, Source("x", "go")), list)
    assert go_hints.explain("", "") == ("", "")
