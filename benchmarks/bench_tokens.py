"""Tokens per second of a C guest, against llama.cpp's own loop and `Llama`.

All three run in this process on the same file with the same sampler settings, one thread each, and
take turns within a second: a C guest that calls `compute_single` and `get_output_single`, the bare
loop of `llama_decode`, `llama_sampler_sample` and `llama_token_to_piece` through the same ctypes
library and nothing else, and the high-level class.

    python -m benchmarks.bench_tokens [MODEL.gguf]
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import tempfile
import time
from importlib import resources
from pathlib import Path
from typing import Any

import wasinn_nb as wn
from benchmarks.harness import Result, paired_ratio, table, take_turns
from benchmarks.random_model import write_named
from wasinn_nb.backends.ggml.native import native


def builtin_models() -> Path:
    """Where the models that ship with the package are."""
    return Path(str(resources.files("wasinn_nb"))) / "models"


PROMPT = b"Once upon a time"
SEED = 7

_GUEST = r"""
#include <stdlib.h>
#include <string.h>
#include <wasi_nn.h>

int main(int argc, char **argv) {
    wasi_nn_graph graph;
    wasi_nn_context context;
    if (argc < 3 || wasi_nn_load_by_name("benchmark", 9, &graph)) return 1;
    if (wasi_nn_init_execution_context(graph, &context)) return 2;
    if (wasi_nn_set_input_text(context, 0, argv[1], strlen(argv[1]))) return 3;
    for (int left = atoi(argv[2]); left > 0; left--) {
        char piece[256];
        uint32_t size;
        if (wasi_nn_compute_single(context)) return 4;
        if (wasi_nn_get_output_single(context, 0, piece, sizeof piece, &size)) return 5;
    }
    return 0;
}
"""


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
        began = time.perf_counter()
        for _ in range(count):
            token = sample(sampler, context, -1)
            size = to_piece(vocabulary, token, buffer, 256, 0, True)
            text.append(buffer.raw[:size])
            tokens[0] = token
            decode(context, batch)
        return time.perf_counter() - began, b"".join(text)

    def close(self) -> None:
        """Free everything."""
        self.api.llama_sampler_free(self.sampler)
        self.api.llama_free(self.context)
        self.api.llama_model_free(self.model)


class OurGuest:
    """A C guest's loop of compute_single and get_output_single, through the ABI and all."""

    def __init__(self, path: Path, n_ctx: int) -> None:
        self.host = wn.host()
        config = {"ctx-size": n_ctx, "threads": 1, "seed": SEED, "ignore-eos": True}
        self.host.load("benchmark", path, config=config)
        self.guest = self.host.build(_GUEST, "c")

    def run(self, count: int) -> tuple[float, bytes]:
        """Seconds for ``count`` tokens after the first, and their text."""
        run = self.guest.run(args=[PROMPT.decode(), count + 1], stream=False)
        outputs = [call for call in run.timeline if call.call == "get_output_single"]
        first, last = outputs[0], outputs[-1]
        seconds = last.start + last.duration - first.start - first.duration
        return seconds, run.text.encode()

    def close(self) -> None:
        """Free the model."""
        self.host.forget("benchmark")


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
        began = time.perf_counter()
        text = [part["choices"][0]["text"] for part in stream]
        seconds = time.perf_counter() - began
        done = self.llama.n_tokens - 1
        return seconds * count / max(done, 1), "".join(text).encode()


def compare(path: Path, *, rounds: int, tokens: int, high_level: bool) -> dict[str, list[float]]:
    """Seconds of each contender, a round each, for the same tokens on the same model.

    ``beside`` is ours again, in the rounds that it shared with ``Llama``.

    Raises:
        RuntimeError: the bare loop and ours made different texts.
    """
    n_ctx = -(-(tokens + 64) // 256) * 256
    bare, ours = BareLoop(path, n_ctx), OurGuest(path, n_ctx)
    # without what may be half a character
    text = bare.run(tokens)[1].decode("utf-8", "replace")[:-4]
    if not text or not ours.run(tokens)[1].decode("utf-8").startswith(text):
        raise RuntimeError("the bare loop and the guest made different texts")
    candidates = {"bare": lambda: bare.run(tokens)[0], "ours": lambda: ours.run(tokens)[0]}
    seconds = take_turns(rounds, candidates)
    if high_level and native().repacks:  # `Llama` cannot be told to keep off AMX
        llama = HighLevel(path, n_ctx)
        # far from its target, so a few rounds do
        candidates = {"Llama": lambda: llama.run(tokens)[0], "beside": candidates["ours"]}
        seconds |= take_turns(max(1, rounds // 3), candidates)
    ours.close()
    bare.close()
    return seconds


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
            *_results(small, 3 * rounds, tokens=400, target=0.97, high_level=True),
            *_results(large, 5 * rounds, tokens=16, target=0.995, high_level=False),
        ]


def _results(
    path: Path, rounds: int, *, tokens: int, target: float, high_level: bool
) -> list[Result]:
    seconds = compare(path, rounds=rounds, tokens=tokens, high_level=high_level)
    rates = ", ".join(
        f"{name} {tokens / statistics.median(values):.0f} tok/s"
        for name, values in seconds.items()
        if name != "beside"
    )
    what = f"C guest's token loop, {path.stem}"
    found = [
        Result(
            what,
            paired_ratio(seconds["bare"], seconds["ours"]),
            "x",
            target,
            "at least",
            "bare llama.cpp loop",
            f"{rates}, {rounds} rounds",
        )
    ]
    if "Llama" in seconds:
        found.append(
            Result(
                what,
                paired_ratio(seconds["Llama"], seconds["beside"]),
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
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if options.model is None:
        print(table(run(options.rounds)))
        return
    found = _results(
        options.model, 3 * options.rounds, tokens=options.tokens, target=0.97, high_level=True
    )
    print(table(found))


if __name__ == "__main__":
    main()
