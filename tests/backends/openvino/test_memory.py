"""Loading, computing and unloading again and again takes no more memory than doing it ten times."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.backends.openvino.samples import ir_convolution

_SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
import wasinn_nb as wn
from wasinn_nb.nn import memory

*paths, cycles = sys.argv[1:]
parts = tuple(paths) if paths[0].endswith(".xml") else tuple(Path(p).read_bytes() for p in paths)
host, seen = wn.host(), []
for number in range(int(cycles)):
    host.load("net", parts, encoding="openvino", target="cpu")
    host.infer("net", np.zeros((1, 1, 8, 8), np.float32))
    host.forget("net")
    if number + 1 in (10, int(cycles)):
        memory.trim()
        seen.append(memory.rss())
print(json.dumps(seen))
"""


@pytest.mark.parametrize("suffixes", [(".xml", ".bin"), (".0", ".1")], ids=["files", "bytes"])
def test_cycles_do_not_add_up(tmp_path, suffixes):
    paths = []
    for suffix, part in zip(suffixes, ir_convolution(), strict=True):
        paths.append(tmp_path / f"net{suffix}")
        paths[-1].write_bytes(part)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *map(str, paths), "120"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    after_ten, at_the_end = json.loads(done.stdout)
    assert at_the_end < after_ten * 1.02
