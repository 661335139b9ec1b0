"""The programs of the pages about Go and AssemblyScript compile and run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sdk.scripted_host import Script, run

if TYPE_CHECKING:
    import wasmtime

    from tests.sdk.conftest import Build

DOCS = Path(__file__).parents[2] / "docs"
CELLS = [
    (ending, magic, source)
    for page, ending in (("go", "go"), ("assemblyscript", "ts"))
    for magic, source in re.findall(
        rf"^```{ending}\n%%wasinn (.*)\n((?:.*\n)*?)```$",
        (DOCS / f"{page}.md").read_text(),
        re.MULTILINE,
    )
]


@pytest.mark.parametrize(
    ("ending", "magic", "source"),
    CELLS,
    ids=[f"{ending}-{i}" for i, (ending, _, _) in enumerate(CELLS)],
)
def test_a_program_of_the_page(
    engine: wasmtime.Engine, build: Build, tmp_path: Path, ending: str, magic: str, source: str
) -> None:
    path = tmp_path / f"cell.{ending}"
    path.write_text(source)
    wasm = build(path)
    named, _, args = magic.partition(" -- ")
    if "--in" in named or "--name" in named:
        return
    done = run(engine, wasm, Script(pieces=[[b"There was", b" a cat."]]), shlex.split(args))
    assert done.trap is None, done.stderr
    assert done.stderr == ""
    assert "There was a cat" in done.stdout
