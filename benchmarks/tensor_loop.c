/* Runs the model "m" on the array x, COUNT times, and measures each time:
 *     tensor_loop COUNT BYTES_OF_OUTPUT
 * /out/times: seconds of set_input, compute and get_output together, float64 [COUNT]
 * /out/first: seconds from opening the model to the end of the first inference, float64 [1] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <wasi_nn_exchange.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    const uint32_t one = 1, count = (uint32_t)atoi(argv[argc - 2]);
    const uint32_t size = (uint32_t)atoi(argv[argc - 1]);
    double *times = malloc(count * sizeof *times), began, first = 0;
    void *output = malloc(size);
    uint32_t written;
    wasi_nn_array x;
    wasi_nn_graph graph;
    wasi_nn_context context;
    wasi_nn_tensor tensor;
    if (wasi_nn_read_array("x", &x)) goto failed;
    tensor.dimensions = x.dims;
    tensor.rank = x.rank;
    tensor.type = WASI_NN_TYPE_F32;
    tensor.data = x.data;
    tensor.size = (uint32_t)x.size;
    for (uint32_t i = 0; i < size; i += 4096) ((volatile char *)output)[i] = 0;
    began = now();
    if (wasi_nn_check(wasi_nn_load_by_name("m", 1, &graph), "opening the model") ||
        wasi_nn_check(wasi_nn_init_execution_context(graph, &context), "making a context"))
        goto failed;
    for (uint32_t i = 0; i < count; i++) {
        const double start = now();
        if (wasi_nn_check(wasi_nn_set_input(context, 0, &tensor), "setting the input") ||
            wasi_nn_check(wasi_nn_compute(context), "computing") ||
            wasi_nn_check(wasi_nn_get_output(context, 0, output, size, &written), "reading"))
            goto failed;
        times[i] = now() - start;
        if (!i) first = now() - began;
    }
    if (wasi_nn_write_array("times", WASI_NN_DTYPE_FLOAT64, times, &count, 1) ||
        wasi_nn_write_array("first", WASI_NN_DTYPE_FLOAT64, &first, &one, 1))
        goto failed;
    return 0;
failed:
    fprintf(stderr, "%s\n", wasi_nn_last_error());
    return 1;
}
