"""Compilers for the SDK's tests. A module is built once a session, whoever asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

from tests.sdk.scripted_host import Ran, Script, run
from tests.sdk.vision import Vision
from tests.support.rust import the_rust
from wasinn_nb import sdk
from wasinn_nb.guest.build.cache import ArtifactCache
from wasinn_nb.guest.build.model import Source
from wasinn_nb.guest.build.paths import cache_root
from wasinn_nb.guest.build.process import Finished
from wasinn_nb.guest.languages import assemblyscript, go, rust_library, ziglang
from wasinn_nb.guest.languages.base import CompileFailed, Language, Workspace

DRIVERS = Path(__file__).parent / "drivers"
CELLS: dict[str, Language] = {".go": go.LANGUAGE, ".ts": assemblyscript.LANGUAGE}
"""Languages that are compiled here as they are in cells."""
Build = Callable[..., Path]
_WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")


def compile_guest(source: Path, wasm: Path, *flags: str) -> Finished:
    """Compile by the file's suffix, with the C library that cells are built with."""
    zig = ziglang.detect()
    if zig is None:
        pytest.skip("the ziglang package is not installed")
    workspace = Workspace(
        path=wasm.parent,
        cwd=wasm.parent,
        sdk=sdk.include_dir().parent,
        toolchains=cache_root(),
        artifacts=ArtifactCache(wasm.parent / "artifacts"),
    )
    if source.suffix == ".rs":
        return _compile_rust(source, wasm, workspace, *flags)
    if source.suffix in CELLS:
        return _compile_cell(CELLS[source.suffix], source, wasm, workspace)
    if source.suffix == ".zig":
        command = "build-exe"
        arguments = ["-target", "wasm32-wasi", "-OReleaseSafe", f"-femit-bin={wasm}"]
        arguments += ["--dep", "wasi_nn", *flags]
        arguments += [f"-Mroot={source}", f"-Mwasi_nn={sdk.zig_module()}"]
    else:
        command, dialect = {".c": ("cc", ()), ".cpp": ("c++", ("-fno-exceptions",))}[source.suffix]
        arguments = [*ziglang.TARGET, "-O2", *_WARNINGS, *dialect]
        arguments += ["-I", str(sdk.include_dir()), *flags, str(source), "-o", str(wasm)]
    return ziglang.plain(zig, workspace, command, tuple(arguments))


def _compile_cell(language: Language, source: Path, wasm: Path, workspace: Workspace) -> Finished:
    toolchain = language.detect()
    assert toolchain is not None, language.install
    cell = Source(source.read_text(encoding="utf-8"), language.name)
    try:
        made = language.build(cell, workspace, toolchain, progress=None, cancel=None)
    except CompileFailed as failed:
        return Finished(1, failed.log)
    wasm.write_bytes(made.wasm)
    return Finished(0, made.log)


def _compile_rust(source: Path, wasm: Path, workspace: Workspace, *flags: str) -> Finished:
    toolchain = the_rust()
    sysroot, crates = rust_library.prepare(toolchain, workspace)
    arguments = [
        *("--edition=2021", "--target", toolchain.target, "-Copt-level=2", "-Dwarnings"),
        *rust_library.flags(toolchain, sysroot, workspace),
        *(f"--extern=wasi_nn={crates['wasi_nn']}", *flags, "-o", str(wasm), str(source)),
    ]
    return rust_library.compiler(toolchain, workspace, arguments)


@pytest.fixture(scope="session")
def engine() -> wasmtime.Engine:
    return wasmtime.Engine()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """``build(source, *flags)``: the compiled module; ``source`` is a file, or C text."""
    folder = tmp_path_factory.mktemp("sdk")
    built: dict[tuple[str, ...], Path] = {}

    def build_once(source: Path | str, *flags: str) -> Path:
        key = (str(source), *flags)
        if key not in built:
            wasm = folder / f"{len(built)}.wasm"
            if isinstance(source, str):
                wasm.with_suffix(".c").write_text(source)
                source = wasm.with_suffix(".c")
            done = compile_guest(source, wasm, *flags)
            assert done.returncode == 0, done.output
            built[key] = wasm
        return built[key]

    return build_once


class Driver:
    """The driver of one language, run against a script."""

    def __init__(self, language: str, engine: wasmtime.Engine, build: Build) -> None:
        self.language = language
        self.engine = engine
        self.wasm = build(DRIVERS / f"driver.{language}")

    def __call__(self, script: Script, *prompts: str, **env: str) -> tuple[list[str], Ran]:
        done = run(self.engine, self.wasm, script, prompts or ("Once",), env)
        assert done.trap is None, done.stderr
        return done.stdout.splitlines(), done


@pytest.fixture(params=["c", "cpp", "zig", "rs", "go", "ts"], scope="session")
def driver(request: pytest.FixtureRequest, engine: wasmtime.Engine, build: Build) -> Driver:
    return Driver(request.param, engine, build)


def outcome(pieces: list[bytes], finish: str) -> list[str]:
    """The driver's lines for these pieces."""
    return [f"piece {one.hex()}" for one in pieces] + [f"end {finish} {b''.join(pieces).hex()}"]


@pytest.fixture(scope="session", params=["c", "cpp", "zig", "rs"])
def vision(
    request: pytest.FixtureRequest,
    engine: wasmtime.Engine,
    build: Build,
    tmp_path_factory: pytest.TempPathFactory,
) -> Vision:
    source = DRIVERS / f"vision.{request.param}"
    flags = ["-mexec-model=reactor"]
    if request.param == "cpp":  # the same text, as C++
        source = tmp_path_factory.mktemp("vision") / "vision.cpp"
        source.write_text(f'extern "C" {{\n{(DRIVERS / "vision.c").read_text()}}}\n')
    if request.param == "zig":
        flags.append("-rdynamic")
    if request.param == "rs":
        flags = ["--crate-type=cdylib"]
    return Vision(request.param, engine, build(source, *flags))
