/* A reactor for timing set_input: open_model(), then inputs(n) sends n tensors of 602,112 bytes
 * (1x3x224x224 floats) to input 0 of the model "default". Both return the first errno that is not 0. */
#include <wasi_nn.h>

static float pixels[3 * 224 * 224];
static wasi_nn_context context;

__attribute__((export_name("open_model"))) int32_t open_model(void) {
    wasi_nn_graph graph;
    wasi_nn_errno error = wasi_nn_load_by_name("default", 7, &graph);
    return error ? error : wasi_nn_init_execution_context(graph, &context);
}

__attribute__((export_name("inputs"))) int32_t inputs(int32_t count) {
    static const uint32_t shape[] = {1, 3, 224, 224};
    const wasi_nn_tensor tensor = {shape, 4, WASI_NN_TYPE_F32, pixels, sizeof pixels};
    wasi_nn_errno error = 0;
    for (int32_t i = 0; i < count && !error; i++) {
        pixels[i % 224] = (float)i;
        error = wasi_nn_set_input(context, 0, &tensor);
    }
    return error;
}
