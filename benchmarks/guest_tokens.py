"""What a token costs a guest that is a component or a script, above one of the core ABI.

The guests pull the same tokens from a model that hardly computes. A run's start is not in it: what
some tokens take is subtracted from what many take. Times are the process's own, which other work of
the machine changes less than the clock's. Turns are short and many, and each guest is compared with
what the core ABI's took in the same turn.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import wasinn_nb as wn
from benchmarks.harness import Result, take_turns
from benchmarks.random_model import write_named

_SOME, _MANY = 100, 400
_TURNS = 3  # a round
_NAME = "guest-tokens"
_SETTINGS = {"threads": 1, "ctx-size": 1024, "temp": 0, "ignore-eos": True}

_C = r"""
#include <stdlib.h>
#include <wasi_nn_llm.h>

int main(int argc, char **argv) {
    const wnn_options options = {.max_tokens = (unsigned)atoi(argv[argc - 1]), .raw_bytes = 1};
    wnn_model model;
    wnn_context context;
    return wnn_load(&model, "model") || wnn_open(&context, &model) ||
           wnn_generate(&context, "Once upon a time", &options, NULL, NULL) ||
           wnn_close(&context);
}
"""
_JS = """
const stream = wasi_nn.Graph.load("model").generate("Once upon a time", { maxTokens: +args[0] });
for (const token of stream) token.text;
"""
_PYTHON = """
import sys
from wasi_nn import Graph

for token in Graph.load("model").generate("Once upon a time", max_tokens=int(sys.argv[1])):
    token.text
"""


def run(rounds: int) -> list[Result]:
    """A row for each of C as a component, JavaScript and Python."""
    host = wn.host()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.gguf"
        write_named(path, "1m", dtype="f16")
        host.load(_NAME, path, config=_SETTINGS)
        try:
            turns = take_turns(
                _TURNS * rounds,
                {
                    "core": _token(wn.build(_C, language="c")),
                    "C component": _token(wn.build(_C, language="c", abi="component")),
                    "JavaScript": _token(wn.build(_JS, language="js")),
                    "Python": _token(wn.build(_PYTHON, language="python")),
                },
            )
        finally:
            host.forget(_NAME)
    core = turns.pop("core")
    return [
        Result(
            f"a token of a guest, {name}, above C of the core ABI",
            statistics.median(b - a for a, b in zip(core, figures, strict=True)) * 1e6,
            "us",
            60.0,
            "at most",
            baseline="wnn_generate",
            detail=f"{statistics.median(figures) * 1e6:.0f} us, "
            f"core {statistics.median(core) * 1e6:.0f} us",
        )
        for name, figures in turns.items()
    ]


def _token(guest: wn.Guest) -> Callable[[], float]:
    """Seconds a token."""

    def seconds(tokens: int) -> float:
        began = time.process_time()
        run = guest.run(args=[str(tokens)], models={"model": _NAME}, stream=False)
        spent = time.process_time() - began
        assert run.tokens == tokens
        return spent

    def one() -> float:
        return (seconds(_MANY) - seconds(_SOME)) / (_MANY - _SOME)

    return one
