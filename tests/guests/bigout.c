/* bigout [MIB]: that many MiB of 64-byte lines on standard output (1 by default). */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const long lines = (argc > 1 ? atol(argv[1]) : 1) * 16384;
    for (long i = 0; i < lines; i++) printf("%063ld\n", i);
    return ferror(stdout) ? 1 : 0;
}
