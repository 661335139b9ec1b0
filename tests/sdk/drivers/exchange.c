/* Values of the notebook, as exported functions: see test_exchange.py. */
#include <wasi_nn_exchange.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

static char text[4096];
static wasi_nn_array array;

char *EXPORT(buffer)(void) { return text; }
wasi_nn_array *EXPORT(value)(void) { return &array; }
const char *EXPORT(message)(void) { return wasi_nn_last_error(); }
void EXPORT(release)(void) { wasi_nn_array_free(&array); }

/* The name is in the buffer. */
int EXPORT(read_value)(void) { return wasi_nn_read_array(text, &array); }
int EXPORT(write_array)(wasi_nn_dtype dtype, const uint32_t *dims, uint32_t rank) {
    return wasi_nn_write_array(text, dtype, array.data, dims, rank);
}
int EXPORT(write_again)(void) {
    return array.dtype == WASI_NN_DTYPE_BYTES
               ? wasi_nn_write_bytes(text, array.data, array.size)
               : wasi_nn_write_array(text, array.dtype, array.data, array.dims, array.rank);
}

/* As a picture that is kept in another format and with gaps between its rows. */
int EXPORT(write_picture)(wasi_nn_format format) {
    wasi_nn_image image, other;
    wasi_nn_errno error = wasi_nn_array_image(&array, &image);
    if (error) return error;
    other = image;
    other.format = format;
    other.stride = (size_t)image.width * 4 + 5;
    other.pixels = (uint8_t *)malloc(other.stride * image.height + 1);
    error = wasi_nn_image_convert(&image, &other);
    if (!error) error = wasi_nn_write_image(text, &other);
    free(other.pixels);
    return error;
}
int EXPORT(set_array)(void) { return wasi_nn_set_array(3, 0, &array); }
