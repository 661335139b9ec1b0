"""What a cell costs before the guest's own code runs, and what loading the extension costs.

Cells go through a real InteractiveShell and the real magic, from its call to the moment that the
guest is entered.
"""

from __future__ import annotations

import itertools
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.harness import Result

_GUEST = """
#include <stdio.h>
int main(void) { printf("%d\\n", NUMBER); return 0; }
"""

_LOAD_EXT = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", "wasinn_nb")
print(time.perf_counter() - began)
"""


def run(rounds: int) -> list[Result]:
    """Three figures: an unchanged cell, a changed cell, `%load_ext`."""
    return [*_cells(rounds), _load_ext(rounds)]


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "wasinn_nb")
    return shell


def _cells(rounds: int) -> list[Result]:
    from IPython.utils.capture import capture_output

    shell = _shell()
    fresh = itertools.count(time.time_ns() % 1_000_000_000)

    def until_entered(source: str) -> float:
        began = time.perf_counter()
        with capture_output():
            shell.run_cell_magic("wasinn", "c", source)
        entered: float = shell.user_ns["_wasinn"].entered
        return entered - began

    def changed() -> float:
        return until_entered(_GUEST.replace("NUMBER", str(next(fresh))))

    until_entered(_GUEST.replace("NUMBER", "0"))
    changed()
    same = [until_entered(_GUEST.replace("NUMBER", "0")) for _ in range(max(rounds, 7))]
    other = [changed() for _ in range(max(rounds, 7))]
    return [
        Result(
            "unchanged cell, magic to _start",
            statistics.median(same) * 1e3,
            "ms",
            15,
            "at most",
            detail=f"worst {max(same) * 1e3:.1f} ms",
        ),
        Result(
            "changed C cell, magic to _start",
            statistics.median(other) * 1e3,
            "ms",
            200,
            "at most",
            detail=f"worst {max(other) * 1e3:.0f} ms",
        ),
    ]


def _load_ext(rounds: int) -> Result:
    times = []
    for _ in range(rounds + 1):
        done = subprocess.run(
            [sys.executable, "-c", _LOAD_EXT],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[1],
        )
        times.append(float(done.stdout.splitlines()[-1]))
    median = statistics.median(times[1:]) * 1e3
    return Result(
        "%load_ext after IPython is up",
        median,
        "ms",
        150,
        "at most",
        detail=f"new process each, worst {max(times[1:]) * 1e3:.0f} ms",
    )
