/* embed ALIAS TEXT...: the vectors' length and the cosine between each text and the first. */
#include <math.h>
#include <stdio.h>
#include <wasi_nn_llm.h>

static float first[8192], other[8192];

static double dot(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)a[i] * b[i];
    return sum;
}

int main(int argc, char **argv) {
    wnn_model model;
    wnn_context context;
    size_t count;

    if (wnn_load_with(&model, argc > 1 ? argv[1] : "default", "{\"embedding\": true}") ||
        wnn_open(&context, &model))
        goto failed;
    for (int i = 2; i < argc; i++) {
        float *vector = i == 2 ? first : other;
        if (wnn_embed(&context, argv[i], vector, sizeof first / sizeof *first, &count)) goto failed;
        printf("%zu %.6f\n", count,
               dot(first, vector, count) /
                   sqrt(dot(first, first, count) * dot(vector, vector, count)));
    }
    return wnn_close(&context) ? 1 : 0;

failed:
    fprintf(stderr, "%s\n", wnn_last_error());
    return 1;
}
