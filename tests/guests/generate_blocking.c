/* generate_blocking ALIAS PROMPT: the whole text with one compute, then the figures as JSON on
 * standard error. Standard functions alone. $n_predict limits the tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define WASI_NN_STANDARD_ONLY
#include <wasi_nn.h>

static int failed(const char *call, wasi_nn_errno error) {
    fprintf(stderr, "%s: %s (%d)\n", call, wasi_nn_strerror(error), (int)error);
    return 1;
}

int main(int argc, char **argv) {
    static char text[24576];
    const char *alias = argc > 1 ? argv[1] : "default";
    const char *prompt = argc > 2 ? argv[2] : "Once upon a time";
    const char *limit = getenv("n_predict");
    wasi_nn_graph graph;
    wasi_nn_context context;
    wasi_nn_errno error;
    uint32_t size;

    error = wasi_nn_load_by_name(alias, (uint32_t)strlen(alias), &graph);
    if (error) return failed("load_by_name", error);
    error = wasi_nn_init_execution_context(graph, &context);
    if (error) return failed("init_execution_context", error);
    if (limit) {
        char settings[64];
        snprintf(settings, sizeof settings, "{\"n-predict\": %ld}", atol(limit));
        error = wasi_nn_set_input_text(context, 1, settings, strlen(settings));
        if (error) return failed("set_input(1)", error);
    }
    error = wasi_nn_set_input_text(context, 0, prompt, strlen(prompt));
    if (error) return failed("set_input", error);
    error = wasi_nn_compute(context);
    if (error && error != WASI_NN_CONTEXT_FULL) return failed("compute", error);

    error = wasi_nn_get_output(context, 0, text, sizeof text, &size);
    if (error) return failed("get_output", error);
    fwrite(text, 1, size < sizeof text ? size : sizeof text, stdout);
    error = wasi_nn_get_output(context, 1, text, sizeof text, &size);
    if (error) return failed("get_output(1)", error);
    fprintf(stderr, "%.*s\n", (int)size, text);
    return 0;
}
