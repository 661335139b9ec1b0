/* trap [unreachable|abort|oob|exit]: each way to end badly, in a function and at a line of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APART static __attribute__((noinline)) void

static volatile int reached; /* an instruction before the trap, so that it has a line */

APART unreachable(void) {
    reached = 1;
    __builtin_trap(); /* line 12 */
}

APART out_of_bounds(volatile char *end) {
    *end = 1; /* line 16 */
}

APART aborts(void) {
    abort(); /* line 20 */
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "unreachable";
    puts("before");
    fflush(stdout);
    if (strcmp(how, "abort") == 0) aborts();
    if (strcmp(how, "exit") == 0) exit(42);
    if (strcmp(how, "oob") == 0) out_of_bounds((char *)0xFFFFFFF0u);
    unreachable();
}
