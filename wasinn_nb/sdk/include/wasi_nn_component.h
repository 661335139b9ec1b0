/* wasi_nn_component.h: wasi:nn (0.2.0-rc-2024-10-28) and wasinn:llm (0.1.0) for C and C++.
 *
 * For cells that are built with --abi component and want the interfaces of components as they are.
 * Made from wasinn_nb/wit; what is called nn_ is of wasi:nn, what is called llm_ of wasinn:llm.
 *
 * A handle that a function returns is the caller's, to be dropped with its _drop function or given
 * away to a function that takes it. What is passed is lent, but for handles in lists and those of
 * static functions. Texts and lists that a function returns are freed with wit_free. Of a result,
 * `failed` tells whether `value` or `error` is there. */
#ifndef WASI_NN_COMPONENT_H
#define WASI_NN_COMPONENT_H

#include <wit.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef WIT_HAS_WIT_LIST_U32_T
#define WIT_HAS_WIT_LIST_U32_T
typedef struct {
    uint32_t *data;
    uint32_t size;
} wit_list_u32_t;
#endif

#ifndef WIT_HAS_NN_TENSOR_TYPE_T
#define WIT_HAS_NN_TENSOR_TYPE_T
typedef uint8_t nn_tensor_type_t;
enum {
    NN_TENSOR_TYPE_FP16 = 0,
    NN_TENSOR_TYPE_FP32 = 1,
    NN_TENSOR_TYPE_FP64 = 2,
    NN_TENSOR_TYPE_BF16 = 3,
    NN_TENSOR_TYPE_U8 = 4,
    NN_TENSOR_TYPE_I32 = 5,
    NN_TENSOR_TYPE_I64 = 6,
};
#endif

#ifndef WIT_HAS_WIT_LIST_U8_T
#define WIT_HAS_WIT_LIST_U8_T
typedef struct {
    uint8_t *data;
    uint32_t size;
} wit_list_u8_t;
#endif

#ifndef WIT_HAS_NN_TENSOR_T
#define WIT_HAS_NN_TENSOR_T
typedef struct { int32_t handle; } nn_tensor_t;
#endif

#ifndef WIT_HAS_NN_ERROR_CODE_T
#define WIT_HAS_NN_ERROR_CODE_T
typedef uint8_t nn_error_code_t;
enum {
    NN_ERROR_CODE_INVALID_ARGUMENT = 0,
    NN_ERROR_CODE_INVALID_ENCODING = 1,
    NN_ERROR_CODE_TIMEOUT = 2,
    NN_ERROR_CODE_RUNTIME_ERROR = 3,
    NN_ERROR_CODE_UNSUPPORTED_OPERATION = 4,
    NN_ERROR_CODE_TOO_LARGE = 5,
    NN_ERROR_CODE_NOT_FOUND = 6,
    NN_ERROR_CODE_SECURITY = 7,
    NN_ERROR_CODE_UNKNOWN = 8,
};
#endif

#ifndef WIT_HAS_NN_ERROR_T
#define WIT_HAS_NN_ERROR_T
typedef struct { int32_t handle; } nn_error_t;
#endif

#ifndef WIT_HAS_WIT_TUPLE_STRING_NN_TENSOR_T
#define WIT_HAS_WIT_TUPLE_STRING_NN_TENSOR_T
typedef struct {
    wit_string_t f0;
    nn_tensor_t f1;
} wit_tuple_string_nn_tensor_t;
#endif

#ifndef WIT_HAS_NN_GRAPH_EXECUTION_CONTEXT_T
#define WIT_HAS_NN_GRAPH_EXECUTION_CONTEXT_T
typedef struct { int32_t handle; } nn_graph_execution_context_t;
#endif

#ifndef WIT_HAS_WIT_LIST_TUPLE_STRING_NN_TENSOR_T
#define WIT_HAS_WIT_LIST_TUPLE_STRING_NN_TENSOR_T
typedef struct {
    wit_tuple_string_nn_tensor_t *data;
    uint32_t size;
} wit_list_tuple_string_nn_tensor_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_LIST_TUPLE_STRING_NN_TENSOR_NN_ERROR_T
#define WIT_HAS_WIT_RESULT_LIST_TUPLE_STRING_NN_TENSOR_NN_ERROR_T
typedef struct {
    bool failed;
    union {
        wit_list_tuple_string_nn_tensor_t value;
        nn_error_t error;
    };
} wit_result_list_tuple_string_nn_tensor_nn_error_t;
#endif

#ifndef WIT_HAS_NN_GRAPH_T
#define WIT_HAS_NN_GRAPH_T
typedef struct { int32_t handle; } nn_graph_t;
#endif

#ifndef WIT_HAS_NN_GRAPH_ENCODING_T
#define WIT_HAS_NN_GRAPH_ENCODING_T
typedef uint8_t nn_graph_encoding_t;
enum {
    NN_GRAPH_ENCODING_OPENVINO = 0,
    NN_GRAPH_ENCODING_ONNX = 1,
    NN_GRAPH_ENCODING_TENSORFLOW = 2,
    NN_GRAPH_ENCODING_PYTORCH = 3,
    NN_GRAPH_ENCODING_TENSORFLOWLITE = 4,
    NN_GRAPH_ENCODING_GGML = 5,
    NN_GRAPH_ENCODING_AUTODETECT = 6,
};
#endif

#ifndef WIT_HAS_NN_EXECUTION_TARGET_T
#define WIT_HAS_NN_EXECUTION_TARGET_T
typedef uint8_t nn_execution_target_t;
enum {
    NN_EXECUTION_TARGET_CPU = 0,
    NN_EXECUTION_TARGET_GPU = 1,
    NN_EXECUTION_TARGET_TPU = 2,
};
#endif

#ifndef WIT_HAS_WIT_RESULT_NN_GRAPH_EXECUTION_CONTEXT_NN_ERROR_T
#define WIT_HAS_WIT_RESULT_NN_GRAPH_EXECUTION_CONTEXT_NN_ERROR_T
typedef struct {
    bool failed;
    union {
        nn_graph_execution_context_t value;
        nn_error_t error;
    };
} wit_result_nn_graph_execution_context_nn_error_t;
#endif

#ifndef WIT_HAS_WIT_LIST_LIST_U8_T
#define WIT_HAS_WIT_LIST_LIST_U8_T
typedef struct {
    wit_list_u8_t *data;
    uint32_t size;
} wit_list_list_u8_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_NN_GRAPH_NN_ERROR_T
#define WIT_HAS_WIT_RESULT_NN_GRAPH_NN_ERROR_T
typedef struct {
    bool failed;
    union {
        nn_graph_t value;
        nn_error_t error;
    };
} wit_result_nn_graph_nn_error_t;
#endif

#ifndef WIT_HAS_LLM_TOKEN_LIMIT_T
#define WIT_HAS_LLM_TOKEN_LIMIT_T
/* Tokens: how many fit, and how many there were. */
typedef struct {
    uint32_t limit;
    uint32_t actual;
} llm_token_limit_t;
#endif

#ifndef WIT_HAS_LLM_CODE_T
#define WIT_HAS_LLM_CODE_T
/* The codes of wasi:nn/errors, for what has no case of its own. */
typedef uint8_t llm_code_t;
enum {
    LLM_CODE_INVALID_ARGUMENT = 0,
    LLM_CODE_INVALID_ENCODING = 1,
    LLM_CODE_TIMEOUT = 2,
    LLM_CODE_RUNTIME_ERROR = 3,
    LLM_CODE_UNSUPPORTED_OPERATION = 4,
    LLM_CODE_TOO_LARGE = 5,
    LLM_CODE_NOT_FOUND = 6,
    LLM_CODE_SECURITY = 7,
    LLM_CODE_MISSING_MEMORY = 8,
    LLM_CODE_UNKNOWN = 9,
};
#endif

#ifndef WIT_HAS_LLM_FAILURE_T
#define WIT_HAS_LLM_FAILURE_T
typedef struct {
    llm_code_t code;
    wit_string_t message;
} llm_failure_t;
#endif

#ifndef WIT_HAS_WIT_LIST_STRING_T
#define WIT_HAS_WIT_LIST_STRING_T
typedef struct {
    wit_string_t *data;
    uint32_t size;
} wit_list_string_t;
#endif

#ifndef WIT_HAS_LLM_ERROR_T
#define WIT_HAS_LLM_ERROR_T
typedef struct {
    uint8_t tag;
    union {
        llm_token_limit_t context_full;
        llm_token_limit_t prompt_too_long;
        wit_string_t model_not_found;
        wit_list_string_t busy;
        llm_failure_t failed;
    };
} llm_error_t;
enum {
    LLM_ERROR_END_OF_SEQUENCE = 0,
    LLM_ERROR_CONTEXT_FULL = 1,
    LLM_ERROR_PROMPT_TOO_LONG = 2,
    LLM_ERROR_MODEL_NOT_FOUND = 3,
    LLM_ERROR_BUSY = 4,
    LLM_ERROR_CANCELLED = 5,
    LLM_ERROR_FAILED = 6,
};
#endif

#ifndef WIT_HAS_WIT_OPTION_S32_T
#define WIT_HAS_WIT_OPTION_S32_T
typedef struct {
    bool some;
    int32_t value;
} wit_option_s32_t;
#endif

#ifndef WIT_HAS_WIT_OPTION_U32_T
#define WIT_HAS_WIT_OPTION_U32_T
typedef struct {
    bool some;
    uint32_t value;
} wit_option_u32_t;
#endif

#ifndef WIT_HAS_WIT_OPTION_F32_T
#define WIT_HAS_WIT_OPTION_F32_T
typedef struct {
    bool some;
    float value;
} wit_option_f32_t;
#endif

#ifndef WIT_HAS_WIT_OPTION_STRING_T
#define WIT_HAS_WIT_OPTION_STRING_T
typedef struct {
    bool some;
    wit_string_t value;
} wit_option_string_t;
#endif

#ifndef WIT_HAS_LLM_CONFIG_T
#define WIT_HAS_LLM_CONFIG_T
/* Settings; what is not given stays as the host has it. A pin of the person at the host wins
 * over all of them. */
typedef struct {
    wit_option_s32_t n_gpu_layers;
    wit_option_u32_t ctx_size;
    wit_option_u32_t batch_size;
    wit_option_u32_t threads;
    wit_option_s32_t n_predict;
    wit_option_f32_t temperature;
    wit_option_s32_t top_k;
    wit_option_f32_t top_p;
    wit_option_f32_t min_p;
    wit_option_f32_t repeat_penalty;
    wit_option_u32_t seed;
    wit_option_string_t json;
} llm_config_t;
#endif

#ifndef WIT_HAS_LLM_DESCRIPTION_T
#define WIT_HAS_LLM_DESCRIPTION_T
/* A model as it is loaded. Numbers are 0, and texts empty, where the host does not know. */
typedef struct {
    wit_string_t name;
    wit_string_t encoding;
    wit_string_t architecture;
    wit_string_t quantization;
    wit_string_t device;
    uint64_t parameters;
    uint64_t size;
    uint32_t context_length;
    uint32_t layers;
    uint32_t vocabulary;
    uint32_t embedding_length;
    bool has_chat_template;
} llm_description_t;
#endif

#ifndef WIT_HAS_LLM_MESSAGE_T
#define WIT_HAS_LLM_MESSAGE_T
typedef struct {
    wit_string_t role;
    wit_string_t content;
} llm_message_t;
#endif

#ifndef WIT_HAS_LLM_TOKEN_T
#define WIT_HAS_LLM_TOKEN_T
typedef struct {
    uint32_t id;
    wit_list_u8_t bytes;
    wit_string_t text;
    wit_option_f32_t log_probability;
} llm_token_t;
#endif

#ifndef WIT_HAS_LLM_FINISH_T
#define WIT_HAS_LLM_FINISH_T
typedef uint8_t llm_finish_t;
enum {
    LLM_FINISH_UNFINISHED = 0,
    LLM_FINISH_END = 1,
    LLM_FINISH_STOP = 2,
    LLM_FINISH_LENGTH = 3,
    LLM_FINISH_CONTEXT_FULL = 4,
    LLM_FINISH_CANCELLED = 5,
    LLM_FINISH_FAILED = 6,
};
#endif

#ifndef WIT_HAS_WIT_OPTION_F64_T
#define WIT_HAS_WIT_OPTION_F64_T
typedef struct {
    bool some;
    double value;
} wit_option_f64_t;
#endif

#ifndef WIT_HAS_LLM_USAGE_T
#define WIT_HAS_LLM_USAGE_T
typedef struct {
    uint32_t prompt_tokens;
    uint32_t cached_tokens;
    uint32_t generated_tokens;
    wit_option_f64_t time_to_first_token;
    wit_option_f64_t tokens_per_second;
    llm_finish_t finish;
} llm_usage_t;
#endif

#ifndef WIT_HAS_LLM_OPTIONS_T
#define WIT_HAS_LLM_OPTIONS_T
typedef struct {
    uint32_t max_tokens;
    wit_list_string_t stop;
    bool log_probabilities;
} llm_options_t;
#endif

#ifndef WIT_HAS_LLM_TOKEN_STREAM_T
#define WIT_HAS_LLM_TOKEN_STREAM_T
/* A generation that goes on as far as it is pulled. Dropping it ends it. */
typedef struct { int32_t handle; } llm_token_stream_t;
#endif

#ifndef WIT_HAS_LLM_CONTEXT_T
#define WIT_HAS_LLM_CONTEXT_T
/* A line of work on a model, with its own memory of what it has read and said. It has one
 * stream at a time: another one ends the first. */
typedef struct { int32_t handle; } llm_context_t;
#endif

#ifndef WIT_HAS_LLM_MODEL_T
#define WIT_HAS_LLM_MODEL_T
typedef struct { int32_t handle; } llm_model_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_LLM_TOKEN_LLM_ERROR_T
#define WIT_HAS_WIT_RESULT_LLM_TOKEN_LLM_ERROR_T
typedef struct {
    bool failed;
    union {
        llm_token_t value;
        llm_error_t error;
    };
} wit_result_llm_token_llm_error_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_NOTHING_LLM_ERROR_T
#define WIT_HAS_WIT_RESULT_NOTHING_LLM_ERROR_T
typedef struct {
    bool failed;
    union {
        llm_error_t error;
    };
} wit_result_nothing_llm_error_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_LLM_TOKEN_STREAM_LLM_ERROR_T
#define WIT_HAS_WIT_RESULT_LLM_TOKEN_STREAM_LLM_ERROR_T
typedef struct {
    bool failed;
    union {
        llm_token_stream_t value;
        llm_error_t error;
    };
} wit_result_llm_token_stream_llm_error_t;
#endif

#ifndef WIT_HAS_WIT_LIST_LLM_MESSAGE_T
#define WIT_HAS_WIT_LIST_LLM_MESSAGE_T
typedef struct {
    llm_message_t *data;
    uint32_t size;
} wit_list_llm_message_t;
#endif

#ifndef WIT_HAS_WIT_LIST_F32_T
#define WIT_HAS_WIT_LIST_F32_T
typedef struct {
    float *data;
    uint32_t size;
} wit_list_f32_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_LIST_F32_LLM_ERROR_T
#define WIT_HAS_WIT_RESULT_LIST_F32_LLM_ERROR_T
typedef struct {
    bool failed;
    union {
        wit_list_f32_t value;
        llm_error_t error;
    };
} wit_result_list_f32_llm_error_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_LLM_MODEL_LLM_ERROR_T
#define WIT_HAS_WIT_RESULT_LLM_MODEL_LLM_ERROR_T
typedef struct {
    bool failed;
    union {
        llm_model_t value;
        llm_error_t error;
    };
} wit_result_llm_model_llm_error_t;
#endif

#ifndef WIT_HAS_WIT_RESULT_LLM_CONTEXT_LLM_ERROR_T
#define WIT_HAS_WIT_RESULT_LLM_CONTEXT_LLM_ERROR_T
typedef struct {
    bool failed;
    union {
        llm_context_t value;
        llm_error_t error;
    };
} wit_result_llm_context_llm_error_t;
#endif

WIT_IMPORT("wasi:nn/tensor@0.2.0-rc-2024-10-28", "[resource-drop]tensor")
void wit_import_nn_tensor_drop(int32_t handle);
static inline void nn_tensor_drop(nn_tensor_t self) {
    wit_import_nn_tensor_drop(self.handle);
}

WIT_IMPORT("wasi:nn/tensor@0.2.0-rc-2024-10-28", "[constructor]tensor")
int32_t wit_import_nn_tensor_new(int32_t, int32_t, int32_t, int32_t, int32_t);
static inline nn_tensor_t nn_tensor_new(wit_list_u32_t dimensions, nn_tensor_type_t ty, wit_list_u8_t data) {
    nn_tensor_t result;
    int32_t core = wit_import_nn_tensor_new((int32_t)(intptr_t)dimensions.data, (int32_t)dimensions.size, (int32_t)ty, (int32_t)(intptr_t)data.data, (int32_t)data.size);
    result.handle = core;
    return result;
}

WIT_IMPORT("wasi:nn/tensor@0.2.0-rc-2024-10-28", "[method]tensor.dimensions")
void wit_import_nn_tensor_dimensions(int32_t, void *);
static inline wit_list_u32_t nn_tensor_dimensions(nn_tensor_t self) {
    wit_list_u32_t result;
    wit_import_nn_tensor_dimensions(self.handle, &result);
    return result;
}

WIT_IMPORT("wasi:nn/tensor@0.2.0-rc-2024-10-28", "[method]tensor.ty")
int32_t wit_import_nn_tensor_ty(int32_t);
static inline nn_tensor_type_t nn_tensor_ty(nn_tensor_t self) {
    nn_tensor_type_t result;
    int32_t core = wit_import_nn_tensor_ty(self.handle);
    result = (nn_tensor_type_t)core;
    return result;
}

WIT_IMPORT("wasi:nn/tensor@0.2.0-rc-2024-10-28", "[method]tensor.data")
void wit_import_nn_tensor_data(int32_t, void *);
static inline wit_list_u8_t nn_tensor_data(nn_tensor_t self) {
    wit_list_u8_t result;
    wit_import_nn_tensor_data(self.handle, &result);
    return result;
}

WIT_IMPORT("wasi:nn/errors@0.2.0-rc-2024-10-28", "[resource-drop]error")
void wit_import_nn_error_drop(int32_t handle);
static inline void nn_error_drop(nn_error_t self) {
    wit_import_nn_error_drop(self.handle);
}

WIT_IMPORT("wasi:nn/errors@0.2.0-rc-2024-10-28", "[method]error.code")
int32_t wit_import_nn_error_code(int32_t);
static inline nn_error_code_t nn_error_code(nn_error_t self) {
    nn_error_code_t result;
    int32_t core = wit_import_nn_error_code(self.handle);
    result = (nn_error_code_t)core;
    return result;
}

WIT_IMPORT("wasi:nn/errors@0.2.0-rc-2024-10-28", "[method]error.data")
void wit_import_nn_error_data(int32_t, void *);
static inline wit_string_t nn_error_data(nn_error_t self) {
    wit_string_t result;
    wit_import_nn_error_data(self.handle, &result);
    return result;
}

WIT_IMPORT("wasi:nn/inference@0.2.0-rc-2024-10-28", "[resource-drop]graph-execution-context")
void wit_import_nn_graph_execution_context_drop(int32_t handle);
static inline void nn_graph_execution_context_drop(nn_graph_execution_context_t self) {
    wit_import_nn_graph_execution_context_drop(self.handle);
}

WIT_IMPORT("wasi:nn/inference@0.2.0-rc-2024-10-28", "[method]graph-execution-context.compute")
void wit_import_nn_graph_execution_context_compute(int32_t, int32_t, int32_t, void *);
/* Takes its inputs; what comes back is the guest's. */
static inline wit_result_list_tuple_string_nn_tensor_nn_error_t nn_graph_execution_context_compute(nn_graph_execution_context_t self, wit_list_tuple_string_nn_tensor_t inputs) {
    wit_result_list_tuple_string_nn_tensor_nn_error_t result;
    wit_import_nn_graph_execution_context_compute(self.handle, (int32_t)(intptr_t)inputs.data, (int32_t)inputs.size, &result);
    return result;
}

WIT_IMPORT("wasi:nn/graph@0.2.0-rc-2024-10-28", "[resource-drop]graph")
void wit_import_nn_graph_drop(int32_t handle);
static inline void nn_graph_drop(nn_graph_t self) {
    wit_import_nn_graph_drop(self.handle);
}

WIT_IMPORT("wasi:nn/graph@0.2.0-rc-2024-10-28", "[method]graph.init-execution-context")
void wit_import_nn_graph_init_execution_context(int32_t, void *);
static inline wit_result_nn_graph_execution_context_nn_error_t nn_graph_init_execution_context(nn_graph_t self) {
    wit_result_nn_graph_execution_context_nn_error_t result;
    wit_import_nn_graph_init_execution_context(self.handle, &result);
    return result;
}

WIT_IMPORT("wasi:nn/graph@0.2.0-rc-2024-10-28", "load")
void wit_import_nn_graph_load(int32_t, int32_t, int32_t, int32_t, void *);
static inline wit_result_nn_graph_nn_error_t nn_graph_load(wit_list_list_u8_t builder, nn_graph_encoding_t encoding, nn_execution_target_t target) {
    wit_result_nn_graph_nn_error_t result;
    wit_import_nn_graph_load((int32_t)(intptr_t)builder.data, (int32_t)builder.size, (int32_t)encoding, (int32_t)target, &result);
    return result;
}

WIT_IMPORT("wasi:nn/graph@0.2.0-rc-2024-10-28", "load-by-name")
void wit_import_nn_graph_load_by_name(int32_t, int32_t, void *);
/* A graph that the host knows by this name. */
static inline wit_result_nn_graph_nn_error_t nn_graph_load_by_name(wit_string_t name) {
    wit_result_nn_graph_nn_error_t result;
    wit_import_nn_graph_load_by_name((int32_t)(intptr_t)name.data, (int32_t)name.size, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[resource-drop]token-stream")
void wit_import_llm_token_stream_drop(int32_t handle);
static inline void llm_token_stream_drop(llm_token_stream_t self) {
    wit_import_llm_token_stream_drop(self.handle);
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[resource-drop]context")
void wit_import_llm_context_drop(int32_t handle);
static inline void llm_context_drop(llm_context_t self) {
    wit_import_llm_context_drop(self.handle);
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[resource-drop]model")
void wit_import_llm_model_drop(int32_t handle);
static inline void llm_model_drop(llm_model_t self) {
    wit_import_llm_model_drop(self.handle);
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]token-stream.next")
void wit_import_llm_token_stream_next(int32_t, void *);
/* The next token. After the last one `end-of-sequence`, again and again, whatever ended the
 * text well: the model, a stop text or the limit of tokens; `usage` tells which. */
static inline wit_result_llm_token_llm_error_t llm_token_stream_next(llm_token_stream_t self) {
    wit_result_llm_token_llm_error_t result;
    wit_import_llm_token_stream_next(self.handle, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]token-stream.cancel")
void wit_import_llm_token_stream_cancel(int32_t);
/* Compute no further: `next` answers `cancelled` from now on, whatever was held back. */
static inline void llm_token_stream_cancel(llm_token_stream_t self) {
    wit_import_llm_token_stream_cancel(self.handle);
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]token-stream.usage")
void wit_import_llm_token_stream_usage(int32_t, void *);
/* How it goes, or went. */
static inline llm_usage_t llm_token_stream_usage(llm_token_stream_t self) {
    llm_usage_t result;
    wit_import_llm_token_stream_usage(self.handle, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[static]token-stream.finish")
void wit_import_llm_token_stream_finish(int32_t, void *);
/* End it, and say how it went. As after dropping it, the context keeps its memory of what it
 * has read and said: a prompt that begins with that needs less evaluation. */
static inline llm_usage_t llm_token_stream_finish(llm_token_stream_t this_) {
    llm_usage_t result;
    wit_import_llm_token_stream_finish(this_.handle, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]context.configure")
void wit_import_llm_context_configure(void *, void *);
/* Change settings from the next generation on; it ends the stream. Those that belong to
 * loading the weights are refused, and nothing is changed then. A new `ctx-size` or
 * `batch-size` forgets what was read and said. */
static inline wit_result_nothing_llm_error_t llm_context_configure(llm_context_t self, llm_config_t config) {
    struct { llm_context_t self; llm_config_t config; } all = {
        self, config};
    wit_result_nothing_llm_error_t result;
    wit_import_llm_context_configure(&all, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]context.generate")
void wit_import_llm_context_generate(int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, void *);
/* Continue a text. The prompt is evaluated, and the first token made, before it returns. */
static inline wit_result_llm_token_stream_llm_error_t llm_context_generate(llm_context_t self, wit_string_t prompt, llm_options_t options) {
    wit_result_llm_token_stream_llm_error_t result;
    wit_import_llm_context_generate(self.handle, (int32_t)(intptr_t)prompt.data, (int32_t)prompt.size, (int32_t)options.max_tokens, (int32_t)(intptr_t)options.stop.data, (int32_t)options.stop.size, (int32_t)options.log_probabilities, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]context.chat")
void wit_import_llm_context_chat(int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, int32_t, void *);
/* Answer the last message: as `generate`, with a prompt made by the model's own template. */
static inline wit_result_llm_token_stream_llm_error_t llm_context_chat(llm_context_t self, wit_list_llm_message_t messages, llm_options_t options) {
    wit_result_llm_token_stream_llm_error_t result;
    wit_import_llm_context_chat(self.handle, (int32_t)(intptr_t)messages.data, (int32_t)messages.size, (int32_t)options.max_tokens, (int32_t)(intptr_t)options.stop.data, (int32_t)options.stop.size, (int32_t)options.log_probabilities, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]context.embed")
void wit_import_llm_context_embed(int32_t, int32_t, int32_t, void *);
/* The text's embedding, of length 1. A stream that goes on is not disturbed. */
static inline wit_result_list_f32_llm_error_t llm_context_embed(llm_context_t self, wit_string_t text) {
    wit_result_list_f32_llm_error_t result;
    wit_import_llm_context_embed(self.handle, (int32_t)(intptr_t)text.data, (int32_t)text.size, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[static]model.load")
void wit_import_llm_model_load(void *, void *);
/* The model that the host knows as `name`; a loaded one with the same settings is there at
 * once. */
static inline wit_result_llm_model_llm_error_t llm_model_load(wit_string_t name, llm_config_t config) {
    struct { wit_string_t name; llm_config_t config; } all = {
        name, config};
    wit_result_llm_model_llm_error_t result;
    wit_import_llm_model_load(&all, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]model.describe")
void wit_import_llm_model_describe(int32_t, void *);
static inline llm_description_t llm_model_describe(llm_model_t self) {
    llm_description_t result;
    wit_import_llm_model_describe(self.handle, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[method]model.open")
void wit_import_llm_model_open(int32_t, void *);
static inline wit_result_llm_context_llm_error_t llm_model_open(llm_model_t self) {
    wit_result_llm_context_llm_error_t result;
    wit_import_llm_model_open(self.handle, &result);
    return result;
}

WIT_IMPORT("wasinn:llm/models@0.1.0", "[static]model.unload")
void wit_import_llm_model_unload(int32_t, void *);
/* Free the model's memory, unless others hold it. Contexts that were opened from this handle
 * answer errors from then on. */
static inline wit_result_nothing_llm_error_t llm_model_unload(llm_model_t this_) {
    wit_result_nothing_llm_error_t result;
    wit_import_llm_model_unload(this_.handle, &result);
    return result;
}

#ifdef __cplusplus
}
#endif

#endif
