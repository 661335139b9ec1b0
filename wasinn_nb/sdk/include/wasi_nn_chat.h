/* wasi_nn_chat.h: conversations. Part of wasi_nn_llm.h.
 *
 *     wnn_chat chat;
 *     wnn_chat_init(&chat, &context, WNN_CHATML, "You are brief.");
 *     wnn_chat_say(&chat, "What is wasm?", NULL, show, NULL);
 *     wnn_chat_say(&chat, "And wasi?", NULL, show, NULL);        // remembers the first turn
 *     wnn_chat_free(&chat);
 *
 * The whole dialogue goes to the host with every turn; hosts that keep what the context already
 * evaluated only work on the new part. How it is written is the model's business: a host that
 * offers the model's own template (it lists "chat_template" in its metadata) gets the messages as
 * JSON and renders them; for any other host the guest renders them in the style it names. */
#ifndef WASI_NN_CHAT_H
#define WASI_NN_CHAT_H

#ifndef WASI_NN_LLM_H
#error "include wasi_nn_llm.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum wnn_role { WNN_SYSTEM = 0, WNN_USER = 1, WNN_ASSISTANT = 2 } wnn_role;

/* How models were taught to read a dialogue. */
typedef enum wnn_style {
    WNN_PLAIN = 0, /* "User: ...", for models that know no template */
    WNN_CHATML,    /* Qwen, Yi, SmolLM, many fine-tunes */
    WNN_LLAMA2,
    WNN_LLAMA3,
    WNN_GEMMA,
    WNN_PHI3,
    WNN_ZEPHYR, /* also TinyLlama chat */
    WNN_MISTRAL,
    WNN_STYLE_COUNT
} wnn_style;

/* What goes before and after a message of each role, and the text that begins a foreign turn. */
typedef struct wnn_style_text {
    const char *before[3], *after[3]; /* by wnn_role */
    const char *stop;
    int system_in_user; /* the system message stands inside the first user message */
} wnn_style_text;

static inline const wnn_style_text *wnn_style_get(wnn_style style) {
    static const wnn_style_text texts[WNN_STYLE_COUNT] = {
        {{"", "User: ", "Assistant:"}, {"\n\n", "\n", "\n"}, "\nUser:", 0},
        {{"<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n"},
         {"<|im_end|>\n", "<|im_end|>\n", "<|im_end|>\n"},
         "<|im_end|>",
         0},
        {{"<<SYS>>\n", "[INST] ", ""}, {"\n<</SYS>>\n\n", " [/INST]", " </s><s>"}, "[INST]", 1},
        {{"<|start_header_id|>system<|end_header_id|>\n\n",
          "<|start_header_id|>user<|end_header_id|>\n\n",
          "<|start_header_id|>assistant<|end_header_id|>\n\n"},
         {"<|eot_id|>", "<|eot_id|>", "<|eot_id|>"},
         "<|eot_id|>",
         0},
        {{"", "<start_of_turn>user\n", "<start_of_turn>model\n"},
         {"\n\n", "<end_of_turn>\n", "<end_of_turn>\n"},
         "<end_of_turn>",
         1},
        {{"<|system|>\n", "<|user|>\n", "<|assistant|>\n"},
         {"<|end|>\n", "<|end|>\n", "<|end|>\n"},
         "<|end|>",
         0},
        {{"<|system|>\n", "<|user|>\n", "<|assistant|>\n"},
         {"</s>\n", "</s>\n", "</s>\n"},
         "<|user|>",
         0},
        {{"", "[INST] ", ""}, {"\n\n", " [/INST]", "</s>"}, "[INST]", 1},
    };
    return &texts[(unsigned)style < WNN_STYLE_COUNT ? style : WNN_PLAIN];
}

typedef struct wnn_message {
    wnn_role role;
    size_t start, size; /* where its words are in the chat's `words` */
} wnn_message;

#define WNN_STOP_LIMIT 16 /* stop texts of a chat turn, the style's own included */

typedef struct wnn_chat {
    wnn_context *context;
    wnn_style style;
    wnn_message *messages;
    size_t count, capacity;
    wnn_string words;

    wnn_string prompt;
    int host_renders; /* -1: not asked yet */
    const char *stops[WNN_STOP_LIMIT];
} wnn_chat;

/* ---- the messages --------------------------------------------------------------------------- */

/* Append a message, e.g. of an earlier dialogue. */
static inline wasi_nn_errno wnn_chat_add(wnn_chat *chat, wnn_role role, const char *text,
                                         size_t size) {
    wnn_message *message;
    if (chat->count == chat->capacity) {
        const size_t capacity = chat->capacity ? chat->capacity * 2 : 8;
        message = (wnn_message *)realloc(chat->messages, capacity * sizeof *message);
        if (!message) return wnn_out_of_memory();
        chat->messages = message;
        chat->capacity = capacity;
    }
    message = &chat->messages[chat->count];
    message->role = role;
    message->start = chat->words.size;
    message->size = size;
    if (wnn_string_append(&chat->words, text, size)) return wnn_out_of_memory();
    chat->count++;
    return WASI_NN_SUCCESS;
}

/* Keep the first `count` messages. */
static inline void wnn_chat_truncate(wnn_chat *chat, size_t count) {
    if (count >= chat->count) return;
    wnn_string_truncate(&chat->words, chat->messages[count].start);
    chat->count = count;
}

/* Start anew, with the system message if there was one. */
static inline void wnn_chat_reset(wnn_chat *chat) {
    wnn_chat_truncate(chat, chat->count && chat->messages[0].role == WNN_SYSTEM ? 1 : 0);
}

/* Begin a conversation. `system`, which may be null, says how the model should behave. */
static inline wasi_nn_errno wnn_chat_init(wnn_chat *chat, wnn_context *context, wnn_style style,
                                          const char *system) {
    memset(chat, 0, sizeof *chat);
    chat->context = context;
    chat->style = style;
    chat->host_renders = -1;
    return system ? wnn_chat_add(chat, WNN_SYSTEM, system, strlen(system)) : WASI_NN_SUCCESS;
}

static inline void wnn_chat_free(wnn_chat *chat) {
    free(chat->messages);
    chat->messages = NULL;
    chat->count = chat->capacity = 0;
    wnn_string_free(&chat->words);
    wnn_string_free(&chat->prompt);
}

/* ---- as a prompt ---------------------------------------------------------------------------- */

/* The messages as [{"role": ..., "content": ...}, ...], for a host that renders them. */
static inline int wnn_chat_as_json(const wnn_chat *chat, wnn_string *out) {
    static const char *const roles[] = {"system", "user", "assistant"};
    int failed = 0;
    size_t i;
    for (i = 0; i < chat->count && !failed; i++) {
        const wnn_message *message = &chat->messages[i];
        failed = wnn_string_add(out, i ? ", {\"role\": \"" : "[{\"role\": \"") ||
                 wnn_string_add(out, roles[message->role]) ||
                 wnn_string_add(out, "\", \"content\": ") ||
                 wnn_json_quote(out, wnn_string_text(&chat->words) + message->start,
                                message->size) ||
                 wnn_string_add(out, "}");
    }
    return failed || wnn_string_add(out, "]");
}

/* The messages as the model reads them, up to where its answer begins. */
static inline int wnn_chat_as_text(const wnn_chat *chat, wnn_string *out) {
    const wnn_style_text *style = wnn_style_get(chat->style);
    const char *words = wnn_string_text(&chat->words);
    int failed = 0;
    size_t i;
    for (i = 0; i < chat->count && !failed; i++) {
        const wnn_message *message = &chat->messages[i];
        const int opens = style->system_in_user && message->role == WNN_SYSTEM;
        const int opened = style->system_in_user && i && message[-1].role == WNN_SYSTEM;
        if (opens) failed |= wnn_string_add(out, style->before[WNN_USER]);
        if (!opened || message->role != WNN_USER)
            failed |= wnn_string_add(out, style->before[message->role]);
        failed |= wnn_string_append(out, words + message->start, message->size);
        failed |= wnn_string_add(out, style->after[message->role]);
    }
    return failed || wnn_string_add(out, style->before[WNN_ASSISTANT]);
}

/* Whether the host renders messages with the model's own template. */
static inline wasi_nn_errno wnn_chat_ask_host(wnn_chat *chat) {
    const char *json, *found;
    wasi_nn_errno error;
    if (chat->host_renders >= 0) return WASI_NN_SUCCESS;
    if ((error = wnn_metadata(chat->context, &json)) != 0) return error;
    found = wnn_json_get(json, "chat_template");
    chat->host_renders = found && found[0] == '"' && found[1] != '"';
    return WASI_NN_SUCCESS;
}

/* Add the user's message and give the dialogue to the host. */
static inline wasi_nn_errno wnn_chat_prompt(wnn_chat *chat, const char *text, size_t size,
                                            const wnn_options *wanted) {
    wnn_options options = {0, NULL, 0, 0};
    wasi_nn_errno error;
    size_t i = 0;
    if (wanted) options = *wanted;
    if (options.stop_count >= WNN_STOP_LIMIT)
        return wnn_fail(WASI_NN_INVALID_ARGUMENT, "a chat turn with more than 15 stop texts");
    if ((error = wnn_chat_ask_host(chat)) != 0) return error;
    if ((error = wnn_chat_add(chat, WNN_USER, text, size)) != 0) return error;
    wnn_string_truncate(&chat->prompt, 0);
    if (chat->host_renders ? wnn_chat_as_json(chat, &chat->prompt)
                           : wnn_chat_as_text(chat, &chat->prompt))
        error = wnn_out_of_memory();
    if (!error) {
        if (!chat->host_renders) chat->stops[i++] = wnn_style_get(chat->style)->stop;
        if (options.stop_count)
            memcpy(chat->stops + i, options.stop, options.stop_count * sizeof *options.stop);
        options.stop = chat->stops;
        options.stop_count += i;
        error = wnn_prompt(chat->context, chat->prompt.data, chat->prompt.size, &options,
                           chat->host_renders);
    }
    if (error) wnn_chat_truncate(chat, chat->count - 1);
    return error;
}

/* ---- turns ---------------------------------------------------------------------------------- */

/* Begin a turn; wnn_next() on the context brings the pieces, wnn_chat_end() must follow. */
static inline wasi_nn_errno wnn_chat_start(wnn_chat *chat, const char *text, size_t size,
                                           const wnn_options *options) {
    wnn_end(chat->context);
    return wnn_chat_prompt(chat, text, size, options);
}

/* End a turn: keep the answer, or take the user's message back if there was a failure. */
static inline wasi_nn_errno wnn_chat_end(wnn_chat *chat) {
    const wnn_string *answer = &chat->context->text;
    wasi_nn_errno error = chat->context->status;
    if (!error)
        error = wnn_chat_add(chat, WNN_ASSISTANT, wnn_string_text(answer), answer->size);
    if (error) wnn_chat_truncate(chat, chat->count - 1);
    return error;
}

/* One turn with a callback per piece. The answer is in chat->context->text and in the dialogue.
 * After WASI_NN_PROMPT_TOO_LONG the dialogue is as before: shorten it or wnn_chat_reset(). */
static inline wasi_nn_errno wnn_chat_say(wnn_chat *chat, const char *text,
                                         const wnn_options *options, wnn_token_fn on_token,
                                         void *user) {
    const wasi_nn_errno error = wnn_chat_start(chat, text, strlen(text), options);
    if (error) return error;
    wnn_drain(chat->context, on_token, user);
    return wnn_chat_end(chat);
}

/* One turn at once. *answer (which may be null) is valid until the next turn. */
static inline wasi_nn_errno wnn_chat_ask(wnn_chat *chat, const char *text,
                                         const wnn_options *options, const char **answer) {
    wasi_nn_errno error = wnn_chat_prompt(chat, text, strlen(text), options);
    if (!error) {
        if (!wnn_send_limits(chat->context, &chat->context->options))
            wnn_compute_text(chat->context);
        error = wnn_chat_end(chat);
    }
    if (answer) *answer = error ? "" : wnn_string_text(&chat->context->text);
    return error;
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_CHAT_H */
