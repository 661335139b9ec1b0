"""Arrays and pictures between a guest in Rust and the notebook's own writer and reader of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sdk.conftest import DRIVERS, Build
from tests.sdk.scripted_host import run
from tests.sdk.test_exchange_zig import MALFORMED, folders, there_and_back

if TYPE_CHECKING:
    import wasmtime


@pytest.fixture(scope="module")
def rust(build: Build) -> Path:
    return build(DRIVERS / "exchange.rs")


def test_values_there_and_back(engine: wasmtime.Engine, rust: Path, tmp_path: Path) -> None:
    lines = there_and_back(engine, rust, tmp_path)
    assert lines["text"] == "bytes [4]"
    assert lines["float16"] == "float16 [2, 1, 3]"
    assert lines["RGBA"] == "uint8 [3, 5, 4] Rgba"


def test_malformed_sidecars(engine: wasmtime.Engine, rust: Path, tmp_path: Path) -> None:
    given, taken = folders(tmp_path)
    names = [f"x{i}" for i in range(len(MALFORMED))]
    for name, sidecar in zip(names, MALFORMED, strict=True):
        (given / name).write_bytes(b"1234")
        (given / f"{name}.json").write_text(sidecar)
    (given / "truth").write_bytes(b"12")
    (given / "truth.json").write_text('{"dtype": "bool", "shape": [2]}')
    done = run(engine, rust, args=[*names, "truth", "missing"], folders=(given, taken))
    *lines, described, truth, missing = done.stdout.splitlines()
    for name, line in zip(names, lines, strict=True):
        assert f"/in/{name}.json" in line
        assert line.endswith("invalid argument (error 1)")
    assert described == "bool [2]"
    assert "other bytes than 0 and 1" in truth
    assert missing.startswith("reading /in/missing: ")
    assert missing.endswith("not found (error 8)")
    assert list(taken.iterdir()) == []
    (line,) = run(engine, rust, args=["a"]).stdout.splitlines()
    assert line == "/in is not there: give the cell --in: not found (error 8)"
