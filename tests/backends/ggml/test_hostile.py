"""Extreme settings end in an error or are used; they never end the process."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [(), ("1", "250")], ids=["each", "combined"])
def test_survives(random_path, root, arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.backends.ggml.hostile", str(random_path), *arguments],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = done.stdout.splitlines()[-1]
    assert done.returncode == 0, f"ended at {last}: {done.stderr[-2000:]}"
    assert last.startswith("survived ")
    assert done.stderr == ""
