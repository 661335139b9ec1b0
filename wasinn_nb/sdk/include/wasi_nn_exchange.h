/* wasi_nn_exchange.h: arrays and pictures from the notebook and back, for C99 and C++, header-only.
 *
 *     wasi_nn_array array;                            // %%wasinn c --in digit --out scores
 *     const uint32_t shape[] = {10};
 *     float scores[10];
 *     size_t count;
 *     if (wasi_nn_read_array("digit", &array) || wasi_nn_set_array(context, 0, &array) ||
 *         wasi_nn_check(wasi_nn_compute(context), "computing") ||
 *         wasi_nn_get_f32(context, 0, scores, 10, &count) ||
 *         wasi_nn_write_array("scores", WASI_NN_DTYPE_FLOAT32, scores, shape, 1))
 *         fprintf(stderr, "%s\n", wasi_nn_last_error());
 *     wasi_nn_array_free(&array);
 *
 * A value NAME is the file /in/NAME: raw, row-major, little-endian. For an array /in/NAME.json says
 *     {"dtype": "float32", "shape": [2, 3]}
 * and for a picture also its mode: "L" for grey bytes [height, width], "RGB" and "RGBA" for bytes
 * [height, width, 3 or 4], "I;16", "I" and "F" for one uint16, int32 or float32 a pixel.
 * What a guest writes to /out in the same way becomes an array or a picture in the notebook. Without
 * the second file the value is bytes.
 *
 * Calls return a wasi_nn_errno, 0 for success: WASI_NN_NOT_FOUND for a file that is not there,
 * WASI_NN_INVALID_ARGUMENT for content that is not as described, WASI_NN_MISSING_MEMORY, and
 * WASI_NN_RUNTIME_ERROR when reading or writing fails. wasi_nn_last_error() says more. */
#ifndef WASI_NN_EXCHANGE_H
#define WASI_NN_EXCHANGE_H

#include "wasi_nn_array.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- files ---------------------------------------------------------------------------------- */

#define WASI_NN_MAX_SIDECAR 4096 /* bytes of NAME.json; the notebook takes no more either */

/* "/in/x.json: what happened". */
static inline wasi_nn_errno wasi_nn_file_fail(const char *path, wasi_nn_errno error,
                                              const char *problem) {
    wasi_nn_check(error, path);
    wasi_nn_error_add("; ");
    wasi_nn_error_add(problem);
    return error;
}

/* The path of a value's file: a directory, a name, an ending. */
static inline wasi_nn_errno wasi_nn_file_path(char path[256], const char *directory,
                                              const char *name, const char *ending) {
    const size_t length = strlen(name);
    if (!length || length > 200 || strchr(name, '/'))
        return wasi_nn_file_fail(name, WASI_NN_INVALID_ARGUMENT,
                                 "names have 1 to 200 bytes and no slash");
    strcpy(path, directory);
    strcat(path, name);
    strcat(path, ending);
    return WASI_NN_SUCCESS;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Read an open file to its end and close it: bytes and a NUL, to be freed. A null `file` is the
 * failure to open it. */
static inline wasi_nn_errno wasi_nn_file_read(FILE *file, const char *path, size_t limit,
                                              char **data, size_t *size) {
    wasi_nn_errno error = WASI_NN_RUNTIME_ERROR;
    const char *problem = NULL;
    long end = -1;
    *data = NULL;
    *size = 0;
    if (!file) {
        if (errno == ENOENT) error = WASI_NN_NOT_FOUND;
        return wasi_nn_file_fail(path, error, strerror(errno));
    }
    if (fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0 || fseek(file, 0, SEEK_SET)) {
        problem = "its size cannot be told";
    } else if ((unsigned long)end > limit) {
        error = WASI_NN_INVALID_ARGUMENT;
        problem = "it is too long";
    } else if ((*data = (char *)malloc((size_t)end + 1)) == NULL) {
        error = WASI_NN_MISSING_MEMORY;
        problem = "it does not fit into the guest's memory";
    } else if (fread(*data, 1, (size_t)end, file) != (size_t)end) {
        problem = "it cannot be read";
    }
    fclose(file);
    if (!problem) {
        *size = (size_t)end;
        (*data)[end] = 0;
        return WASI_NN_SUCCESS;
    }
    free(*data);
    *data = NULL;
    return wasi_nn_file_fail(path, error, problem);
}

/* Dtype, shape and format from a file, if it is there; it must describe the array's bytes. */
static inline wasi_nn_errno wasi_nn_sidecar_read(const char *path, wasi_nn_array *array) {
    FILE *const file = fopen(path, "rb");
    char *text;
    const char *at, *problem;
    size_t size;
    wasi_nn_errno error;
    if (!file && errno == ENOENT) return WASI_NN_SUCCESS;
    error = wasi_nn_file_read(file, path, WASI_NN_MAX_SIDECAR, &text, &size);
    if (error) return error;
    at = text;
    problem = wasi_nn_sidecar_parse(&at, size, array);
    if (problem) {
        wasi_nn_file_fail(path, WASI_NN_INVALID_ARGUMENT, problem);
        wasi_nn_error_add(", at byte ");
        wasi_nn_error_number((uint32_t)(at - text));
    } else if (wasi_nn_dtype_bytes(array->dtype, array->dims, array->rank) != (int64_t)array->size) {
        problem = "it describes another number of bytes than the ";
        wasi_nn_file_fail(path, WASI_NN_INVALID_ARGUMENT, problem);
        wasi_nn_error_number((uint32_t)array->size);
        wasi_nn_error_add(" that are there");
    }
    free(text);
    return problem ? WASI_NN_INVALID_ARGUMENT : WASI_NN_SUCCESS;
}

/* Take the value `name` from the notebook. After a failure the array is empty. */
static inline wasi_nn_errno wasi_nn_read_array(const char *name, wasi_nn_array *array) {
    char path[256];
    char *data = NULL;
    wasi_nn_errno error;
    memset(array, 0, sizeof *array);
    error = wasi_nn_file_path(path, "/in/", name, "");
    if (!error)
        error = wasi_nn_file_read(fopen(path, "rb"), path, SIZE_MAX - 1, &data, &array->size);
    if (error) return error;
    array->data = data;
    array->rank = 1;
    array->dims[0] = (uint32_t)array->size;
    error = wasi_nn_sidecar_read(strcat(path, ".json"), array);
    if (error) wasi_nn_array_free(array);
    return error;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Close a file that was written; what went wrong with it, now or before. */
static inline wasi_nn_errno wasi_nn_file_close(FILE *file, const char *path) {
    int failed = !file || ferror(file);
    if (file && fclose(file)) failed = 1;
    return failed ? wasi_nn_file_fail(path, WASI_NN_RUNTIME_ERROR, strerror(errno)) : 0;
}

/* Write the description of an array or, if `mode` is not null, of a picture. */
static inline wasi_nn_errno wasi_nn_sidecar_write(const char *name, wasi_nn_dtype dtype,
                                                  const uint32_t *dims, uint32_t rank,
                                                  const char *mode) {
    char path[256];
    FILE *file;
    uint32_t i;
    const wasi_nn_errno error = wasi_nn_file_path(path, "/out/", name, ".json");
    if (error) return error;
    file = fopen(path, "wb");
    if (file) {
        fprintf(file, "{\"dtype\": \"%s\", \"shape\": [", wasi_nn_dtype_name(dtype));
        for (i = 0; i < rank; i++) fprintf(file, i ? ", %lu" : "%lu", (unsigned long)dims[i]);
        fprintf(file, mode ? "], \"mode\": \"%s\"}\n" : "]}\n", mode);
    }
    return wasi_nn_file_close(file, path);
}

/* Give bytes to the notebook under a name that the cell asked for with --out. */
static inline wasi_nn_errno wasi_nn_write_bytes(const char *name, const void *data, size_t size) {
    char path[256];
    FILE *file;
    const wasi_nn_errno error = wasi_nn_file_path(path, "/out/", name, "");
    if (error) return error;
    file = fopen(path, "wb");
    if (file) fwrite(data, 1, size, file);
    return wasi_nn_file_close(file, path);
}

/* Give an array to the notebook, with as many elements as the shape has. */
static inline wasi_nn_errno wasi_nn_write_array(const char *name, wasi_nn_dtype dtype,
                                                const void *data, const uint32_t *dims,
                                                uint32_t rank) {
    const int64_t bytes = wasi_nn_dtype_bytes(dtype, dims, rank);
    wasi_nn_errno error;
    if (dtype == WASI_NN_DTYPE_BYTES || bytes < 0 || rank > WASI_NN_MAX_RANK)
        return wasi_nn_file_fail(name, WASI_NN_INVALID_ARGUMENT,
                                 "an array has a dtype, a shape that memory can hold, and a rank "
                                 "of at most 64");
    error = wasi_nn_write_bytes(name, data, (size_t)bytes);
    return error ? error : wasi_nn_sidecar_write(name, dtype, dims, rank, NULL);
}

/* Give an image to the notebook, as a picture. BGR and BGRA are written as RGB and RGBA. */
static inline wasi_nn_errno wasi_nn_write_image(const char *name, const wasi_nn_image *image) {
    const uint32_t channels = wasi_nn_image_channels(image->format);
    const uint32_t shape[] = {image->height, image->width, channels};
    wasi_nn_image rows = *image;
    wasi_nn_errno error = wasi_nn_image_check(image, "writing an image");
    if (error) return error;
    rows.format = channels == 1 ? WASI_NN_GREY : channels == 3 ? WASI_NN_RGB : WASI_NN_RGBA;
    rows.stride = 0;
    rows.pixels = (uint8_t *)malloc((size_t)rows.width * rows.height * channels + 1);
    if (!rows.pixels) return wasi_nn_check(WASI_NN_MISSING_MEMORY, "writing an image");
    error = wasi_nn_image_convert(image, &rows);
    if (!error)
        error = wasi_nn_write_bytes(name, rows.pixels, (size_t)rows.width * rows.height * channels);
    free(rows.pixels);
    if (error) return error;
    return wasi_nn_sidecar_write(name, WASI_NN_DTYPE_UINT8, shape, channels == 1 ? 2 : 3,
                                 channels == 1 ? "L" : channels == 3 ? "RGB" : "RGBA");
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_EXCHANGE_H */
