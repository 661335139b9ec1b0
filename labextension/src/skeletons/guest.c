#include <stdio.h>
#include <wasi_nn_llm.h>

static int show(void *user, const char *bytes, size_t size) {
    (void)user;
    fwrite(bytes, 1, size, stdout);
    return fflush(stdout);
}

int main(int argc, char **argv) {
    const char *prompt = argc > 1 ? argv[1] : "";
    wnn_options options = {.max_tokens = 120};
    wnn_model model;
    wnn_context context;

    fputs(prompt, stdout);
    if (wnn_load(&model, "default") || wnn_open(&context, &model) ||
        wnn_generate(&context, prompt, &options, show, NULL)) {
        fprintf(stderr, "%s\n", wnn_last_error());
        return 1;
    }
    return wnn_close(&context);
}
