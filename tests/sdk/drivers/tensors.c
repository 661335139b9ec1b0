/* Typed inputs and outputs, told by arguments, their outcome as lines: see test_tensors.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi_nn.h>

static unsigned char data[1 << 20];

static size_t unhex(const char *text) {
    size_t size = 0;
    unsigned byte;
    for (; sscanf(text, "%2x", &byte) == 1; text += 2) data[size++] = (unsigned char)byte;
    return size;
}

static void report(wasi_nn_errno error, size_t count, size_t width) {
    if (error) {
        printf("error %d of %zu: %s\n", (int)error, count, wasi_nn_last_error());
        return;
    }
    printf("ok ");
    for (size_t i = 0; i < count * width; i++) printf("%02x", data[i]);
    printf("\n");
}

#define TYPE(name, element)                                                                       \
    if (strcmp(type, #name) == 0) {                                                               \
        wasi_nn_errno error;                                                                      \
        if (setting) error = wasi_nn_set_##name(3, index, (element *)values, dims, rank);         \
        else error = wasi_nn_get_##name(3, index, (element *)values, capacity, &count);           \
        report(error, count, sizeof(element));                                                    \
    }

/* set TYPE INDEX 2x3 HEX, or get TYPE INDEX CAPACITY; "null" for no values, "-" for no dimensions */
int main(int argc, char **argv) {
    for (int i = 1; i + 3 < argc; i += 4) {
        const int setting = strcmp(argv[i], "set") == 0;
        const char *type = argv[i + 1];
        const uint32_t index = (uint32_t)atoi(argv[i + 2]);
        const size_t capacity = strtoul(argv[i + 3], NULL, 10);
        uint32_t dims[8], rank = 0;
        size_t count = 0;
        void *values = data;
        if (setting) {
            for (char *at = argv[i + 3]; *at >= '0' && *at <= '9'; at += *at == 'x')
                dims[rank++] = (uint32_t)strtoul(at, &at, 10);
            i++;
            if (strcmp(argv[i + 3], "null") == 0) values = NULL;
            else unhex(argv[i + 3]);
        }
        TYPE(f16, uint16_t)
        TYPE(f32, float)
        TYPE(f64, double)
        TYPE(u8, uint8_t)
        TYPE(i32, int32_t)
        TYPE(i64, int64_t)
    }
    return 0;
}
