"""Real models, used and dropped again and again by real components, leave nothing behind."""

from __future__ import annotations

import gc

import psutil
import pytest

import wasinn_nb as wn

pytest.importorskip("openvino")

C = r"""
#include <stdlib.h>
#include <wasi_nn_llm.h>

static void must(wasi_nn_errno error) {
    if (error) exit(1);
}

int main(int argc, char **argv) {
    const uint32_t shape[] = {1, 1, 8, 8};
    const wnn_options one = {.max_tokens = 1};
    float pixels[64] = {0}, scores[10];
    for (int left = atoi(argv[argc - 1]); left; left--) {
        wasi_nn_graph graph;
        wasi_nn_context digits;
        wnn_model model;
        wnn_context context;
        size_t count;
        must(wasi_nn_open("digits", &graph, &digits));
        must(wasi_nn_set_f32(digits, 0, pixels, shape, 4));
        must(wasi_nn_compute(digits));
        must(wasi_nn_get_f32(digits, 0, scores, 10, &count));
        must(wasi_nn_finalize_execution_context(digits));
        if (wnn_load(&model, "nobody") != WASI_NN_NOT_FOUND) return 2;
        must(wnn_load(&model, "text"));
        must(wnn_open(&context, &model));
        if (left % 10 == 0) must(wnn_generate(&context, "Once", &one, NULL, NULL));
        must(wnn_close(&context));
    }
}
"""
JAVASCRIPT = """
import { Graph, NotFound, Tensor } from "wasi_nn";

const text = Graph.load("text");
const digits = Graph.load("digits");
const speaking = text.context();
for (let left = Number(args[0]); left; left--) {
  digits.context().compute({ 0: new Tensor(new Float32Array(64), [1, 1, 8, 8]) });
  text.context({ temperature: left / 1e4 });
  if (left % 10 === 0) speaking.generate("Once", { maxTokens: 1 }).text();
  try {
    Graph.load("nobody");
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
}
"""
ENDS = r"""
#include <stdlib.h>
#include <wasi_nn_llm.h>

static int ended(void *user, const char *bytes, size_t size) {
    (void)user, (void)bytes, (void)size;
    if (getenv("TRAP")) __builtin_trap();
    for (volatile int spin = 0;; spin++) {}
}

int main(void) {
    wasi_nn_graph graph;
    wasi_nn_context digits;
    wnn_model model;
    wnn_context context;
    return wasi_nn_open("digits", &graph, &digits) || wnn_load(&model, "text") ||
           wnn_open(&context, &model) || wnn_generate(&context, "Once", NULL, ended, NULL);
}
"""
MODELS = {"text": "cycles-text", "digits": "cycles-digits"}


@pytest.fixture(scope="module")
def host():
    host = wn.host()
    host.load(MODELS["text"], "builtin:tinytales", config={"ctx-size": 256, "temp": 0})
    host.load(MODELS["digits"], "builtin:digits")
    yield host
    for name in MODELS.values():
        host.forget(name)


@pytest.mark.parametrize(
    ("source", "language", "abi"),
    [(C, "c", "core"), (C, "c", "component"), (JAVASCRIPT, "js", "core")],
    ids=["core", "component", "script"],
)
def test_a_thousand_of_everything(host, source, language, abi):
    guest = host.build(source, language=language, abi=abi)

    def grown(times):
        before = psutil.Process().memory_info().rss
        run = guest.run(args=[str(times)], models=MODELS)
        assert run.tokens == times // 10
        del run
        gc.collect()
        return psutil.Process().memory_info().rss - before

    grown(200)
    loads = {name: host.describe(name).loads for name in MODELS.values()}
    assert grown(1000) < 4 << 20
    for name in MODELS.values():
        record = host.describe(name)
        assert record.users == ()
        assert record.loads == loads[name]


@pytest.mark.parametrize("abi", ["core", "component"])
@pytest.mark.parametrize("trap", [True, False], ids=["trapped", "timed out"])
def test_what_a_guest_held_when_it_was_ended_is_given_back(host, abi, trap):
    guest = host.build(ENDS, language="c", abi=abi)
    for _ in range(2):
        options = {"env": {"TRAP": "1"}} if trap else {"timeout": 1}
        run = guest.run(models=MODELS, check=False, **options)
        assert run.tokens > 0
        assert (run.trap is not None) == trap
        for name in MODELS.values():
            assert host.describe(name).users == ()
            host.unload(name)  # refuses while anybody holds it
