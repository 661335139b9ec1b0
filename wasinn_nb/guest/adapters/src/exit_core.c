/* The end of a guest with its code, which hosts of WASI 0.2 need not have, and those of wasinn:llm
 * do. */
#include "wasi.h"

IMPORT("wasi:cli/exit@0.2.0", "exit-with-code") void host_exit(u32 code);

EXPORT("proc_exit") void wasi_proc_exit(u32 code) {
    host_exit(code & 0xFF);
    __builtin_trap();
}
