/* `wasi_ephemeral_nn` with its extension, over `wasinn:llm/core`. */
#include "nn.h"

#define CORE "wasinn:llm/core@0.1.0"
#define METADATA 1
#define INFERENCE "wasi:nn/inference@0.2.0-rc-2024-10-28"

/* `result<T, error>` for a T of 4 bytes, of `output`, and of none. */
typedef struct answer {
    u8 failed;
    union {
        i32 handle;
        list text;
        struct {
            u32 size;
            list data;
            u8 fills;
        } output;
        struct {
            u8 kind, pad[3];
            u8 code;
        } error;
        u8 whole[16];
    };
} answer;

IMPORT(CORE, "load")
void core_load(const list *builders, u32 count, u32 encoding, u32 target, answer *out);
IMPORT(CORE, "load-by-name")
void core_load_by_name(const void *name, u32 size, u32 has_config, const void *config,
                       u32 config_size, answer *out);
IMPORT(CORE, "unload") void core_unload(i32 graph, answer *out);
IMPORT(CORE, "init-execution-context") void core_init(i32 graph, answer *out);
IMPORT(CORE, "set-input")
void core_set_input(i32 context, u32 index, const void *dimensions, u32 rank, u32 type,
                    const void *data, u32 size, answer *out);
IMPORT(CORE, "compute") void core_compute(i32 context, answer *out);
IMPORT(CORE, "compute-single") void core_compute_single(i32 context, answer *out);
IMPORT(CORE, "fini-single") void core_fini_single(i32 context, answer *out);
IMPORT(CORE, "get-output")
void core_get_output(i32 context, u32 index, u32 most, answer *out);
IMPORT(CORE, "get-output-single")
void core_get_output_single(i32 context, u32 index, u32 most, answer *out);
IMPORT(INFERENCE, "[resource-drop]graph-execution-context") void context_drop(i32 context);

static i32 errno_of(const answer *told) {
    /* in the order of `wasinn:llm/errors`: the variant, and its codes */
    static const u8 kinds[] = {NN_END_OF_SEQUENCE, NN_CONTEXT_FULL, NN_PROMPT_TOO_LONG,
                               NN_MODEL_NOT_FOUND, NN_BUSY,         NN_RUNTIME_ERROR};
    static const u8 codes[] = {NN_INVALID_ARGUMENT, NN_INVALID_ENCODING,      NN_RUNTIME_ERROR,
                               NN_RUNTIME_ERROR,    NN_UNSUPPORTED_OPERATION, NN_TOO_LARGE,
                               NN_NOT_FOUND,        NN_INVALID_ARGUMENT,      NN_MISSING_MEMORY,
                               NN_RUNTIME_ERROR};
    if (!told->failed) return NN_SUCCESS;
    if (told->error.kind < sizeof kinds) return kinds[told->error.kind];
    return told->error.code < sizeof codes ? codes[told->error.code] : NN_RUNTIME_ERROR;
}

/* The last token's bytes, which come with it: most guests ask for them next. */
static struct {
    bool known;
    u32 context, size;
    u8 bytes[256];
} token;

static void forget_token(u32 context) {
    if (token.context == context) token.known = false;
}

/* ---- graphs --------------------------------------------------------------------------------- */

NN(load)(guest_ptr builders, u32 count, u32 encoding, u32 target, guest_ptr out) {
    list parts[MOST_BUILDERS];
    entry *place;
    answer told;
    i32 error;
    scratch_reset();
    if (!guest_has(out, 4)) return NN_INVALID_ARGUMENT;
    if ((error = guest_builders(builders, count, parts))) return error;
    if (!(place = table_room(&graphs))) return NN_MISSING_MEMORY;
    core_load(parts, count, encoding, target, &told);
    if ((error = errno_of(&told))) return error;
    guest_put32(out, table_put(&graphs, place, told.handle));
    return NN_SUCCESS;
}

static i32 load_named(guest_ptr name, u32 size, guest_ptr config, u32 config_size, guest_ptr out) {
    list text, json;
    entry *place;
    answer told;
    i32 error;
    scratch_reset();
    if (!guest_has(out, 4)) return NN_INVALID_ARGUMENT;
    if ((error = guest_bytes(name, size, &text))) return error;
    if ((error = guest_bytes(config, config_size, &json))) return error;
    if ((place = graph_named(&text))) { /* one name is one graph, until it is unloaded */
        guest_put32(out, place->number);
        return NN_SUCCESS;
    }
    if (!(place = table_room(&graphs))) return NN_MISSING_MEMORY;
    core_load_by_name(text.data, text.size, config_size != 0, json.data, json.size, &told);
    if ((error = errno_of(&told))) return error;
    guest_put32(out, table_put(&graphs, place, told.handle));
    graph_name(place, &text);
    return NN_SUCCESS;
}

NN(load_by_name)(guest_ptr name, u32 size, guest_ptr out) { return load_named(name, size, 0, 0, out); }

NN(load_by_name_with_config)(guest_ptr name, u32 size, guest_ptr config, u32 config_size, guest_ptr out) {
    return load_named(name, size, config, config_size, out);
}

NN(unload)(u32 graph) {
    entry *place = table_find(&graphs, graph);
    answer told;
    scratch_reset();
    if (!place) return NN_INVALID_ARGUMENT;
    table_free(place);
    core_unload(place->handle, &told);
    return errno_of(&told);
}

/* ---- contexts ------------------------------------------------------------------------------- */

i32 new_context(i32 graph, i32 *context) {
    answer told;
    core_init(graph, &told);
    *context = told.handle;
    return errno_of(&told);
}

NN(finalize_execution_context)(u32 context) {
    entry *place = table_find(&contexts, context);
    if (!place) return NN_INVALID_ARGUMENT;
    table_free(place);
    forget_token(context);
    context_drop(place->handle);
    return NN_SUCCESS;
}

NN(set_input)(u32 context, u32 index, guest_ptr record) {
    entry *place;
    tensor input;
    answer told;
    i32 error;
    scratch_reset();
    if ((error = guest_tensor(record, &input))) return error;
    if (!(place = table_find(&contexts, context))) return NN_INVALID_ARGUMENT;
    forget_token(context);
    core_set_input(place->handle, index, input.dimensions.data, input.dimensions.size, input.type,
                   input.data.data, input.data.size, &told);
    return errno_of(&told);
}

/* Inlined, so that what a guest does not call is not imported. */
#define INLINED static inline __attribute__((always_inline))

INLINED i32 step(u32 context, void (*call)(i32, answer *)) {
    entry *place = table_find(&contexts, context);
    answer told;
    scratch_reset();
    if (!place) return NN_INVALID_ARGUMENT;
    forget_token(context);
    call(place->handle, &told);
    return errno_of(&told);
}

NN(compute)(u32 context) { return step(context, core_compute); }

NN(compute_single)(u32 context) {
    entry *place = table_find(&contexts, context);
    answer told;
    scratch_reset();
    if (!place) return NN_INVALID_ARGUMENT;
    forget_token(context);
    core_compute_single(place->handle, &told);
    if (!told.failed && told.text.size <= sizeof token.bytes) {
        token.known = true;
        token.context = context;
        token.size = told.text.size;
        __builtin_memcpy(token.bytes, told.text.data, token.size);
    }
    return errno_of(&told);
}

NN(fini_single)(u32 context) { return step(context, core_fini_single); }

/* What does not fit is cut by the host if it is text, and else withheld; its size is told. */
INLINED i32 give_output(u32 context, u32 index, guest_ptr buffer, u32 size, guest_ptr written,
                       void (*get)(i32, u32, u32, answer *)) {
    entry *place;
    answer told;
    i32 error;
    scratch_reset();
    if (!guest_has(written, 4) || !guest_has(buffer, size)) return NN_INVALID_ARGUMENT;
    if (!(place = table_find(&contexts, context))) return NN_INVALID_ARGUMENT;
    const u32 room = text_room(buffer, size);
    get(place->handle, index, room, &told);
    if ((error = errno_of(&told))) return error;
    if (!size && room) {
        if (told.output.fills) told.output.size = told.output.data.size;
        else told.output.data.size = 0;
    }
    guest_write(buffer, told.output.data.data, told.output.data.size);
    guest_put32(written, told.output.size);
    return told.output.size > size && !told.output.data.size ? NN_TOO_LARGE : NN_SUCCESS;
}

NN(get_output)(u32 context, u32 index, guest_ptr buffer, u32 size, guest_ptr written) {
    return give_output(context, index, buffer, size, written, core_get_output);
}

NN(get_output_single)(u32 context, u32 index, guest_ptr buffer, u32 size, guest_ptr written) {
    if (token.known && token.context == context && index != METADATA && token.size <= size &&
        guest_has(written, 4) && guest_has(buffer, size)) {
        guest_write(buffer, token.bytes, token.size);
        guest_put32(written, token.size);
        return NN_SUCCESS;
    }
    return give_output(context, index, buffer, size, written, core_get_output_single);
}
