/* Linked into every C and C++ guest, as an object of its own so that the guest's lines keep their
   numbers. WASI's libc finds no terminal and would hold back output until a buffer is full; a notebook
   wants each line as it is written, and the lines before a trap. */
#include <stdio.h>

__attribute__((constructor)) static void wasinn_line_buffered_stdout(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
}
