"""Unloading gives the memory back: a 500 MB model, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks.random_model import write_named

MEASURE = """
import sys
from pathlib import Path
from tests.backends.ggml.hostile import Target, tensor
from wasinn_nb.nn import memory

small, large = Path(sys.argv[1]), Path(sys.argv[2])
Target(small).graph.close()  # what the library itself takes is not the model's
memory.trim()
before = memory.rss()
target = Target(large)
context = target.graph.create_context(target.graph.config)
context.set_input(0, tensor("hello " * 40))
context.set_input(1, tensor('{"n-predict": 4}'))
context.compute()
loaded = memory.rss()
target.graph.close()
memory.trim()
print(loaded - before, loaded - memory.rss())
"""


@pytest.mark.slow
def test_at_least_95_percent_comes_back(random_path, tmp_path, root):
    path = tmp_path / "large.gguf"
    write_named(path, "250m", dtype="f16")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(random_path), str(path)],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    path.unlink()
    taken, given = map(int, done.stdout.split())
    assert taken > 450_000_000
    assert given >= 0.95 * taken
