/* One operation of the SDK, told by environment variables, its outcome as lines: see test_llm.py. */
#include <stdio.h>
#include <stdlib.h>
#include <wasi_nn_llm.h>

static const char *const finishes[] = {"running", "end",  "stop",  "length",
                                       "context_full", "cancelled", "failed"};
static int cancel_after = -1;

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value ? value : otherwise;
}

static int show(void *user, const char *bytes, size_t size) {
    (void)user;
    printf("piece ");
    for (size_t i = 0; i < size; i++) printf("%02x", (unsigned char)bytes[i]);
    printf("\n");
    return --cancel_after == 0;
}

static void show_end(const wnn_context *context) {
    if (context->status) {
        printf("error %s\n", wnn_last_error());
        return;
    }
    printf("end %s ", finishes[context->finish]);
    for (size_t i = 0; i < context->text.size; i++)
        printf("%02x", (unsigned char)context->text.data[i]);
    printf("\n");
}

static int embed(wnn_context *context, const char *text) {
    static float vector[4096];
    size_t count;
    if (wnn_embed(context, text, vector, 4096, &count)) return 1;
    for (size_t i = 0; i < count; i++) printf("%.6g\n", (double)vector[i]);
    return 0;
}

int main(int argc, char **argv) {
    const char *op = setting("OP", "stream"), *stop = getenv("STOP");
    wnn_options options = {0};
    wnn_model model;
    wnn_context context;
    wnn_chat chat;
    options.max_tokens = (unsigned)atoi(setting("MAX", "0"));
    options.raw_bytes = getenv("RAW") != NULL;
    options.stop = &stop;
    options.stop_count = stop != NULL;
    cancel_after = atoi(setting("CANCEL", "-1"));

    if (wnn_load(&model, setting("MODEL", "default")) || wnn_open(&context, &model) ||
        wnn_chat_init(&chat, &context, (wnn_style)atoi(setting("STYLE", "1")), getenv("SYSTEM"))) {
        printf("error %s\n", wnn_last_error());
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(op, "stream") == 0)
            wnn_generate(&context, argv[i], &options, show, NULL);
        else if (strcmp(op, "complete") == 0)
            wnn_complete(&context, argv[i], &options, NULL);
        else if (strcmp(op, "chat") == 0)
            wnn_chat_say(&chat, argv[i], &options, show, NULL);
        else if (strcmp(op, "ask") == 0)
            wnn_chat_ask(&chat, argv[i], &options, NULL);
        else if (strcmp(op, "embed") == 0)
            return embed(&context, argv[i]);
        show_end(&context);
    }
    wnn_chat_free(&chat);
    return wnn_close(&context) ? 1 : 0;
}
