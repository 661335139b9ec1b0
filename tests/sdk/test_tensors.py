"""Typed inputs and outputs in C, C++, Zig and Rust: what reaches the host, and what comes back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.sdk.conftest import DRIVERS, Build
from tests.sdk.scripted_host import STANDARD, Script, imports, run

if TYPE_CHECKING:
    from collections.abc import Callable

    import wasmtime

    from tests.sdk.scripted_host import Ran

    Tensors = Callable[..., tuple[list[str], Ran]]

TYPES = {"f16": 0, "f32": 1, "f64": 2, "u8": 3, "i32": 4, "i64": 5}
WIDTHS = {"f16": 2, "f32": 4, "f64": 8, "u8": 1, "i32": 4, "i64": 8}
HOSTS = ["cut", "refuse", "refuse silently"]


@pytest.fixture(scope="module", params=["c", "cpp", "zig", "rs"])
def language(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def tensors(language: str, engine: wasmtime.Engine, build: Build) -> Tensors:
    wasm = build(DRIVERS / f"tensors.{language}")

    def go(*args: str, script: Script | None = None) -> tuple[list[str], Ran]:
        done = run(engine, wasm, script, args)
        assert done.trap is None, done.stderr
        return done.stdout.splitlines(), done

    return go


@pytest.mark.parametrize("kind", TYPES)
def test_a_typed_input_is_one_record(tensors: Tensors, kind: str) -> None:
    data = np.arange(1, 6 * WIDTHS[kind] + 1, dtype=np.uint8).tobytes()
    lines, done = tensors("set", kind, "2", "2x1x3", data.hex())
    assert lines == ["ok "]
    assert done.named("tensor") == [(3, (2, 1, 3), TYPES[kind], data)]


def test_a_scalar_and_an_empty_tensor(tensors: Tensors) -> None:
    lines, done = tensors(
        "set", "f32", "0", "-", "0000803f", "set", "i64", "1", "3x0x4294967295", ""
    )
    assert lines == ["ok ", "ok "]
    assert done.named("tensor") == [
        (3, (), 1, b"\0\0\x80\x3f"),
        (3, (3, 0, 0xFFFFFFFF), 5, b""),
    ]


@pytest.mark.parametrize("shape", ["65536x65536", "4294967295x4294967295x4294967295", "1073741824"])
def test_a_shape_of_more_than_memory_does_not_reach_the_host(tensors: Tensors, shape: str) -> None:
    (line,), done = tensors("set", "f32", "0", shape, "00000000")
    assert line.startswith("error 1 of 0: setting input 0")
    assert done.named("set_input") == []


def test_what_a_failed_input_says(tensors: Tensors, language: str) -> None:
    (line,), _ = tensors("set", "i32", "4", "1x2", "00" * 8, script=Script(input_limit=3))
    assert (
        line
        == {
            "c": "error 1 of 0: setting input 4 as i32 [1, 2]: invalid argument (error 1)",
            "cpp": "error 1 of 0: setting input 4 as i32 [1, 2]: invalid argument (error 1)",
            "rs": "error 1 of 0: setting input 4 as i32 [1, 2]: invalid argument (error 1)",
            "zig": "error 1 of 0: setting input 4 as i32 { 1, 2 }: InvalidArgument (error 1)",
        }[language]
    )


def test_values_and_shape_must_agree(tensors: Tensors, language: str) -> None:
    if language == "c":
        pytest.skip("a pointer does not say how many there are")
    for shape in ("2x3", "4", "-"):
        (line,), done = tensors("set", "f32", "0", shape, "00" * 20)
        assert line.startswith("error 1 of 0: setting input 0")
        assert re.search(r"\b5 values", line)
        assert done.named("set_input") == []


def test_the_pointer_of_an_input_may_be_null_only_for_nothing(
    tensors: Tensors, language: str
) -> None:
    if language != "c":
        pytest.skip("there is a length, and no null")
    lines, done = tensors("set", "u8", "0", "3", "null", "set", "u8", "0", "0", "null")
    assert lines == [
        "error 1 of 0: setting input 0 as u8 [3]: invalid argument (error 1); a pointer is null",
        "ok ",
    ]
    assert done.named("set_input") == [(0, b"")]


@pytest.mark.parametrize("kind", TYPES)
def test_a_typed_output(tensors: Tensors, kind: str) -> None:
    data = np.arange(1, 5 * WIDTHS[kind] + 1, dtype=np.uint8).tobytes()
    lines, _ = tensors("get", kind, "1", "5", script=Script(outputs={0: b"", 1: data}))
    assert lines == [f"ok {data.hex()}"]
    assert tensors("get", kind, "0", "5", script=Script(outputs={0: b""}))[0] == ["ok "]


@pytest.mark.parametrize("small_buffer", HOSTS)
def test_an_output_larger_than_any_guess(
    tensors: Tensors, language: str, small_buffer: str
) -> None:
    data = np.arange(30_000, dtype="<f4").tobytes()
    script = Script(outputs={0: data}, small_buffer=small_buffer)  # type: ignore[arg-type]
    lines, _ = tensors("get", "f32", "0", "1000", script=script)
    if language != "c":  # these make room as the size is reported, or twice as much each time
        assert lines == [f"ok {data.hex()}"]
        return
    failure = "getting output 0 as f32: too large (error 7)"
    sizes = "; it has 120000 bytes, the buffer 4000"
    told = small_buffer != "refuse silently"
    assert lines == [f"error 7 of {30_000 * told}: {failure}{sizes * told}"]


@pytest.mark.parametrize("size", [1, 7, 10])
def test_an_output_of_another_type(tensors: Tensors, size: int) -> None:
    lines, _ = tensors("get", "f32", "0", "9", script=Script(outputs={0: bytes(size)}))
    assert lines[0].startswith("error 1 of 0: getting output 0")
    assert f"{size} bytes" in lines[0]


def test_an_output_that_is_not_there(tensors: Tensors) -> None:
    lines, _ = tensors(
        "get", "u8", "7", "9", "get", "u8", "0", "9", script=Script(outputs={0: b"!"})
    )
    assert lines[0].startswith("error 1 of 0: getting output 7 as u8: ")
    assert lines[1] == "ok 21"


def test_a_buffer_of_more_than_memory(tensors: Tensors, language: str) -> None:
    if language != "c":
        pytest.skip("a slice is in memory, and get() makes room itself")
    lines, _ = tensors("get", "f64", "0", "536870912", script=Script(outputs={0: bytes(8)}))
    assert lines[0].startswith("error 1 of 0: getting output 0 as f64: invalid argument")


def test_a_typed_guest_needs_the_standard_functions_only(
    engine: wasmtime.Engine, build: Build
) -> None:
    found = set(imports(engine, build(DRIVERS / "tensors.c", "-DWASI_NN_STANDARD_ONLY")))
    assert found == {"set_input", "get_output"}
    assert found < STANDARD


BARE = """
#include <wasi_nn.h>
void _start(void) {
    wasi_nn_graph graph;
    wasi_nn_load_by_name("x", 1, &graph);
}
"""


def test_helpers_that_are_not_used_are_not_there(engine: wasmtime.Engine, build: Build) -> None:
    """Without a C library, so that what is left is the guest's own."""
    wasm = build(BARE, "-nostdlib", "-ffreestanding", "-g0", "-Wl,--strip-all")
    assert wasm.stat().st_size < 400
    assert b"error" not in wasm.read_bytes()
    used = BARE.replace("}\n", "    wasi_nn_get_f32(0, 0, (float *)8, 1, (size_t *)64);\n}\n")
    wasm = build(used, "-nostdlib", "-ffreestanding", "-g0", "-Wl,--strip-all")
    assert set(imports(engine, wasm)) == {"load_by_name", "get_output"}
    assert wasm.stat().st_size < 2000
