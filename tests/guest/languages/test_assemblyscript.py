"""AssemblyScript cells."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.support.toolchains import assemblyscript_there
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.errors import BuildError, ToolchainMissing
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.languages import asc_process, asc_toolchain, asc_traces, assemblyscript
from wasinn_nb.guest.languages.asc_process import Command, Service
from wasinn_nb.guest.languages.base import CompileFailed
from wasinn_nb.guest.trap import ABORT, Trap
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled

ROOT = Path(__file__).parents[3]
HELLO = 'console.log("héllo");\n'


@pytest.fixture(scope="session")
def toolchain_dir():
    from wasinn_nb.guest.build.paths import cache_root

    assemblyscript_there()
    return cache_root()


@pytest.fixture(scope="module", autouse=True)
def ended():
    yield
    asc_process.SERVICE.stop()


@pytest.fixture
def build_as(build):
    return lambda text, **fields: build(text, "assemblyscript", **fields)


def refused(build_as, text, **fields):
    with pytest.raises(BuildError) as caught:
        build_as(text, **fields)
    return caught.value


def test_a_program_runs(build_as, run):
    assert run(build_as(HELLO).wasm).stdout == "héllo\n"


def test_the_same_text_is_the_same_module(build, build_as, toolchain_dir, tmp_path):
    first = build_as(HELLO)
    assert build(HELLO, "as", label="In[9]").from_cache
    elsewhere = Builder(tmp_path / "elsewhere", toolchain_dir=toolchain_dir)
    source = Source(HELLO, "asc", first_line=2)
    assert elsewhere.build(source).wasm == first.wasm
    assert os.fsencode(ROOT) not in first.wasm
    assert b"sourceMappingURL" not in first.wasm


def test_the_standard_library_has_what_it_needs_of_a_system(build_as, run):
    text = """
    const seen = new Map<string, i32>();
    seen.set("a", 1);
    const numbers: f64[] = [3, 1, 2];
    numbers.sort();
    process.stdout.write(`${seen.get("a")} ${numbers.join(",")} ${process.argv.length} `);
    const chance = new Uint8Array(16);
    crypto.getRandomValues(chance);
    let sum = 0;
    for (let i = 0; i < chance.length; i++) sum += chance[i];
    const year = new Date(Date.now()).getUTCFullYear();
    const random = Math.random();
    console.log(`${sum > 0} ${year > 2024} ${random >= 0 && random < 1} ${performance.now() > 0}`);
    console.log(`${process.env.has("HOME")} ${process.stdin.text().length}`);
    console.error("to you");
    console.assert(1 > 2, "no");
    trace("x", 2, 1, 2.5);
    process.exit(3);
    """
    done = run(build_as(text).wasm)
    assert done.stdout == "1 1.0,2.0,3.0 1 true true true true\nfalse 0\n"
    assert done.stderr == "to you\nAssertion failed: no\ntrace: x 1.0, 2.5\n"
    assert done.trap == "exit 3"


@pytest.mark.parametrize(
    ("text", "place", "says", "hint"),
    [
        ("let é = 1;\nlet x = é + foo;", (3, 13), "Cannot find name 'foo'. [TS2304]", ""),
        ("console.log(5);", (2, 13), "Type 'i32' is not assignable to type 'string'", "${value}"),
        ("console.log('x'", (2, 13), "')' expected. [TS1005]", ""),
        ('let x: number = "a";', (2, 17), "'string' is not assignable to type 'f64'", ""),
        ("let x: any = 5;", (2, 8), "Cannot find name 'any'", "every value has a type"),
        ("try { let x = 1; } catch (e) {}", (2, 1), "Exceptions", "try...()"),
        ("let n = 1;\nfunction f(): void {\n let n = 2;\n [1].map<i32>((x) => n);\n}\nf();",
         (5, 22), "Closures", "make it global"),
        ("function add(a, b) { return a; }", (2, 19), "Type expected", "a: i32"),
        ("if (true) {\n  let a = 1;\n", (3, 13), "end of text", ":2: this '{' is not closed"),
        ("setTimeout(() => {}, 5);", (2, 1), "setTimeout", "no event loop"),
        ('const m = Model.load("x");', (2, 11), "Model", 'import { Model } from "wasi_nn"'),
        ('import { Modell } from "wasi_nn";\nModell;', (2, 10), "exported member 'Modell'", ""),
        ('import { a } from "./helpers";\na();', (2, 19), "helpers.ts", "notebook's directory"),
        ('import { Model } from "wasi_nn";\nlet m: Model = Model.tryLoad("");', (3, 16), "", "!"),
    ],
)  # fmt: skip
def test_errors_stand_at_the_cell_s_line(build_as, text, place, says, hint):
    error = refused(build_as, text)
    found = error.diagnostics[0]
    assert (found.line, found.column) == place
    assert says in found.message
    assert hint in "".join(found.notes)
    assert "~lib" not in str(error)
    assert "node_modules" not in error.log


def test_warnings_are_shown(build_as):
    module = build_as("function main(): void { console.log('x'); }\n")
    assert "In[7]:2:10: warning: nothing calls main: end the cell with main()" in module.warnings
    assert build_as(HELLO).warnings == ""


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--nonsense", "unknown option '--nonsense'"),
        ("-o", "cannot be used here"),
        ("--help", "cannot be used here"),
    ],
)
def test_flags_that_cannot_be_meant(build_as, flag, says):
    assert says in str(refused(build_as, HELLO, flags=(flag,)))


def test_flags_and_debugging(build_as):
    small = build_as(HELLO, flags=("-Oz", "--runtime", "stub"))
    assert len(small.wasm) < len(build_as(HELLO).wasm) < len(build_as(HELLO, debug=True).wasm)


def test_a_cell_that_only_exports_is_a_library(build_as):
    import wasmtime

    def exports(text):
        module = wasmtime.Module(wasmtime.Engine(), build_as(text).wasm)
        return {one.name for one in module.exports}

    add = "export function add(a: i32, b: i32): i32 { return a + b; }\n"
    assert exports(add) == {"_initialize", "add", "memory"}
    assert exports(add + "console.log(add(1, 2).toString());") == {"_start", "add", "memory"}
    assert exports('export function _start(): void { console.log("x"); }') == {"_start", "memory"}


INDEX = """function at(a: i32[], i: i32): i32 {
  return a[i];
}
console.log(at([1], process.argv.length + 5).toString());"""
DIVISION = "const x = process.argv.length;\nconsole.log((5 / (x - 1)).toString());"
KEY = "const m = new Map<string, i32>();\n\nconsole.log(m.get('y').toString());"


@pytest.mark.parametrize(
    ("text", "place", "debug"),
    [
        (INDEX, (3, 10), False),
        (DIVISION, (3, 14), False),
        (KEY, (4, 13), False),
        (KEY, (4, 13), True),
    ],
)
def test_traps_have_the_cell_s_line(build_as, run, text, place, debug):
    module = build_as(text, debug=debug)
    trap = relabel(run(module.wasm).trap, module)
    assert re.search(rf"at In\[7\]:{place[0]}:{place[1]}\b", trap), trap


def test_the_text_form_has_the_cell_s_lines(build_as):
    from wasinn_nb.guest.wat.printer import disassemble

    text = "const x = process.argv.length;\nconsole.log((5 / x).toString());\n"
    source = Source(text, "assemblyscript", first_line=2)
    printed = disassemble(build_as(text).wasm, source=source).text
    assert ";; line 3: console.log((5 / x).toString());" in printed


def test_files_and_packages_of_the_notebook_s_directory(build_as, run, tmp_path, monkeypatch):
    where = asc_toolchain.detect()  # found from here
    monkeypatch.setattr(asc_toolchain, "detect", lambda: where)
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "node_modules" / "some-package" / "assembly"
    package.mkdir(parents=True)
    (package / "index.ts").write_text("export const NAME = 'some';\n")
    (tmp_path / "helpers.ts").write_text("export function say(what: string): void {\n}\n")
    text = (
        'import { say } from "./helpers";\nimport { NAME } from "some-package/assembly";\n'
        "say(NAME);\nconsole.log(NAME);\n"
    )
    assert run(build_as(text).wasm).stdout == "some\n"
    assert build_as(text).from_cache
    (package / "index.ts").write_text("export const NAME = 'another';\n")
    assert run(build_as(text).wasm).stdout == "another\n"
    (tmp_path / "helpers.ts").write_text("export function say(what: string): void {\n  oops;\n}\n")
    assert "in helpers.ts, line 2: Cannot find name 'oops'" in str(refused(build_as, text))


def test_the_sdk_with_the_compiler_s_own_command(run, tmp_path, toolchain_dir):
    toolchain = asc_toolchain.detect()
    shutil.copytree(ROOT / "wasinn_nb" / "sdk" / "assemblyscript", tmp_path / "sdk")
    (tmp_path / "guest.ts").write_text(
        'import { Config } from "wasi_nn";\nconsole.log(new Config().set("a", 1).toString());\n'
    )
    asc = toolchain.own_files[0] / "bin" / "asc.js"
    flags = ("--config", "sdk/asconfig.json", "-O", "-o", "guest.wasm")
    subprocess.run([toolchain.path, asc, "guest.ts", *flags], cwd=tmp_path, check=True)
    assert run((tmp_path / "guest.wasm").read_bytes()).stdout == '{"a": 1}\n'


# ---- the process ---------------------------------------------------------------------------------


@pytest.fixture
def command(toolchain_dir):
    toolchain = asc_toolchain.detect()
    return Command(toolchain.path, toolchain.own_files[0], toolchain_dir / "node")


def request(text):
    library = ROOT / "wasinn_nb" / "sdk" / "assemblyscript"
    return {"text": text, "cwd": str(ROOT), "library": str(library), "flags": [], "fast": False}


@pytest.fixture
def service():
    service = Service()
    yield service
    service.stop()


def test_one_process_serves_all_and_ends_when_it_is_not_needed(command):
    service = Service(idle=0.3)
    first = service.ask(command, request("let x = 1;"))
    process = service._process._popen
    assert first["wasm"]
    deadline = time.monotonic() + 30
    while service.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.returncode == 0
    assert service.ask(command, request("let x = 2;"))["wasm"]
    service.stop()
    assert not service.running


def test_a_process_that_died_is_started_anew(command, service):
    service.ask(command, request("let x = 1;"))
    first = service._process._popen
    first.kill()
    first.wait()
    assert service.ask(command, request("let y = foo;"))["wasm"] is None
    assert service._process._popen.pid != first.pid


def test_cancelling_kills_it(command, service):
    cancel = CancelToken()
    loops = "type A<T> = T;\n" + "".join(f"export let v{i} = {i};\n" for i in range(20_000))
    threading.Timer(0.2, cancel.cancel, ["stop"]).start()
    with pytest.raises(Cancelled):
        service.ask(command, request(loops), cancel=cancel)
    assert not service.running
    assert service.ask(command, request("let x = 1;"))["wasm"]


def test_it_ends_with_its_input(command, service):
    service.ask(command, request("let x = 1;"))
    process = service._process._popen
    process.stdin.close()
    assert process.wait(30) == 0


def test_a_compiler_that_cannot_start(command, service, tmp_path):
    with pytest.raises(CompileFailed, match="the compiler ended without an answer"):
        service.ask(Command(command.node, tmp_path, tmp_path), request("let x = 1;"))


# ---- where things are ----------------------------------------------------------------------------


def test_without_node_one_line_says_what_to_install(build_as, monkeypatch):
    monkeypatch.setattr(asc_toolchain, "_node", lambda path: None)
    asc_toolchain._node.cache_clear = lambda: None
    with pytest.raises(ToolchainMissing) as caught:
        build_as(HELLO)
    assert 'pip install "wasinn-nb[assemblyscript]"' in caught.value.hint


def installed(place, version):
    home = place / "assemblyscript"
    home.mkdir(parents=True)
    (home / "package.json").write_text(json.dumps({"version": version}))
    return home


def test_the_nearest_compiler_is_taken(tmp_path, monkeypatch):
    outer = installed(tmp_path / "node_modules", "0.28.1")
    below = tmp_path / "a" / "b"
    installed(below / "node_modules", "0.9.0")  # too old
    monkeypatch.chdir(below)
    found = asc_toolchain.detect()
    assert (found.version, found.own_files) == ("0.28.1", (outer,))
    (outer / "package.json").unlink()
    monkeypatch.setenv("NPM_CONFIG_PREFIX", str(tmp_path / "global"))
    modules = "node_modules" if os.name == "nt" else "lib/node_modules"
    everywhere = installed(tmp_path / "global" / modules, "0.27.36")
    assert asc_toolchain.detect().own_files == (everywhere,)


def test_what_is_installed_is_what_is_tested():
    packages = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert packages["assemblyscript"] == asc_toolchain._RELEASE


def test_it_is_installed_once_with_npm(tmp_path, toolchain_dir, monkeypatch):
    """With an npm that copies what is there: tests download nothing."""
    there = asc_toolchain.detect()
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(
        f"#!/bin/sh\necho called >> {tmp_path}/calls\nsleep 0.5\nmkdir node_modules\n"
        f"ln -s {there.own_files[0].resolve()} node_modules/assemblyscript\n"
    )
    npm.chmod(0o755)
    monkeypatch.setattr(asc_toolchain, "_places", lambda node: [])
    monkeypatch.setattr(asc_toolchain, "_npm", lambda node: [str(npm)])
    told = []
    builder = Builder(tmp_path / "cache")
    for text in (HELLO, HELLO * 2):
        source = Source(text, "assemblyscript")
        builder.build(source, progress=lambda message, _seconds: told.append(message))
    assert told[0] == "installing AssemblyScript once"
    assert (tmp_path / "calls").read_text() == "called\n"
    assert assemblyscript.LANGUAGE.ready(asc_toolchain.detect(), tmp_path / "cache")


def test_npm_that_cannot_install(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho npm error code ENOTFOUND\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(asc_toolchain, "_places", lambda node: [])
    monkeypatch.setattr(asc_toolchain, "_npm", lambda node: [str(npm)])
    with pytest.raises(BuildError) as caught:
        Builder(tmp_path / "cache").build(Source(HELLO, "assemblyscript"))
    assert "npm could not install AssemblyScript: code ENOTFOUND" in str(caught.value)
    assert "ENOTFOUND" in caught.value.log


# ---- words ---------------------------------------------------------------------------------------


def test_what_a_program_says_at_its_end_is_read():
    trap = Trap(ABORT)
    said = "abort: one in In[7](3:5)\nabort: a\nb in In[7](4:2)\n"
    found = asc_traces.aborted(trap, said, "In[7]")
    assert (found.kind, found.line, found.column) == ("a b", 4, 2)
    found = asc_traces.aborted(trap, "abort: Index out of range in ~lib/array.ts(1:2)\n", "In[7]")
    assert (found.kind, found.line) == ("Index out of range", 0)
    assert asc_traces.aborted(trap, "abort: in a text\nthat goes on", "In[7]").line == 0
    assert asc_traces.aborted(trap, "nothing of the kind\n", "In[7]") is None
