/* The six functions of the standard `wasi_ephemeral_nn`, over `wasi:nn` alone: such a guest runs on
 * every host of it. Inputs wait for `compute`, which takes them all; so that is also what tells
 * that one of them is wrong. */
#include "nn.h"

#define SNAPSHOT "@0.2.0-rc-2024-10-28"
#define GRAPH "wasi:nn/graph" SNAPSHOT
#define INFERENCE "wasi:nn/inference" SNAPSHOT
#define TENSOR "wasi:nn/tensor" SNAPSHOT
#define ERRORS "wasi:nn/errors" SNAPSHOT

typedef struct named_tensor {
    list name;
    i32 tensor;
} named_tensor;

typedef struct answer {
    u8 failed;
    union {
        i32 handle; /* or that of the error */
        list outputs;
    };
} answer;

IMPORT(GRAPH, "load")
void host_load(const list *builders, u32 count, u32 encoding, u32 target, answer *out);
IMPORT(GRAPH, "load-by-name") void host_load_by_name(const void *name, u32 size, answer *out);
IMPORT(GRAPH, "[method]graph.init-execution-context") void host_init(i32 graph, answer *out);
IMPORT(INFERENCE, "[method]graph-execution-context.compute")
void host_compute(i32 context, const named_tensor *inputs, u32 count, answer *out);
IMPORT(TENSOR, "[constructor]tensor")
i32 new_tensor(const void *dimensions, u32 rank, u32 type, const void *data, u32 size);
IMPORT(TENSOR, "[method]tensor.dimensions") void tensor_dimensions(i32 tensor, list *out);
IMPORT(TENSOR, "[method]tensor.ty") u32 tensor_type(i32 tensor);
IMPORT(TENSOR, "[method]tensor.data") void tensor_data(i32 tensor, list *out);
IMPORT(TENSOR, "[resource-drop]tensor") void tensor_drop(i32 tensor);
IMPORT(ERRORS, "[method]error.code") u32 error_code(i32 error);
IMPORT(ERRORS, "[method]error.data") void error_data(i32 error, list *out);
IMPORT(ERRORS, "[resource-drop]error") void error_drop(i32 error);

/* Tensors of a context: inputs that wait, and outputs of the last computation. */
typedef struct held {
    bool taken, is_output;
    u32 context, index;
    i32 tensor;
} held;

enum { MOST_HELD = 4096 };
static held holding[MOST_HELD];

static held *held_find(u32 context, bool is_output, u32 index) {
    for (u32 i = 0; i < MOST_HELD; i++) {
        held *one = &holding[i];
        if (one->taken && one->context == context && one->is_output == is_output && one->index == index)
            return one;
    }
    return NULL;
}

static bool hold(u32 context, bool is_output, u32 index, i32 tensor) {
    for (u32 i = 0; i < MOST_HELD; i++) {
        if (holding[i].taken) continue;
        holding[i] = (held){true, is_output, context, index, tensor};
        return true;
    }
    tensor_drop(tensor);
    return false;
}

static void release_outputs(u32 context) {
    for (u32 i = 0; i < MOST_HELD; i++) {
        held *one = &holding[i];
        if (!one->taken || one->context != context || !one->is_output) continue;
        tensor_drop(one->tensor);
        one->taken = false;
    }
}

/* ---- errors --------------------------------------------------------------------------------- */

/* A host that knows more than wasi:nn's codes begins the error's text with the code's name. */
static const struct {
    const char *name;
    u8 size, number;
} EXACT[] = {{"busy: ", 6, NN_BUSY},
             {"missing-memory: ", 16, NN_MISSING_MEMORY},
             {"context-full: ", 14, NN_CONTEXT_FULL},
             {"prompt-too-long: ", 17, NN_PROMPT_TOO_LONG},
             {"model-not-found: ", 17, NN_MODEL_NOT_FOUND}};

static bool begins(const list *text, const char *with, u32 size) {
    if (text->size < size) return false;
    for (u32 i = 0; i < size; i++)
        if (((const char *)text->data)[i] != with[i]) return false;
    return true;
}

static i32 errno_of(const answer *told) {
    /* in the order of `wasi:nn/errors.error-code` */
    static const u8 codes[] = {NN_INVALID_ARGUMENT,      NN_INVALID_ENCODING, NN_RUNTIME_ERROR,
                               NN_RUNTIME_ERROR,         NN_UNSUPPORTED_OPERATION, NN_TOO_LARGE,
                               NN_NOT_FOUND,             NN_INVALID_ARGUMENT, NN_RUNTIME_ERROR};
    list text;
    u32 code;
    i32 number;
    if (!told->failed) return NN_SUCCESS;
    code = error_code(told->handle);
    number = code < sizeof codes ? codes[code] : NN_RUNTIME_ERROR;
    error_data(told->handle, &text);
    for (u32 i = 0; i < sizeof EXACT / sizeof *EXACT; i++)
        if (begins(&text, EXACT[i].name, EXACT[i].size)) number = EXACT[i].number;
    error_drop(told->handle);
    return number;
}

/* ---- graphs --------------------------------------------------------------------------------- */

NN(load)(guest_ptr builders, u32 count, u32 encoding, u32 target, guest_ptr out) {
    /* openvino, onnx, tensorflow, pytorch, tensorflowlite, autodetect, ggml */
    static const u8 encodings[] = {0, 1, 2, 3, 4, 6, 5};
    static const u8 targets[] = {0, 1, 2, 0}; /* what the host chooses is the processor */
    list parts[MOST_BUILDERS];
    entry *place;
    answer told;
    i32 error;
    scratch_reset();
    encoding &= 0xFF;
    if (!guest_has(out, 4) || target >= sizeof targets) return NN_INVALID_ARGUMENT;
    if ((error = guest_builders(builders, count, parts))) return error;
    if (encoding >= sizeof encodings) return NN_INVALID_ENCODING;
    if (!(place = table_room(&graphs))) return NN_MISSING_MEMORY;
    host_load(parts, count, encodings[encoding], targets[target], &told);
    if ((error = errno_of(&told))) return error;
    guest_put32(out, table_put(&graphs, place, told.handle));
    return NN_SUCCESS;
}

NN(load_by_name)(guest_ptr name, u32 size, guest_ptr out) {
    list text;
    entry *place;
    answer told;
    i32 error;
    scratch_reset();
    if (!guest_has(out, 4)) return NN_INVALID_ARGUMENT;
    if ((error = guest_bytes(name, size, &text))) return error;
    if (!is_utf8(text.data, text.size)) return NN_INVALID_ARGUMENT;
    if ((place = graph_named(&text))) { /* one name is one graph */
        guest_put32(out, place->number);
        return NN_SUCCESS;
    }
    if (!(place = table_room(&graphs))) return NN_MISSING_MEMORY;
    host_load_by_name(text.data, text.size, &told);
    if ((error = errno_of(&told))) return error;
    guest_put32(out, table_put(&graphs, place, told.handle));
    graph_name(place, &text);
    return NN_SUCCESS;
}

/* ---- contexts ------------------------------------------------------------------------------- */

i32 new_context(i32 graph, i32 *context) {
    answer told;
    host_init(graph, &told);
    *context = told.handle;
    return errno_of(&told);
}

/* The type's number in `wasi:nn/tensor`, or 255. Before August 2023, 2 was u8 and 3 was i32: where
 * only that agrees with the size of an element, it is meant. */
static u8 type_of(const tensor *input) {
    static const u8 types[] = {0, 1, 2, 4, 5, 6};
    static const u8 sizes[] = {2, 4, 8, 1, 4, 8};
    const u32 *dimensions = input->dimensions.data;
    u64 elements = 1;
    if (input->type >= sizeof types) return 255;
    for (u32 i = 0; i < input->dimensions.size; i++) elements *= dimensions[i];
    if (elements * sizes[input->type] != input->data.size) {
        if (input->type == 2 && elements == input->data.size) return 4;
        if (input->type == 3 && elements * 4 == input->data.size) return 5;
    }
    return types[input->type];
}

NN(set_input)(u32 context, u32 index, guest_ptr record) {
    tensor input;
    held *old;
    i32 error, made;
    u8 type;
    scratch_reset();
    if ((error = guest_tensor(record, &input))) return error;
    if (!table_find(&contexts, context)) return NN_INVALID_ARGUMENT;
    if ((type = type_of(&input)) == 255) return NN_INVALID_ARGUMENT;
    made = new_tensor(input.dimensions.data, input.dimensions.size, type, input.data.data,
                      input.data.size);
    if ((old = held_find(context, false, index))) {
        tensor_drop(old->tensor);
        old->taken = false;
    }
    return hold(context, false, index, made) ? NN_SUCCESS : NN_MISSING_MEMORY;
}

/* Room for an input's number as a text. */
typedef u8 digits[10];

static list number_text(u32 number, digits *room) {
    u8 *end = *room + sizeof *room, *begin = end;
    do *--begin = (u8)('0' + number % 10);
    while (number /= 10);
    return (list){begin, (u32)(end - begin)};
}

NN(compute)(u32 context) {
    entry *place = table_find(&contexts, context);
    named_tensor *inputs;
    digits *names;
    answer told;
    u32 count = 0;
    i32 error;
    scratch_reset();
    if (!place) return NN_INVALID_ARGUMENT;
    if (!(inputs = scratch(MOST_HELD * sizeof *inputs))) return NN_MISSING_MEMORY;
    if (!(names = scratch(MOST_HELD * sizeof *names))) return NN_MISSING_MEMORY;
    for (u32 i = 0; i < MOST_HELD; i++) {
        held *one = &holding[i];
        if (!one->taken || one->context != context || one->is_output) continue;
        inputs[count] = (named_tensor){number_text(one->index, &names[count]), one->tensor};
        count++;
        one->taken = false; /* the host takes them, also if it fails */
    }
    release_outputs(context);
    host_compute(place->handle, inputs, count, &told);
    if ((error = errno_of(&told))) return error;
    for (u32 i = 0; i < told.outputs.size; i++)
        hold(context, true, i, ((named_tensor *)told.outputs.data)[i].tensor);
    return NN_SUCCESS;
}

/* Text, which may be cut: bytes in one row. */
static bool is_text(i32 tensor) {
    list dimensions;
    tensor_dimensions(tensor, &dimensions);
    return tensor_type(tensor) == 4 && dimensions.size == 1;
}

NN(get_output)(u32 context, u32 index, guest_ptr buffer, u32 size, guest_ptr written) {
    held *output;
    list data;
    scratch_reset();
    if (!guest_has(written, 4) || !guest_has(buffer, size)) return NN_INVALID_ARGUMENT;
    if (!table_find(&contexts, context)) return NN_INVALID_ARGUMENT;
    if (!(output = held_find(context, true, index)))
        return held_find(context, true, 0) ? NN_INVALID_ARGUMENT : NN_RUNTIME_ERROR;
    tensor_data(output->tensor, &data);
    if (data.size > size) {
        const u32 room = is_text(output->tensor) ? text_room(buffer, size) : 0;
        guest_put32(written, data.size);
        if (!room) return NN_TOO_LARGE;
        if (data.size > room) data.size = room;
        guest_write(buffer, data.data, data.size);
        if (!size) guest_put32(written, data.size);
        return NN_SUCCESS;
    }
    guest_write(buffer, data.data, data.size);
    guest_put32(written, data.size);
    return NN_SUCCESS;
}
