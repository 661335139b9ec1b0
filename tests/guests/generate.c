/* generate ALIAS PROMPT: token by token through the bare functions. $n_predict limits the tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi_nn.h>

static int failed(const char *call, wasi_nn_errno error) {
    fprintf(stderr, "%s: %s (%d)\n", call, wasi_nn_strerror(error), (int)error);
    return 1;
}

int main(int argc, char **argv) {
    const char *alias = argc > 1 ? argv[1] : "default";
    const char *prompt = argc > 2 ? argv[2] : "Once upon a time";
    const char *limit = getenv("n_predict");
    const long n_predict = limit ? atol(limit) : -1;
    wasi_nn_graph graph;
    wasi_nn_context context;
    wasi_nn_errno error;

    error = wasi_nn_load_by_name(alias, (uint32_t)strlen(alias), &graph);
    if (error) return failed("load_by_name", error);
    error = wasi_nn_init_execution_context(graph, &context);
    if (error) return failed("init_execution_context", error);
    error = wasi_nn_set_input_text(context, 0, prompt, strlen(prompt));
    if (error) return failed("set_input", error);

    for (long n = 0; n != n_predict; n++) {
        char piece[256];
        uint32_t size;
        error = wasi_nn_compute_single(context);
        if (error == WASI_NN_END_OF_SEQUENCE || error == WASI_NN_CONTEXT_FULL) break;
        if (error) return failed("compute_single", error);
        error = wasi_nn_get_output_single(context, 0, piece, sizeof piece, &size);
        if (error) return failed("get_output_single", error);
        fwrite(piece, 1, size < sizeof piece ? size : sizeof piece, stdout);
        fflush(stdout);
    }
    error = wasi_nn_fini_single(context);
    return error ? failed("fini_single", error) : 0;
}
