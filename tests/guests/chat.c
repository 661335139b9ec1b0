/* chat ALIAS TURN...: one dialogue; each answer on its own line, figures on standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <wasi_nn_llm.h>

static int show(void *user, const char *bytes, size_t size) {
    (void)user;
    fwrite(bytes, 1, size, stdout);
    return fflush(stdout);
}

int main(int argc, char **argv) {
    const char *limit = getenv("n_predict");
    wnn_options options = {0};
    wnn_model model;
    wnn_context context;
    wnn_chat chat;

    options.max_tokens = limit ? (unsigned)atoi(limit) : 0;
    if (wnn_load(&model, argc > 1 ? argv[1] : "default") || wnn_open(&context, &model) ||
        wnn_chat_init(&chat, &context, WNN_CHATML, getenv("system")))
        goto failed;
    for (int turn = 2; turn < argc; turn++) {
        wnn_usage usage;
        if (wnn_chat_say(&chat, argv[turn], &options, show, NULL)) goto failed;
        putchar('\n');
        if (wnn_get_usage(&context, &usage)) goto failed;
        fprintf(stderr, "turn %d: finish=%d input=%ld cached=%ld output=%ld host_renders=%d\n",
                turn - 1, context.finish, usage.input_tokens, usage.cached_tokens,
                usage.output_tokens, chat.host_renders);
    }
    wnn_chat_free(&chat);
    return wnn_close(&context) ? 1 : 0;

failed:
    fprintf(stderr, "%s\n", wnn_last_error());
    return 1;
}
