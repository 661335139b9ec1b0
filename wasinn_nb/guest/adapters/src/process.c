/* Arguments, environment, clocks, random numbers and waiting. */
#include "wasi.h"

IMPORT("wasi:cli/environment@0.2.0", "get-arguments") void get_arguments(list *out);
IMPORT("wasi:cli/environment@0.2.0", "get-environment") void get_environment(list *out);
IMPORT("wasi:clocks/monotonic-clock@0.2.0", "now") u64 monotonic_now(void);
IMPORT("wasi:clocks/monotonic-clock@0.2.0", "resolution") u64 monotonic_resolution(void);
IMPORT("wasi:clocks/monotonic-clock@0.2.0", "subscribe-duration") i32 subscribe_duration(u64 ns);
IMPORT("wasi:clocks/wall-clock@0.2.0", "now") void wall_now(void *out);
IMPORT("wasi:clocks/wall-clock@0.2.0", "resolution") void wall_resolution(void *out);
IMPORT("wasi:io/poll@0.2.0", "[method]pollable.block") void pollable_block(i32 pollable);
IMPORT("wasi:io/poll@0.2.0", "[resource-drop]pollable") void pollable_drop(i32 pollable);
IMPORT("wasi:random/random@0.2.0", "get-random-bytes") void get_random_bytes(u64 size, list *out);

typedef struct datetime {
    u64 seconds;
    u32 nanoseconds;
} datetime;

/* ---- texts that the guest is given ---------------------------------------------------------- */

/* Every text of a list, with a 0 after each; `parts` texts are one, with `=` between them. */
static i32 give_texts(const list *texts, u32 count, u32 parts, guest_ptr table, guest_ptr buffer) {
    for (u32 i = 0; i < count; i++) {
        if (!guest_has(table, 4)) return E_FAULT;
        guest_put32(table, buffer);
        table += 4;
        for (u32 part = 0; part < parts; part++) {
            const list *text = &texts[i * parts + part];
            const char end = part + 1 < parts ? '=' : 0;
            if (!guest_has(buffer, (u64)text->size + 1)) return E_FAULT;
            guest_write(buffer, text->data, text->size);
            guest_write(buffer + text->size, &end, 1);
            buffer += text->size + 1;
        }
    }
    return E_SUCCESS;
}

static i32 give_sizes(const list *texts, u32 count, u32 parts, guest_ptr count_out, guest_ptr size_out) {
    u32 size = 0;
    if (!guest_has(count_out, 4) || !guest_has(size_out, 4)) return E_FAULT;
    for (u32 i = 0; i < count * parts; i++) size += texts[i].size + 1;
    guest_put32(count_out, count);
    guest_put32(size_out, size);
    return E_SUCCESS;
}

WASI(args_sizes_get)(guest_ptr count, guest_ptr size) {
    list texts;
    scratch_reset();
    get_arguments(&texts);
    return give_sizes(texts.data, texts.size, 1, count, size);
}

WASI(args_get)(guest_ptr table, guest_ptr buffer) {
    list texts;
    scratch_reset();
    get_arguments(&texts);
    return give_texts(texts.data, texts.size, 1, table, buffer);
}

WASI(environ_sizes_get)(guest_ptr count, guest_ptr size) {
    list texts;
    scratch_reset();
    get_environment(&texts);
    return give_sizes(texts.data, texts.size, 2, count, size);
}

WASI(environ_get)(guest_ptr table, guest_ptr buffer) {
    list texts;
    scratch_reset();
    get_environment(&texts);
    return give_texts(texts.data, texts.size, 2, table, buffer);
}

/* ---- clocks --------------------------------------------------------------------------------- */

enum { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS, CLOCK_THREAD };

static bool read_clock(u32 clock, bool resolution, u64 *out) {
    datetime time;
    switch (clock) {
    case CLOCK_REALTIME:
        if (resolution) wall_resolution(&time);
        else wall_now(&time);
        *out = time.seconds * 1000000000ull + time.nanoseconds;
        return true;
    case CLOCK_MONOTONIC: *out = resolution ? monotonic_resolution() : monotonic_now(); return true;
    default: return false;
    }
}

static i32 give_clock(u32 clock, bool resolution, guest_ptr out) {
    u64 time;
    if (!guest_has(out, 8)) return E_FAULT;
    if (!read_clock(clock, resolution, &time))
        return clock <= CLOCK_THREAD ? E_NOTSUP : E_INVAL;
    guest_put64(out, time);
    return E_SUCCESS;
}

WASI(clock_time_get)(u32 clock, u64 precision, guest_ptr out) {
    (void)precision;
    return give_clock(clock, false, out);
}

WASI(clock_res_get)(u32 clock, guest_ptr out) { return give_clock(clock, true, out); }

/* ---- random numbers ------------------------------------------------------------------------- */

WASI(random_get)(guest_ptr buffer, u32 size) {
    if (!guest_has(buffer, size)) return E_FAULT;
    while (size) {
        const u32 some = size < 65536 ? size : 65536;
        list bytes;
        scratch_reset();
        get_random_bytes(some, &bytes);
        guest_write(buffer, bytes.data, some);
        buffer += some;
        size -= some;
    }
    return E_SUCCESS;
}

/* ---- waiting -------------------------------------------------------------------------------- */

#define SLICE 20000000ull /* a guest that sleeps can be stopped every 20 ms, between two calls */

enum { SUBSCRIBED_CLOCK, SUBSCRIBED_READ, SUBSCRIBED_WRITE };

typedef struct subscription {
    u64 user;
    u8 kind;
    u8 pad[7];
    u32 clock; /* or a file */
    u32 pad2;
    u64 timeout, precision;
    u16 absolute;
    u8 pad3[6];
} subscription;

typedef struct event {
    u64 user;
    u16 error;
    u8 kind;
    u8 pad[5];
    u64 bytes;
    u16 flags;
    u8 pad2[6];
} event;

static void sleep_until(u64 end) {
    for (;;) {
        const u64 now = monotonic_now();
        if (now >= end) return;
        const i32 pollable = subscribe_duration(end - now < SLICE ? end - now : SLICE);
        pollable_block(pollable);
        pollable_drop(pollable);
    }
}

/* When a clock's time has come, by the monotonic clock. */
static u64 due(const subscription *wanted, u64 now) {
    u64 time;
    if (!wanted->absolute) return now + wanted->timeout < now ? UINT64_MAX : now + wanted->timeout;
    if (wanted->clock == CLOCK_MONOTONIC) return wanted->timeout;
    if (!read_clock(wanted->clock, false, &time) || wanted->timeout <= time) return now;
    return now + (wanted->timeout - time);
}

WASI(poll_oneoff)(guest_ptr wanted, guest_ptr events, u32 count, guest_ptr out) {
    subscription one;
    u64 first = UINT64_MAX, now;
    u32 written = 0;
    bool ready = false;
    if (!count) return E_INVAL;
    if (!guest_has(wanted, (u64)count * sizeof one) || !guest_has(out, 4) ||
        !guest_has(events, (u64)count * sizeof(event)))
        return E_FAULT;
    now = monotonic_now();
    for (u32 i = 0; i < count; i++) {
        guest_read(&one, wanted + i * sizeof one, sizeof one);
        if (one.kind > SUBSCRIBED_WRITE) return E_INVAL;
        if (one.kind != SUBSCRIBED_CLOCK) ready = true; /* files can always be read and written */
        else if (due(&one, now) < first) first = due(&one, now);
    }
    if (!ready) sleep_until(first);
    for (u32 i = 0; i < count; i++) {
        guest_read(&one, wanted + i * sizeof one, sizeof one);
        if (one.kind == SUBSCRIBED_CLOCK && due(&one, now) > (ready ? now : first)) continue;
        const event told = {.user = one.user, .kind = one.kind, .bytes = one.kind ? 1 : 0};
        guest_write(events + written++ * sizeof told, &told, sizeof told);
    }
    guest_put32(out, written);
    return E_SUCCESS;
}

WASI(sched_yield)(void) { return E_SUCCESS; }

WASI(proc_raise)(u32 signal) {
    (void)signal;
    return E_NOSYS;
}

i32 guest_text(guest_ptr at, u32 size, list *out) {
    if (!guest_has(at, size)) return E_FAULT;
    out->size = size;
    out->data = guest_copy(at, size);
    if (!out->data) return E_NOMEM;
    return is_utf8(out->data, size) ? E_SUCCESS : E_ILSEQ;
}
