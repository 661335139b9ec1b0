/* A reactor for timing host calls: calls(n) asks n times for a handle that does not exist, so that
 * a call costs the crossing, the look-up and the errno, and no model is needed. */
#include <wasi_nn.h>

__attribute__((export_name("calls"))) int32_t calls(int32_t count) {
    int32_t errors = 0;
    for (int32_t i = 0; i < count; i++)
        errors += wasi_nn_compute(0xFFFFFFFFu) == WASI_NN_INVALID_ARGUMENT;
    return errors;
}
