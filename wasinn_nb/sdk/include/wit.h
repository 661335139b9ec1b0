/* wit.h: what headers made of WIT have in common: texts, and memory for what crosses.
 *
 * Include wasi_nn_component.h for wasi:nn and wasinn:llm; the header of a world of your own is read
 * before your cell. Both are for cells that are built with --abi component. */
#ifndef WIT_H
#define WIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__wasm__) && !defined(WASINN_COMPONENT)
#error "this is for components: build the cell with --abi component"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define WIT_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define WIT_EXPORT(name) __attribute__((export_name(name)))

/* Text, UTF-8, without a 0 at its end. */
typedef struct {
    char *data;
    uint32_t size;
} wit_string_t;

/* A text of C's as one of WIT's; it is not copied. */
static inline wit_string_t wit_text(const char *text) {
    wit_string_t made = {(char *)text, (uint32_t)strlen(text)};
    return made;
}

/* Free a text, or a list of what holds no memory, that a function has returned. */
#define wit_free(value) ((value).size ? free((void *)(value).data) : (void)0)

static inline int32_t wit_bits_of_f32(float value) {
    int32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static inline int64_t wit_bits_of_f64(double value) {
    int64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}

static inline float wit_f32_of_bits(int32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

static inline double wit_f64_of_bits(int64_t bits) {
    double value;
    memcpy(&value, &bits, 8);
    return value;
}


/* Memory for what the host returns. */
__attribute__((weak, used, export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    void *made;
    if (!size) return (void *)align;
    made = realloc(old_size ? old : NULL, size);
    if (!made) abort();
    return made;
}

#ifdef __cplusplus
}
#endif

#endif /* WIT_H */
