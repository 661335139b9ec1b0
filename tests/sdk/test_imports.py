"""What a guest imports is what it uses, with the exact signatures, at every optimisation level."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime

from tests.sdk.conftest import Build, compile_guest
from tests.sdk.scripted_host import STANDARD, imports, run
from tests.support.core_abi import ARITY

GUESTS = Path(__file__).parent.parent / "guests"
LOADING = {"load_by_name", "init_execution_context", "set_input"}
STREAMING = {"compute_single", "get_output_single", "fini_single"}
WHOLE = {"compute", "get_output"}
CLOSING = {"finalize_execution_context"}

EXPECTED = {
    "hello.c": set(),
    "spin.c": set(),
    "trap.c": set(),
    "bigout.c": set(),
    "inout.c": set(),
    "generate.c": LOADING | STREAMING,
    "generate_blocking.c": STANDARD - {"load"},
    "chat.c": LOADING | STREAMING | {"get_output"} | CLOSING,
    "embed.c": LOADING - {"load_by_name"} | WHOLE | CLOSING | {"load_by_name_with_config"},
    "errors.c": set(ARITY) - {"load"},
    "stream.cpp": LOADING | STREAMING | WHOLE | CLOSING,
    "generate.zig": LOADING | STREAMING | WHOLE | CLOSING,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_guests_import_what_they_use(engine: wasmtime.Engine, build: Build, name: str) -> None:
    assert set(imports(engine, build(GUESTS / name))) == EXPECTED[name]


def test_reactors_export_their_functions(engine: wasmtime.Engine, build: Build) -> None:
    for name, functions in {
        "hostcall_bench.c": {"calls"},
        "set_input_bench.c": {"open_model", "inputs"},
    }.items():
        wasm = build(GUESTS / name, "-mexec-model=reactor")
        exported = {one.name for one in wasmtime.Module.from_file(engine, str(wasm)).exports}
        assert functions | {"_initialize", "memory"} <= exported


def test_every_signature(engine: wasmtime.Engine, build: Build) -> None:
    names = ", ".join(f"(function)wasi_nn_{name}" for name in ARITY)
    wasm = build(
        "#include <wasi_nn.h>\ntypedef void (*function)(void);\n"
        f"function const volatile all[] = {{{names}}};\n"
        "int main(void) { return all[0] == all[1]; }\n"
    )
    i32 = wasmtime.ValType.i32()
    found = imports(engine, wasm)
    assert set(found) == set(ARITY)
    for name, kind in found.items():
        assert kind.params == [i32] * ARITY[name], name
        assert kind.results == [i32], name


STANDARD_ONLY = """
#include <stdio.h>
#include <wasi_nn_llm.h>
int main(void) {
    static float vector[8];
    size_t count;
    wnn_model model;
    wnn_context context;
    wnn_usage usage;
    const char *text;
    if (wnn_load(&model, "default") || wnn_open(&context, &model)) return 1;
    wnn_complete(&context, "Once", NULL, &text);
    wnn_embed(&context, "Once", vector, 8, &count);
    wnn_get_usage(&context, &usage);
    wnn_release(&context);
    return puts(text);
}
"""


@pytest.mark.parametrize("level", ["-O2", "-O0"])
def test_the_calls_that_promise_it_need_the_standard_functions_only(
    engine: wasmtime.Engine, build: Build, level: str
) -> None:
    assert set(imports(engine, build(STANDARD_ONLY, level))) == STANDARD - {"load"}


INCLUDES = ["wasi_nn.h", "wasi_nn_llm.h", "wasi_nn_text.h", "wasi_nn_image.h", "wasi_nn_math.h"]
INCLUDES += ["wasi_nn_array.h", "wasi_nn_exchange.h"]
NOTHING = "".join(f"#include <{name}>\n" for name in INCLUDES) + "int main(void) { return 0; }\n"


def test_unused_headers_import_nothing_even_without_optimisation(
    engine: wasmtime.Engine, build: Build
) -> None:
    wasm = build(NOTHING, "-O0")
    assert imports(engine, wasm) == {}


@pytest.mark.parametrize("standard", ["-std=c99", "-std=c11", "-std=c23"])
def test_the_c_headers_are_clean_in_every_standard(build: Build, standard: str) -> None:
    build(NOTHING, standard, "-Wshadow", "-Wconversion")


@pytest.mark.parametrize("standard", ["-std=c++17", "-std=c++23"])
def test_all_headers_together_are_clean_in_cpp(build: Build, tmp_path: Path, standard: str) -> None:
    source = tmp_path / "guest.cpp"
    source.write_text(f"#include <wasi_nn.hpp>\n{NOTHING}")
    build(source, standard, "-Wshadow", "-c")


@pytest.mark.parametrize("name", [*INCLUDES, "wasi_nn.hpp", "wasi_nn_tensor.hpp"])
def test_a_header_needs_no_other_before_it(tmp_path: Path, name: str) -> None:
    source = tmp_path / f"guest.{'cpp' if name.endswith('.hpp') else 'c'}"
    source.write_text(f"#include <{name}>\nint main(void) {{ return 0; }}\n")
    done = compile_guest(source, tmp_path / "guest.o", "-c")
    assert done.returncode == 0, done.output


def test_standard_only_refuses_the_extensions(tmp_path: Path) -> None:
    source = tmp_path / "guest.c"
    source.write_text(
        "#define WASI_NN_STANDARD_ONLY\n#include <wasi_nn.h>\n"
        "int main(void) { return wasi_nn_unload(0); }\n"
    )
    done = compile_guest(source, tmp_path / "guest.wasm")
    assert done.returncode != 0
    assert "wasi_nn_unload" in done.output


def test_one_last_error_for_a_guest_of_several_files(
    engine: wasmtime.Engine, build: Build, tmp_path: Path
) -> None:
    other = tmp_path / "other.c"
    other.write_text(
        "#include <wasi_nn_llm.h>\n"
        'int fails(void) { wnn_model model; return wnn_load(&model, "missing"); }\n'
        "int fails_too(void) { return wasi_nn_set_u8(1, 0, NULL, NULL, 1); }\n"
    )
    wasm = build(
        "#include <wasi_nn_llm.h>\nint fails(void);\nint fails_too(void);\n"
        "int main(void) {\n"
        "    if (wasi_nn_last_error()[0]) return 1;\n"
        "    return !fails() || puts(wasi_nn_last_error()) < 0 ||\n"
        "           !fails_too() || puts(wnn_last_error()) < 0;\n"
        "}\n",
        str(other),
    )
    done = run(engine, wasm)
    assert done.trap is None
    assert done.stdout.splitlines() == [
        'loading model "missing": not found (error 8); the host knows no model of this name',
        "setting input 0 as u8 []: invalid argument (error 1); a pointer is null",
    ]
