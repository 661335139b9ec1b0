"""Models that stay: loading by name, the second turn of a chat, swapping one model for another."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import wasinn_nb as wn
from benchmarks.harness import Result, paired_ratio, take_turns
from benchmarks.random_model import write_named
from wasinn_nb.backends.ggml.native import native
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import TensorType

_LOAD = """
(module
  (import "wasi_ephemeral_nn" "load_by_name" (func $load (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "m")
  (func (export "_start")
    (call $exit (call $load (i32.const 0) (i32.const 1) (i32.const 16)))))
"""
_RUNS = 50
_PROMPT = b"Once upon a time"
_CONTEXT = 512


def run(rounds: int) -> list[Result]:
    """Resident loads, prompt reuse, swaps."""
    host = wn.host()
    host.load("m", "builtin:tinytales")
    results = [*_resident(host), _second_turn(host)]
    host.forget("m")
    results.append(_swap(host, rounds))
    return results


def _resident(host: Any) -> list[Result]:
    guest = host.build(_LOAD, "wat")
    loads = host.registry.describe("m").loads
    times = []
    for _ in range(_RUNS):
        run = guest.run()
        call = next(c for c in run.timeline if c.call == "load_by_name")
        times.append(call.duration)
    again = host.registry.describe("m").loads - loads
    return [
        Result(
            "load_by_name of a resident model",
            statistics.median(times) * 1e3,
            "ms",
            0.2,
            "at most",
            detail=f"{_RUNS} runs, worst {max(times) * 1e3:.2f} ms",
        ),
        Result(f"reloads in {_RUNS} runs", again, "", 0, "at most"),
    ]


def _text(data: bytes) -> Tensor:
    return Tensor((len(data),), TensorType.U8, data)


def _second_turn(host: Any) -> Result:
    """Prompt tokens evaluated for the second turn, against the tokens that are new in it."""
    lease = host.registry.acquire("m", holder="benchmark", config_json=b'{"n-predict": 40}')
    context = lease.create_context()
    first = b"<|user|>\nTell me a story about a fox<|end|>\n<|assistant|>\n"
    context.set_input(0, _text(first))
    context.compute()
    used = json.loads(bytes(context.get_output(1)))
    answer = bytes(context.get_output(0))
    new = b"\n<|user|>\nTell me another one<|end|>\n<|assistant|>\n"
    context.set_input(0, _text(first + answer + new))
    context.compute()
    turn = json.loads(bytes(context.get_output(1)))
    lease.release()
    evaluated = turn["input_tokens"] - turn["prompt_tokens_cached"]
    fresh = turn["input_tokens"] - used["input_tokens"] - used["output_tokens"]
    return Result(
        "second chat turn: tokens evaluated beyond the new ones",
        evaluated - fresh,
        "tokens",
        1,
        "at most",
        detail=f"{turn['input_tokens']} in the prompt, {fresh} new, {evaluated} evaluated",
    )


def _swap(host: Any, rounds: int) -> Result:
    """Unload one model, load another, first token: ours against the library alone."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.gguf") for name in "ab"]
        for seed, path in enumerate(paths):
            write_named(path, "115m", dtype="f16", seed=seed)
        for name, path in zip("ab", paths, strict=True):
            host.registry.register(name, path, config={"ctx-size": _CONTEXT, "threads": 1})
        host.load("a", paths[0], config={"ctx-size": _CONTEXT, "threads": 1})
        bare = _Bare(paths[0])
        state = {"ours": 0, "bare": 0}

        def ours() -> float:
            old, state["ours"] = state["ours"], 1 - state["ours"]
            began = time.perf_counter()
            host.unload("ab"[old])
            lease = host.registry.acquire("ab"[state["ours"]], holder="benchmark")
            context = lease.create_context()
            context.set_input(0, _text(_PROMPT))
            context.compute_single()
            seconds = time.perf_counter() - began
            lease.release()
            return seconds

        def library() -> float:
            state["bare"] = 1 - state["bare"]
            began = time.perf_counter()
            bare.close()
            bare.open(paths[state["bare"]])
            bare.first_token()
            return time.perf_counter() - began

        turns = take_turns(3 * rounds, {"ours": ours, "bare": library})
        bare.close()
        for name in "ab":
            host.forget(name)
    return Result(
        "swap: unload A, load B, first token",
        paired_ratio(turns["ours"], turns["bare"]),
        "x",
        1.2,
        "at most",
        "llama.cpp alone",
        "{ours:.0f} ms against {bare:.0f} ms, 115M parameters".format(
            **{name: statistics.median(seconds) * 1e3 for name, seconds in turns.items()}
        ),
    )


class _Bare:
    """The library doing the same, and nothing else."""

    def __init__(self, path: Path) -> None:
        self.api = native().api
        self.open(path)

    def open(self, path: Path) -> None:
        api = self.api
        model = api.llama_model_default_params()
        model.n_gpu_layers = 0
        self.model = api.llama_model_load_from_file(str(path).encode(), model)
        params = api.llama_context_default_params()
        params.n_ctx, params.n_threads, params.n_threads_batch = _CONTEXT, 1, 1
        self.context = api.llama_init_from_model(self.model, params)
        self.sampler = api.llama_sampler_init_greedy()

    def first_token(self) -> int:
        api = self.api
        vocabulary = api.llama_model_get_vocab(self.model)
        tokens = (api.llama_token * 64)()
        count = api.llama_tokenize(vocabulary, _PROMPT, len(_PROMPT), tokens, 64, True, True)
        if api.llama_decode(self.context, api.llama_batch_get_one(tokens, count)):
            raise RuntimeError("llama_decode failed")
        return int(api.llama_sampler_sample(self.sampler, self.context, -1))

    def close(self) -> None:
        self.api.llama_sampler_free(self.sampler)
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)
