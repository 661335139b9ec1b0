/* Copies /in/x to /out/y with every byte inverted, and prints the number of bytes. */
#include <stdio.h>

int main(void) {
    FILE *in = fopen("/in/x", "rb"), *out = fopen("/out/y", "wb");
    long count = 0;
    int byte;
    if (!in || !out) return perror(in ? "/out/y" : "/in/x"), 1;
    for (; (byte = getc(in)) != EOF; count++) putc(~byte & 0xFF, out);
    printf("%ld bytes\n", count);
    return ferror(in) || fclose(out) ? 1 : 0;
}
