/* trap [unreachable|abort|oob|exit]: each way to end badly, at a known line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "unreachable";
    puts("before");
    fflush(stdout);
    if (strcmp(how, "abort") == 0) abort();         /* line 10 */
    if (strcmp(how, "exit") == 0) exit(42);         /* line 11 */
    if (strcmp(how, "oob") == 0) {
        volatile char *end = (char *)0xFFFFFFF0u;
        *end = 1;                                   /* line 14 */
    }
    __builtin_trap();                               /* line 16 */
}
