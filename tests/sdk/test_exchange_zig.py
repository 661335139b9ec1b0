"""Arrays and pictures between a guest in Zig and the notebook's own writer and reader of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.sdk.conftest import DRIVERS, Build
from tests.sdk.scripted_host import run
from tests.sdk.test_exchange import DTYPES, PIXELS
from wasinn_nb.guest.exchange import read_outputs, write_input

if TYPE_CHECKING:
    import wasmtime


@pytest.fixture(scope="module")
def zig(build: Build) -> Path:
    return build(DRIVERS / "exchange.zig")


def folders(path: Path) -> tuple[Path, Path]:
    for name in ("in", "out"):
        (path / name).mkdir()
    return path / "in", path / "out"


def values_of_all_kinds() -> dict[str, Any]:
    """Values of the notebook by name, of every dtype that Zig and Rust have."""
    random = np.random.default_rng(3)
    values: dict[str, Any] = {"text": b"\0abc", "nothing": b""}
    for dtype in DTYPES[:-2]:
        values[dtype] = random.integers(0, 2, (2, 1, 3)).astype(dtype)
    values["scalar"], values["empty"] = np.float64(0.5), np.zeros((0, 4), "int16")
    values["plain"] = random.integers(0, 256, (2, 3, 3), np.uint8)
    for mode, (_, channels) in list(PIXELS.items())[:3]:
        pixels = random.integers(0, 256, (3, 5, channels) if channels else (3, 5), np.uint8)
        values[mode] = pytest.importorskip("PIL.Image").fromarray(pixels)
    return values


def there_and_back(engine: wasmtime.Engine, guest: Path, tmp_path: Path) -> dict[str, str]:
    """Give a guest values of all kinds and take them back; what it says of each."""
    given, taken = folders(tmp_path)
    values = values_of_all_kinds()
    for name, value in values.items():
        write_input(given, name, value)
    done = run(engine, guest, args=values, folders=(given, taken))
    assert done.trap is None, done.stderr
    got, problems = read_outputs(taken, tuple(values))
    assert problems == [], done.stdout
    for name, value in values.items():
        assert type(got[name]) is type(value) or name == "scalar"
        np.testing.assert_array_equal(np.asarray(got[name]), np.asarray(value))
    return dict(zip(values, done.stdout.splitlines(), strict=True))


def test_values_there_and_back_in_zig(engine: wasmtime.Engine, zig: Path, tmp_path: Path) -> None:
    lines = there_and_back(engine, zig, tmp_path)
    assert lines["text"] == "bytes { 4 } null"
    assert lines["float16"] == "float16 { 2, 1, 3 } null"
    assert lines["RGBA"] == "uint8 { 3, 5, 4 } rgba"


MALFORMED = [
    "{}",
    '{"dtype": "uint8", "shape": [4]}]',
    '{"dtype": "uint8", "shape": [4], "shape": [4]}',
    '{"dtype": "uint8", "shape": [4], "order": "F"}',
    '{"dtype": "float128", "shape": [4]}',
    '{"dtype": "bytes", "shape": [4]}',
    '{"dtype": "uint8", "shape": [-4]}',
    '{"dtype": "uint8", "shape": [4294967296, 0]}',
    '{"dtype": "uint8", "shape": [3]}',
    '{"dtype": "uint8", "shape": [4294967295, 4294967295, 4294967295]}',
    '{"dtype": "uint8", "shape": [2, 2], "mode": "CMYK"}',
    '{"dtype": "uint8", "shape": [2, 2], "mode": "RGB"}',
    '{"dtype": "int8", "shape": [2, 2], "mode": "L"}',
    '{"dtype": "uint8", "shape": [4], "mode": "L"}',
    " " * 5000,
]


def test_malformed_sidecars_in_zig(engine: wasmtime.Engine, zig: Path, tmp_path: Path) -> None:
    given, taken = folders(tmp_path)
    names = [f"x{i}" for i in range(len(MALFORMED))]
    for name, sidecar in zip(names, MALFORMED, strict=True):
        (given / name).write_bytes(b"1234")
        (given / f"{name}.json").write_text(sidecar)
    done = run(engine, zig, args=[*names, "missing", "x" * 600], folders=(given, taken))
    lines = done.stdout.splitlines()
    for name, line in zip(names, lines, strict=False):
        assert line.startswith("InvalidArgument: ")
        assert f"/in/{name}.json" in line
    assert lines[len(names)].startswith("NotFound: reading /in/missing")
    assert len(lines) == len(names) + 2
    assert list(taken.iterdir()) == []
    (line,) = run(engine, zig, args=["a"]).stdout.splitlines()
    assert line.startswith("NotFound: /in is not there: give the cell --in")
