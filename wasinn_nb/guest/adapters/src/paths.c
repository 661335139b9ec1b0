/* Names in directories, and the directories that the guest was given. */
#include "files.h"

enum { FOLLOW = 1 };
enum { CREATE = 1, MUST_BE_DIRECTORY = 2, EXCLUSIVE = 4, TRUNCATE = 8 };
enum { RIGHT_READ = 2, RIGHT_WRITE = 64 };

IMPORT("wasi:filesystem/preopens@0.2.0", "get-directories") void get_directories(list *out);

METHOD("open-at")
void open_at(i32 self, u32 follow, const void *path, u32 size, u32 how, u32 may, word_result *out);
METHOD("stat-at") void stat_at(i32 self, u32 follow, const void *path, u32 size, stat_result *out);
METHOD("create-directory-at")
void create_directory_at(i32 self, const void *path, u32 size, plain_result *out);
METHOD("remove-directory-at")
void remove_directory_at(i32 self, const void *path, u32 size, plain_result *out);
METHOD("unlink-file-at")
void unlink_file_at(i32 self, const void *path, u32 size, plain_result *out);
METHOD("rename-at")
void rename_at(i32 self, const void *old, u32 old_size, i32 to, const void *path, u32 size,
               plain_result *out);
METHOD("link-at")
void link_at(i32 self, u32 follow, const void *old, u32 old_size, i32 to, const void *path,
             u32 size, plain_result *out);
METHOD("symlink-at")
void symlink_at(i32 self, const void *target, u32 target_size, const void *path, u32 size,
                plain_result *out);
METHOD("readlink-at") void readlink_at(i32 self, const void *path, u32 size, word_result *out);
METHOD("set-times")
void set_times(i32 self, u32 accessed, u64 accessed_s, u32 accessed_ns, u32 modified,
               u64 modified_s, u32 modified_ns, plain_result *out);
METHOD("set-times-at")
void set_times_at(i32 self, u32 follow, const void *path, u32 size, u32 accessed, u64 accessed_s,
                  u32 accessed_ns, u32 modified, u64 modified_s, u32 modified_ns,
                  plain_result *out);

/* ---- directories that the guest was given --------------------------------------------------- */

typedef struct given_directory {
    i32 descriptor;
    list name;
} given_directory;

static char names[16384]; /* of the directories */

static void open_given(void) {
    static bool done;
    u32 used = 0;
    list found;
    if (done) return;
    done = true;
    scratch_reset();
    get_directories(&found);
    for (u32 i = 0; i < found.size; i++) {
        const given_directory *given = (const given_directory *)found.data + i;
        u32 fd;
        file *open;
        if (given->name.size > sizeof names - used || new_file(&fd, &open)) {
            descriptor_drop(given->descriptor);
            continue;
        }
        __builtin_memcpy(names + used, given->name.data, given->name.size);
        open->kind = DIRECTORY;
        open->may = MAY_READ | MAY_CHANGE;
        open->handle = given->descriptor;
        open->preopen = names + used;
        open->preopen_size = given->name.size;
        used += given->name.size;
    }
}

static i32 given_at(u32 fd, file **out) {
    open_given();
    *out = file_at(fd);
    if (!*out) return E_BADF;
    return (*out)->preopen ? E_SUCCESS : E_BADF;
}

WASI(fd_prestat_get)(u32 fd, guest_ptr out) {
    file *open;
    const i32 error = given_at(fd, &open);
    if (error) return error;
    if (!guest_has(out, 8)) return E_FAULT;
    guest_put32(out, 0);
    guest_put32(out + 4, open->preopen_size);
    return E_SUCCESS;
}

WASI(fd_prestat_dir_name)(u32 fd, guest_ptr path, u32 size) {
    file *open;
    const i32 error = given_at(fd, &open);
    if (error) return error;
    if (size > open->preopen_size) size = open->preopen_size;
    if (!guest_has(path, size)) return E_FAULT;
    guest_write(path, open->preopen, size);
    return E_SUCCESS;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* A directory, and a name in it. */
static i32 named(u32 fd, guest_ptr path, u32 size, file **directory, list *name) {
    const i32 error = directory_at(fd, directory);
    return error ? error : guest_text(path, size, name);
}

static i32 plainly(plain_result result) { return result.failed ? errno_of(result.value) : E_SUCCESS; }

WASI(path_open)(u32 fd, u32 follow, guest_ptr path, u32 size, u32 how, u64 rights, u64 inheriting,
                u32 flags, guest_ptr out) {
    file *directory, *open;
    list name;
    word_result result;
    u32 number, may = 0;
    i32 error;
    (void)inheriting;
    scratch_reset();
    if (!guest_has(out, 4)) return E_FAULT;
    if ((error = named(fd, path, size, &directory, &name))) return error;
    if (how & MUST_BE_DIRECTORY) may = MAY_READ | (rights & RIGHT_WRITE ? MAY_CHANGE : 0);
    else {
        if (rights & RIGHT_READ) may |= MAY_READ;
        if (rights & RIGHT_WRITE) may |= MAY_WRITE;
        if (!may) may = MAY_READ;
    }
    if ((error = new_file(&number, &open))) return error;
    open_at(directory->handle, follow & FOLLOW, name.data, name.size, how & 15, may, &result);
    if (result.failed) return errno_of(result.error);
    open->handle = (i32)result.value;
    open->may = (u8)may;
    open->flags = (u16)(flags & FLAG_APPEND);
    open->kind = DISK_FILE;
    if (!(may & MAY_WRITE)) { /* what is written to is no directory */
        stat_result found;
        descriptor_stat(open->handle, &found);
        if (!found.failed && filetype_of(found.stat.type) == TYPE_DIRECTORY) open->kind = DIRECTORY;
    }
    guest_put32(out, number);
    return E_SUCCESS;
}

#define ON_NAME(function, host)                                    \
    WASI(function)(u32 fd, guest_ptr path, u32 size) {             \
        file *directory;                                           \
        list name;                                                 \
        plain_result result;                                       \
        i32 error;                                                 \
        scratch_reset();                                           \
        if ((error = named(fd, path, size, &directory, &name))) return error; \
        host(directory->handle, name.data, name.size, &result);    \
        return plainly(result);                                    \
    }

ON_NAME(path_create_directory, create_directory_at)
ON_NAME(path_remove_directory, remove_directory_at)
ON_NAME(path_unlink_file, unlink_file_at)

WASI(path_rename)(u32 fd, guest_ptr path, u32 size, u32 to, guest_ptr to_path, u32 to_size) {
    file *from, *into;
    list name, other;
    plain_result result;
    i32 error;
    scratch_reset();
    if ((error = named(fd, path, size, &from, &name))) return error;
    if ((error = named(to, to_path, to_size, &into, &other))) return error;
    rename_at(from->handle, name.data, name.size, into->handle, other.data, other.size, &result);
    return plainly(result);
}

WASI(path_link)(u32 fd, u32 follow, guest_ptr path, u32 size, u32 to, guest_ptr to_path, u32 to_size) {
    file *from, *into;
    list name, other;
    plain_result result;
    i32 error;
    scratch_reset();
    if ((error = named(fd, path, size, &from, &name))) return error;
    if ((error = named(to, to_path, to_size, &into, &other))) return error;
    link_at(from->handle, follow & FOLLOW, name.data, name.size, into->handle, other.data, other.size,
            &result);
    return plainly(result);
}

WASI(path_symlink)(guest_ptr target, u32 target_size, u32 fd, guest_ptr path, u32 size) {
    file *directory;
    list name, wanted;
    plain_result result;
    i32 error;
    scratch_reset();
    if ((error = guest_text(target, target_size, &wanted))) return error;
    if ((error = named(fd, path, size, &directory, &name))) return error;
    symlink_at(directory->handle, wanted.data, wanted.size, name.data, name.size, &result);
    return plainly(result);
}

WASI(path_readlink)(u32 fd, guest_ptr path, u32 size, guest_ptr buffer, u32 most, guest_ptr out) {
    file *directory;
    list name;
    word_result result;
    i32 error;
    scratch_reset();
    if (!guest_has(buffer, most) || !guest_has(out, 4)) return E_FAULT;
    if ((error = named(fd, path, size, &directory, &name))) return error;
    readlink_at(directory->handle, name.data, name.size, &result);
    if (result.failed) return errno_of(result.error);
    if (result.bytes.size < most) most = result.bytes.size;
    guest_write(buffer, result.bytes.data, most);
    guest_put32(out, most);
    return E_SUCCESS;
}

/* ---- what is known of a file ---------------------------------------------------------------- */

typedef struct filestat {
    u64 device, inode;
    u8 type;
    u64 links, size, accessed, modified, changed;
} filestat;

static u64 nanoseconds(timestamp time) {
    return time.given ? time.seconds * 1000000000ull + time.nanoseconds : 0;
}

static i32 give_stat(const stat_result *found, u64 inode, guest_ptr out) {
    filestat told;
    if (found->failed) return errno_of(found->error);
    __builtin_memset(&told, 0, sizeof told);
    told.inode = inode;
    told.type = filetype_of(found->stat.type);
    told.links = found->stat.links;
    told.size = found->stat.size;
    told.accessed = nanoseconds(found->stat.accessed);
    told.modified = nanoseconds(found->stat.modified);
    told.changed = nanoseconds(found->stat.changed);
    guest_write(out, &told, sizeof told);
    return E_SUCCESS;
}

WASI(path_filestat_get)(u32 fd, u32 follow, guest_ptr path, u32 size, guest_ptr out) {
    file *directory;
    list name;
    stat_result result;
    i32 error;
    scratch_reset();
    if (!guest_has(out, sizeof(filestat))) return E_FAULT;
    if ((error = named(fd, path, size, &directory, &name))) return error;
    stat_at(directory->handle, follow & FOLLOW, name.data, name.size, &result);
    return give_stat(&result, number_of(name.data, name.size), out);
}

WASI(fd_filestat_get)(u32 fd, guest_ptr out) {
    file *open = file_at(fd);
    stat_result result;
    if (!open) return E_BADF;
    if (!guest_has(out, sizeof(filestat))) return E_FAULT;
    __builtin_memset(&result, 0, sizeof result);
    if (open->kind == DISK_FILE || open->kind == DIRECTORY) descriptor_stat(open->handle, &result);
    return give_stat(&result, fd + 1, out);
}

enum { SET_ACCESSED = 1, ACCESSED_NOW = 2, SET_MODIFIED = 4, MODIFIED_NOW = 8 };
enum { NO_CHANGE, NOW, TIMESTAMP };

static u32 change(u32 flags, u32 set, u32 now) { return flags & now ? NOW : flags & set ? TIMESTAMP : NO_CHANGE; }

#define SECOND 1000000000ull
#define TIMES                                                                              \
    change(flags, SET_ACCESSED, ACCESSED_NOW), accessed / SECOND, (u32)(accessed % SECOND), \
        change(flags, SET_MODIFIED, MODIFIED_NOW), modified / SECOND, (u32)(modified % SECOND)

WASI(fd_filestat_set_times)(u32 fd, u64 accessed, u64 modified, u32 flags) {
    file *open = file_at(fd);
    plain_result result;
    if (!open || (open->kind != DISK_FILE && open->kind != DIRECTORY)) return E_BADF;
    set_times(open->handle, TIMES, &result);
    return plainly(result);
}

WASI(path_filestat_set_times)(u32 fd, u32 follow, guest_ptr path, u32 size, u64 accessed,
                              u64 modified, u32 flags) {
    file *directory;
    list name;
    plain_result result;
    i32 error;
    scratch_reset();
    if ((error = named(fd, path, size, &directory, &name))) return error;
    set_times_at(directory->handle, follow & FOLLOW, name.data, name.size, TIMES, &result);
    return plainly(result);
}
