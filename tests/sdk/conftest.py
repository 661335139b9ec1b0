"""Compilers for the SDK's tests. A module is built once a session, whoever asks for it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import wasmtime
from platformdirs import user_cache_path

from tests.sdk.scripted_host import Ran, Script, run
from wasinn_nb import sdk

DRIVERS = Path(__file__).parent / "drivers"
Build = Callable[..., Path]
_WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")


@cache
def _zig() -> Path:
    spec = find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the ziglang package is not installed")
    return Path(spec.submodule_search_locations[0], "zig")


def compile_guest(source: Path, wasm: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Compile by the file's suffix."""
    if source.suffix == ".zig":
        command = ["build-exe", "-target", "wasm32-wasi", f"-femit-bin={wasm}", "--dep", "wasi_nn"]
        command += [*flags, f"-Mroot={source}", f"-Mwasi_nn={sdk.zig_module()}"]
    else:
        compiler = {".c": ["cc"], ".cpp": ["c++", "-fno-exceptions"]}[source.suffix]
        command = [*compiler, "-target", "wasm32-wasi", "-O2", *_WARNINGS]
        command += ["-I", str(sdk.include_dir()), *flags, str(source), "-o", str(wasm)]
    cache_dir = os.environ.get("ZIG_GLOBAL_CACHE_DIR", str(user_cache_path("wasinn-nb") / "zig"))
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache_dir}
    return subprocess.run(
        [str(_zig()), *command],
        env=environment,
        cwd=wasm.parent,
        capture_output=True,
        text=True,
        check=False,
    )


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
            assert done.returncode == 0, done.stderr
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


@pytest.fixture(params=["c", "cpp", "zig"], scope="session")
def driver(request: pytest.FixtureRequest, engine: wasmtime.Engine, build: Build) -> Driver:
    return Driver(request.param, engine, build)


def outcome(pieces: list[bytes], finish: str) -> list[str]:
    """The driver's lines for these pieces."""
    return [f"piece {one.hex()}" for one in pieces] + [f"end {finish} {b''.join(pieces).hex()}"]
