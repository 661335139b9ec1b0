"""Tokens per second of an execution context, against llama.cpp's own loop and `Llama`.

All three run in this process on the same file with the same sampler settings, one thread each,
interleaved. The bare loop is `llama_decode`, `llama_sampler_sample` and `llama_token_to_piece`
through the same ctypes library, and nothing else. Time is that of the computing thread, which other
jobs on the machine do not lengthen.

    python -m benchmarks.bench_tokens [MODEL.gguf]
"""

from __future__ import annotations

import argparse
import ctypes
import json
import tempfile
import time
from importlib import resources
from pathlib import Path
from typing import Any

from benchmarks.harness import Result, interleave, table
from benchmarks.random_model import write_named
from wasinn_nb.backends import catalog
from wasinn_nb.backends.ggml.native import native
from wasinn_nb.nn.backend import ModelFiles
from wasinn_nb.nn.stream import TokenStream
from wasinn_nb.nn.tensor import Tensor
from wasinn_nb.nn.types import ExecutionTarget, TensorType


def builtin_models() -> Path:
    """Where the models that ship with the package are."""
    return Path(str(resources.files("wasinn_nb"))) / "models"


PROMPT = b"Once upon a time"
SEED = 7


class BareLoop:
    """The least that can be done through the library to get the same text."""

    def __init__(self, path: Path, n_ctx: int) -> None:
        self.api = native().api
        loading = self.api.llama_model_default_params()
        loading.use_extra_bufts = native().repacks
        self.model = self.api.llama_model_load_from_file(str(path).encode(), loading)
        params = self.api.llama_context_default_params()
        params.n_ctx, params.n_threads, params.n_threads_batch = n_ctx, 1, 1
        self.context = self.api.llama_init_from_model(self.model, params)
        self.vocabulary = self.api.llama_model_get_vocab(self.model)
        self.sampler = self._sampler()

    def _sampler(self) -> Any:
        api = self.api
        size = api.llama_vocab_n_tokens(self.vocabulary)
        chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
        endings = [t for t in range(size) if api.llama_vocab_is_eog(self.vocabulary, t)]
        bias = (api.llama_logit_bias * len(endings))(*((t, -float("inf")) for t in endings))
        api.llama_sampler_chain_add(
            chain, api.llama_sampler_init_logit_bias(size, len(endings), bias)
        )
        for sampler in (
            api.llama_sampler_init_top_k(40),
            api.llama_sampler_init_top_p(0.95, 0),
            api.llama_sampler_init_min_p(0.05, 0),
            api.llama_sampler_init_temp_ext(0.8, 0.0, 1.0),
            api.llama_sampler_init_dist(SEED),
        ):
            api.llama_sampler_chain_add(chain, sampler)
        return chain

    def run(self, count: int) -> tuple[float, bytes]:
        """Seconds for ``count`` tokens after the prompt, and their text."""
        api, context, sampler, vocabulary = self.api, self.context, self.sampler, self.vocabulary
        decode, sample, to_piece = (
            api.llama_decode,
            api.llama_sampler_sample,
            api.llama_token_to_piece,
        )
        api.llama_memory_clear(api.llama_get_memory(context), False)
        api.llama_sampler_reset(sampler)
        tokens = (ctypes.c_int32 * 64)()
        n = api.llama_tokenize(vocabulary, PROMPT, len(PROMPT), tokens, 64, True, True)
        pointer = ctypes.cast(tokens, ctypes.POINTER(ctypes.c_int32))
        decode(context, api.llama_batch_get_one(pointer, n))
        batch = api.llama_batch_get_one(pointer, 1)
        buffer = ctypes.create_string_buffer(256)
        text = []
        began = time.thread_time()
        for _ in range(count):
            token = sample(sampler, context, -1)
            size = to_piece(vocabulary, token, buffer, 256, 0, True)
            text.append(buffer.raw[:size])
            tokens[0] = token
            decode(context, batch)
        return time.thread_time() - began, b"".join(text)

    def close(self) -> None:
        """Free everything."""
        self.api.llama_sampler_free(self.sampler)
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)


class OurContext:
    """compute_single and get_output_single, as a guest's loop calls them."""

    def __init__(self, path: Path, n_ctx: int) -> None:
        backend = catalog()["ggml"]
        files = ModelFiles((path,), str(path))
        info = backend.inspect(files)
        load = {"ctx-size": n_ctx, "threads": 1, "seed": SEED, "ignore-eos": True}
        config = backend.normalise(backend.schema().resolve(load=load))
        self.graph = backend.load(files, info, config, target=ExecutionTarget.AUTO)
        self.context = self.graph.create_context(config, stream=TokenStream())

    def run(self, count: int) -> tuple[float, bytes]:
        """Seconds for ``count`` tokens after the prompt, and their text."""
        context = self.context
        context.set_input(0, Tensor((len(PROMPT),), TensorType.U8, PROMPT))
        step, piece = context.compute_single, context.get_output_single
        step()
        text = [bytes(piece(0))]
        began = time.thread_time()
        for _ in range(count):
            step()
            text.append(bytes(piece(0)))
        return time.thread_time() - began, b"".join(text[:-1])


class HighLevel:
    """`Llama.create_completion(stream=True)`."""

    def __init__(self, path: Path, n_ctx: int) -> None:
        from llama_cpp import Llama

        self.llama = Llama(str(path), n_ctx=n_ctx, n_threads=1, seed=SEED, verbose=False)
        native()  # takes the library's log back

    def run(self, count: int) -> tuple[float, bytes]:
        """Seconds for up to ``count`` tokens, scaled to ``count``, and their text."""
        api = native().api
        endings = [
            t
            for t in range(self.llama.n_vocab())
            if api.llama_vocab_is_eog(self.llama._model.vocab, t)
        ]
        stream: Any = self.llama.create_completion(
            PROMPT.decode(),
            max_tokens=count + 1,
            stream=True,
            logit_bias=dict.fromkeys(endings, -1e9),
        )
        next(stream)
        began = time.thread_time()
        text = [part["choices"][0]["text"] for part in stream]
        seconds = time.thread_time() - began
        done = self.llama.n_tokens - 1
        return seconds * count / max(done, 1), "".join(text).encode()


def compare(path: Path, *, rounds: int, tokens: int, high_level: bool) -> dict[str, float]:
    """Median seconds of each contender for the same tokens on the same model.

    Raises:
        RuntimeError: the bare loop and ours made different texts.
    """
    n_ctx = -(-(tokens + 64) // 256) * 256
    bare, ours = BareLoop(path, n_ctx), OurContext(path, n_ctx)
    if bare.run(tokens)[1] != ours.run(tokens)[1]:
        raise RuntimeError("the bare loop and the execution context made different texts")
    candidates = {"bare": lambda: bare.run(tokens)[0], "ours": lambda: ours.run(tokens)[0]}
    if high_level and native().repacks:  # `Llama` cannot be told to keep off AMX
        llama = HighLevel(path, n_ctx)
        candidates["Llama"] = lambda: llama.run(tokens)[0]
    medians = interleave(rounds, candidates)
    ours.graph.close()
    bare.close()
    return medians


def second_turn(path: Path) -> Result:
    """How many prompt tokens of a dialogue's second turn are evaluated besides the new ones."""
    backend = catalog()["ggml"]
    files = ModelFiles((path,), str(path))
    info = backend.inspect(files)
    config = backend.normalise(backend.schema().resolve(load={"chat": True, "temp": 0.0}))
    graph = backend.load(files, info, config, target=ExecutionTarget.AUTO)
    context = graph.create_context(config)

    def turn(messages: list[dict[str, str]]) -> dict[str, Any]:
        data = json.dumps(messages).encode()
        context.set_input(0, Tensor((len(data),), TensorType.U8, data))
        context.compute()
        usage: dict[str, Any] = json.loads(bytes(context.get_output(1)))
        return usage

    dialogue = [{"role": "user", "content": "Tell me a story about a dog."}]
    first = turn(dialogue)
    answer = bytes(context.get_output(0)).decode("utf-8", "replace")
    dialogue.append({"role": "assistant", "content": answer.partition("<|")[0]})
    dialogue.append({"role": "user", "content": "Tell me another one."})
    second = turn(dialogue)
    graph.close()
    known = first["input_tokens"] + first["output_tokens"]
    evaluated = second["input_tokens"] - second["prompt_tokens_cached"]
    return Result(
        "second chat turn: known prompt tokens evaluated again",
        known - second["prompt_tokens_cached"],
        "tokens",
        1,
        "at most",
        detail=f"{second['input_tokens']} in the prompt, {known} known, {evaluated} evaluated; the "
        "token that ended the answer was drawn but not evaluated",
    )


def run(rounds: int) -> list[Result]:
    """The token loop on the built-in model (or one of its size) and on a 100M-parameter one."""
    small = builtin_models() / "tinytales.gguf"
    with tempfile.TemporaryDirectory() as folder:
        if not small.is_file():
            small = Path(folder) / "random-1m.gguf"
            write_named(small, "1m", dtype="f16")
        large = Path(folder) / "random-115m.gguf"
        write_named(large, "115m", dtype="q8_0")
        return [
            *_results(small, rounds, tokens=400, target=0.97, high_level=True),
            *_results(large, rounds, tokens=24, target=0.995, high_level=False),
            *([second_turn(small)] if small.name == "tinytales.gguf" else []),
        ]


def _results(
    path: Path, rounds: int, *, tokens: int, target: float, high_level: bool
) -> list[Result]:
    medians = compare(path, rounds=rounds, tokens=tokens, high_level=high_level)
    rates = ", ".join(f"{name} {tokens / value:.0f} tok/s" for name, value in medians.items())
    what = f"token loop of a context, {path.stem}"
    found = [
        Result(
            what,
            medians["bare"] / medians["ours"],
            "x",
            target,
            "at least",
            "bare llama.cpp loop",
            rates,
        )
    ]
    if "Llama" in medians:
        found.append(
            Result(
                what,
                medians["Llama"] / medians["ours"],
                "x",
                2.0,
                "at least",
                "Llama.create_completion(stream=True)",
                rates,
            )
        )
    return found


def main() -> None:
    """Command line: one model, or the usual two."""
    parser = argparse.ArgumentParser(description="Tokens per second against llama.cpp's own loop.")
    parser.add_argument("model", type=Path, nargs="?")
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if options.model is None:
        print(table(run(options.rounds)))
        return
    found = _results(
        options.model, options.rounds, tokens=options.tokens, target=0.97, high_level=True
    )
    print(table(found))


if __name__ == "__main__":
    main()
