/* wasi_nn_generate.h: text from a prompt, piece by piece or at once. Part of wasi_nn_llm.h. */
#ifndef WASI_NN_GENERATE_H
#define WASI_NN_GENERATE_H

#ifndef WASI_NN_LLM_H
#error "include wasi_nn_llm.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define WNN_PIECE_ROOM 1024 /* first try for one token */

/* ---- where the text may be cut -------------------------------------------------------------- */

/* End the text before the first stop text in it. Non-zero if there was one. */
static inline int wnn_cut_at_stop(wnn_context *context) {
    const wnn_options *options = &context->options;
    wnn_string *text = &context->text;
    size_t first = text->size, i, at;
    for (i = 0; i < options->stop_count; i++) {
        const char *stop = options->stop[i];
        const size_t length = strlen(stop);
        if (length == 0) continue;
        for (at = context->delivered; at + length <= text->size && at < first; at++)
            if (memcmp(text->data + at, stop, length) == 0) first = at;
    }
    if (first == text->size) return 0;
    wnn_string_truncate(text, first);
    return 1;
}

/* How much of the text can be handed out: not a tail that may become a stop text, and no part of a
 * character unless raw bytes are wanted. */
static inline size_t wnn_deliverable(const wnn_context *context) {
    const wnn_options *options = &context->options;
    const wnn_string *text = &context->text;
    size_t end = text->size, i, length;
    for (i = 0; i < options->stop_count; i++) {
        const char *stop = options->stop[i];
        length = strlen(stop);
        if (length > text->size - context->delivered) length = text->size - context->delivered + 1;
        while (length-- > 1)
            if (memcmp(text->data + text->size - length, stop, length) == 0) {
                if (text->size - length < end) end = text->size - length;
                break;
            }
    }
    return options->raw_bytes ? end : wnn_utf8_whole(wnn_string_text(text), end);
}

/* ---- piece by piece ------------------------------------------------------------------------- */

/* End a token-by-token generation in the host. The text stays; wnn_get_usage() is reset. */
static inline void wnn_end(wnn_context *context) {
    if (context->in_session) wasi_nn_fini_single(context->id);
    context->in_session = 0;
}

/* Forget the last text and give the host a new prompt, as text or as JSON messages. */
static inline wasi_nn_errno wnn_prompt(wnn_context *context, const char *prompt, size_t size,
                                       const wnn_options *options, int as_messages) {
    wasi_nn_errno error = WASI_NN_SUCCESS;
    memset(&context->options, 0, sizeof context->options);
    if (options) context->options = *options;
    wnn_string_truncate(&context->text, 0);
    context->delivered = context->tokens = 0;
    context->finish = WNN_RUNNING;
    if (context->chat_mode != as_messages) {
        error = wnn_configure(context, as_messages ? "{\"chat\": true}" : "{\"chat\": false}");
        if (!error) context->chat_mode = as_messages;
    }
    if (!error)
        error = wnn_fail(wasi_nn_set_input_text(context->id, 0, prompt, size),
                         "giving the prompt");
    if (error) context->finish = WNN_FAILED;
    return context->status = error;
}

/* Begin to generate from a prompt; wnn_next() then brings the pieces. */
static inline wasi_nn_errno wnn_start(wnn_context *context, const char *prompt, size_t size,
                                      const wnn_options *options) {
    wnn_end(context);
    return wnn_prompt(context, prompt, size, options, 0);
}

/* Generate one token into `text` and set `finish` if it is the last. */
static inline void wnn_step(wnn_context *context) {
    wasi_nn_errno error;
    context->in_session = 1;
    error = wasi_nn_compute_single(context->id);
    if (error == WASI_NN_END_OF_SEQUENCE) {
        context->finish = WNN_END; /* its piece is the end marker, no text */
        return;
    }
    if (error == WASI_NN_CONTEXT_FULL) {
        context->finish = WNN_CONTEXT_FULL; /* this token still counts */
        error = WASI_NN_SUCCESS;
    }
    if (!error)
        error = wnn_read_with(wasi_nn_get_output_single, context->id, 0, WNN_PIECE_ROOM,
                              &context->text);
    if (error) {
        context->status = wnn_fail(error, "generating");
        context->finish = WNN_FAILED;
        return;
    }
    context->tokens++;
    if (wnn_cut_at_stop(context))
        context->finish = WNN_STOP;
    else if (context->finish == WNN_RUNNING && context->options.max_tokens &&
             context->tokens >= context->options.max_tokens)
        context->finish = WNN_LENGTH;
}

/* The next piece of text: 1 and the bytes (part of context->text, valid until the next call), or 0
 * when it has ended; context->finish then says how. Joined, the pieces are exactly context->text. */
static inline int wnn_next(wnn_context *context, const char **bytes, size_t *size) {
    size_t end;
    do {
        if (context->finish == WNN_RUNNING) wnn_step(context);
        if (context->finish == WNN_RUNNING) {
            end = wnn_deliverable(context);
        } else { /* a character that was cut off is dropped */
            end = context->text.size;
            if (!context->options.raw_bytes)
                end = wnn_utf8_whole(wnn_string_text(&context->text), end);
            wnn_string_truncate(&context->text, end);
        }
    } while (end <= context->delivered && context->finish == WNN_RUNNING);
    if (end <= context->delivered) return 0;
    *bytes = context->text.data + context->delivered;
    *size = end - context->delivered;
    context->delivered = end;
    return 1;
}

/* End the text after what has been handed out. */
static inline void wnn_cancel(wnn_context *context) {
    if (context->finish == WNN_RUNNING) context->finish = WNN_CANCELLED;
    wnn_string_truncate(&context->text, context->delivered);
}

/* Called with each piece of text, whole UTF-8 characters unless raw bytes were asked for.
 * Non-zero ends the generation. */
typedef int (*wnn_token_fn)(void *user, const char *bytes, size_t size);

/* Hand all pieces of a started generation to a callback, which may be null. */
static inline wasi_nn_errno wnn_drain(wnn_context *context, wnn_token_fn on_token, void *user) {
    const char *bytes;
    size_t size;
    while (wnn_next(context, &bytes, &size))
        if (on_token && on_token(user, bytes, size)) {
            wnn_cancel(context);
            break;
        }
    return context->status;
}

/* Generate from a prompt with a callback per piece. */
static inline wasi_nn_errno wnn_generate(wnn_context *context, const char *prompt,
                                         const wnn_options *options, wnn_token_fn on_token,
                                         void *user) {
    if (wnn_start(context, prompt, strlen(prompt), options)) return context->status;
    return wnn_drain(context, on_token, user);
}

/* ---- at once -------------------------------------------------------------------------------- */

/* Tell the host the limits of a whole generation; take back earlier ones that no longer hold. */
static inline wasi_nn_errno wnn_send_limits(wnn_context *context, const wnn_options *options) {
    const int wanted = options && (options->max_tokens || options->stop_count);
    wnn_config config = {{NULL, 0, 0}, 0};
    wasi_nn_errno error;
    if (!wanted && !context->limits_sent) return WASI_NN_SUCCESS;
    if (options && options->max_tokens)
        wnn_config_int(&config, "n-predict", options->max_tokens);
    else if (context->limits_sent)
        wnn_config_int(&config, "n-predict", -1); /* some hosts know no "unlimited": only if needed */
    wnn_config_text(&config, "reverse-prompt",
                    options && options->stop_count ? options->stop[0] : "");
    error = wnn_configure(context, wnn_config_json(&config));
    wnn_config_free(&config);
    if (error)
        context->finish = WNN_FAILED;
    else
        context->limits_sent = wanted;
    return context->status = error;
}

/* Drop the end marker that hosts leave at the end of a whole text. Non-zero if there was one. */
static inline int wnn_drop_end_marker(wnn_string *text) {
    static const char *const markers[] = {
        "</s>",    "<|im_end|>",  "<|eot_id|>",      "<|end_of_text|>", "<end_of_turn>",
        "<|end|>", "<eos>",       "<|endoftext|>",   "<|eom_id|>",
    };
    size_t i;
    for (i = 0; i < sizeof markers / sizeof *markers; i++) {
        const size_t length = strlen(markers[i]);
        if (text->size >= length &&
            memcmp(text->data + text->size - length, markers[i], length) == 0) {
            wnn_string_truncate(text, text->size - length);
            return 1;
        }
    }
    return 0;
}

/* Generate from the prompt that was given, into context->text. */
static inline wasi_nn_errno wnn_compute_text(wnn_context *context) {
    wasi_nn_errno error = wasi_nn_compute(context->id);
    context->finish = error == WASI_NN_CONTEXT_FULL ? WNN_CONTEXT_FULL : WNN_END;
    if (error && error != WASI_NN_CONTEXT_FULL)
        error = wnn_fail(error, "generating");
    else
        error = wnn_read(context, 0, &context->text);
    if (error) {
        context->finish = WNN_FAILED;
        return context->status = error;
    }
    if (wnn_cut_at_stop(context)) {
        context->finish = WNN_STOP;
    } else if (!wnn_drop_end_marker(&context->text) && context->finish == WNN_END &&
               context->options.max_tokens) {
        wnn_usage usage;
        wnn_get_usage(context, &usage);
        if (usage.output_tokens >= (long)context->options.max_tokens) context->finish = WNN_LENGTH;
    }
    if (!context->options.raw_bytes && context->text.data)
        wnn_string_truncate(&context->text,
                            wnn_utf8_whole(context->text.data, context->text.size));
    context->delivered = context->text.size;
    return WASI_NN_SUCCESS;
}

/* Generate from a prompt and return when the text is complete. It is *text (which may be null), and
 * context->text with its size, until the next generation. */
static inline wasi_nn_errno wnn_complete(wnn_context *context, const char *prompt,
                                         const wnn_options *options, const char **text) {
    if (!wnn_prompt(context, prompt, strlen(prompt), options, 0) &&
        !wnn_send_limits(context, options))
        wnn_compute_text(context);
    if (text) *text = wnn_string_text(&context->text);
    return context->status;
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_GENERATE_H */
