/* Every function with what no guest ought to give it: the same numbers against every ABI. */
#include <stdio.h>
#include <string.h>
#include <wasi_nn.h>

#define BAD ((void *)0xFFFFFFF0u)
#define END ((void *)(uintptr_t)(__builtin_wasm_memory_size(0) * 65536 - 2))
#define SAY(call) printf("%s: %d\n", #call, (int)(call))

int main(void) {
    uint32_t graph = 99, other = 99, context = 99, size = 99, dims[65] = {1, 1, 8, 8};
    float pixels[64] = {0}, scores[10];
    char text[64];
    wasi_nn_tensor good = {dims, 4, WASI_NN_TYPE_F32, pixels, sizeof pixels}, bad;
    wasi_nn_builder parts[65] = {{BAD, 4}};

    SAY(wasi_nn_load_by_name("digits", 6, BAD));
    SAY(wasi_nn_load_by_name("digits", 6, END));
    SAY(wasi_nn_load_by_name(BAD, 6, &graph));
    SAY(wasi_nn_load_by_name("digits", 0xFFFFFFFF, &graph));
    SAY(wasi_nn_load_by_name("\xff\xfe", 2, &graph));
    SAY(wasi_nn_load_by_name("", 0, &graph));
    SAY(wasi_nn_load_by_name((char *)dims, 5000, &graph));
    SAY(wasi_nn_load_by_name_with_config("digits", 6, BAD, 4, &graph));
    SAY(wasi_nn_load_by_name_with_config("digits", 6, "{", 1, &graph));
    SAY(wasi_nn_load_by_name_with_config("digits", 6, "\xff", 1, &graph));
    SAY(wasi_nn_load_by_name_with_config("text", 4, "{\"ctx-size\": \"many\"}", 20, &graph));
    SAY(wasi_nn_load(parts, 1, 0, 0, &graph));
    SAY(wasi_nn_load(parts, 65, 0, 0, &graph));
    SAY(wasi_nn_load(BAD, 1, 0, 0, &graph));
    SAY(wasi_nn_load(parts, 0x40000000, 0, 0, &graph));
    parts[0] = (wasi_nn_builder){"preload:x", 9};
    SAY(wasi_nn_load(parts, 1, WASI_NN_ENCODING_GGML, 0, &graph));
    SAY(wasi_nn_load(parts, 1, 99, 0, &graph));
    SAY(wasi_nn_load(parts, 1, 0, 9, &graph));
    SAY(wasi_nn_load(parts, 0, 0, 0, &graph));
    SAY(wasi_nn_init_execution_context(7, &context));
    SAY(wasi_nn_unload(7));
    printf("%u %u\n", graph, context);

    SAY(wasi_nn_load_by_name("digits", 6, &graph));
    SAY(wasi_nn_load_by_name("digits", 6, &other));
    printf("%u %u\n", graph, other);
    SAY(wasi_nn_init_execution_context(graph, BAD));
    SAY(wasi_nn_init_execution_context(graph, &context));
    SAY(wasi_nn_init_execution_context(graph, &other));
    printf("%u %u\n", context, other);
    SAY(wasi_nn_finalize_execution_context(context));
    SAY(wasi_nn_finalize_execution_context(context));
    SAY(wasi_nn_compute(context));
    context = other;

    SAY(wasi_nn_set_input(context, 0, BAD));
    bad = good, bad.dimensions = BAD;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.rank = 65;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.data = BAD;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.size = 0xFFFFFFFF;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.size = 3;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.type = 77;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.type = WASI_NN_TYPE_I64;
    SAY(wasi_nn_set_input(context, 0, &bad));
    bad = good, bad.type = 0x00100300 | WASI_NN_TYPE_F32;
    SAY(wasi_nn_set_input(context, 0, &bad));
    SAY(wasi_nn_set_input(context, 5, &good));
    SAY(wasi_nn_set_input(55, 0, &good));
    SAY(wasi_nn_get_output(context, 0, scores, sizeof scores, &size));
    SAY(wasi_nn_set_input(context, 0, &good));
    SAY(wasi_nn_compute(context));
    SAY(wasi_nn_get_output(context, 9, scores, sizeof scores, &size));
    SAY(wasi_nn_get_output(context, 0, scores, 8, &size));
    printf("%u\n", size);
    SAY(wasi_nn_get_output(context, 0, BAD, 8, &size));
    SAY(wasi_nn_get_output(context, 0, scores, sizeof scores, BAD));
    SAY(wasi_nn_get_output(context, 0, NULL, 0, &size));
    SAY(wasi_nn_get_output(context, 0, scores, sizeof scores, &size));
    printf("%u\n", size);
    SAY(wasi_nn_compute_single(context));
    SAY(wasi_nn_get_output_single(context, 0, text, sizeof text, &size));
    SAY(wasi_nn_fini_single(context));
    SAY(wasi_nn_compute_single(1234));
    SAY(wasi_nn_unload(graph));
    SAY(wasi_nn_compute(context));
    SAY(wasi_nn_get_output(context, 0, scores, sizeof scores, &size));
    SAY(wasi_nn_init_execution_context(graph, &other));

    SAY(wasi_nn_load_by_name_with_config("text", 4, "{\"temp\": 0}", 11, &graph));
    SAY(wasi_nn_init_execution_context(graph, &context));
    SAY(wasi_nn_set_input_text(context, 1, "[", 1));
    SAY(wasi_nn_set_input_text(context, 1, "{\"n-predict\": \"\"}", 17));
    SAY(wasi_nn_set_input_text(context, 1, "{\"n-predict\": 9}", 16));
    SAY(wasi_nn_set_input_text(context, 0, "Once\xff\xfe upon", 11));
    SAY(wasi_nn_compute(context));
    memset(text, 'x', sizeof text);
    SAY(wasi_nn_get_output(context, 0, text, 5, &size));
    printf("%d %.6s\n", size > 5, text);
    SAY(wasi_nn_get_output(context, 0, NULL, 0, &size));
    SAY(wasi_nn_compute_single(context));
    SAY(wasi_nn_get_output_single(context, 0, text, 0, &size));
    SAY(wasi_nn_get_output_single(context, 0, BAD, 4, &size));
    return 0;
}
