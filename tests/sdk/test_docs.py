"""The programs of the guests' page compile without a warning and run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import wasmtime

import wasinn_nb as wn
from tests.sdk.scripted_host import Script, run

if TYPE_CHECKING:
    from tests.sdk.conftest import Build

PAGE = Path(__file__).parents[2] / "docs" / "guests.md"
TEXT = PAGE.read_text()
_CELL = re.compile(r"^```(c|cpp|zig|wat)\n%%wasinn (.*)\n((?:.*\n)*?)```\n", re.MULTILINE)
_PYTHON = re.compile(r"\n```python\n((?:.*\n)*?)```\n")
_MAIN = re.compile(r'\bmain\(|"_start"')
CELLS = list(_CELL.finditer(TEXT))
PROGRAMS = [cell.groups() for cell in CELLS if _MAIN.search(cell[3])]
LIBRARIES = [cell for cell in CELLS if not _MAIN.search(cell[3])]


def test_the_page_has_programs_in_every_language() -> None:
    assert {language for language, _, _ in PROGRAMS} == {"c", "cpp", "zig", "wat"}


@pytest.mark.parametrize(
    ("language", "magic", "source"),
    PROGRAMS,
    ids=[f"{language}-{i}" for i, (language, _, _) in enumerate(PROGRAMS)],
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


def test_the_libraries_of_the_page_are_called_as_it_says() -> None:
    returned = []
    for cell in LIBRARIES:
        language, magic, source = cell.groups()
        name = re.search(r"--name (\w+)", magic)
        called = _PYTHON.match(TEXT, cell.end())
        assert name is not None, magic
        assert called is not None, source
        guest = wn.host().build(source, language)
        returned.append(eval(called[1], {name[1]: guest}))
        guest.exports.reset()
    assert returned == [42]
