"""Opens models one after another the way the ggml backend does, for a parent that counts the dead.

Reads paths from standard input, writes one JSON line a file. It must be started as a process of its
own: what is tested is that it survives.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

MEMORY = 2 << 30


def main() -> None:
    import llama_cpp.llama_cpp as api

    from wasinn_nb.nn.errors import NNError

    quiet = api.llama_log_callback(lambda *_: None)
    api.llama_log_set(quiet, None)
    api.llama_backend_init()
    for line in sys.stdin:
        path = Path(line.rstrip("\n"))
        report(path, "begin", "")
        try:
            outcome, detail = attempt(api, path)
        except NNError as error:
            outcome, detail = "refused", str(error)
        report(path, outcome, detail)


def attempt(api, path: Path) -> tuple[str, str]:
    from wasinn_nb.backends.ggml.gguf import estimate, model_info, read_gguf, validate

    header = read_gguf(path)
    validate(header)
    info = model_info(header)
    if estimate(info, {"ctx-size": 0}).total > MEMORY:
        return "too large", ""
    params = api.llama_model_default_params()
    params.use_extra_bufts = False
    model = api.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        return "not loaded", ""
    try:
        return use(api, model)
    finally:
        api.llama_model_free(model)


def use(api, model) -> tuple[str, str]:
    """A context of the trained size, all pieces of the vocabulary, a tokenized text, a decode."""
    import ctypes

    params = api.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = 0, 64, 64
    params.n_threads = params.n_threads_batch = 1
    context = api.llama_init_from_model(model, params)
    if not context:
        return "no context", ""
    try:
        vocabulary = api.llama_model_get_vocab(model)
        count = api.llama_vocab_n_tokens(vocabulary)
        tokens = (api.llama_token * 64)()
        text = "Once upon a w1 \u00e9\n".encode()
        size = api.llama_tokenize(vocabulary, text, len(text), tokens, 64, True, True)
        buffer = ctypes.create_string_buffer(256)
        for token in range(count):
            api.llama_token_to_piece(vocabulary, token, buffer, 256, 0, True)
        if not 0 < size <= 64:
            return "no tokens", ""
        size = min(size, api.llama_n_batch(context))
        status = api.llama_decode(context, api.llama_batch_get_one(tokens, size))
        if status:
            return "not decoded", str(status)
        logits = api.llama_get_logits_ith(context, -1)
        best = max(range(count), key=lambda token: logits[token])
        return "works", str(best)
    finally:
        api.llama_free(context)


def report(path: Path, outcome: str, detail: str) -> None:
    line = json.dumps({"file": path.name, "outcome": outcome, "detail": detail})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
