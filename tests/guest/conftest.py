"""Fixtures for everything that compiles guests.

Each test has a cache of its own; the C libraries, which take a minute to build, are the user's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import toolchains
from wasinn_nb.guest.build.builder import Builder
from wasinn_nb.guest.build.model import BuiltModule, Source


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "toolchain_dir" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(toolchains.FIRST_BUILD_SECONDS))


@dataclass(frozen=True)
class Ran:
    stdout: str
    stderr: str
    trap: str


@pytest.fixture(scope="session")
def toolchain_dir() -> Path:
    """The user's own cache, with C, C++ and Zig ready."""
    return toolchains.libraries_there("c", "cpp", "zig")


@pytest.fixture
def builder(tmp_path: Path, toolchain_dir: Path) -> Builder:
    return Builder(tmp_path / "cache", toolchain_dir=toolchain_dir)


@pytest.fixture
def build(builder: Builder) -> Callable[..., BuiltModule]:
    """``build(text, language, **fields of Source)``, labelled In[7] and beginning at line 2."""

    def make(text: str, language: str = "c", **fields: object) -> BuiltModule:
        return builder.build(
            Source(text, language, **{"label": "In[7]", "first_line": 2, **fields})
        )

    return make


@pytest.fixture
def run(tmp_path: Path) -> Callable[[bytes], Ran]:
    """Run a module to its end with no imports but WASI's."""
    os.environ["WASMTIME_BACKTRACE_DETAILS"] = "1"
    import wasmtime

    def start(wasm: bytes) -> Ran:
        engine = wasmtime.Engine()
        store = wasmtime.Store(engine)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        wasi = wasmtime.WasiConfig()
        wasi.argv = ["guest"]
        wasi.stdout_file = str(tmp_path / "stdout")
        wasi.stderr_file = str(tmp_path / "stderr")
        store.set_wasi(wasi)
        trap = ""
        instance = linker.instantiate(store, wasmtime.Module(engine, wasm))
        try:
            instance.exports(store)["_start"](store)
        except wasmtime.ExitTrap as ended:
            trap = f"exit {ended.code}"
        except (wasmtime.Trap, wasmtime.WasmtimeError) as trapped:
            trap = str(trapped)
        store.close()
        return Ran((tmp_path / "stdout").read_text(), (tmp_path / "stderr").read_text(), trap)

    return start
