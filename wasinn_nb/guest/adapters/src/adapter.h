/* What the parts of the adapter share: access to the guest's memory, and memory of their own.
 *
 * A guest is a core module: it calls functions of `wasi_snapshot_preview1` and `wasi_ephemeral_nn`
 * with addresses in its memory. The adapter answers with functions of WASI 0.2, wasi:nn and
 * wasinn:llm, by the canonical ABI of components. There is no C library here, and the guest's
 * memory is another one than this program's. */
#ifndef ADAPTER_H
#define ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

/* An address in the guest's memory. */
typedef u32 guest_ptr;

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

/* A list or a text, as the canonical ABI has it. */
typedef struct list {
    void *data;
    u32 size;
} list;

/* ---- the guest's memory --------------------------------------------------------------------- */

/* Whether `size` bytes at `at` are in the guest's memory. */
bool guest_has(guest_ptr at, u64 size);

/* Copies, of what guest_has has been asked for. */
void guest_read(void *to, guest_ptr from, u32 size);
void guest_write(guest_ptr to, const void *from, u32 size);
void guest_put32(guest_ptr to, u32 value);
void guest_put64(guest_ptr to, u64 value);

/* ---- memory of this program ----------------------------------------------------------------- */

/* Memory until the next scratch_reset, 8 bytes aligned; NULL if there is none left. What the host
 * returns lies there as well. */
void *scratch(u32 size);
void scratch_reset(void);

/* A copy of the guest's bytes in scratch memory; NULL if there is no room for it. */
void *guest_copy(guest_ptr from, u32 size);

/* Whether these bytes may cross as a text. */
bool is_utf8(const u8 *text, u32 size);

#endif
