/* Takes and gives back everything that there is, again and again; says when it has warmed up. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi_nn.h>

static int cycle(int generate) {
    wasi_nn_graph graph;
    wasi_nn_context context;
    uint32_t size = 0;
    char out[64];
    const char *config = "{\"temp\": 0.5}";
    if (wasi_nn_load_by_name_with_config("llm", 3, config, strlen(config), &graph)) return 1;
    if (wasi_nn_init_execution_context(graph, &context)) return 2;
    if (wasi_nn_set_input_text(context, 0, "hello", 5)) return 3;
    if (generate) {
        if (wasi_nn_compute(context)) return 4;
        if (wasi_nn_get_output(context, 0, out, sizeof out, &size) || !size) return 5;
        if (wasi_nn_compute_single(context)) return 6;
        if (wasi_nn_get_output_single(context, 0, out, sizeof out, &size)) return 7;
        if (wasi_nn_fini_single(context)) return 8;
    }
    if (wasi_nn_set_input_text(context, 1, "[", 1) != WASI_NN_INVALID_ENCODING) return 9;
    if (wasi_nn_load_by_name("nobody", 6, &graph) != WASI_NN_NOT_FOUND) return 10;
    if (wasi_nn_finalize_execution_context(context)) return 11;
    return 0;
}

int main(int argc, char **argv) {
    wasi_nn_graph graph;
    const int generate = strchr(argv[3], 'g') != NULL;
    const int warm = atoi(argv[1]), times = atoi(argv[2]), unload = strchr(argv[3], 'u') != NULL;
    for (int i = 0; i < warm + times; i++) {
        const int failed = cycle(generate);
        if (failed) return failed;
        if (unload && (wasi_nn_load_by_name("llm", 3, &graph) || wasi_nn_unload(graph))) return 20;
        if (i == warm) puts("warm"), fflush(stdout);
    }
    printf("%d\n", (int)__builtin_wasm_memory_size(0));
    return argc == 4 ? 0 : 1;
}
