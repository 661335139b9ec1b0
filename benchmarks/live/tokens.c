/* Generates COUNT tokens, 400 to a text, at RATE tokens a second (0: as fast as it can), and prints
 * each if PRINT is 1:
 *     tokens MODEL COUNT RATE PRINT
 * COUNT 0 goes on until it is stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wasi_nn.h>

enum { TEXT = 400 };

static const char prompt[] = "Once upon a time";

/* Sleep until `seconds` after `began`: on the average the rate is kept whatever a token takes. */
static void sleep_until(const struct timespec *began, double seconds) {
    struct timespec now, left;
    double wait;
    clock_gettime(CLOCK_MONOTONIC, &now);
    wait = seconds - (double)(now.tv_sec - began->tv_sec) -
           (double)(now.tv_nsec - began->tv_nsec) * 1e-9;
    if (wait <= 0) return;
    left.tv_sec = (time_t)wait;
    left.tv_nsec = (long)((wait - (double)left.tv_sec) * 1e9);
    nanosleep(&left, NULL);
}

int main(int argc, char **argv) {
    wasi_nn_graph graph;
    wasi_nn_context context;
    struct timespec began;
    if (argc != 5 || wasi_nn_load_by_name(argv[1], (uint32_t)strlen(argv[1]), &graph)) return 1;
    if (wasi_nn_init_execution_context(graph, &context)) return 2;
    const long count = atol(argv[2]), rate = atol(argv[3]), print = atol(argv[4]);
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (long n = 0; !count || n < count; n++) {
        char piece[256];
        uint32_t size;
        if (n % TEXT == 0) {
            if (n && wasi_nn_fini_single(context)) return 3;
            if (wasi_nn_set_input_text(context, 0, prompt, sizeof prompt - 1)) return 4;
        }
        if (rate) sleep_until(&began, (double)n / (double)rate);
        if (wasi_nn_compute_single(context)) return 5;
        if (wasi_nn_get_output_single(context, 0, piece, sizeof piece, &size)) return 6;
        if (print && (fwrite(piece, 1, size, stdout) != size || fflush(stdout))) return 7;
    }
    return 0;
}
