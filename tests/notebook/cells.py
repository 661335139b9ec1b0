"""Guest cells that the tests run."""

from __future__ import annotations

_HEAD = """#include <stdio.h>
#include <string.h>
#include <wasi_nn.h>
static char buffer[65536];
int main(int argc, char **argv) {
    const char *prompt = argc > 1 ? argv[1] : "once";
    wasi_nn_graph graph;
    wasi_nn_context context;
    uint32_t size;
    if (wasi_nn_load_by_name("default", 7, &graph)) return 10;
    if (wasi_nn_init_execution_context(graph, &context)) return 11;
    if (wasi_nn_set_input_text(context, 0, prompt, strlen(prompt))) return 12;
"""

PRINTS_TOKENS = (
    _HEAD
    + """    while (!wasi_nn_compute_single(context)) {
        wasi_nn_get_output_single(context, 0, buffer, sizeof buffer, &size);
        fwrite(buffer, 1, size, stdout);
        fflush(stdout);
    }
    return 0;
}
"""
)

SILENT = _HEAD + "    wasi_nn_compute(context);\n    return 0;\n}\n"

PRINTS_AT_THE_END = (
    _HEAD
    + """    wasi_nn_compute(context);
    wasi_nn_get_output(context, 0, buffer, sizeof buffer, &size);
    printf("Answer: %.*s\\n", (int)size, buffer);
    return 0;
}
"""
)

SPINS = """#include <stdio.h>
int main(void) {
    puts("spinning");
    fflush(stdout);
    for (volatile unsigned long turns = 0;; turns++) {}
}
"""

HELLO = """#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    printf("hello %s\\n", argc > 1 ? argv[1] : "you");
    return argc > 2 ? atoi(argv[2]) : 0;
}
"""
