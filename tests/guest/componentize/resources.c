/* wasi:nn and wasinn:llm as they are, through wasi_nn_component.h. */
#include <stdio.h>
#include <wasi_nn_component.h>

static int failed(const char *what, nn_error_t error) {
    wit_string_t text = nn_error_data(error);
    printf("%s: %d %.*s\n", what, nn_error_code(error), (int)text.size, text.data);
    wit_free(text);
    nn_error_drop(error);
    return 1;
}

static int classify(void) {
    uint32_t dims[] = {1, 1, 8, 8};
    float pixels[64] = {0, 1, 2, 3};
    wit_result_nn_graph_nn_error_t loaded = nn_graph_load_by_name(wit_text("nobody"));
    if (!loaded.failed) return 1;
    failed("nobody", loaded.error);
    loaded = nn_graph_load_by_name(wit_text("digits"));
    if (loaded.failed) return failed("load", loaded.error);
    wit_result_nn_graph_execution_context_nn_error_t opened =
        nn_graph_init_execution_context(loaded.value);
    if (opened.failed) return failed("open", opened.error);
    wit_list_u8_t bytes = {(uint8_t *)pixels, sizeof pixels};
    wit_tuple_string_nn_tensor_t input = {
        wit_text("0"), nn_tensor_new((wit_list_u32_t){dims, 4}, NN_TENSOR_TYPE_FP32, bytes)};
    wit_list_tuple_string_nn_tensor_t inputs = {&input, 1};
    wit_result_list_tuple_string_nn_tensor_nn_error_t computed =
        nn_graph_execution_context_compute(opened.value, inputs);
    if (computed.failed) return failed("compute", computed.error);
    for (uint32_t i = 0; i < computed.value.size; i++) {
        wit_tuple_string_nn_tensor_t *one = &computed.value.data[i];
        wit_list_u8_t data = nn_tensor_data(one->f1);
        printf("%.*s: type %d, %u bytes\n", (int)one->f0.size, one->f0.data, nn_tensor_ty(one->f1),
               data.size);
        wit_free(data);
        wit_free(one->f0);
        nn_tensor_drop(one->f1);
    }
    wit_free(computed.value);
    nn_graph_execution_context_drop(opened.value);
    nn_graph_drop(loaded.value);
    return 0;
}

static int tell(void) {
    llm_config_t config = {0};
    config.temperature.some = true;
    config.temperature.value = 0;
    config.n_predict.some = true;
    config.n_predict.value = 12;
    wit_result_llm_model_llm_error_t loaded = llm_model_load(wit_text("text"), config);
    if (loaded.failed) return 2;
    llm_description_t described = llm_model_describe(loaded.value);
    printf("%.*s %u %d\n", (int)described.architecture.size, described.architecture.data,
           described.context_length, described.has_chat_template);
    wit_result_llm_context_llm_error_t opened = llm_model_open(loaded.value);
    if (opened.failed) return 3;
    wit_string_t stop = wit_text("nowhere to be found");
    llm_options_t options = {0, {&stop, 1}, true};
    wit_result_llm_token_stream_llm_error_t begun =
        llm_context_generate(opened.value, wit_text("Once upon a time"), options);
    if (begun.failed) return 4;
    int count = 0;
    for (;; count++) {
        wit_result_llm_token_llm_error_t token = llm_token_stream_next(begun.value);
        if (token.failed) {
            printf("\nend %d after %d\n", token.error.tag == LLM_ERROR_END_OF_SEQUENCE, count);
            break;
        }
        if (!token.value.log_probability.some || token.value.log_probability.value > 0) return 5;
        fwrite(token.value.text.data, 1, token.value.text.size, stdout);
        wit_free(token.value.text);
        wit_free(token.value.bytes);
    }
    llm_usage_t usage = llm_token_stream_finish(begun.value);
    printf("%u tokens, %d\n", usage.generated_tokens, usage.finish == LLM_FINISH_LENGTH);
    loaded = llm_model_load(wit_text("nobody"), config);
    if (!loaded.failed || loaded.error.tag != LLM_ERROR_MODEL_NOT_FOUND) return 6;
    printf("%.*s\n", (int)loaded.error.model_not_found.size, loaded.error.model_not_found.data);
    llm_context_drop(opened.value);
    return 0;
}

int main(void) {
    const int failed = classify();
    return failed ? failed : tell();
}
