"""What a cell costs in each language, against the language's own command line.

A cell's turn-around is from its source to native code that can be entered. The command line is
the compiler's, run by itself in a directory of its own with the flags of the cell's build, and then
the wasmtime package as it comes, which has to compile the module too. Both build a program that
nobody has built before. Scripts have no command line; what they take is compared with 50 ms.

A toolchain that is not there has no rows. What it builds once for all is there before anything is
measured.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import wasinn_nb as wn
from benchmarks.harness import Result, paired_ratio, take_turns
from wasinn_nb.guest import languages
from wasinn_nb.guest.build import process
from wasinn_nb.guest.languages.base import ScriptLanguage

PROGRAMS = {
    "c": '#include <stdio.h>\nint main(void) { printf("%d\\n", NUMBER); return 0; }\n',
    "cpp": '#include <iostream>\nint main() { std::cout << NUMBER << "\\n"; }\n',
    "zig": 'pub fn main() void { @import("std").debug.print("{d}\\n", .{NUMBER}); }\n',
    "rust": 'fn main() { println!("{}", NUMBER); }\n',
    "go": 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(NUMBER) }\n',
    "assemblyscript": "console.log((NUMBER).toString());\n",
    "js": "print(NUMBER);\n",
    "python": "print(NUMBER)\n",
}
_MARK = "1234567890"
_Command = tuple[Path, str, list[str], str, dict[str, str]]
"""A copy of its directory, where that was, the words, the working directory, the environment."""
_fresh = itertools.count(time.time_ns() % 1_000_000_000)

_NEW_PROCESS = """
import sys, time
import wasinn_nb as wn
source, language = sys.argv[1:]
began = time.perf_counter()
wn.build(source, language=language).module
print(time.perf_counter() - began)
"""


def run(rounds: int) -> list[Result]:
    """Three rows a language: changed, unchanged, and the first of a new process."""
    found = [one for one in languages.every() if one.name in PROGRAMS and one.detect()]
    return [row for one in found for row in _rows(one, min(rounds, 5))]


def _rows(language: Any, rounds: int) -> Iterator[Result]:
    name = language.name
    _ready(name, _source(name))
    alone = None if isinstance(language, ScriptLanguage) else _command_line(language)
    same = _source(name)
    _ready(name, same)
    candidates: dict[str, Callable[[], float]] = {
        "changed": lambda: _ready(name, _source(name)),
        "unchanged": lambda: _ready(name, same),
        "new process": lambda: _in_new_process(name),
    }
    if alone is not None:
        candidates["alone"] = alone
    turns = take_turns(rounds, candidates)
    ms = {candidate: statistics.median(values) * 1e3 for candidate, values in turns.items()}
    changed, first = f"changed {name} cell, until it can run", f"first {name} cell of a process"
    if alone is None:
        yield Result(changed, ms["changed"], "ms", 50, "at most")
        yield Result(first, ms["new process"], "ms", 1500, "at most")
    else:
        yield Result(
            changed,
            paired_ratio(turns["changed"], turns["alone"]),
            "x",
            1.25,
            "at most",
            baseline="its compiler, then wasmtime",
            detail=f"{ms['changed']:.0f} ms against {ms['alone']:.0f} ms",
        )
        more = [b - a for a, b in zip(turns["alone"], turns["new process"], strict=True)]
        yield Result(
            f"{first}, above those",
            statistics.median(more) * 1e3,
            "ms",
            750,
            "at most",
            baseline="its compiler, then wasmtime",
            detail=f"{ms['new process']:.0f} ms",
        )
    yield Result(f"unchanged {name} cell, until it can run", ms["unchanged"], "ms", 15, "at most")


def _source(language: str, number: int | None = None) -> str:
    return PROGRAMS[language].replace("NUMBER", str(number or next(_fresh)))


def _ready(language: str, source: str) -> float:
    """Seconds from a source to native code."""
    began = time.perf_counter()
    _ = wn.build(source, language=language).module  # native code is made when it is asked for
    return time.perf_counter() - began


def _in_new_process(language: str) -> float:
    command = [sys.executable, "-c", _NEW_PROCESS, _source(language), language]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


# -- the command line by itself -------------------------------------------------------------------


def _command_line(language: Any) -> Callable[[], float]:
    """Seconds that a compiler takes by itself for a program, and the wasmtime package after it."""
    import wasmtime

    name = language.name
    kept = Path(tempfile.mkdtemp(prefix="bench-"))
    with _recorded(kept) as commands:
        wasm = wn.build(_source(name, int(_MARK)), language=name, force=True).wasm
    if not commands:  # it asks a compiler that waits for it
        commands = [_asc(language.detect(), kept)]

    def alone() -> float:
        place = Path(tempfile.mkdtemp(prefix="wasinn-"))
        number = str(next(_fresh))
        seconds = 0.0
        for saved, was, command, cwd, env in commands:
            _restore(saved, place, number)
            moved = [part.replace(was, str(place)) for part in command]
            variables = {key: value.replace(was, str(place)) for key, value in env.items()}
            directory = cwd.replace(was, str(place))
            began = time.perf_counter()
            subprocess.run(moved, cwd=directory, env=variables, check=True, capture_output=True)
            seconds += time.perf_counter() - began
        shutil.rmtree(place)
        began = time.perf_counter()
        wasmtime.Module(wasmtime.Engine(), wasm)
        return seconds + time.perf_counter() - began

    weakref.finalize(alone, shutil.rmtree, kept)
    return alone


def _asc(toolchain: Any, kept: Path) -> _Command:
    """AssemblyScript's own program, which knows no console: it has less to compile."""
    saved = kept / "asc"
    saved.mkdir()
    (saved / "cell.ts").write_text(f"export function answer(): i32 {{ return {_MARK}; }}\n")
    (compiler,) = toolchain.own_files
    program = [str(toolchain.path), str(compiler / "bin" / "asc.js"), f"{saved}/cell.ts"]
    flags = ["--sourceMap", "--debug", "-O", "-o", f"{saved}/cell.wasm"]
    return saved, str(saved), [*program, *flags], str(saved), {"PATH": os.defpath}


def _restore(saved: Path, place: Path, number: str) -> None:
    """The directory of a build as it was, with another number in the program."""
    shutil.copytree(saved, place, dirs_exist_ok=True)
    for file in place.rglob("*"):
        if file.is_file() and _MARK.encode() in (data := file.read_bytes()):
            file.write_bytes(data.replace(_MARK.encode(), number.encode()))


@contextmanager
def _recorded(kept: Path) -> Iterator[list[_Command]]:
    """The commands that builds run, with copies of their directories as they were before."""
    commands: list[_Command] = []
    start = process._start

    def recording(command: Any, cwd: Any, env: Any, **options: Any) -> Any:
        words = " ".join([*map(str, command), str(cwd), *env.values()])
        was = next(part for part in _directories(words) if Path(part).is_dir())
        saved = kept / str(len(commands))
        shutil.copytree(was, saved)
        commands.append((saved, was, [*map(str, command)], str(cwd), dict(env)))
        return start(command, cwd, env, **options)

    with patch.object(process, "_start", recording):
        yield commands


def _directories(words: str) -> Iterator[str]:
    """Directories of builds that are named in a command."""
    temporary = re.escape(str(Path(tempfile.gettempdir()).resolve()))
    yield from re.findall(rf"{temporary}/wasinn-[a-z0-9_]{{8}}", words)
