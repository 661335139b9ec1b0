/* wasi_nn_array.h: an array with its type and shape, and the JSON that describes one. Part of
 * wasi_nn_exchange.h, which reads and writes them. */
#ifndef WASI_NN_ARRAY_H
#define WASI_NN_ARRAY_H

#include "wasi_nn.h"
#include "wasi_nn_image.h"

#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- arrays --------------------------------------------------------------------------------- */

#define WASI_NN_MAX_RANK 64 /* of numpy too */

/* Element types by numpy's names. Complex elements are the real and then the imaginary part. */
typedef enum wasi_nn_dtype {
    WASI_NN_DTYPE_BYTES, /* no array: a file on its own */
    WASI_NN_DTYPE_BOOL,
    WASI_NN_DTYPE_INT8,
    WASI_NN_DTYPE_INT16,
    WASI_NN_DTYPE_INT32,
    WASI_NN_DTYPE_INT64,
    WASI_NN_DTYPE_UINT8,
    WASI_NN_DTYPE_UINT16,
    WASI_NN_DTYPE_UINT32,
    WASI_NN_DTYPE_UINT64,
    WASI_NN_DTYPE_FLOAT16,
    WASI_NN_DTYPE_FLOAT32,
    WASI_NN_DTYPE_FLOAT64,
    WASI_NN_DTYPE_COMPLEX64,
    WASI_NN_DTYPE_COMPLEX128,
    WASI_NN_DTYPE_COUNT
} wasi_nn_dtype;

typedef struct wasi_nn_array {
    void *data;  /* a NUL byte follows, so that text is a C string */
    size_t size; /* in bytes */
    wasi_nn_dtype dtype;
    uint32_t rank;
    uint32_t dims[WASI_NN_MAX_RANK]; /* of bytes: {size} */
    wasi_nn_format format;           /* of a picture of mode L, RGB or RGBA, else 0 */
} wasi_nn_array;

/* numpy's name; "" for bytes. */
static inline const char *wasi_nn_dtype_name(wasi_nn_dtype dtype) {
    static const char *const names[WASI_NN_DTYPE_COUNT] = {
        "",       "bool",   "int8",    "int16",   "int32",   "int64",     "uint8",     "uint16",
        "uint32", "uint64", "float16", "float32", "float64", "complex64", "complex128"};
    return names[dtype];
}

/* Bytes of one element. */
static inline size_t wasi_nn_dtype_size(wasi_nn_dtype dtype) {
    static const uint8_t sizes[WASI_NN_DTYPE_COUNT] = {1, 1, 1, 2, 4, 8,  1, 2,
                                                       4, 8, 2, 4, 8, 8, 16};
    return sizes[dtype];
}

/* How many bytes a shape takes; -1 if more than memory could hold. */
static inline int64_t wasi_nn_dtype_bytes(wasi_nn_dtype dtype, const uint32_t *dims,
                                          uint32_t rank) {
    const uint64_t limit = (uint64_t)SIZE_MAX + 1;
    uint64_t bytes = wasi_nn_dtype_size(dtype);
    uint32_t i;
    for (i = 0; i < rank; i++)
        if ((bytes *= dims[i]) > limit) bytes = limit;
    return bytes < limit ? (int64_t)bytes : -1;
}

static inline void wasi_nn_array_free(wasi_nn_array *array) {
    free(array->data);
    memset(array, 0, sizeof *array);
}

/* Whether this is bytes whose shape is that of a picture of the format. */
static inline int wasi_nn_array_is(const wasi_nn_array *array, wasi_nn_format format) {
    const uint32_t channels = array->rank == 2 ? 1 : array->rank == 3 ? array->dims[2] : 0;
    return array->dtype == WASI_NN_DTYPE_UINT8 && channels == wasi_nn_image_channels(format);
}

/* The array as an image, in the same memory. Bytes of shape [height, width] and of 1, 3 or 4
 * channels are one too, L, RGB or RGBA, if the notebook named no mode. */
static inline wasi_nn_errno wasi_nn_array_image(const wasi_nn_array *array, wasi_nn_image *image) {
    static const wasi_nn_format formats[] = {WASI_NN_GREY, WASI_NN_RGB, WASI_NN_RGBA};
    int i;
    for (i = 0; i < 3; i++) {
        if (!wasi_nn_array_is(array, formats[i])) continue;
        image->pixels = (uint8_t *)array->data;
        image->height = array->dims[0];
        image->width = array->dims[1];
        image->format = formats[i];
        image->stride = 0;
        return WASI_NN_SUCCESS;
    }
    wasi_nn_image_fail("taking an array for an image",
                       "an image is uint8 [height, width] or [height, width, 1, 3 or 4], not ");
    wasi_nn_error_add(array->dtype == WASI_NN_DTYPE_BYTES ? "bytes"
                                                          : wasi_nn_dtype_name(array->dtype));
    wasi_nn_error_shape(array->dims, array->rank);
    return WASI_NN_INVALID_ARGUMENT;
}

/* Give an array to input `index` as it is. */
static inline wasi_nn_errno wasi_nn_set_array(wasi_nn_context context, uint32_t index,
                                              const wasi_nn_array *array) {
    wasi_nn_type type;
    switch (array->dtype) {
    case WASI_NN_DTYPE_BYTES:
    case WASI_NN_DTYPE_BOOL:
    case WASI_NN_DTYPE_UINT8: type = WASI_NN_TYPE_U8; break;
    case WASI_NN_DTYPE_INT32: type = WASI_NN_TYPE_I32; break;
    case WASI_NN_DTYPE_INT64: type = WASI_NN_TYPE_I64; break;
    case WASI_NN_DTYPE_FLOAT16: type = WASI_NN_TYPE_F16; break;
    case WASI_NN_DTYPE_FLOAT32: type = WASI_NN_TYPE_F32; break;
    case WASI_NN_DTYPE_FLOAT64: type = WASI_NN_TYPE_F64; break;
    default:
        wasi_nn_check(WASI_NN_INVALID_ARGUMENT, "setting an input from an array");
        wasi_nn_error_add("; wasi-nn has no type for ");
        wasi_nn_error_add(wasi_nn_dtype_name(array->dtype));
        return WASI_NN_INVALID_ARGUMENT;
    }
    return wasi_nn_set_tensor(context, index, type, array->data, array->dims, array->rank);
}

/* ---- descriptions --------------------------------------------------------------------------- */

/* Step over `expected` and the white space before it; 0 if something else is there. */
static inline int wasi_nn_sidecar_take(const char **at, char expected) {
    *at += strspn(*at, " \t\r\n");
    if (**at != expected) return 0;
    ++*at;
    return 1;
}

/* A string without escapes, shorter than `room`. */
static inline int wasi_nn_sidecar_word(const char **at, char *word, size_t room) {
    size_t length;
    if (!wasi_nn_sidecar_take(at, '"')) return 0;
    length = strcspn(*at, "\"\\");
    if (length >= room || (*at)[length] != '"') return 0;
    memcpy(word, *at, length);
    word[length] = 0;
    *at += length + 1;
    return 1;
}

/* A list of whole numbers from 0. */
static inline int wasi_nn_sidecar_shape(const char **at, wasi_nn_array *array) {
    array->rank = 0;
    if (!wasi_nn_sidecar_take(at, '[')) return 0;
    if (wasi_nn_sidecar_take(at, ']')) return 1;
    do {
        uint64_t number = 0;
        const char *first;
        *at += strspn(*at, " \t\r\n");
        for (first = *at; **at >= '0' && **at <= '9' && number <= UINT32_MAX; ++*at)
            number = number * 10 + (uint64_t)(**at - '0');
        if (*at == first || (*first == '0' && *at > first + 1) || number > UINT32_MAX) return 0;
        if (array->rank == WASI_NN_MAX_RANK) return 0;
        array->dims[array->rank++] = (uint32_t)number;
    } while (wasi_nn_sidecar_take(at, ','));
    return wasi_nn_sidecar_take(at, ']');
}

static inline int wasi_nn_sidecar_dtype(const char **at, wasi_nn_array *array) {
    char word[16];
    int dtype = WASI_NN_DTYPE_COUNT;
    if (!wasi_nn_sidecar_word(at, word, sizeof word)) return 0;
    while (--dtype > WASI_NN_DTYPE_BYTES)
        if (strcmp(word, wasi_nn_dtype_name((wasi_nn_dtype)dtype)) == 0) break;
    array->dtype = (wasi_nn_dtype)dtype;
    return dtype != WASI_NN_DTYPE_BYTES;
}

/* What pixels of a mode are: Pillow's name, element type, channels (0: no such dimension). */
typedef struct wasi_nn_mode {
    char name[8];
    uint8_t dtype, channels, format;
} wasi_nn_mode;

/* The mode that is named, or null. */
static inline const wasi_nn_mode *wasi_nn_sidecar_mode(const char **at) {
    static const wasi_nn_mode modes[] = {{"L", WASI_NN_DTYPE_UINT8, 0, WASI_NN_GREY},
                                         {"RGB", WASI_NN_DTYPE_UINT8, 3, WASI_NN_RGB},
                                         {"RGBA", WASI_NN_DTYPE_UINT8, 4, WASI_NN_RGBA},
                                         {"I;16", WASI_NN_DTYPE_UINT16, 0, 0},
                                         {"I", WASI_NN_DTYPE_INT32, 0, 0},
                                         {"F", WASI_NN_DTYPE_FLOAT32, 0, 0}};
    char word[8];
    size_t i;
    if (!wasi_nn_sidecar_word(at, word, sizeof word)) return NULL;
    for (i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(word, modes[i].name) == 0) return &modes[i];
    return NULL;
}

/* Whether the array's elements and shape are those of the mode. */
static inline int wasi_nn_mode_fits(const wasi_nn_mode *mode, const wasi_nn_array *array) {
    if (array->dtype != (wasi_nn_dtype)mode->dtype) return 0;
    return mode->channels ? array->rank == 3 && array->dims[2] == mode->channels : array->rank == 2;
}

/* Fill in dtype, shape and format from a sidecar of `size` bytes and a NUL. Null, or what is wrong;
 * *at is then the place. Keys come in any order, each at most once, and no others do. */
static inline const char *wasi_nn_sidecar_parse(const char **at, size_t size,
                                                wasi_nn_array *array) {
    static const char *const keys[] = {"dtype", "shape", "mode"};
    const char *const end = *at + size;
    const wasi_nn_mode *mode = NULL;
    int seen[3] = {0, 0, 0}, key, good;
    char word[8];
    if (!wasi_nn_sidecar_take(at, '{')) return "a JSON object is expected";
    do {
        if (!wasi_nn_sidecar_word(at, word, sizeof word)) return "a key is expected";
        for (key = 0; key < 3 && strcmp(word, keys[key]) != 0;) key++;
        if (key == 3) return "the keys are dtype, shape and mode";
        if (seen[key]++) return "a key is there twice";
        if (!wasi_nn_sidecar_take(at, ':')) return "a colon is expected";
        good = key == 0   ? wasi_nn_sidecar_dtype(at, array)
               : key == 1 ? wasi_nn_sidecar_shape(at, array)
                          : (mode = wasi_nn_sidecar_mode(at)) != NULL;
        if (good) continue;
        return key == 0   ? "no dtype of numbers"
               : key == 1 ? "no shape: a list of at most 64 whole numbers below 2^32 is expected"
                          : "no mode: L, RGB, RGBA, I;16, I or F is expected";
    } while (wasi_nn_sidecar_take(at, ','));
    if (!wasi_nn_sidecar_take(at, '}')) return "a comma or the end of the object is expected";
    *at += strspn(*at, " \t\r\n");
    if (*at != end) return "nothing is expected after the object";
    if (!seen[0] || !seen[1]) return "dtype or shape is missing";
    if (mode && !wasi_nn_mode_fits(mode, array)) return "the mode does not fit dtype and shape";
    if (mode) array->format = (wasi_nn_format)mode->format;
    return NULL;
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_ARRAY_H */
