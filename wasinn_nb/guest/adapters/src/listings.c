/* What is in directories. A guest asks for it in pieces, each with the number of the entry that it
 * begins with; the host gives entry by entry and never goes back. So what is being listed stays open
 * between pieces, with the entry that came last, of which a piece may have had a part only. */
#include "files.h"

typedef struct entry_result {
    u8 failed;
    union {
        u8 error;
        struct {
            u8 given, pad[3];
            u8 type;
            list name;
        } entry;
    };
} entry_result;

METHOD("read-directory") void read_directory(i32 self, word_result *out);
IMPORT(FILES, "[method]directory-entry-stream.read-directory-entry")
void read_directory_entry(i32 self, entry_result *out);
IMPORT(FILES, "[resource-drop]directory-entry-stream") void entries_drop(i32 self);

enum { MOST_LISTINGS = 32, LONGEST_NAME = 1024, FIRST = 2 }; /* 0 and 1 are . and .. */

typedef struct listing {
    bool open;
    i32 directory, entries;
    u64 next; /* the number of the entry that the host gives next */
    u64 used; /* when; who was used longest ago makes room */
    u8 type;  /* of the last entry */
    u32 size; /* of its name; 0 for none, or one that is longer than can be kept */
    u8 name[LONGEST_NAME];
} listing;

static listing listings[MOST_LISTINGS];
static u64 now;

static void shut(listing *one) {
    if (one->open) entries_drop(one->entries);
    one->open = false;
}

void forget_listing(i32 directory) {
    for (u32 i = 0; i < MOST_LISTINGS; i++)
        if (listings[i].open && listings[i].directory == directory) shut(&listings[i]);
}

/* Of this directory, one that can go on with the entry of this number, else one from the start. */
static i32 listing_of(i32 directory, u64 number, bool afresh, listing **out) {
    listing *one = listings;
    word_result entries;
    for (u32 i = 0; i < MOST_LISTINGS; i++) {
        listing *other = &listings[i];
        if (other->open && other->directory == directory) {
            one = other;
            break;
        }
        if (one->open && (!other->open || other->used < one->used)) one = other;
    }
    *out = one;
    one->used = ++now;
    if (one->open && one->directory == directory && !afresh &&
        (number == one->next || (number + 1 == one->next && one->size)))
        return E_SUCCESS;
    shut(one);
    read_directory(directory, &entries);
    if (entries.failed) return errno_of(entries.error);
    one->open = true;
    one->directory = directory;
    one->entries = (i32)entries.value;
    one->next = FIRST;
    one->size = 0;
    return E_SUCCESS;
}

u64 number_of(const u8 *name, u32 size) {
    u64 hash = 0xCBF29CE484222325ull;
    while (size--) hash = (hash ^ *name++) * 0x100000001B3ull;
    return hash | 1;
}

typedef struct dirent {
    u64 next, inode;
    u32 size;
    u8 type;
} dirent;

/* The guest's buffer. */
typedef struct piece {
    guest_ptr at;
    u32 room, used;
} piece;

/* Puts as much of an entry as fits at the buffer's end, which then is full. */
static void give_entry(piece *into, u64 number, u8 type, const u8 *name, u32 size) {
    dirent told;
    u32 part = into->room - into->used;
    if (part > sizeof told) part = sizeof told;
    __builtin_memset(&told, 0, sizeof told);
    told.next = number + 1;
    told.inode = number_of(name, size);
    told.size = size;
    told.type = type;
    guest_write(into->at + into->used, &told, part);
    into->used += part;
    part = into->room - into->used < size ? into->room - into->used : size;
    guest_write(into->at + into->used, name, part);
    into->used += part;
}

/* Entries from this number on, until the buffer is full or there are no more. */
static i32 give_entries(listing *from, u64 number, piece *into) {
    if (number + 1 == from->next) give_entry(into, number, from->type, from->name, from->size);
    while (into->used < into->room) {
        entry_result found;
        scratch_reset();
        read_directory_entry(from->entries, &found);
        if (found.failed) return errno_of(found.error);
        if (!found.entry.given) break;
        const list *name = &found.entry.name;
        const u64 present = from->next++;
        from->type = filetype_of(found.entry.type);
        from->size = name->size <= LONGEST_NAME ? name->size : 0;
        __builtin_memcpy(from->name, name->data, from->size);
        if (present >= number) give_entry(into, present, from->type, name->data, name->size);
    }
    return E_SUCCESS;
}

WASI(fd_readdir)(u32 fd, guest_ptr buffer, u32 room, u64 cookie, guest_ptr out) {
    piece into = {buffer, room, 0};
    file *directory;
    listing *from;
    i32 error;
    scratch_reset();
    if (!guest_has(buffer, room) || !guest_has(out, 4)) return E_FAULT;
    if ((error = directory_at(fd, &directory))) return error;
    if (cookie < 1 && room) give_entry(&into, 0, TYPE_DIRECTORY, (const u8 *)".", 1);
    if (cookie < 2 && into.used < room) give_entry(&into, 1, TYPE_DIRECTORY, (const u8 *)"..", 2);
    const u64 number = cookie < FIRST ? FIRST : cookie;
    if ((error = listing_of(directory->handle, number, !cookie, &from))) return error;
    if ((error = give_entries(from, number, &into))) {
        shut(from);
        return error;
    }
    guest_put32(out, into.used);
    return E_SUCCESS;
}
