/* wasi_nn_text.h: growable text, UTF-8 boundaries and the little JSON that wasi-nn guests need.
 * Part of wasi_nn_llm.h; of use on its own too. */
#ifndef WASI_NN_TEXT_H
#define WASI_NN_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- growable text -------------------------------------------------------------------------- */

/* Bytes that grow as needed. {0} is an empty one. `data` is NUL-terminated once anything was added,
 * and null before; wnn_string_text() is never null. */
typedef struct wnn_string {
    char *data;
    size_t size, capacity;
} wnn_string;

/* Make room for `extra` more bytes and a NUL. 0, or -1 when memory is out (nothing changes). */
static inline int wnn_string_reserve(wnn_string *s, size_t extra) {
    const size_t need = s->size + extra + 1;
    size_t capacity = s->capacity ? s->capacity : 64;
    char *data;
    if (need <= s->size) return -1; /* the sum wrapped */
    if (need <= s->capacity) return 0;
    while (capacity < need) capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    data = (char *)realloc(s->data, capacity);
    if (!data) return -1;
    s->data = data;
    s->capacity = capacity;
    s->data[s->size] = 0;
    return 0;
}

static inline void wnn_string_truncate(wnn_string *s, size_t size) {
    if (size > s->size || !s->data) return;
    s->size = size;
    s->data[size] = 0;
}

static inline int wnn_string_append(wnn_string *s, const char *bytes, size_t size) {
    if (wnn_string_reserve(s, size)) return -1;
    if (size) memcpy(s->data + s->size, bytes, size);
    s->size += size;
    s->data[s->size] = 0;
    return 0;
}

static inline int wnn_string_add(wnn_string *s, const char *text) {
    return wnn_string_append(s, text, strlen(text));
}

static inline const char *wnn_string_text(const wnn_string *s) {
    return s->data ? s->data : "";
}

static inline void wnn_string_free(wnn_string *s) {
    free(s->data);
    s->data = NULL;
    s->size = s->capacity = 0;
}

/* ---- UTF-8 ---------------------------------------------------------------------------------- */

/* How many bytes a character takes that begins with this byte; 0 if none can. */
static inline size_t wnn_utf8_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead < 0xE0) return 2;
    if (lead >= 0xE0 && lead < 0xF0) return 3;
    if (lead >= 0xF0 && lead < 0xF5) return 4;
    return 0;
}

/* The largest part of the text that does not end inside a character. Bytes that cannot become a
 * character are left in: only a tail that may still be completed is cut. */
static inline size_t wnn_utf8_whole(const char *text, size_t size) {
    size_t back;
    for (back = 1; back <= 3 && back <= size; back++) {
        const unsigned char byte = (unsigned char)text[size - back];
        if ((byte & 0xC0) != 0x80) return wnn_utf8_length(byte) > back ? size - back : size;
    }
    return size;
}

/* The length of the valid character at `text`, or 0 if there is none. */
static inline size_t wnn_utf8_valid(const char *text, size_t size) {
    const unsigned char *p = (const unsigned char *)text;
    const size_t length = size ? wnn_utf8_length(p[0]) : 0;
    size_t i;
    if (length == 0 || length > size) return 0;
    for (i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    if (length == 3 && p[0] == 0xE0 && p[1] < 0xA0) return 0; /* overlong */
    if (length == 3 && p[0] == 0xED && p[1] > 0x9F) return 0; /* surrogate */
    if (length == 4 && p[0] == 0xF0 && p[1] < 0x90) return 0; /* overlong */
    if (length == 4 && p[0] == 0xF4 && p[1] > 0x8F) return 0; /* past U+10FFFF */
    return length;
}

/* ---- writing JSON --------------------------------------------------------------------------- */

/* Append a JSON string literal. Bytes that are not UTF-8 become U+FFFD, so it is always valid. */
static inline int wnn_json_quote(wnn_string *out, const char *text, size_t size) {
    size_t i = 0;
    if (wnn_string_add(out, "\"")) return -1;
    while (i < size) {
        const unsigned char byte = (unsigned char)text[i];
        const size_t length = wnn_utf8_valid(text + i, size - i);
        char escape[8];
        int failed;
        if (length == 0) {
            failed = wnn_string_add(out, "\xEF\xBF\xBD");
        } else if (byte == '"' || byte == '\\') {
            escape[0] = '\\';
            escape[1] = (char)byte;
            failed = wnn_string_append(out, escape, 2);
        } else if (byte < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)byte);
            failed = wnn_string_append(out, escape, 6);
        } else {
            failed = wnn_string_append(out, text + i, length);
        }
        if (failed) return -1;
        i += length ? length : 1;
    }
    return wnn_string_add(out, "\"");
}

/* A JSON object of settings, for loading a model or configuring a request. {0} is an empty one.
 *     wnn_config settings = {0};
 *     wnn_config_int(&settings, "ctx-size", 2048);
 *     wnn_load_with(&model, "default", wnn_config_json(&settings)); */
typedef struct wnn_config {
    wnn_string json;
    int broken; /* memory ran out, or a number was not finite */
} wnn_config;

static inline void wnn_config_begin(wnn_config *config, const char *key) {
    const int first = config->json.size == 0;
    if (!first) wnn_string_truncate(&config->json, config->json.size - 1); /* reopen the object */
    config->broken |= wnn_string_add(&config->json, first ? "{" : ", ");
    config->broken |= wnn_json_quote(&config->json, key, strlen(key));
    config->broken |= wnn_string_add(&config->json, ": ");
}

static inline void wnn_config_raw(wnn_config *config, const char *key, const char *json_value) {
    wnn_config_begin(config, key);
    config->broken |= wnn_string_add(&config->json, json_value);
    config->broken |= wnn_string_add(&config->json, "}");
}

static inline void wnn_config_int(wnn_config *config, const char *key, long long value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    wnn_config_raw(config, key, text);
}

static inline void wnn_config_number(wnn_config *config, const char *key, double value) {
    char text[32];
    if (value - value != 0) config->broken = 1; /* infinite or not a number: JSON has neither */
    snprintf(text, sizeof text, "%.9g", value);
    wnn_config_raw(config, key, text);
}

static inline void wnn_config_bool(wnn_config *config, const char *key, int value) {
    wnn_config_raw(config, key, value ? "true" : "false");
}

static inline void wnn_config_text(wnn_config *config, const char *key, const char *value) {
    wnn_config_begin(config, key);
    config->broken |= wnn_json_quote(&config->json, value, strlen(value));
    config->broken |= wnn_string_add(&config->json, "}");
}

/* The object as text, valid until the next change; null if something could not be written. */
static inline const char *wnn_config_json(const wnn_config *config) {
    if (config->broken) return NULL;
    return config->json.size ? config->json.data : "{}";
}

static inline void wnn_config_free(wnn_config *config) {
    wnn_string_free(&config->json);
    config->broken = 0;
}

/* ---- reading JSON --------------------------------------------------------------------------- */

static inline const char *wnn_json_space(const char *p) {
    while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++;
    return p;
}

/* Step over the value at `p`: the place just after it, or null if the text ends too early. */
static inline const char *wnn_json_skip(const char *p) {
    int depth = 0;
    do {
        if (*p == 0) return NULL;
        if (*p == '"') {
            for (p++; *p != '"'; p++) {
                if (*p == '\\') p++;
                if (*p == 0) return NULL;
            }
            p++;
        } else if (*p == '{' || *p == '[') {
            depth++;
            p++;
        } else if (*p == '}' || *p == ']') {
            if (depth == 0) return p;
            depth--;
            p++;
        } else if (*p == ',' && depth == 0) {
            return p;
        } else if (depth == 0) {
            return p + strcspn(p, ",]} \t\r\n");
        } else {
            p++;
        }
    } while (depth > 0);
    return p;
}

/* The value of a key in a JSON object, as the place in the text where it begins; null if the key is
 * not there. Only the object's own keys count, not those of objects inside it. */
static inline const char *wnn_json_get(const char *json, const char *key) {
    const size_t length = strlen(key);
    const char *p = wnn_json_space(json);
    if (*p != '{') return NULL;
    p++;
    for (;;) {
        const char *name, *end;
        p = wnn_json_space(p);
        if (*p == ',') p = wnn_json_space(p + 1);
        if (*p != '"') return NULL;
        name = p + 1;
        end = wnn_json_skip(p);
        if (!end) return NULL;
        p = wnn_json_space(end);
        if (*p != ':') return NULL;
        p = wnn_json_space(p + 1);
        if ((size_t)(end - 1 - name) == length && memcmp(name, key, length) == 0) return p;
        p = wnn_json_skip(p);
        if (!p) return NULL;
    }
}

/* The number under a key, or `otherwise` if there is none. */
static inline double wnn_json_number(const char *json, const char *key, double otherwise) {
    const char *value = wnn_json_get(json, key);
    char *end;
    double number;
    if (!value) return otherwise;
    number = strtod(value, &end);
    return end == value ? otherwise : number;
}

/* Copy the text under a key, as it is written: escapes stay. Empty if there is none; cut to fit. */
static inline void wnn_json_text(const char *json, const char *key, char *to, size_t capacity) {
    const char *value = wnn_json_get(json, key);
    const char *end = value && *value == '"' ? wnn_json_skip(value) : NULL;
    size_t size = end ? (size_t)(end - value) - 2 : 0;
    if (size >= capacity) size = capacity - 1;
    if (size) memcpy(to, value + 1, size);
    to[size] = 0;
}

#ifdef __cplusplus
}
#endif

#endif /* WASI_NN_TEXT_H */
