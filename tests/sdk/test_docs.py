"""The programs of the guests' page compile without a warning and run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import wasmtime

from tests.sdk.scripted_host import Script, run

if TYPE_CHECKING:
    from tests.sdk.conftest import Build

PAGE = Path(__file__).parents[2] / "docs" / "guests.md"
CELLS = re.findall(
    r"^```(c|cpp|zig|wat)\n%%wasinn (.*)\n((?:.*\n)*?)```$", PAGE.read_text(), re.MULTILINE
)


def test_the_page_has_programs_in_every_language() -> None:
    assert {language for language, _, _ in CELLS} == {"c", "cpp", "zig", "wat"}


@pytest.mark.parametrize(
    ("language", "magic", "source"),
    CELLS,
    ids=[f"{language}-{i}" for i, (language, _, _) in enumerate(CELLS)],
)
def test_a_program_of_the_page(
    engine: wasmtime.Engine, build: Build, tmp_path: Path, language: str, magic: str, source: str
) -> None:
    path = tmp_path / f"cell.{language}"
    path.write_text(source)
    if language == "wat":
        wasm = tmp_path / "cell.wasm"
        wasm.write_bytes(wasmtime.wat2wasm(source))
    else:
        wasm = build(path)
    named, _, args = magic.partition(" -- ")
    assert named.split()[0] == language
    if "--no-run" in named or "--in" in named:  # the others are run in tests/guests
        return
    script = Script(pieces=[[b"There was", b" a cat."]])
    done = run(engine, wasm, script, shlex.split(args))
    assert done.trap is None, done.stderr
    assert done.stderr == ""
    expected = "loaded" if language == "wat" else "There was a cat."
    assert expected in done.stdout
