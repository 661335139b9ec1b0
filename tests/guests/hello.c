/* argv, environment and standard input on standard output; the exit code is $EXIT_CODE. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const char *greeting = getenv("GREETING");
    const char *code = getenv("EXIT_CODE");
    char line[256];
    printf("GREETING=%s\n", greeting ? greeting : "(unset)");
    for (int i = 1; i < argc; i++) printf("argv[%d]=%s\n", i, argv[i]);
    while (fgets(line, sizeof line, stdin)) printf("stdin: %s", line);
    fprintf(stderr, "bye\n");
    return code ? atoi(code) : 0;
}
