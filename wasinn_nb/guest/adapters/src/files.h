/* The table of open files, and WASI 0.2's filesystem. */
#ifndef FILES_H
#define FILES_H

#include "wasi.h"

enum { CLOSED, INPUT, OUTPUT, DISK_FILE, DIRECTORY };

enum { MOST_FILES = 1024, STDIN = 0, STDOUT = 1, STDERR = 2, FIRST_PREOPEN = 3 };

enum { FLAG_APPEND = 1, FLAG_DSYNC = 2, FLAG_NONBLOCK = 4, FLAG_RSYNC = 8, FLAG_SYNC = 16 };

/* Flags of a descriptor in WASI 0.2. */
enum { MAY_READ = 1, MAY_WRITE = 2, MAY_CHANGE = 32 };

typedef struct file {
    u8 kind;
    u8 may;   /* MAY_READ and so on, as it was opened */
    u16 flags; /* FLAG_APPEND */
    i32 handle; /* of a stream, or of a descriptor; ~STDIN and so on until a stream is used */
    u64 position;
    const char *preopen; /* the directory's name for the guest, if it was given */
    u32 preopen_size;
} file;

/* The open file of this number, else NULL. */
file *file_at(u32 fd);
/* The directory of this number; else an error. */
i32 directory_at(u32 fd, file **out);
/* The file on disk of this number; else an error. */
i32 disk_file_at(u32 fd, file **out);
/* A number for a new file, or an error: E_MFILE. */
i32 new_file(u32 *fd, file **out);

/* WASI 0.2's `error-code` as a number of preview 1, and its types of files. */
i32 errno_of(u8 code);
u8 filetype_of(u8 type);

/* `result<_, error-code>` and all others whose value needs no alignment. */
typedef struct plain_result {
    u8 failed;
    u8 value; /* or the error */
} plain_result;

typedef struct word_result {
    u8 failed;
    union {
        u8 error;
        u32 value;
        struct {
            void *data;
            u32 size;
            u8 end;
        } bytes;
    };
} word_result;

typedef struct long_result {
    u8 failed;
    union {
        u8 error;
        u64 value;
    };
} long_result;

typedef struct timestamp {
    u8 given;
    u64 seconds;
    u32 nanoseconds;
} timestamp;

typedef struct stat_result {
    u8 failed;
    union {
        u8 error;
        struct {
            u8 type;
            u64 links, size;
            timestamp accessed, modified, changed;
        } stat;
    };
} stat_result;

/* Something that differs from name to name, where numbers of files are asked for. */
u64 number_of(const u8 *name, u32 size);
/* What is in that directory is not asked for any more. */
void forget_listing(i32 directory);

#define FILES "wasi:filesystem/types@0.2.0"
#define METHOD(name) IMPORT(FILES, "[method]descriptor." name)

METHOD("stat") void descriptor_stat(i32 self, stat_result *out);
IMPORT(FILES, "[resource-drop]descriptor") void descriptor_drop(i32 self);

#endif
