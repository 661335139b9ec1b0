"""Loads a model, fills its context and prints the bytes that it took; a process of its own."""

from __future__ import annotations

import sys


def main() -> None:
    import llama_cpp.llama_cpp as api

    from wasinn_nb.nn.memory import rss

    path, n_ctx, n_ubatch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    quiet = api.llama_log_callback(lambda *_: None)
    api.llama_log_set(quiet, None)
    api.llama_backend_init()
    before = rss()
    model_params = api.llama_model_default_params()
    model_params.use_extra_bufts = False
    model = api.llama_model_load_from_file(path.encode(), model_params)
    params = api.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = n_ctx, n_ubatch, n_ubatch
    params.n_threads = params.n_threads_batch = 1
    context = api.llama_init_from_model(model, params)
    tokens = (api.llama_token * n_ubatch)(*[5 + n % 200 for n in range(n_ubatch)])
    if api.llama_decode(context, api.llama_batch_get_one(tokens, n_ubatch)):
        sys.exit("not decoded")
    print(rss() - before)
    api.llama_free(context)
    api.llama_model_free(model)


if __name__ == "__main__":
    main()
