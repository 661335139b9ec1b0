/* wasi_nn.h: the core wasi-nn interface for C99 and C++, header-only.
 *
 * Declares the functions of the WebAssembly module "wasi_ephemeral_nn" with their exact core
 * signatures, the records they take, and the numbers they use. Nothing here allocates, and only the
 * functions that a program really calls become imports of the built module, so a guest that sticks
 * to the six standard functions links on every runtime that has wasi-nn.
 *
 * Two groups of functions:
 *   standard    load, load_by_name, init_execution_context, set_input, compute, get_output
 *   extensions  load_by_name_with_config, compute_single, get_output_single, fini_single, unload,
 *               finalize_execution_context (runtimes with the language-model dialect have these)
 * Define WASI_NN_STANDARD_ONLY before including to have the compiler refuse the extensions.
 *
 * Every function returns a wasi_nn_errno; 0 is success. Values go out through the last parameter
 * and are meaningful only after success (the size from get_output also after TOO_LARGE).
 *
 * At the end are helpers over the standard functions: text inputs, tensors by element type, and a
 * text about what failed last. Images are in wasi_nn_image.h, softmax and the like in
 * wasi_nn_math.h, language models in wasi_nn_llm.h. */
#ifndef WASI_NN_H
#define WASI_NN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__wasm64__)
#error "the core wasi-nn interface is 32-bit: build for wasm32"
#endif

#if defined(__wasm__)
#define WASI_NN_IMPORT(name) \
    __attribute__((import_module("wasi_ephemeral_nn"), import_name(#name)))
#else /* editors and analysers that read the header for the machine they run on */
#define WASI_NN_IMPORT(name)
#endif

/* ---- numbers -------------------------------------------------------------------------------- */

/* What every call returns: a constant below, or a number this header does not know. */
typedef int32_t wasi_nn_errno;

enum {
    WASI_NN_SUCCESS = 0,
    WASI_NN_INVALID_ARGUMENT = 1,      /* bad handle, index, shape, type, pointer or value */
    WASI_NN_INVALID_ENCODING = 2,      /* unknown encoding, or configuration that is not JSON */
    WASI_NN_MISSING_MEMORY = 3,        /* no memory or no model behind the handle */
    WASI_NN_BUSY = 4,                  /* in use by someone else */
    WASI_NN_RUNTIME_ERROR = 5,         /* the model library failed */
    WASI_NN_UNSUPPORTED_OPERATION = 6, /* this host cannot do that (wasmtime: also unknown names) */
    WASI_NN_TOO_LARGE = 7,             /* the output does not fit into the buffer */
    WASI_NN_NOT_FOUND = 8,             /* no model of that name */
    WASI_NN_END_OF_SEQUENCE = 100,     /* compute_single: the model ended its text */
    WASI_NN_CONTEXT_FULL = 101,        /* no room for another token; the text so far is kept */
    WASI_NN_PROMPT_TOO_LONG = 102,     /* more prompt tokens than the context holds */
    WASI_NN_MODEL_NOT_FOUND = 103      /* the name is known, its file is not there */
};

/* Model format, for load(). Numbers of the core interface; component-model guests swap 5 and 6. */
typedef enum wasi_nn_encoding {
    WASI_NN_ENCODING_OPENVINO = 0,
    WASI_NN_ENCODING_ONNX = 1,
    WASI_NN_ENCODING_TENSORFLOW = 2,
    WASI_NN_ENCODING_PYTORCH = 3,
    WASI_NN_ENCODING_TENSORFLOWLITE = 4,
    WASI_NN_ENCODING_AUTODETECT = 5,
    WASI_NN_ENCODING_GGML = 6
} wasi_nn_encoding;

/* Where to run the model, for load(). Some hosts refuse AUTO. */
typedef enum wasi_nn_target {
    WASI_NN_TARGET_CPU = 0,
    WASI_NN_TARGET_GPU = 1,
    WASI_NN_TARGET_TPU = 2,
    WASI_NN_TARGET_AUTO = 3
} wasi_nn_target;

/* Element type of a tensor, in the current numbering (before August 2023, U8 was 2, I32 was 3). */
typedef enum wasi_nn_type {
    WASI_NN_TYPE_F16 = 0,
    WASI_NN_TYPE_F32 = 1,
    WASI_NN_TYPE_F64 = 2,
    WASI_NN_TYPE_U8 = 3,
    WASI_NN_TYPE_I32 = 4,
    WASI_NN_TYPE_I64 = 5
} wasi_nn_type;

/* Handles are plain numbers given out by the host; they need no freeing of their own. */
typedef uint32_t wasi_nn_graph;
typedef uint32_t wasi_nn_context;

/* ---- records -------------------------------------------------------------------------------- */

/* One part of a model for load(): a model file's bytes, or a configuration. */
typedef struct wasi_nn_builder {
    const void *data;
    uint32_t size; /* in bytes */
} wasi_nn_builder;

/* An input. `type` holds a wasi_nn_type in a full word: hosts read one byte or four of it. */
typedef struct wasi_nn_tensor {
    const uint32_t *dimensions;
    uint32_t rank; /* how many dimensions */
    uint32_t type;
    const void *data; /* row-major, little-endian */
    uint32_t size;    /* of the data, in bytes */
} wasi_nn_tensor;

#if defined(__wasm32__) || (defined(__wasm__) && !defined(__wasm64__))
#define WASI_NN_CHECK(label, condition) typedef char wasi_nn_check_##label[(condition) ? 1 : -1]
WASI_NN_CHECK(builder_size, sizeof(wasi_nn_builder) == 8);
WASI_NN_CHECK(builder_length, offsetof(wasi_nn_builder, size) == 4);
WASI_NN_CHECK(tensor_size, sizeof(wasi_nn_tensor) == 20);
WASI_NN_CHECK(tensor_rank, offsetof(wasi_nn_tensor, rank) == 4);
WASI_NN_CHECK(tensor_type, offsetof(wasi_nn_tensor, type) == 8);
WASI_NN_CHECK(tensor_data, offsetof(wasi_nn_tensor, data) == 12);
WASI_NN_CHECK(tensor_length, offsetof(wasi_nn_tensor, size) == 16);
#undef WASI_NN_CHECK
#endif

/* ---- standard functions --------------------------------------------------------------------- */

/* Build a model from `count` parts held in the guest's memory. openvino: XML then weights; ggml: the
 * model then, if wanted, configuration JSON; the others: one part. */
WASI_NN_IMPORT(load)
wasi_nn_errno wasi_nn_load(const wasi_nn_builder *parts, uint32_t count, uint32_t encoding,
                           uint32_t target, wasi_nn_graph *graph);

/* Open a model that the host knows under a name. A model already in memory is shared. */
WASI_NN_IMPORT(load_by_name)
wasi_nn_errno wasi_nn_load_by_name(const char *name, uint32_t name_size, wasi_nn_graph *graph);

/* Start a context: inputs, outputs and, for a language model, its position in the text. */
WASI_NN_IMPORT(init_execution_context)
wasi_nn_errno wasi_nn_init_execution_context(wasi_nn_graph graph, wasi_nn_context *context);

/* Give input number `index`. Language models: 0 is the prompt, 1 the request's settings as JSON. */
WASI_NN_IMPORT(set_input)
wasi_nn_errno wasi_nn_set_input(wasi_nn_context context, uint32_t index,
                                const wasi_nn_tensor *tensor);

/* Run the model on the inputs; a language model writes its whole answer. */
WASI_NN_IMPORT(compute)
wasi_nn_errno wasi_nn_compute(wasi_nn_context context);

/* Copy output number `index` into `buffer` of `capacity` bytes. *size is the size of the output.
 * Language models: 0 is the text, 1 figures about the run as JSON. When the output does not fit,
 * some hosts answer TOO_LARGE (with or without setting *size), others copy what fits and answer 0
 * with *size > capacity: use min(capacity, *size) bytes, or wnn_read() of wasi_nn_llm.h. */
WASI_NN_IMPORT(get_output)
wasi_nn_errno wasi_nn_get_output(wasi_nn_context context, uint32_t index, void *buffer,
                                 uint32_t capacity, uint32_t *size);

/* ---- extensions ----------------------------------------------------------------------------- */

#ifndef WASI_NN_STANDARD_ONLY

/* load_by_name with settings, a JSON object of the host's keys such as {"ctx-size": 2048}. */
WASI_NN_IMPORT(load_by_name_with_config)
wasi_nn_errno wasi_nn_load_by_name_with_config(const char *name, uint32_t name_size,
                                               const char *config, uint32_t config_size,
                                               wasi_nn_graph *graph);

/* Generate one token. END_OF_SEQUENCE and CONTEXT_FULL end the text; they are not failures. */
WASI_NN_IMPORT(compute_single)
wasi_nn_errno wasi_nn_compute_single(wasi_nn_context context);

/* The bytes of the last token (index 0), which may be only part of a UTF-8 character. */
WASI_NN_IMPORT(get_output_single)
wasi_nn_errno wasi_nn_get_output_single(wasi_nn_context context, uint32_t index, void *buffer,
                                        uint32_t capacity, uint32_t *size);

/* End token-by-token generation and drop its output. Allowed at any time. */
WASI_NN_IMPORT(fini_single)
wasi_nn_errno wasi_nn_fini_single(wasi_nn_context context);

/* Give the model's memory back. The handle is dead afterwards, and so are its contexts. */
WASI_NN_IMPORT(unload)
wasi_nn_errno wasi_nn_unload(wasi_nn_graph graph);

/* Free a context. The handle is dead afterwards. */
WASI_NN_IMPORT(finalize_execution_context)
wasi_nn_errno wasi_nn_finalize_execution_context(wasi_nn_context context);

#endif /* WASI_NN_STANDARD_ONLY */

/* ---- text ----------------------------------------------------------------------------------- */

/* A few words for an errno, never null. */
static inline const char *wasi_nn_strerror(wasi_nn_errno error) {
    switch (error) {
    case WASI_NN_SUCCESS: return "success";
    case WASI_NN_INVALID_ARGUMENT: return "invalid argument";
    case WASI_NN_INVALID_ENCODING: return "invalid encoding";
    case WASI_NN_MISSING_MEMORY: return "missing memory";
    case WASI_NN_BUSY: return "busy";
    case WASI_NN_RUNTIME_ERROR: return "runtime error";
    case WASI_NN_UNSUPPORTED_OPERATION: return "unsupported operation";
    case WASI_NN_TOO_LARGE: return "too large";
    case WASI_NN_NOT_FOUND: return "not found";
    case WASI_NN_END_OF_SEQUENCE: return "end of sequence";
    case WASI_NN_CONTEXT_FULL: return "context full";
    case WASI_NN_PROMPT_TOO_LONG: return "prompt too long";
    case WASI_NN_MODEL_NOT_FOUND: return "model file not found";
    default: return "unknown error";
    }
}

/* set_input for text or JSON: a one-dimensional tensor of bytes. */
static inline wasi_nn_errno wasi_nn_set_input_text(wasi_nn_context context, uint32_t index,
                                                   const char *text, size_t size) {
    const uint32_t length = (uint32_t)size;
    wasi_nn_tensor tensor;
    tensor.dimensions = &length;
    tensor.rank = 1;
    tensor.type = WASI_NN_TYPE_U8;
    tensor.data = text;
    tensor.size = length;
    return wasi_nn_set_input(context, index, &tensor);
}

/* ---- last error ----------------------------------------------------------------------------- */

/* One text for the whole guest, however many files include this header. */
__attribute__((weak)) char wasi_nn_error_text[256];

/* What failed last in a helper or in wasi_nn_check(), as one line. Empty before the first failure;
 * a success leaves it as it is. */
static inline const char *wasi_nn_last_error(void) {
    return wasi_nn_error_text;
}

/* Texts are built seldom: small code matters more than speed. */
__attribute__((noinline)) static inline void wasi_nn_error_add(const char *text) {
    char *to = wasi_nn_error_text, *const end = to + sizeof wasi_nn_error_text - 1;
    while (*to) to++;
    while (*text && to < end) *to++ = *text++;
    *to = 0;
}

__attribute__((noinline)) static inline void wasi_nn_error_number(uint32_t number) {
    char digits[11], *first = digits + 10;
    *first = 0;
    do *--first = (char)('0' + number % 10);
    while (number /= 10);
    wasi_nn_error_add(first);
}

/* Add a shape, as in " [1, 3, 224, 224]". */
static inline void wasi_nn_error_shape(const uint32_t *dims, uint32_t rank) {
    uint32_t i;
    wasi_nn_error_add(" [");
    for (i = 0; dims && i < rank; i++) {
        wasi_nn_error_add(i ? ", " : "");
        wasi_nn_error_number(dims[i]);
    }
    wasi_nn_error_add("]");
}

/* End the text that was begun with the errno's words and, if wanted, more; hands the errno on. */
static inline wasi_nn_errno wasi_nn_error_end(wasi_nn_errno error, const char *more) {
    wasi_nn_error_text[sizeof wasi_nn_error_text - 96] = 0; /* what is to come must fit */
    wasi_nn_error_add(": ");
    wasi_nn_error_add(wasi_nn_strerror(error));
    wasi_nn_error_add(" (error ");
    wasi_nn_error_number((uint32_t)error);
    wasi_nn_error_add(")");
    wasi_nn_error_add(more);
    return error;
}

/* Remember what failed, and hand the errno on; 0 passes through untouched.
 *     if (wasi_nn_check(wasi_nn_compute(context), "running the model"))
 *         puts(wasi_nn_last_error());    // running the model: runtime error (error 5) */
static inline wasi_nn_errno wasi_nn_check(wasi_nn_errno error, const char *doing) {
    if (error == WASI_NN_SUCCESS) return error;
    wasi_nn_error_text[0] = 0;
    wasi_nn_error_add(doing);
    return wasi_nn_error_end(error, "");
}

/* Open a model that the host knows under a name, and a context to compute with it. */
static inline wasi_nn_errno wasi_nn_open(const char *name, wasi_nn_graph *graph,
                                         wasi_nn_context *context) {
    const char *doing = "opening the model ";
    wasi_nn_errno error;
    uint32_t size = 0;
    while (name[size]) size++;
    error = wasi_nn_load_by_name(name, size, graph);
    if (error == WASI_NN_SUCCESS) {
        doing = "making a context of the model ";
        error = wasi_nn_init_execution_context(*graph, context);
    }
    if (error == WASI_NN_SUCCESS) return error;
    wasi_nn_error_text[0] = 0;
    wasi_nn_error_add(doing);
    wasi_nn_error_add(name);
    return wasi_nn_error_end(error, "");
}

/* ---- tensors -------------------------------------------------------------------------------- */

/* The bytes of one element; 0 for a number that is no type. */
static inline uint32_t wasi_nn_type_size(wasi_nn_type type) {
    return type <= WASI_NN_TYPE_I64 ? (uint32_t)"\2\4\10\1\4\10"[type] : 0;
}

static inline const char *wasi_nn_type_name(wasi_nn_type type) {
    switch (type) {
    case WASI_NN_TYPE_F16: return "f16";
    case WASI_NN_TYPE_F32: return "f32";
    case WASI_NN_TYPE_F64: return "f64";
    case WASI_NN_TYPE_U8: return "u8";
    case WASI_NN_TYPE_I32: return "i32";
    case WASI_NN_TYPE_I64: return "i64";
    }
    return "unknown type";
}

/* Begin a text: "getting output 1 as f32". */
static inline void wasi_nn_error_tensor(const char *doing, uint32_t index, wasi_nn_type type) {
    wasi_nn_error_text[0] = 0;
    wasi_nn_error_add(doing);
    wasi_nn_error_number(index);
    wasi_nn_error_add(" as ");
    wasi_nn_error_add(wasi_nn_type_name(type));
}

/* Give input `index` as a tensor of this type and shape; `data` holds as many elements as the shape
 * has. A shape whose bytes no guest could hold is WASI_NN_INVALID_ARGUMENT, found out here. */
static inline wasi_nn_errno wasi_nn_set_tensor(wasi_nn_context context, uint32_t index,
                                               wasi_nn_type type, const void *data,
                                               const uint32_t *dims, uint32_t rank) {
    const uint64_t limit = (uint64_t)UINT32_MAX + 1;
    uint64_t bytes = wasi_nn_type_size(type);
    wasi_nn_errno error = WASI_NN_INVALID_ARGUMENT;
    const char *more = "";
    wasi_nn_tensor tensor;
    uint32_t i;
    for (i = 0; dims && i < rank; i++) /* stays at the limit, unless a dimension of 0 follows */
        if ((bytes *= dims[i]) > limit) bytes = limit;
    if (!wasi_nn_type_size(type)) more = "; wasi_nn_type has no such number";
    else if ((!dims && rank) || (!data && bytes)) more = "; a pointer is null";
    else if (bytes >= limit) more = "; the shape has more than 4 GiB";
    else {
        tensor.dimensions = dims;
        tensor.rank = rank;
        tensor.type = type;
        tensor.data = data;
        tensor.size = (uint32_t)bytes;
        error = wasi_nn_set_input(context, index, &tensor);
    }
    if (error == WASI_NN_SUCCESS) return error;
    wasi_nn_error_tensor("setting input ", index, type);
    wasi_nn_error_shape(dims, rank);
    return wasi_nn_error_end(error, more);
}

/* Copy output `index`, elements of this type, into `buffer` of `capacity` elements. *count is how
 * many there are. When they do not fit, the result is WASI_NN_TOO_LARGE and *count how many elements
 * to make room for, or 0 where the host does not say. An output whose bytes are no multiple of the
 * element's is WASI_NN_INVALID_ARGUMENT. */
static inline wasi_nn_errno wasi_nn_get_tensor(wasi_nn_context context, uint32_t index,
                                               wasi_nn_type type, void *buffer, size_t capacity,
                                               size_t *count) {
    const uint32_t width = wasi_nn_type_size(type);
    wasi_nn_errno error = WASI_NN_INVALID_ARGUMENT;
    const char *more = "; no such type, or a buffer of more than 4 GiB";
    uint32_t size = 0, room = 0;
    *count = 0;
    if (width && capacity <= UINT32_MAX / width) {
        more = "";
        room = (uint32_t)capacity * width;
        error = wasi_nn_get_output(context, index, buffer, room, &size);
        if (error == WASI_NN_SUCCESS && size > room) error = WASI_NN_TOO_LARGE; /* was cut */
        if (error == WASI_NN_SUCCESS && size % width) error = WASI_NN_INVALID_ARGUMENT;
    }
    if (error == WASI_NN_SUCCESS || (error == WASI_NN_TOO_LARGE && size > room))
        *count = size / width + (size % width != 0);
    if (error == WASI_NN_SUCCESS) return error;
    wasi_nn_error_tensor("getting output ", index, type);
    wasi_nn_error_end(error, more);
    if (!size) return error;
    wasi_nn_error_add("; it has ");
    wasi_nn_error_number(size);
    wasi_nn_error_add(" bytes, the buffer ");
    wasi_nn_error_number(room);
    return error;
}

/* The same by element type, for f16 (as its bits), f32, f64, u8, i32 and i64:
 *     const uint32_t shape[] = {1, 3, 224, 224};
 *     wasi_nn_set_f32(context, 0, pixels, shape, 4)
 *     wasi_nn_get_f32(context, 0, scores, 1000, &count) */
#define WASI_NN_ACCESS(name, element, type)                                                       \
    static inline wasi_nn_errno wasi_nn_set_##name(wasi_nn_context context, uint32_t index,       \
                                                   const element *data, const uint32_t *dims,     \
                                                   uint32_t rank) {                               \
        return wasi_nn_set_tensor(context, index, type, data, dims, rank);                        \
    }                                                                                             \
    static inline wasi_nn_errno wasi_nn_get_##name(wasi_nn_context context, uint32_t index,       \
                                                   element *buffer, size_t capacity,              \
                                                   size_t *count) {                               \
        return wasi_nn_get_tensor(context, index, type, buffer, capacity, count);                 \
    }
WASI_NN_ACCESS(f16, uint16_t, WASI_NN_TYPE_F16)
WASI_NN_ACCESS(f32, float, WASI_NN_TYPE_F32)
WASI_NN_ACCESS(f64, double, WASI_NN_TYPE_F64)
WASI_NN_ACCESS(u8, uint8_t, WASI_NN_TYPE_U8)
WASI_NN_ACCESS(i32, int32_t, WASI_NN_TYPE_I32)
WASI_NN_ACCESS(i64, int64_t, WASI_NN_TYPE_I64)
#undef WASI_NN_ACCESS

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_H */
