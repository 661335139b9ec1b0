"""Rust cells that are programs, and what they are made of."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.rust import HELLO, refused
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.build.relabel import relabel
from wasinn_nb.guest.languages import rust_library, rustc


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


PAGE = Path(__file__).parents[4] / "docs" / "rust.md"
CELLS = re.findall(r"^```rust\n%%wasinn (.*)\n((?:.*\n)*?)```$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("magic", "source"), [cell for cell in CELLS if "serde" not in cell[1]])
def test_a_program_of_the_page(build, magic, source):
    assert magic.split()[0] == "rust"
    assert build(source).warnings == ""


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


def test_flags_are_the_user_s(build, run):
    text = 'fn main() {\n    if cfg!(extra) {\n        println!("extra");\n    }\n}\n'
    module = build(text, flags=("--cfg", "extra", "--edition", "2018", "-Copt-level=z"))
    assert run(module.wasm).stdout == "extra\n"


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
