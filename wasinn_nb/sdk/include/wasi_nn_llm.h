/* wasi_nn_llm.h: language models over wasi-nn in a few calls, for C99 and C++, header-only.
 *
 *     static int show(void *user, const char *bytes, size_t size) {
 *         (void)user;
 *         fwrite(bytes, 1, size, stdout);
 *         return fflush(stdout);                     // anything but 0 stops the generation
 *     }
 *     wnn_model model;
 *     wnn_context context;
 *     if (wnn_load(&model, "default") || wnn_open(&context, &model) ||
 *         wnn_generate(&context, "Once upon a time", NULL, show, NULL))
 *         fprintf(stderr, "%s\n", wnn_last_error());
 *
 * Conversations are in wasi_nn_chat.h, which this header includes at its end.
 *
 * Results. Calls return a wasi_nn_errno, 0 for success; wnn_last_error() says more. Ways in which a
 * text can end are not failures: they are in context.finish. A prompt that does not fit is
 * WASI_NN_PROMPT_TOO_LONG and leaves the context usable. Memory running out in the guest is
 * WASI_NN_MISSING_MEMORY.
 *
 * Which functions a guest imports depends only on what it calls here:
 *     wnn_load, wnn_open, wnn_complete, wnn_embed, wnn_read, wnn_configure, wnn_describe: the
 *         standard six
 *     wnn_load_with: load_by_name_with_config       wnn_unload: unload
 *     wnn_start, wnn_next, wnn_generate: compute_single, get_output_single, fini_single
 *     wnn_close: finalize_execution_context (wnn_release frees the guest's side alone) */
#ifndef WASI_NN_LLM_H
#define WASI_NN_LLM_H

#include "wasi_nn.h"
#include "wasi_nn_text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- last error ----------------------------------------------------------------------------- */

/* What failed last and what to do about it, as one line; the text of wasi_nn_last_error(). Empty
 * before the first failure. */
static inline const char *wnn_last_error(void) {
    return wasi_nn_last_error();
}

/* Record a failure and hand its errno on; 0 passes through untouched. */
static inline wasi_nn_errno wnn_fail(wasi_nn_errno error, const char *doing) {
    const char *hint = "";
    if (error == WASI_NN_SUCCESS) return error;
    if (error == WASI_NN_NOT_FOUND) hint = "; the host knows no model of this name";
    if (error == WASI_NN_MODEL_NOT_FOUND) hint = "; the host cannot find the model's file";
    if (error == WASI_NN_INVALID_ENCODING) hint = "; are the settings a JSON object?";
    if (error == WASI_NN_UNSUPPORTED_OPERATION)
        hint = "; this host cannot do that (some say so of unknown names)";
    if (error == WASI_NN_BUSY) hint = "; wait for the run that uses it, or stop it";
    if (error == WASI_NN_PROMPT_TOO_LONG) hint = "; shorten the prompt or raise ctx-size";
    wasi_nn_check(error, doing);
    wasi_nn_error_add(hint);
    return error;
}

static inline wasi_nn_errno wnn_out_of_memory(void) {
    return wnn_fail(WASI_NN_MISSING_MEMORY, "the guest's own memory");
}

/* ---- models --------------------------------------------------------------------------------- */

/* A model in the host's memory. It stays loaded when the guest ends, until wnn_unload. */
typedef struct wnn_model {
    wasi_nn_graph graph;
} wnn_model;

static inline wasi_nn_errno wnn_load_failed(wasi_nn_errno error, const char *name) {
    char doing[96];
    snprintf(doing, sizeof doing, "loading model \"%.64s\"", name);
    return wnn_fail(error, doing);
}

/* Open the model that the host knows as `name`, with the host's settings. */
static inline wasi_nn_errno wnn_load(wnn_model *model, const char *name) {
    return wnn_load_failed(wasi_nn_load_by_name(name, (uint32_t)strlen(name), &model->graph), name);
}

/* The same with settings of the guest's own, e.g. "{\"ctx-size\": 2048}" or wnn_config_json(). */
static inline wasi_nn_errno wnn_load_with(wnn_model *model, const char *name, const char *config) {
    if (!config) return wnn_fail(WASI_NN_INVALID_ARGUMENT, "the settings could not be written");
    return wnn_load_failed(
        wasi_nn_load_by_name_with_config(name, (uint32_t)strlen(name), config,
                                         (uint32_t)strlen(config), &model->graph),
        name);
}

/* Free the model's memory in the host. Its contexts are dead afterwards. */
static inline wasi_nn_errno wnn_unload(wnn_model *model) {
    return wnn_fail(wasi_nn_unload(model->graph), "unloading the model");
}

/* ---- contexts ------------------------------------------------------------------------------- */

/* Why a text ended. */
typedef enum wnn_finish {
    WNN_RUNNING = 0,      /* it has not */
    WNN_END,              /* the model ended it */
    WNN_STOP,             /* one of the stop texts was about to appear */
    WNN_LENGTH,           /* max_tokens were generated */
    WNN_CONTEXT_FULL,     /* no room for another token */
    WNN_CANCELLED,        /* the callback said so */
    WNN_FAILED            /* see context.status and wnn_last_error() */
} wnn_finish;

/* Wishes for one generation; {0} has none. The stop texts must live until it ends. */
typedef struct wnn_options {
    unsigned max_tokens;     /* 0: until the model ends */
    const char *const *stop; /* texts that end the generation and are not part of it */
    size_t stop_count;
    int raw_bytes; /* hand out tokens as they come, even if that splits a UTF-8 character */
} wnn_options;

/* One line of work on a model. Fields up to the blank line are for reading. */
typedef struct wnn_context {
    wasi_nn_context id;
    wnn_string text;      /* what has been generated since the last prompt */
    size_t tokens;        /* how many tokens that took, when they come one by one */
    wnn_finish finish;    /* how it ended */
    wasi_nn_errno status; /* the failure if finish is WNN_FAILED, else 0 */

    size_t delivered; /* how much of `text` was handed out */
    wnn_options options;
    wnn_string scratch; /* metadata, settings */
    int in_session;     /* compute_single was called since the last fini_single */
    int limits_sent;    /* n-predict or reverse-prompt were sent */
    int chat_mode;      /* prompts go to the host as messages */
} wnn_context;

static inline wasi_nn_errno wnn_open(wnn_context *context, const wnn_model *model) {
    memset(context, 0, sizeof *context);
    return wnn_fail(wasi_nn_init_execution_context(model->graph, &context->id),
                    "opening a context");
}

/* Free what the guest holds for a context and leave the host's part to the host. */
static inline void wnn_release(wnn_context *context) {
    wnn_string_free(&context->text);
    wnn_string_free(&context->scratch);
}

/* Free a context in the guest and in the host. */
static inline wasi_nn_errno wnn_close(wnn_context *context) {
    wnn_release(context);
    return wnn_fail(wasi_nn_finalize_execution_context(context->id), "closing the context");
}

/* Change settings of this context's requests, e.g. "{\"temp\": 0.2, \"seed\": 7}". */
static inline wasi_nn_errno wnn_configure(wnn_context *context, const char *config) {
    if (!config) return wnn_fail(WASI_NN_INVALID_ARGUMENT, "the settings could not be written");
    return wnn_fail(wasi_nn_set_input_text(context->id, 1, config, strlen(config)),
                    "configuring the context");
}

/* ---- outputs -------------------------------------------------------------------------------- */

#define WNN_TEXT_ROOM (128u << 10)   /* first try: more than published guests ever ask for */
#define WNN_OUTPUT_LIMIT (256u << 20) /* give up beyond */

typedef wasi_nn_errno (*wnn_getter)(wasi_nn_context, uint32_t, void *, uint32_t, uint32_t *);

/* Append an output, whatever the host does with small buffers: it may refuse and say the size,
 * refuse and say nothing, or cut and say the size. */
static inline wasi_nn_errno wnn_read_with(wnn_getter get, wasi_nn_context id, uint32_t index,
                                          size_t room, wnn_string *out) {
    for (;;) {
        uint32_t size = 0;
        wasi_nn_errno error;
        if (wnn_string_reserve(out, room)) return WASI_NN_MISSING_MEMORY;
        error = get(id, index, out->data + out->size, (uint32_t)room, &size);
        if (error == WASI_NN_SUCCESS && size <= room) {
            out->size += size;
            out->data[out->size] = 0;
            return error;
        }
        if (error != WASI_NN_SUCCESS && error != WASI_NN_TOO_LARGE) return error;
        room = size > room ? size : room * 2;
        if (room > WNN_OUTPUT_LIMIT) return WASI_NN_TOO_LARGE;
    }
}

/* Append output `index` of the last run to `out`. */
static inline wasi_nn_errno wnn_read(wnn_context *context, uint32_t index, wnn_string *out) {
    return wnn_fail(wnn_read_with(wasi_nn_get_output, context->id, index, WNN_TEXT_ROOM, out),
                    "reading an output");
}

/* The host's figures about the last run as JSON, valid until the next call on this context. */
static inline wasi_nn_errno wnn_metadata(wnn_context *context, const char **json) {
    wasi_nn_errno error;
    wnn_string_truncate(&context->scratch, 0);
    error = wnn_read(context, 1, &context->scratch);
    *json = wnn_string_text(&context->scratch);
    return error;
}

/* Figures about the last run; -1 where the host does not say. Ask before the next prompt. */
typedef struct wnn_usage {
    long input_tokens, output_tokens, cached_tokens;
    double first_token_ms, tokens_per_second;
} wnn_usage;

static inline wasi_nn_errno wnn_get_usage(wnn_context *context, wnn_usage *usage) {
    const char *json;
    const wasi_nn_errno error = wnn_metadata(context, &json);
    usage->input_tokens = (long)wnn_json_number(json, "input_tokens", -1);
    usage->output_tokens = (long)wnn_json_number(json, "output_tokens", -1);
    usage->cached_tokens = (long)wnn_json_number(json, "prompt_tokens_cached", -1);
    usage->first_token_ms = wnn_json_number(json, "time_to_first_token_ms", -1);
    usage->tokens_per_second = wnn_json_number(json, "tokens_per_second", -1);
    return error;
}

/* What the host knows of a context's model: 0 and "" where it does not say. */
typedef struct wnn_description {
    char architecture[32], quantization[16];
    double parameters;
    long context_length; /* tokens that the model was trained to see at once */
    long layers, vocabulary, embedding_length;
} wnn_description;

static inline wasi_nn_errno wnn_describe(wnn_context *context, wnn_description *description) {
    const char *json;
    const wasi_nn_errno error = wnn_metadata(context, &json);
    wnn_json_text(json, "architecture", description->architecture,
                  sizeof description->architecture);
    wnn_json_text(json, "quantization", description->quantization,
                  sizeof description->quantization);
    description->parameters = wnn_json_number(json, "parameters", 0);
    description->context_length = (long)wnn_json_number(json, "context_length", 0);
    description->layers = (long)wnn_json_number(json, "layers", 0);
    description->vocabulary = (long)wnn_json_number(json, "vocabulary", 0);
    description->embedding_length = (long)wnn_json_number(json, "embedding_length", 0);
    return error;
}

/* ---- embeddings ----------------------------------------------------------------------------- */

/* The vector of a text, of a model loaded with {"embedding": true}. *count is its length; if that is
 * more than `capacity`, nothing is stored and the result is WASI_NN_TOO_LARGE. */
static inline wasi_nn_errno wnn_embed(wnn_context *context, const char *text, float *vector,
                                      size_t capacity, size_t *count) {
    wnn_string *json = &context->scratch;
    const char *p;
    char *end;
    size_t i;
    wasi_nn_errno error = wasi_nn_set_input_text(context->id, 0, text, strlen(text));
    *count = 0;
    if (!error) error = wasi_nn_compute(context->id);
    if (error) return wnn_fail(error, "embedding a text");
    wnn_string_truncate(json, 0);
    if ((error = wnn_read(context, 0, json)) != 0) return error;
    p = wnn_json_get(json->data, "embedding");
    if (!p || *p != '[')
        return wnn_fail(WASI_NN_RUNTIME_ERROR,
                        "the answer is no embedding: is the model loaded with embedding on?");
    *count = (size_t)wnn_json_number(json->data, "n_embedding", 0);
    if (*count > capacity) return wnn_fail(WASI_NN_TOO_LARGE, "storing an embedding");
    for (i = 0; i < *count; i++) {
        p++; /* over the bracket or the comma */
        vector[i] = strtof(p, &end);
        if (end == p || (*end != ',' && *end != ']')) break;
        p = end;
    }
    if (i == *count && *p == ']') return WASI_NN_SUCCESS;
    return wnn_fail(WASI_NN_RUNTIME_ERROR, "the embedding's numbers are malformed");
}

#ifdef __cplusplus
}
#endif

#include "wasi_nn_generate.h"
#include "wasi_nn_chat.h"

#endif /* WASI_NN_LLM_H */
