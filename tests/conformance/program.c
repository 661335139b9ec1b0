/* The conformance program in C; README.md says what each line is. */
#include <math.h>
#include <stdio.h>
#include <wasi_nn_llm.h>

#define PROMPT "Once upon a time"
#define COUNTING "{\"grammar\": \"root ::= \\\"One, two, 你好.\\\"\"}"
#define YES "{\"grammar\": \"root ::= \\\"Yes.\\\"\"}"
#define NO_SUCH_HANDLE 0x7FFFFFFFu

static const uint32_t shape[] = {2, 1, 8, 8};

/* ---- common names ---------------------------------------------------------------------------- */

static const char *code(wasi_nn_errno error) {
    if (error == WASI_NN_MODEL_NOT_FOUND) error = WASI_NN_NOT_FOUND;
    return wasi_nn_strerror(error);
}

static const char *ending(wnn_finish finish) {
    switch (finish) {
    case WNN_END: return "end of sequence";
    case WNN_STOP: return "stop";
    case WNN_LENGTH: return "length";
    case WNN_CONTEXT_FULL: return "context full";
    default: return "failed";
    }
}

static void must(wasi_nn_errno error) {
    if (!error) return;
    fprintf(stderr, "%s\n", wnn_last_error());
    exit(1);
}

static void says(const char *line, wasi_nn_errno error) {
    printf("%s: %s\n", line, code(error));
}

static void tells(const char *line, const wnn_context *context) {
    printf("%s: [%s], %s\n", line, wnn_string_text(&context->text), ending(context->finish));
}

/* ---- sections -------------------------------------------------------------------------------- */

static void load(wnn_model *model, wnn_context *context) {
    must(wnn_load_with(model, "text", "{\"ctx-size\": 256, \"temp\": 0}"));
    must(wnn_open(context, model));
}

static void describe(wnn_context *context) {
    wnn_description description;
    printf("== model\n");
    must(wnn_describe(context, &description));
    printf("architecture: %s\n", description.architecture);
    printf("context length: %ld\n", description.context_length);
    printf("embedding length: %ld\n", description.embedding_length);
}

static int append(void *user, const char *bytes, size_t size) {
    return wnn_string_append((wnn_string *)user, bytes, size);
}

static void generate(wnn_context *context) {
    static const char *const stops[] = {"two"};
    const wnn_options eight = {.max_tokens = 8}, stop = {.stop = stops, .stop_count = 1};
    static char words[4 * 300 + 1];
    wnn_string pieces = {0};
    wnn_usage usage;

    printf("== text\n");
    must(wnn_generate(context, PROMPT, &eight, NULL, NULL));
    must(wnn_get_usage(context, &usage));
    printf("prompt: %ld tokens\n", usage.input_tokens);
    printf("limit: %zu tokens, %s\n", context->tokens, ending(context->finish));

    must(wnn_configure(context, COUNTING));
    must(wnn_complete(context, PROMPT, NULL, NULL));
    tells("whole", context);
    must(wnn_generate(context, PROMPT, NULL, append, &pieces));
    printf("pieces: %s, %s\n",
           strcmp(wnn_string_text(&pieces), "One, two, 你好.") ? "others" : "the same",
           ending(context->finish));
    wnn_string_free(&pieces);
    must(wnn_generate(context, PROMPT, &stop, NULL, NULL));
    tells("stop", context);

    must(wnn_configure(context, "{\"grammar\": \"\", \"ignore-eos\": true}"));
    must(wnn_generate(context, PROMPT, NULL, NULL, NULL));
    printf("room: %zu tokens, %s\n", context->tokens, ending(context->finish));
    must(wnn_configure(context, "{\"ignore-eos\": false}"));

    for (int i = 0; i < 300; i++) memcpy(words + 4 * i, " the", 5);
    says("long prompt", wnn_generate(context, words, NULL, NULL, NULL));
    must(wnn_configure(context, COUNTING));
    must(wnn_generate(context, PROMPT, NULL, NULL, NULL));
    tells("after it", context);
}

static void chat(const wnn_model *model) {
    wnn_context context;
    wnn_chat chat;
    wnn_usage usage;

    printf("== chat\n");
    must(wnn_open(&context, model));
    must(wnn_configure(&context, YES));
    must(wnn_chat_init(&chat, &context, WNN_PLAIN, "Be brief."));
    must(wnn_chat_say(&chat, "Is it day?", NULL, NULL, NULL));
    tells("first", &context);
    must(wnn_chat_say(&chat, "Is it night?", NULL, NULL, NULL));
    must(wnn_get_usage(&context, &usage));
    printf("second: [%s], %ld prompt tokens\n", wnn_string_text(&context.text),
           usage.input_tokens);
    wnn_chat_free(&chat);
    must(wnn_close(&context));
}

static double dot(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)a[i] * b[i];
    return sum;
}

static void embed(const wnn_model *model) {
    static float cat[1024], again[1024], ship[1024];
    wnn_context context;
    size_t count;

    printf("== embedding\n");
    must(wnn_open(&context, model));
    must(wnn_configure(&context, "{\"embedding\": true}"));
    must(wnn_embed(&context, "A cat sat on the mat.", cat, 1024, &count));
    must(wnn_embed(&context, "A ship left the port.", ship, 1024, &count));
    must(wnn_embed(&context, "A cat sat on the mat.", again, 1024, &count));
    printf("length: %zu\n", count);
    printf("norm: %.3f\n", sqrt(dot(cat, cat, count)));
    printf("same text: %.3f\n", dot(cat, again, count));
    printf("other text: %s\n", dot(cat, ship, count) < 0.999 ? "less than 1" : "1");
    must(wnn_close(&context));
}

/* A bar, and a ring. */
static void draw(float pixels[2][8][8]) {
    memset(pixels, 0, 2 * 64 * sizeof(float));
    for (int y = 1; y < 7; y++) pixels[0][y][3] = pixels[0][y][4] = 1;
    for (int x = 2; x < 6; x++) pixels[1][0][x] = pixels[1][7][x] = 1;
    for (int y = 1; y < 7; y++) pixels[1][y][2] = pixels[1][y][5] = 1;
}

static void classify(const char *line, wasi_nn_context context) {
    float scores[2][10];
    int best[2] = {0, 0};
    size_t count;
    must(wasi_nn_check(wasi_nn_compute(context), "computing"));
    must(wasi_nn_get_f32(context, 0, scores[0], 20, &count));
    for (int i = 0; i < 2; i++)
        for (int j = 1; j < 10; j++)
            if (scores[i][j] > scores[i][best[i]]) best[i] = j;
    printf("%s: %d %d\n", line, best[0], best[1]);
}

static void tensors(wasi_nn_context context) {
    const uint32_t flat[] = {2, 64};
    float pixels[2][8][8];
    const uint8_t bytes[2 * 64] = {0};

    printf("== tensors\n");
    draw(pixels);
    must(wasi_nn_set_f32(context, 0, pixels[0][0], shape, 4));
    classify("digits", context);
    says("wrong shape", wasi_nn_set_f32(context, 0, pixels[0][0], flat, 2));
    says("wrong type", wasi_nn_set_u8(context, 0, bytes, shape, 4));
    says("no such input", wasi_nn_set_f32(context, 7, pixels[0][0], shape, 4));
    classify("after them", context);
}

static void errors(wnn_context *context) {
    wnn_model model;
    printf("== errors\n");
    says("unknown name", wnn_load(&model, "nobody"));
    says("file gone", wnn_load(&model, "gone"));
    says("no model", wnn_load(&model, "broken"));
    says("unreadable", wnn_load(&model, "unreadable"));
    says("other settings", wnn_load_with(&model, "busy", "{\"use-mmap\": false}"));
    says("far too large", wnn_load_with(&model, "crowded", "{\"ctx-size\": 134217728}"));
    says("bad value", wnn_configure(context, "{\"top-k\": \"many\"}"));
    says("bad grammar", wnn_configure(context, "{\"grammar\": \"root = nothing\"}"));
    says("not in this host", wnn_configure(context, "{\"image\": \"eyes.png\"}"));
}

static void memory(wnn_context *context, const wnn_model *text, wasi_nn_context classifier) {
    const wasi_nn_builder garbage = {"no model at all", 15};
    wasi_nn_context second;
    wasi_nn_graph graph;
    float scores[20];
    uint32_t size;

    printf("== memory\n");
    says("no JSON", wnn_configure(context, "nonsense"));
    says("no such graph", wasi_nn_init_execution_context(NO_SUCH_HANDLE, &second));
    says("no such context", wasi_nn_compute(NO_SUCH_HANDLE));
    must(wasi_nn_init_execution_context(text->graph, &second));
    says("compute before input", wasi_nn_compute(second));
    must(wasi_nn_finalize_execution_context(second));
    says("no such output",
         wasi_nn_get_output(classifier, 7, scores, sizeof scores, &size));
    says("small buffer", wasi_nn_get_output(classifier, 0, scores, 4, &size));
    says("bytes of no model",
         wasi_nn_load(&garbage, 1, WASI_NN_ENCODING_GGML, WASI_NN_TARGET_CPU, &graph));
    must(wasi_nn_finalize_execution_context(classifier));
    says("finalized context", wasi_nn_compute(classifier));
}

int main(void) {
    wnn_model text;
    wnn_context context;
    wasi_nn_graph digits;
    wasi_nn_context classifier;

    load(&text, &context);
    describe(&context);
    generate(&context);
    chat(&text);
    embed(&text);
    must(wasi_nn_open("digits", &digits, &classifier));
    tensors(classifier);
    errors(&context);
    memory(&context, &text, classifier);

    printf("== unload\n");
    must(wnn_unload(&text));
    printf("unload: done\n");
    says("generate", wnn_generate(&context, PROMPT, NULL, NULL, NULL));
    wnn_release(&context);
    load(&text, &context);
    must(wnn_configure(&context, COUNTING));
    must(wnn_generate(&context, PROMPT, NULL, NULL, NULL));
    tells("load again", &context);
    return wnn_close(&context);
}
