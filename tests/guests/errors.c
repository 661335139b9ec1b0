/* errors ALIAS: what the host answers at the edges of the interface, one "name=errno" a line. Values
 * that are not an errno have a dot in their name. ALIAS is a text model; it is loaded with a context
 * of 256 tokens. errors.wasmedge.txt holds the answers of WasmEdge's ggml plugin. */
#include <stdio.h>
#include <string.h>
#include <wasi_nn.h>

#define NOWHERE ((void *)0xFFFFFFF0u)
#define NO_SUCH_HANDLE 0x7FFFFFFFu

static const char *alias;
static char buffer[65536];
static uint32_t size;

static wasi_nn_errno say(const char *name, wasi_nn_errno error) {
    printf("%s=%d\n", name, (int)error);
    fflush(stdout);
    return error;
}

static void value(const char *name, uint32_t number) {
    printf("%s=%u\n", name, (unsigned)number);
}

static wasi_nn_errno load_with(const char *config, uint32_t length, wasi_nn_graph *graph) {
    return wasi_nn_load_by_name_with_config(alias, (uint32_t)strlen(alias), config, length, graph);
}

/* Try settings on a model that is not loaded, and leave it so. */
static void try_config(const char *name, const char *config) {
    wasi_nn_graph graph;
    if (say(name, load_with(config, (uint32_t)strlen(config), &graph)) == 0)
        wasi_nn_unload(graph);
}

static wasi_nn_errno text(wasi_nn_context context, uint32_t index, const char *bytes) {
    return wasi_nn_set_input_text(context, index, bytes, strlen(bytes));
}

static wasi_nn_errno typed(wasi_nn_context context, uint32_t type) {
    const uint32_t shape = 5;
    const wasi_nn_tensor tensor = {&shape, 1, type, "Hello", 5};
    return wasi_nn_set_input(context, 0, &tensor);
}

static wasi_nn_errno output(wasi_nn_context context, uint32_t index, uint32_t capacity) {
    size = 0;
    return wasi_nn_get_output(context, index, buffer, capacity, &size);
}

static wasi_nn_errno piece(wasi_nn_context context) {
    size = 0;
    return wasi_nn_get_output_single(context, 0, buffer, sizeof buffer, &size);
}

static wasi_nn_graph loading(void) {
    static const char config[] = "{\"ctx-size\": 256, \"ignore-eos\": true, \"temp\": 0}";
    wasi_nn_graph graph = 0, again = 0;
    const uint32_t length = (uint32_t)strlen(alias);
    say("load_unknown_name", wasi_nn_load_by_name("no-such-model", 13, &graph));
    say("load_with_config_unknown_name",
        wasi_nn_load_by_name_with_config("no-such-model", 13, "{}", 2, &graph));
    say("load_name_out_of_bounds", wasi_nn_load_by_name((const char *)NOWHERE, 64, &graph));
    say("load_result_out_of_bounds",
        wasi_nn_load_by_name(alias, length, (wasi_nn_graph *)0xFFFFFFFEu));
    try_config("config_not_json", "nonsense");
    try_config("config_int_is_text", "{\"ctx-size\": \"a\"}");
    try_config("config_number_is_text", "{\"temp\": \"a\"}");
    try_config("config_int_is_fraction", "{\"ctx-size\": 256.5}");
    try_config("config_unknown_key", "{\"no-such-key\": 1}");
    try_config("config_array", "[]");
    try_config("config_empty", "");
    say("load", load_with(config, sizeof config - 1, &graph));
    say("load_again", wasi_nn_load_by_name(alias, length, &again));
    value("load_again.same_graph", again == graph);
    say("load_again_bad_config", load_with("nonsense", 8, &again));
    value("load_again_bad_config.same_graph", again == graph);
    return graph;
}

static void inputs(wasi_nn_context context) {
    say("compute_before_input", wasi_nn_compute(context));
    say("compute_single_before_input", wasi_nn_compute_single(context));
    say("output_before_compute", output(context, 0, sizeof buffer));
    value("output_before_compute.size", size);
    say("metadata_before_compute", output(context, 1, sizeof buffer));
    say("fini_single_before_compute", wasi_nn_fini_single(context));
    say("input_bad_context", text(NO_SUCH_HANDLE, 0, "Hello"));
    say("input_record_out_of_bounds",
        wasi_nn_set_input(context, 0, (const wasi_nn_tensor *)NOWHERE));
    say("input_f32", typed(context, WASI_NN_TYPE_F32));
    say("input_f64", typed(context, WASI_NN_TYPE_F64));
    say("input_type_9", typed(context, 9));
    say("input_index_5", text(context, 5, "Hello"));
    say("metadata_not_json", text(context, 1, "nonsense"));
    say("metadata", text(context, 1, "{\"n-predict\": 4}"));
}

static void outputs(wasi_nn_context context) {
    uint32_t whole;
    say("input_empty", text(context, 0, ""));
    say("compute_empty", wasi_nn_compute(context));
    say("input", text(context, 0, "Once upon a time"));
    say("compute", wasi_nn_compute(context));
    say("output", output(context, 0, sizeof buffer));
    whole = size;
    say("output_2", output(context, 2, sizeof buffer));
    value("output_2.same_size", size == whole);
    memset(buffer, '#', 8);
    say("output_small_buffer", output(context, 0, 4));
    value("output_small_buffer.whole_size", size == whole);
    value("output_small_buffer.past_the_end", buffer[4] != '#');
    say("output_buffer_out_of_bounds", wasi_nn_get_output(context, 0, NOWHERE, 64, &size));
    say("compute_again", wasi_nn_compute(context));
    output(context, 0, sizeof buffer);
    value("compute_again.same_size", size == whole);
}

static void limits(wasi_nn_context context) {
    static char words[602 * 4 + 1];
    uint32_t tokens = 0;
    wasi_nn_errno error;
    for (int i = 0; i < 602; i++) memcpy(words + 4 * i, " the", 5);
    say("input_602_words", text(context, 0, words));
    say("compute_602_words", wasi_nn_compute(context));
    say("compute_single_602_words", wasi_nn_compute_single(context));
    text(context, 1, "{\"n-predict\": -1}");
    text(context, 0, "Once upon a time");
    say("compute_to_the_end", wasi_nn_compute(context));
    output(context, 0, sizeof buffer);
    value("compute_to_the_end.has_text", size > 0);
    text(context, 0, "Once upon a time");
    while ((error = wasi_nn_compute_single(context)) == 0 && tokens < 1000) tokens++;
    say("compute_single_to_the_end", error);
    value("compute_single_to_the_end.over_200_tokens", tokens > 200);
    say("output_single_at_the_end", piece(context));
    value("output_single_at_the_end.has_text", size > 0);
    say("fini_single", wasi_nn_fini_single(context));
    say("output_single_after_fini", piece(context));
    value("output_single_after_fini.size", size);
}

int main(int argc, char **argv) {
    wasi_nn_graph graph, again;
    wasi_nn_context context, second;
    alias = argc > 1 ? argv[1] : "default";
    graph = loading();
    say("init_bad_graph", wasi_nn_init_execution_context(NO_SUCH_HANDLE, &context));
    if (say("init", wasi_nn_init_execution_context(graph, &context))) return 1;
    inputs(context);
    outputs(context);
    limits(context);

    say("init_second", wasi_nn_init_execution_context(graph, &second));
    value("init_second.other_context", second != context);
    say("finalize", wasi_nn_finalize_execution_context(second));
    say("finalize_again", wasi_nn_finalize_execution_context(second));
    say("finalize_bad_context", wasi_nn_finalize_execution_context(NO_SUCH_HANDLE));
    say("input_after_finalize", text(second, 0, "Hello"));
    say("compute_after_finalize", wasi_nn_compute(second));
    say("unload", wasi_nn_unload(graph));
    say("unload_again", wasi_nn_unload(graph));
    say("unload_bad_graph", wasi_nn_unload(NO_SUCH_HANDLE));
    say("init_after_unload", wasi_nn_init_execution_context(graph, &second));
    say("input_after_unload", text(context, 0, "Hello"));
    say("compute_after_unload", wasi_nn_compute(context));
    say("load_after_unload", wasi_nn_load_by_name(alias, (uint32_t)strlen(alias), &again));
    value("load_after_unload.new_graph", again != graph);
    return 0;
}
