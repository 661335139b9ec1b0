"""Rust cells."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.rust import the_rust
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.errors import BuildError
from wasinn_nb.guest.build.model import BuiltModule, Diagnostic, Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.languages import rust_library, rust_messages, rustc
from wasinn_nb.nn.cancel import CancelToken
from wasinn_nb.nn.errors import Cancelled

HELLO = 'fn main() {\n    println!("hello");\n}\n'
ADVICE = "hint: crates that `cargo vendor` put beside the notebook are used without a network"

Build = Callable[..., BuiltModule]


@pytest.fixture(scope="module")
def rust() -> rustc.Rust:
    return the_rust()


@pytest.fixture
def builder(rust: rustc.Rust, tmp_path: Path) -> Builder:
    return Builder(tmp_path / "cache", toolchain_dir=cache_root())


@pytest.fixture
def build(builder: Builder) -> Build:
    def make(text: str, **fields: object) -> BuiltModule:
        source = Source(text, "rust", **{"label": "In[7]", "first_line": 2, **fields})
        return builder.build(source)

    return make


def refused(build: Build, text: str, **fields: object) -> BuildError:
    with pytest.raises(BuildError) as caught:
        build(text, **fields)
    return caught.value


# ---- programs


def test_a_program_runs_and_is_built_once(build, builder, run):
    module = build(HELLO)
    assert run(module.wasm).stdout == "hello\n"
    assert not module.from_cache
    assert build(HELLO, label="In[8]").from_cache


def test_a_panic_names_the_cell_s_own_line(build, run):
    module = build("fn main() {\n    let all = [1];\n    all[std::env::args().count()];\n}\n")
    done = run(module.wasm)
    assert "index out of bounds" in done.stderr
    assert "In[7]:4:5" in relabel(done.stderr, module)
    assert "at In[7]:4:5" in relabel(done.trap, module)


@pytest.mark.parametrize("debug", [False, True])
def test_overflow_is_found(build, run, debug):
    text = 'fn main() {\n    println!("{}", 254u8 + 2 * std::env::args().count() as u8);\n}\n'
    done = run(build(text, debug=debug).wasm)
    assert "attempt to add with overflow" in done.stderr


def test_a_debug_build_checks_what_is_asserted_for_it(build, run):
    text = "fn main() {\n    debug_assert!(std::env::args().count() > 9);\n}\n"
    assert "assertion failed" in run(build(text, debug=True).wasm).stderr
    assert run(build(text).wasm).stderr == ""


def test_a_cell_that_exports_functions_is_a_library(build, run):
    import wasmtime

    text = '#[no_mangle]\npub extern "C" fn twice(x: i32) -> i32 {\n    2 * x\n}\n'
    module = wasmtime.Module(wasmtime.Engine(), build(text).wasm)
    assert {"twice", "memory"} <= {one.name for one in module.exports}


def test_warnings_do_not_stop_a_build(build):
    module = build("fn main() {\n    let unused = 1;\n}\n")
    assert "In[7]:3:9: warning: unused variable: `unused`" in module.warnings
    assert "`_unused`" in module.warnings


def test_sources_for_the_published_crates_compile_as_they_are(build):
    # a context borrows its graph in one of them
    for crate, context in (("wasi_nn", "Context<'a>"), ("wasmedge_wasi_nn", "Context")):
        build(
            f"type {context} = {crate}::GraphExecution{context};\n"
            f"pub struct Net{context[7:]} {{\n    pub context: {context},\n}}\n"
            f"use {crate}::{{self, ExecutionTarget, GraphBuilder, GraphEncoding, TensorType}};\n"
            f"fn run(name: &str) -> Result<usize, {crate}::Error> {{\n"
            "    let graph = GraphBuilder::new(GraphEncoding::Openvino, ExecutionTarget::AUTO)\n"
            "        .build_from_cache(name)?;\n"
            "    let mut context = graph.init_execution_context()?;\n"
            "    context.set_input(0, TensorType::F32, &[1, 2], &[0f32; 2])?;\n"
            "    context.compute()?;\n"
            "    let mut out = vec![0f32; 10];\n"
            "    context.get_output(0, &mut out)\n"
            "}\n"
            'fn main() {\n    println!("{:?}", run("default"));\n}\n'
        )


def test_the_oldest_api_needs_one_line(build):
    build(
        "use ::wasi_nn::generated as wasi_nn;\n"
        "fn main() {\n"
        "    let tensor = wasi_nn::Tensor {\n"
        "        dimensions: &[1],\n"
        "        type_: wasi_nn::TENSOR_TYPE_U8,\n"
        '        data: b"x",\n'
        "    };\n"
        '    let parts: [&[u8]; 1] = [b"model"];\n'
        "    unsafe {\n"
        "        let graph = wasi_nn::load(\n"
        "            &parts, wasi_nn::GRAPH_ENCODING_OPENVINO, wasi_nn::EXECUTION_TARGET_CPU,\n"
        "        ).unwrap();\n"
        "        let context = wasi_nn::init_execution_context(graph).unwrap();\n"
        "        wasi_nn::set_input(context, 0, tensor).unwrap();\n"
        "    }\n"
        "}\n"
    )


def test_a_module_says_nothing_of_the_machine(build, builder, rust):
    text = (
        "use wasi_nn::Model;\nfn main() {\n"
        '    let model = Model::load("x").unwrap();\n    println!("{:?}", model);\n}\n'
    )
    wasm = build(text).wasm
    assert not re.search(rb"/wasinn-\w{8}\b", wasm)
    for place in (Path.home(), cache_root(), Path.cwd()):
        assert not re.search(rb"(?<![\w.-])" + re.escape(os.fsencode(place)) + rb"/", wasm), place
    assert b"/wasinn" in wasm
    assert builder.build(Source(text, "rust", first_line=2), force=True).wasm == wasm
    assert len(wasm) < 1_000_000


PAGE = Path(__file__).parents[3] / "docs" / "rust.md"
CELLS = re.findall(r"^```rust\n%%wasinn (.*)\n((?:.*\n)*?)```$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("magic", "source"), [cell for cell in CELLS if "serde" not in cell[1]])
def test_a_program_of_the_page(build, magic, source):
    assert magic.split()[0] == "rust"
    assert build(source).warnings == ""


# ---- errors


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


def test_flags_are_the_user_s(build, run):
    text = 'fn main() {\n    if cfg!(extra) {\n        println!("extra");\n    }\n}\n'
    module = build(text, flags=("--cfg", "extra", "--edition", "2018", "-Copt-level=z"))
    assert run(module.wasm).stdout == "extra\n"


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


# ---- files and crates


def test_files_beside_the_notebook(build, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "word.txt").write_text("four")
    (tmp_path / "part.rs").write_text("pub fn number() -> i32 {\n    4\n}\n")
    text = (
        "mod part;\nfn main() {\n"
        '    println!("{} {}", include_str!("word.txt"), part::number());\n}\n'
    )
    assert run(build(text).wasm).stdout == "four 4\n"
    assert build(text).from_cache
    (tmp_path / "word.txt").write_text("five")
    assert run(build(text).wasm).stdout == "five 4\n"
    (tmp_path / "part.rs").write_text("pub fn number() -> i32 {\n    x\n}\n")
    found = refused(build, text).diagnostics[0]
    assert found.message.startswith("in part.rs, line 2: cannot find value `x`")
    assert (found.line, found.column, found.source_line) == (2, None, "mod part;")


def crate(folder: Path, name: str, code: str, build_script: str = "") -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "lib.rs").write_text(code)
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{name}"\nversion = "1.2.3"\nedition = "2021"\n'
    )
    if build_script:
        (folder / "build.rs").write_text(build_script)
    return folder


@pytest.fixture
def toolchains(builder: Builder, tmp_path: Path, rust: rustc.Rust) -> Builder:
    """A builder whose crates are forgotten with the test; the library is the user's."""
    own = tmp_path / "toolchains"
    own.mkdir()
    builder.build(Source("fn main() {}", "rust"))
    place = rust_library.folder(rust, own)
    place.mkdir()
    for part in rust_library.folder(rust, cache_root()).iterdir():
        if part.name == "sysroot" or part.name.startswith("sdk-"):
            (place / part.name).symlink_to(part, target_is_directory=True)
    return Builder(tmp_path / "cache", toolchain_dir=own)


def test_a_crate_of_the_user_s(toolchains, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = crate(tmp_path / "two fold", "two-fold", "pub fn twice(x: i32) -> i32 {\n    2 * x\n}\n")
    text = (
        '// cargo: two-fold = { path = "two fold" }\n'
        'fn main() {\n    println!("{}", two_fold::twice(4));\n}\n'
    )
    source = Source(text, "rust", label="In[7]", first_line=2)
    module = toolchains.build(source)
    assert run(module.wasm).stdout == "8\n"
    assert os.fsencode(tmp_path) not in module.wasm
    assert toolchains.build(source).from_cache
    (made / "src" / "lib.rs").write_text("pub fn twice(x: i32) -> i32 {\n    x + x + 1\n}\n")
    assert run(toolchains.build(source).wasm).stdout == "9\n"

    wrong = Source(text.replace("twice", "twise"), "rust", label="In[7]", first_line=2)
    with pytest.raises(BuildError) as caught:
        toolchains.build(wrong)
    found = caught.value.diagnostics[0]
    assert (found.line, found.column) == (4, 30)
    assert any("`twice`" in note for note in found.notes)
    (made / "src" / "lib.rs").write_text("pub fn twice(x: i32) -> i32 {\n    y\n}\n")
    with pytest.raises(BuildError, match="cannot find value `y`"):
        toolchains.build(source)


def test_a_vendored_crate_needs_no_network(toolchains, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = crate(tmp_path / "vendor" / "three", "three", "pub const THREE: i32 = 3;\n")
    checksum = {"files": {}, "package": hashlib.sha256(b"").hexdigest()}
    (place / ".cargo-checksum.json").write_text(json.dumps(checksum))
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo" / "config.toml").write_text(
        '[source.crates-io]\nreplace-with = "beside"\n[source.beside]\ndirectory = "vendor"\n'
    )
    text = '// cargo: three = "1"\nfn main() {\n    println!("{}", three::THREE);\n}\n'
    assert run(toolchains.build(Source(text, "rust")).wasm).stdout == "3\n"
    with pytest.raises(BuildError) as caught:
        toolchains.build(Source(text.replace('"1"', '"2"'), "rust", label="In[1]"))
    assert (caught.value.diagnostics[0].line, caught.value.diagnostics[0].column) == (1, 11)
    assert "`three = " in str(caught.value)


def test_without_a_network_it_is_said_which_crate_is_missing(toolchains, tmp_path, monkeypatch):
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    for name in ("CARGO_HTTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    text = '\n  // cargo: serde_json = "1"\nfn main() {}\n'
    with pytest.raises(BuildError) as caught:
        toolchains.build(Source(text, "rust", label="In[7]", first_line=2))
    (found,) = caught.value.diagnostics
    assert (found.line, found.column) == (3, 13)
    assert found.message.startswith("the crate serde_json is not on this machine")
    assert ADVICE in found.notes


@pytest.mark.parametrize("line", ["serde_json 1", "= 3", "", "serde_json = 1", "[package]"])
def test_a_cargo_line_that_is_none(build, line):
    found = refused(build, f"fn main() {{}}\n// cargo: {line}\n").diagnostics[0]
    assert (found.line, found.column) == (3, 11)
    assert "is no line of a [dependencies] table" in found.message


def test_crates_without_cargo(build, monkeypatch):
    monkeypatch.setattr(rustc, "_last", rustc._Search())
    monkeypatch.setenv("CARGO", "no-such-program")
    found = refused(build, "// cargo: serde\nfn main() {}\n").diagnostics[0]
    assert found.line == 2
    assert "cargo" in found.message
    assert "apt install cargo" in found.notes[0]


def test_a_cancelled_build_leaves_no_process(toolchains, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = tmp_path / "started"
    wait = f"fn main() {{ std::fs::write({str(started)!r}, []).unwrap(); loop {{}} }}"
    crate(tmp_path / "slow", "slow", "", wait.replace("'", '"'))
    token = CancelToken()

    def progress(_message: str, _seconds: float | None) -> None:
        if started.exists():
            token.cancel()

    text = '// cargo: slow = { path = "slow" }\nfn main() {}\n'
    with pytest.raises(Cancelled):
        toolchains.build(Source(text, "rust"), progress=progress, cancel=token)
    deadline = time.monotonic() + 20
    while any("build-script" in one.name() for one in psutil.Process().children(recursive=True)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


# ---- the library and the compiler


def test_an_archive_without_debug_information_links_as_before(rust, run, tmp_path):
    def compile_it(name: str, text: str, *flags: str) -> Path:
        (tmp_path / f"{name}.rs").write_text(text)
        output = tmp_path / f"lib{name}.rlib"
        command = [rust.path, "--edition=2021", "--target", rust.target, "-Copt-level=0", "-g"]
        command += rustc.link_flags(rust, tmp_path)
        subprocess.run([*command, *flags, "-o", output, tmp_path / f"{name}.rs"], check=True)
        return output

    functions = (
        "pub fn twice(x: i32) -> i32 { 2 * x }\n",
        "pub fn thrice(x: i32) -> i32 { 3 * x }\n",
    )
    library = compile_it("two", "".join(functions), "--crate-type=rlib")
    archive = library.read_bytes()
    stripped = rust_library.without_debug(archive)
    assert len(stripped) < len(archive)
    assert rust_library.without_debug(stripped) == stripped
    library.write_bytes(stripped)
    main = 'fn main() {\n    println!("{} {}", two::twice(4), two::thrice(4));\n}\n'
    wasm = compile_it("main", main, f"--extern=two={library}").read_bytes()
    assert run(wasm).stdout == "8 12\n"
    with pytest.raises(ValueError, match="archive"):
        rust_library.without_debug(b"no archive")


def test_a_search_is_quick_once_something_was_found(rust):
    assert rustc.detect() is rust or rustc.detect() is not None
    started = time.perf_counter()
    for _ in range(100):
        rustc.detect()
    assert time.perf_counter() - started < 0.5  # 5 ms each; it takes 30 us


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Rust: nothing is found but what the test puts there."""
    monkeypatch.setattr(rustc, "_last", rustc._Search())
    monkeypatch.setattr(rustc, "_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(rustc, "_USUAL", ())
    monkeypatch.setattr(rustc.ziglang, "detect", lambda: None)
    for name in ("RUSTC", "CARGO", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for tool in ("sh", "cat", "touch"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def compiler(
    folder: Path,
    sysroot: Path,
    *,
    target: str = "",
    links: str = "rust-lld",
    version: str = "1.90.0",
) -> Path:
    """A program that answers like rustc; ``links`` names the linker that it gets along with."""
    folder.mkdir(parents=True, exist_ok=True)
    if target:
        library = sysroot / "lib" / "rustlib" / target / "lib"
        library.mkdir(parents=True, exist_ok=True)
        (library / "libcore-0123.rlib").touch()
    script = folder / "rustc"
    script.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f'  "-vV") printf "rustc {version}\\nhost: x86_64-pc\\nrelease: {version}\\n'
        'LLVM version: 20.1\\n";;\n'
        f'  "--print sysroot") echo "{sysroot}";;\n'
        f'  "--print target-libdir --target "*) echo "{sysroot}/lib/rustlib/${{4}}/lib";;\n'
        f'  *linker=*{links}*" -o "*) while [ "$1" != -o ]; do shift; done; touch "$2";;\n'
        "  *) exit 1;;\n"
        "esac\n"
    )
    script.chmod(0o755)
    return script


def lld(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch(mode=0o755)
    return folder / name


def test_no_rust_at_all(machine):
    assert rustc.detect() is None
    assert "https://rustup.rs" in rustc.install()
    assert "rustup target add wasm32-wasip1" in rustc.install()


def test_rustup_s_toolchain_with_its_own_linker(machine):
    toolchain = machine / "home" / ".rustup" / "toolchains" / "stable-x86_64-pc"
    compiler(toolchain / "bin", toolchain, target="wasm32-wasip1")
    own = lld(toolchain / "lib" / "rustlib" / "x86_64-pc" / "bin", "rust-lld")
    lld(toolchain / "bin", "cargo")
    proxies = machine / "home" / ".cargo" / "bin"
    compiler(proxies, toolchain)
    lld(proxies, "rustup")
    found = rustc.detect()
    assert found is not None
    assert found.path == toolchain / "bin" / "rustc"
    assert found.linker == (str(own),)
    assert found.cargo == toolchain / "bin" / "cargo"
    assert (found.version, found.target) == ("1.90.0", "wasm32-wasip1")


def test_rustup_without_the_target_says_how_to_add_it(machine):
    toolchain = machine / "toolchain"
    compiler(machine / "bin", toolchain)
    lld(machine / "bin", "rustup")
    assert rustc.detect() is None
    assert rustc.install().startswith("rustup target add wasm32-wasip1 (")
    # and it is found as soon as that is done
    compiler(machine / "bin", toolchain, target="wasm32-wasip1", links="wasm-ld")
    lld(machine / "bin", "wasm-ld")
    assert rustc.detect() is not None


def test_the_next_compiler_is_taken_where_the_first_has_no_target(machine, monkeypatch):
    compiler(machine / "bin", machine / "first")
    other = compiler(machine / "other", machine / "usr", target="wasm32-wasi", links="wasm-ld-20")
    lld(machine / "bin", "wasm-ld-19")
    linker = lld(machine / "bin", "wasm-ld-20")
    monkeypatch.setenv("PATH", f"{machine / 'bin'}:{machine / 'other'}")
    found = rustc.detect()
    assert found is not None
    assert (found.path, found.target) == (other, "wasm32-wasi")
    assert found.linker == (str(linker),)


def test_what_rustc_names_is_taken_or_told_to_lack_something(machine, monkeypatch):
    compiler(machine / "bin", machine / "first", target="wasm32-wasip1", links="wasm-ld")
    lld(machine / "bin", "wasm-ld")
    named = compiler(machine / "named", machine / "second")
    monkeypatch.setenv("RUSTC", str(named))
    assert rustc.detect() is None
    assert f"RUSTC names {named}" in rustc.install()
    monkeypatch.setenv("RUSTC", str(machine / "nothing"))
    assert rustc.detect() is None
    monkeypatch.delenv("RUSTC")
    assert rustc.detect() is not None


def test_a_linker_that_does_not_understand_the_library_is_not_taken(machine):
    compiler(machine / "bin", machine / "first", target="wasm32-wasip1", links="wasm-ld-20")
    lld(machine / "bin", "wasm-ld")
    assert rustc.detect() is None
    assert "apt install lld-20" in rustc.install()
