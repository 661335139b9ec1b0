"""A model's memory really comes back: measured in a fresh process on 500 MB of weights."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.random_model import write_random_llama

_SCRIPT = """
import json, sys
import wasinn_nb as wn
from wasinn_nb.nn import memory
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

small, large, mmap = sys.argv[1:]
host = wn.host()

def use(name):
    lease = host.registry.acquire(name, holder="test")
    context = lease.create_context()
    context.set_input(0, Tensor((1,), TensorType.U8, b"Once upon a time"))
    context.compute_single()
    lease.release()

host.load("small", small)  # the library itself, its tables and thread stacks, are not the model's
use("small")
host.forget("small")
before = memory.rss()
host.load("large", large, config={"use-mmap": mmap == "mmap", "ctx-size": 512})
use("large")
loaded = memory.rss()
report = host.unload("large")
after = memory.rss()
print(json.dumps({"took": loaded - before, "kept": after - before, "freed": report.freed}))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    shape = {"n_vocab": 512, "n_embd": 64, "n_layer": 1, "n_head": 2, "n_ff": 128}
    write_random_llama(folder / "small.gguf", **shape)
    shape = {"n_vocab": 4096, "n_embd": 2048, "n_layer": 5, "n_head": 16, "n_ff": 5632}
    write_random_llama(folder / "large.gguf", **shape)
    assert 480e6 < (folder / "large.gguf").stat().st_size < 560e6
    yield folder / "small.gguf", folder / "large.gguf"
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["mmap", "read"])
def test_unload_gives_back_95_percent_of_what_the_load_took(models, how):
    small, large = models
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(small), str(large), how],
        capture_output=True,
        text=True,
        check=True,
        timeout=170,
    )
    figures = json.loads(done.stdout)
    assert figures["took"] > 450e6, figures
    assert figures["kept"] <= 0.05 * figures["took"], figures
    assert figures["freed"] >= 0.95 * figures["took"], figures
