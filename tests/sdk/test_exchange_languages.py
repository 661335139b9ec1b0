"""Values of the notebook in Go and AssemblyScript: arrays of all kinds, there and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.sdk.conftest import DRIVERS, Build
from tests.sdk.scripted_host import run

if TYPE_CHECKING:
    import wasmtime

GO = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 complex64"
KINDS = {
    "go": (*GO.split(), "complex128"),
    "ts": tuple(
        "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64".split()  # noqa: SIM905
    ),
}


def give(folder: Path, name: str, values: np.ndarray, **described: object) -> None:
    (folder / name).write_bytes(values.tobytes())
    sidecar = {"dtype": str(values.dtype), "shape": list(values.shape)} | described
    (folder / f"{name}.json").write_text(json.dumps(sidecar))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    given, taken = tmp_path / "in", tmp_path / "out"
    given.mkdir()
    taken.mkdir()
    for kind in KINDS["go"]:
        values = np.array([[0, 1, 2.5], [100, 3, 7]]).astype(kind)
        give(given, kind, values if kind != "int64" else values[:0])  # an empty one as well
    (given / "text").write_text("grüezi")
    give(given, "malformed", np.arange(4, dtype="int32"), shape=[5])
    return given, taken


@pytest.mark.parametrize("ending", KINDS)
def test_values_there_and_back(
    engine: wasmtime.Engine, build: Build, folders: tuple[Path, Path], ending: str
) -> None:
    given, taken = folders
    done = run(engine, build(DRIVERS / f"exchange.{ending}"), folders=folders)
    assert done.trap is None, done.stderr
    for kind in KINDS[ending]:
        assert (taken / kind).read_bytes() == (given / kind).read_bytes(), kind
        written = json.loads((taken / f"{kind}.json").read_text())
        assert written == json.loads((given / f"{kind}.json").read_text())
    said = done.stdout.splitlines()
    if ending == "ts":
        assert said == ["grüezi"]
        assert (taken / "text").read_text() == "grüezi!"
        return
    text, missing, other, malformed, halves = said
    assert text == "grüezi <nil>"
    assert "/in/nothing: it is not there: give the cell --in or --out: not found" in missing
    assert "its values are int8, not float32" in other
    assert "16 bytes are no [5]" in malformed
    assert halves.split() == ["0", "1", "2.5", "100", "3", "7"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nothing", "reading /in/nothing, without --in nothing: not found (error 8)"),
        ("int8", "whose values are int8, as float32: invalid argument (error 1)"),
    ],
)
def test_what_assemblyscript_cannot_read(
    engine: wasmtime.Engine, build: Build, folders: tuple[Path, Path], name: str, says: str
) -> None:
    done = run(engine, build(DRIVERS / "exchange.ts"), args=[name], folders=folders)
    assert done.trap is not None
    assert says in done.stderr
