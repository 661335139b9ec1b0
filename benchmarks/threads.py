"""Decode speed by number of threads, on a quiet machine and with one core kept busy.

The question it answers is how many threads to give llama.cpp on this machine, and how badly a
build suffers when there are more threads than free cores (`docs/backends.md` has such a table).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.random_model import SHAPES, write_named
from wasinn_nb.backends.ggml.native import SPIN_COUNT

os.environ.setdefault(
    "GOMP_SPINCOUNT", SPIN_COUNT
)  # as the backend does, before it loads llama.cpp

import llama_cpp

BUDGET_S = 2.0
"""A round stops here even if it has not decoded all its tokens: collapses are slow."""


def main() -> None:
    """Command line: print one line for each model, load and thread count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["15m", "115m"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=200)
    options = parser.parse_args()
    silent = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p())
    llama_cpp.llama_backend_init()
    print(f"{os.cpu_count()} CPUs, {llama_cpp.llama_print_system_info().decode()}")
    print(f"{'model':>6} {'load':>6} {'threads':>7} {'median tok/s':>13} {'worst':>8} {'best':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for shape in options.shapes:
            path = Path(folder, f"{shape}.gguf")
            write_named(path, shape, dtype="f16")
            with _loaded(path) as model:
                for busy in (False, True):
                    _report(model, shape, options, busy=busy)


def _report(
    model: llama_cpp.llama_model_p, shape: str, options: argparse.Namespace, *, busy: bool
) -> None:
    speeds: dict[int, list[float]] = {n: [] for n in options.threads}
    with _busy_core() if busy else contextlib.nullcontext():
        for _ in range(options.rounds):  # interleaved, so that drift hits every count alike
            for n_threads in options.threads:
                speeds[n_threads].append(_decode_speed(model, n_threads, options.tokens))
    for n_threads, values in speeds.items():
        print(
            f"{shape:>6} {'busy' if busy else 'quiet':>6} {n_threads:>7}"
            f" {statistics.median(values):>13.1f} {min(values):>8.1f} {max(values):>8.1f}",
            flush=True,
        )


def _decode_speed(model: llama_cpp.llama_model_p, n_threads: int, n_tokens: int) -> float:
    """Tokens per second of a bare `llama_decode` loop in a fresh context."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = n_tokens + 8
    params.n_threads = params.n_threads_batch = n_threads
    context = llama_cpp.llama_init_from_model(model, params)
    if not context:
        raise RuntimeError("llama.cpp could not create a context")
    try:
        vocab = llama_cpp.llama_model_get_vocab(model)
        token = (llama_cpp.llama_token * 1)(llama_cpp.llama_vocab_bos(vocab))
        batch = llama_cpp.llama_batch_get_one(token, 1)
        llama_cpp.llama_decode(context, batch)  # allocates the compute buffers
        done = 0
        start = time.perf_counter()
        while done < n_tokens and time.perf_counter() - start < BUDGET_S:
            token[0] = 3 + done % 256
            if llama_cpp.llama_decode(context, batch) != 0:
                raise RuntimeError("llama_decode failed")
            done += 1
        return done / (time.perf_counter() - start)
    finally:
        llama_cpp.llama_free(context)


@contextlib.contextmanager
def _loaded(path: Path) -> Iterator[llama_cpp.llama_model_p]:
    params = llama_cpp.llama_model_default_params()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
    if not model:
        raise RuntimeError(f"llama.cpp could not load {path}")
    try:
        yield model
    finally:
        llama_cpp.llama_model_free(model)


@contextlib.contextmanager
def _busy_core() -> Iterator[None]:
    """One other process that wants a whole core."""
    spin = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        spin.kill()
        spin.wait()


if __name__ == "__main__":
    main()
