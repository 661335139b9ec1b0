/* The image and number helpers as exported functions: see test_vision.py and test_math.py. */
#include <wasi_nn_image.h>
#include <wasi_nn_math.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

void *EXPORT(take)(size_t size) { return malloc(size); }
void EXPORT(give)(void *memory) { free(memory); }
const char *EXPORT(message)(void) { return wasi_nn_last_error(); }

int EXPORT(resize)(const wasi_nn_image *from, const wasi_nn_image *to) {
    return wasi_nn_image_resize(from, to);
}
int EXPORT(resize_f32)(const wasi_nn_image *from, uint32_t width, uint32_t height, float *to) {
    return wasi_nn_image_resize_f32(from, width, height, to);
}
int EXPORT(convert)(const wasi_nn_image *from, const wasi_nn_image *to) {
    return wasi_nn_image_convert(from, to);
}
int EXPORT(pack)(const wasi_nn_image *image, wasi_nn_format format, wasi_nn_layout layout,
                 const wasi_nn_normal *normal, float *tensor) {
    return wasi_nn_image_pack(image, format, layout, normal, tensor);
}
void EXPORT(softmax)(const float *scores, size_t count, float *probabilities) {
    wasi_nn_softmax(scores, count, probabilities);
}
size_t EXPORT(top_k)(const float *values, size_t count, wasi_nn_ranked *best, size_t k) {
    return wasi_nn_top_k(values, count, best, k);
}
void EXPORT(to_f16)(const float *values, size_t count, uint16_t *halves) {
    size_t i;
    for (i = 0; i < count; i++) halves[i] = wasi_nn_to_f16(values[i]);
}
void EXPORT(from_f16)(const uint16_t *halves, size_t count, float *values) {
    size_t i;
    for (i = 0; i < count; i++) values[i] = wasi_nn_from_f16(halves[i]);
}
