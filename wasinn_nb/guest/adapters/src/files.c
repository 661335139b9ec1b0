/* Open files: standard streams, files on disk and directories. */
#include "files.h"

IMPORT("wasi:cli/stdin@0.2.0", "get-stdin") i32 get_stdin(void);
IMPORT("wasi:cli/stdout@0.2.0", "get-stdout") i32 get_stdout(void);
IMPORT("wasi:cli/stderr@0.2.0", "get-stderr") i32 get_stderr(void);

typedef struct stream_result {
    u8 failed;
    union {
        list bytes;
        struct {
            u8 closed;
            i32 error;
        };
    };
} stream_result;

#define STREAMS "wasi:io/streams@0.2.0"
IMPORT(STREAMS, "[method]input-stream.blocking-read")
void blocking_read(i32 self, u64 size, stream_result *out);
IMPORT(STREAMS, "[method]output-stream.blocking-write-and-flush")
void blocking_write(i32 self, const void *data, u32 size, stream_result *out);
IMPORT("wasi:io/error@0.2.0", "[resource-drop]error") void io_error_drop(i32 self);

METHOD("read") void descriptor_read(i32 self, u64 size, u64 at, word_result *out);
METHOD("write") void descriptor_write(i32 self, const void *data, u32 size, u64 at, long_result *out);
METHOD("set-size") void descriptor_set_size(i32 self, u64 size, plain_result *out);
METHOD("sync") void descriptor_sync(i32 self, plain_result *out);
METHOD("sync-data") void descriptor_sync_data(i32 self, plain_result *out);
METHOD("get-type") void descriptor_get_type(i32 self, plain_result *out);

static file files[MOST_FILES];
static bool began;

/* ---- the table ------------------------------------------------------------------------------ */

file *file_at(u32 fd) {
    if (!began) {
        began = true;
        files[STDIN].kind = INPUT;
        files[STDOUT].kind = files[STDERR].kind = OUTPUT;
        for (i32 fd = STDIN; fd <= STDERR; fd++) files[fd].handle = ~fd;
    }
    return fd < MOST_FILES && files[fd].kind != CLOSED ? &files[fd] : NULL;
}

i32 new_file(u32 *fd, file **out) {
    (void)file_at(0);
    for (u32 i = FIRST_PREOPEN; i < MOST_FILES; i++) {
        if (files[i].kind != CLOSED) continue;
        __builtin_memset(&files[i], 0, sizeof files[i]);
        *fd = i;
        *out = &files[i];
        return E_SUCCESS;
    }
    return E_MFILE;
}

i32 directory_at(u32 fd, file **out) {
    *out = file_at(fd);
    if (!*out) return E_BADF;
    return (*out)->kind == DIRECTORY ? E_SUCCESS : E_NOTDIR;
}

i32 disk_file_at(u32 fd, file **out) {
    *out = file_at(fd);
    if (!*out) return E_BADF;
    if ((*out)->kind == DIRECTORY) return E_ISDIR;
    return (*out)->kind == DISK_FILE ? E_SUCCESS : E_SPIPE;
}

/* In the order of `wasi:filesystem/types.error-code`. */
static const u8 ERRORS[] = {2,  6,  7,  8,  10, 16, 19, 20, 22, 25, 26, 27, 28, 29, 31, 32, 34, 35, 37,
                            43, 44, 46, 48, 51, 54, 55, 56, 58, 59, 60, 61, 63, 64, 69, 70, 74, 75};

i32 errno_of(u8 code) { return code < sizeof ERRORS ? ERRORS[code] : E_IO; }

u8 filetype_of(u8 type) {
    static const u8 types[] = {TYPE_UNKNOWN, TYPE_BLOCK,   TYPE_CHARACTER, TYPE_DIRECTORY,
                               TYPE_UNKNOWN, TYPE_LINK, TYPE_REGULAR,   TYPE_SOCKET};
    return type < sizeof types ? types[type] : TYPE_UNKNOWN;
}

static i32 stream_of(file *open) {
    if (open->handle == ~STDIN) open->handle = get_stdin();
    else if (open->handle == ~STDOUT) open->handle = get_stdout();
    else if (open->handle == ~STDERR) open->handle = get_stderr();
    return open->handle;
}

/* ---- reading and writing -------------------------------------------------------------------- */

#define CHUNK 4096u /* the most that a stream takes in one blocking write */

typedef struct part {
    guest_ptr at;
    u32 size;
} part;

/* Also checks that the parts are in the guest's memory. */
static i32 parts_of(guest_ptr table, u32 count, guest_ptr out, part **parts) {
    if (!guest_has(table, (u64)count * sizeof(part)) || !guest_has(out, 4)) return E_FAULT;
    *parts = guest_copy(table, count * sizeof(part));
    if (!*parts) return E_NOMEM;
    for (u32 i = 0; i < count; i++)
        if (!guest_has((*parts)[i].at, (*parts)[i].size)) return E_FAULT;
    return E_SUCCESS;
}

static i32 write_stream(i32 stream, const u8 *data, u32 size) {
    while (size) {
        const u32 some = size < CHUNK ? size : CHUNK;
        stream_result result;
        blocking_write(stream, data, some, &result);
        if (result.failed) {
            if (!result.closed) io_error_drop(result.error);
            return result.closed ? E_PIPE : E_IO;
        }
        data += some;
        size -= some;
    }
    return E_SUCCESS;
}

static i32 write_disk(file *open, const u8 *data, u32 size, u64 at, u32 *done) {
    while (*done < size) {
        long_result result;
        descriptor_write(open->handle, data + *done, size - *done, at + *done, &result);
        if (result.failed) return *done ? E_SUCCESS : errno_of(result.error);
        if (!result.value) break;
        *done += (u32)result.value;
    }
    return E_SUCCESS;
}

/* All parts in one piece. */
static i32 gathered(const part *parts, u32 count, u8 **data, u32 *size) {
    u64 all = 0;
    u8 *next;
    for (u32 i = 0; i < count; i++) all += parts[i].size;
    if (all > INT32_MAX) return E_INVAL;
    *size = (u32)all;
    next = *data = scratch(*size);
    if (!next) return E_NOMEM;
    for (u32 i = 0; i < count; next += parts[i++].size) guest_read(next, parts[i].at, parts[i].size);
    return E_SUCCESS;
}

static i32 write_parts(file *open, guest_ptr table, u32 count, guest_ptr out, u64 *at) {
    part *parts;
    u8 *data;
    u32 size, done = 0;
    i32 error;
    if ((error = parts_of(table, count, out, &parts))) return error;
    if ((error = gathered(parts, count, &data, &size))) return error;
    if ((error = write_disk(open, data, size, *at, &done))) return error;
    *at += done;
    guest_put32(out, done);
    return E_SUCCESS;
}

WASI(fd_write)(u32 fd, guest_ptr table, u32 count, guest_ptr out) {
    file *open = file_at(fd);
    part *parts;
    u8 *data;
    u32 size;
    i32 error;
    scratch_reset();
    if (!open) return E_BADF;
    if (open->kind == DIRECTORY) return E_ISDIR;
    if (open->kind == INPUT) return E_BADF;
    if (open->kind == DISK_FILE) {
        if (open->flags & FLAG_APPEND) {
            stat_result result;
            descriptor_stat(open->handle, &result);
            if (result.failed) return errno_of(result.error);
            open->position = result.stat.size;
        }
        return write_parts(open, table, count, out, &open->position);
    }
    if ((error = parts_of(table, count, out, &parts))) return error;
    if ((error = gathered(parts, count, &data, &size))) return error;
    if ((error = write_stream(stream_of(open), data, size))) return error;
    guest_put32(out, size);
    return E_SUCCESS;
}

WASI(fd_pwrite)(u32 fd, guest_ptr table, u32 count, u64 at, guest_ptr out) {
    file *open;
    const i32 error = disk_file_at(fd, &open);
    scratch_reset();
    return error ? error : write_parts(open, table, count, out, &at);
}

/* Up to `size` bytes, which the host puts into scratch memory; none at the end. */
static i32 read_some(file *open, u32 size, u64 at, list *out) {
    if (open->kind == INPUT) {
        stream_result result;
        blocking_read(stream_of(open), size, &result);
        out->size = 0;
        if (!result.failed) *out = result.bytes;
        else if (!result.closed) return io_error_drop(result.error), E_IO;
    } else {
        word_result result;
        descriptor_read(open->handle, size, at, &result);
        if (result.failed) return errno_of(result.error);
        out->data = result.bytes.data;
        out->size = result.bytes.size;
    }
    return E_SUCCESS;
}

static i32 read_parts(file *open, guest_ptr table, u32 count, guest_ptr out, u64 *at) {
    part *parts;
    u32 done = 0;
    i32 error;
    if ((error = parts_of(table, count, out, &parts))) return error;
    for (u32 i = 0; i < count; i++) {
        list bytes;
        const u32 wanted = parts[i].size < (1u << 20) ? parts[i].size : (1u << 20);
        if (!wanted) continue;
        if ((error = read_some(open, wanted, *at, &bytes))) {
            if (done) break;
            return error;
        }
        guest_write(parts[i].at, bytes.data, bytes.size);
        *at += bytes.size;
        done += bytes.size;
        if (bytes.size < parts[i].size) break;
    }
    guest_put32(out, done);
    return E_SUCCESS;
}

WASI(fd_read)(u32 fd, guest_ptr table, u32 count, guest_ptr out) {
    file *open = file_at(fd);
    scratch_reset();
    if (!open || open->kind == OUTPUT) return E_BADF;
    if (open->kind == DIRECTORY) return E_ISDIR;
    return read_parts(open, table, count, out, &open->position);
}

WASI(fd_pread)(u32 fd, guest_ptr table, u32 count, u64 at, guest_ptr out) {
    file *open;
    const i32 error = disk_file_at(fd, &open);
    scratch_reset();
    return error ? error : read_parts(open, table, count, out, &at);
}

/* ---- what is known of an open file ---------------------------------------------------------- */

WASI(fd_close)(u32 fd) {
    file *open = file_at(fd);
    if (!open) return E_BADF;
    if (open->kind == DIRECTORY) forget_listing(open->handle);
    if (open->kind == DISK_FILE || open->kind == DIRECTORY) descriptor_drop(open->handle);
    open->kind = CLOSED;
    return E_SUCCESS;
}

WASI(fd_renumber)(u32 from, u32 to) {
    file *open = file_at(from);
    if (!open || !file_at(to)) return E_BADF;
    if (from == to) return E_SUCCESS;
    wasi_fd_close(to);
    files[to] = *open;
    open->kind = CLOSED;
    return E_SUCCESS;
}

WASI(fd_seek)(u32 fd, i64 by, u32 whence, guest_ptr out) {
    file *open;
    u64 from = 0;
    i32 error;
    if ((error = disk_file_at(fd, &open))) return error;
    if (!guest_has(out, 8)) return E_FAULT;
    if (whence == 1) from = open->position;
    else if (whence == 2) {
        stat_result result;
        descriptor_stat(open->handle, &result);
        if (result.failed) return errno_of(result.error);
        from = result.stat.size;
    } else if (whence) return E_INVAL;
    if ((i64)(from + (u64)by) < 0) return E_INVAL;
    open->position = from + (u64)by;
    guest_put64(out, open->position);
    return E_SUCCESS;
}

WASI(fd_tell)(u32 fd, guest_ptr out) { return wasi_fd_seek(fd, 0, 1, out); }

typedef struct fdstat {
    u8 type;
    u16 flags;
    u64 rights, inheriting;
} fdstat;

#define ALL_RIGHTS 0x1FFFFFFFull
#define STREAM_RIGHTS (ALL_RIGHTS & ~0x24ull) /* without seek and tell, as a terminal has them */

WASI(fd_fdstat_get)(u32 fd, guest_ptr out) {
    file *open = file_at(fd);
    fdstat told;
    if (!open) return E_BADF;
    if (!guest_has(out, sizeof told)) return E_FAULT;
    __builtin_memset(&told, 0, sizeof told);
    told.rights = told.inheriting = ALL_RIGHTS;
    told.flags = open->flags;
    if (open->kind == DIRECTORY) told.type = TYPE_DIRECTORY;
    else if (open->kind == DISK_FILE) {
        plain_result result;
        descriptor_get_type(open->handle, &result);
        if (result.failed) return errno_of(result.value);
        told.type = filetype_of(result.value);
        if (!(open->may & MAY_READ)) told.rights &= ~0x2ull;
        if (!(open->may & MAY_WRITE)) told.rights &= ~0x40ull;
    } else {
        told.rights = STREAM_RIGHTS & (open->kind == INPUT ? ~0x40ull : ~0x2ull);
    }
    guest_write(out, &told, sizeof told);
    return E_SUCCESS;
}

WASI(fd_fdstat_set_flags)(u32 fd, u32 flags) {
    file *open = file_at(fd);
    if (!open) return E_BADF;
    open->flags = (u16)(flags & (FLAG_APPEND | FLAG_NONBLOCK));
    return flags & ~(u32)(FLAG_APPEND | FLAG_NONBLOCK) ? E_NOTSUP : E_SUCCESS;
}

WASI(fd_fdstat_set_rights)(u32 fd, u64 base, u64 inheriting) {
    (void)base, (void)inheriting;
    return file_at(fd) ? E_SUCCESS : E_BADF;
}

WASI(fd_filestat_set_size)(u32 fd, u64 size) {
    file *open;
    plain_result result;
    const i32 error = disk_file_at(fd, &open);
    if (error) return error;
    descriptor_set_size(open->handle, size, &result);
    return result.failed ? errno_of(result.value) : E_SUCCESS;
}

WASI(fd_allocate)(u32 fd, u64 at, u64 size) {
    (void)at, (void)size;
    return file_at(fd) ? E_NOTSUP : E_BADF;
}

WASI(fd_advise)(u32 fd, u64 at, u64 size, u32 advice) {
    (void)at, (void)size, (void)advice;
    return file_at(fd) ? E_SUCCESS : E_BADF; /* there is nothing that has to follow an advice */
}

/* Inlined, so that what a guest does not call is not imported. */
static inline __attribute__((always_inline)) i32 synchronised(u32 fd, void (*sync)(i32, plain_result *)) {
    file *open = file_at(fd);
    plain_result result;
    if (!open) return E_BADF;
    if (open->kind != DISK_FILE && open->kind != DIRECTORY) return E_SUCCESS;
    sync(open->handle, &result);
    return result.failed ? errno_of(result.value) : E_SUCCESS;
}

WASI(fd_sync)(u32 fd) { return synchronised(fd, descriptor_sync); }

WASI(fd_datasync)(u32 fd) { return synchronised(fd, descriptor_sync_data); }

/* ---- sockets: there are none ---------------------------------------------------------------- */

WASI(sock_accept)(u32 fd, u32 flags, guest_ptr out) { return (void)flags, (void)out, file_at(fd) ? E_NOTSUP : E_BADF; }

WASI(sock_recv)(u32 fd, guest_ptr table, u32 count, u32 flags, guest_ptr size, guest_ptr out) {
    (void)table, (void)count, (void)flags, (void)size, (void)out;
    return file_at(fd) ? E_NOTSUP : E_BADF;
}

WASI(sock_send)(u32 fd, guest_ptr table, u32 count, u32 flags, guest_ptr out) {
    (void)table, (void)count, (void)flags, (void)out;
    return file_at(fd) ? E_NOTSUP : E_BADF;
}

WASI(sock_shutdown)(u32 fd, u32 how) { return (void)how, file_at(fd) ? E_NOTSUP : E_BADF; }
