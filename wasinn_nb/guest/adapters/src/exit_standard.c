/* The end of a guest, as every host of WASI 0.2 has it: it went well, or it did not. */
#include "wasi.h"

IMPORT("wasi:cli/exit@0.2.0", "exit") void host_exit(i32 failed);

EXPORT("proc_exit") void wasi_proc_exit(u32 code) {
    host_exit((code & 0xFF) != 0);
    __builtin_trap();
}
