/* One inference by the bare functions of the ABI, for a model in every way to load one:
 *
 *     tensors name NAME TYPE DIMS                  load_by_name
 *     tensors config NAME JSON TYPE DIMS           load_by_name_with_config
 *     tensors bytes ENCODING PARTS TYPE DIMS       load, with the files /io/part0, /io/part1, ...
 *
 * TYPE is the number of a tensor type, DIMS is "1,3,8,8"; the input is /io/input, the outputs go to
 * /io/output0, /io/output1, ... Prints each call's errno that is not 0 and ends there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi_nn.h>

static void *contents(const char *name, uint32_t *size) {
    FILE *file = fopen(name, "rb");
    if (!file) return *size = 0, NULL;
    fseek(file, 0, SEEK_END);
    *size = (uint32_t)ftell(file);
    rewind(file);
    void *data = malloc(*size + 1);
    if (fread(data, 1, *size, file) != *size) abort();
    fclose(file);
    return data;
}

static int failed(const char *call, wasi_nn_errno error) {
    if (error) printf("%s=%d\n", call, (int)error);
    return error != 0;
}

static int loaded(int argc, char **argv, wasi_nn_graph *graph) {
    (void)argc;
    const uint32_t length = (uint32_t)strlen(argv[2]);
    if (!strcmp(argv[1], "name"))
        return !failed("load_by_name", wasi_nn_load_by_name(argv[2], length, graph));
    if (!strcmp(argv[1], "config"))
        return !failed("load_by_name_with_config",
                       wasi_nn_load_by_name_with_config(argv[2], length, argv[3],
                                                        (uint32_t)strlen(argv[3]), graph));
    wasi_nn_builder parts[4];
    const uint32_t count = (uint32_t)atoi(argv[3]);
    for (uint32_t i = 0; i < count; i++) {
        char name[] = "/io/part0";
        name[8] = (char)('0' + i);
        parts[i].data = contents(name, &parts[i].size);
    }
    return !failed("load", wasi_nn_load(parts, count, (uint32_t)atoi(argv[2]), 0, graph));
}

int main(int argc, char **argv) {
    wasi_nn_graph graph;
    wasi_nn_context context;
    if (!loaded(argc, argv, &graph)) return 1;
    if (failed("init_execution_context", wasi_nn_init_execution_context(graph, &context))) return 1;

    uint32_t dims[8], rank = 0;
    for (char *at = argv[argc - 1]; *at; at += *at == ',') dims[rank++] = (uint32_t)strtoul(at, &at, 10);
    wasi_nn_tensor input = {dims, rank, (uint8_t)atoi(argv[argc - 2]), NULL, 0};
    input.data = contents("/io/input", &input.size);
    if (failed("set_input", wasi_nn_set_input(context, 0, &input))) return 1;
    if (failed("compute", wasi_nn_compute(context))) return 1;

    static uint8_t buffer[16 << 20];
    for (uint32_t index = 0; index < 2; index++) {
        uint32_t size;
        char name[] = "/io/output0";
        name[10] = (char)('0' + index);
        if (failed("get_output", wasi_nn_get_output(context, index, buffer, sizeof buffer, &size)))
            break;
        FILE *file = fopen(name, "wb");
        if (!file || fwrite(buffer, 1, size, file) != size || fclose(file)) abort();
    }
    return 0;
}
