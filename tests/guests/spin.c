/* Spins without calling the host: only the host can end it. */
#include <stdio.h>

int main(void) {
    volatile unsigned long turns = 0;
    puts("spinning");
    fflush(stdout);
    for (;;) turns++;
}
