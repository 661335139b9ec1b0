#include "adapter.h"

#define PAGE 65536u

IMPORT("wasinn:bridge", "read") void bridge_read(void *own, guest_ptr guest, u32 size);
IMPORT("wasinn:bridge", "write") void bridge_write(guest_ptr guest, const void *own, u32 size);
IMPORT("wasinn:bridge", "pages") u32 bridge_pages(void);

extern u8 __heap_base;
static u32 top, last;

bool guest_has(guest_ptr at, u64 size) {
    return (u64)at + size <= (u64)bridge_pages() * PAGE;
}

void guest_read(void *to, guest_ptr from, u32 size) { bridge_read(to, from, size); }

void guest_write(guest_ptr to, const void *from, u32 size) { bridge_write(to, from, size); }

void guest_put32(guest_ptr to, u32 value) { bridge_write(to, &value, sizeof value); }

void guest_put64(guest_ptr to, u64 value) { bridge_write(to, &value, sizeof value); }

void scratch_reset(void) { top = last = ((u32)&__heap_base + 7) & ~7u; }

static bool reaches(u64 end) {
    const u64 now = (u64)__builtin_wasm_memory_size(0) * PAGE;
    if (end <= now) return true;
    return end <= UINT32_MAX &&
           __builtin_wasm_memory_grow(0, (u32)((end - now + PAGE - 1) / PAGE)) != SIZE_MAX;
}

void *scratch(u32 size) {
    if (!top) scratch_reset();
    const u64 end = (u64)top + size;
    if (!reaches(end)) return NULL;
    last = top;
    top = (u32)((end + 7) & ~7ull);
    return (void *)last;
}

/* Called by the host for what it returns. */
EXPORT("cabi_realloc")
void *cabi_realloc(u8 *old, u32 old_size, u32 align, u32 size) {
    u8 *result;
    (void)align;
    if (old && (u32)old == last) { /* the last one grows, or shrinks, where it is */
        top = last;
        result = scratch(size);
    } else {
        result = scratch(size);
        if (result && old) __builtin_memcpy(result, old, old_size < size ? old_size : size);
    }
    if (!result) __builtin_trap();
    return result;
}

void *guest_copy(guest_ptr from, u32 size) {
    void *copy = scratch(size);
    if (copy) guest_read(copy, from, size);
    return copy;
}

bool is_utf8(const u8 *text, u32 size) {
    u32 i = 0;
    while (i < size) {
        const u8 first = text[i++];
        u32 more, least, rune;
        if (first < 0x80) continue;
        if (first >= 0xC2 && first < 0xE0) more = 1, least = 0x80, rune = first & 0x1F;
        else if (first >= 0xE0 && first < 0xF0) more = 2, least = 0x800, rune = first & 0x0F;
        else if (first >= 0xF0 && first < 0xF5) more = 3, least = 0x10000, rune = first & 0x07;
        else return false;
        for (; more; more--, i++) {
            if (i >= size || (text[i] & 0xC0) != 0x80) return false;
            rune = rune << 6 | (text[i] & 0x3F);
        }
        if (rune < least || rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) return false;
    }
    return true;
}
