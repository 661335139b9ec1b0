/* Numbers of `wasi_ephemeral_nn`, and what its handles stand for. */
#ifndef NN_H
#define NN_H

#include "adapter.h"

enum {
    NN_SUCCESS = 0,
    NN_INVALID_ARGUMENT = 1,
    NN_INVALID_ENCODING = 2,
    NN_MISSING_MEMORY = 3,
    NN_BUSY = 4,
    NN_RUNTIME_ERROR = 5,
    NN_UNSUPPORTED_OPERATION = 6,
    NN_TOO_LARGE = 7,
    NN_NOT_FOUND = 8,
    NN_END_OF_SEQUENCE = 100,
    NN_CONTEXT_FULL = 101,
    NN_PROMPT_TOO_LONG = 102,
    NN_MODEL_NOT_FOUND = 103,
};

/* The most that a guest may hold, and give, as with core modules. */
enum { MOST_GRAPHS = 1024, MOST_CONTEXTS = 1024, MOST_BUILDERS = 64, MOST_DIMENSIONS = 64 };

/* A function of `wasi_ephemeral_nn`; it returns one of the numbers above. */
#define NN(name) EXPORT(#name) i32 nn_##name

/* What a guest's number stands for. Numbers are never given out again: a dead one stays dead. */
typedef struct entry {
    u32 number;
    i32 handle;  /* of the component's; 0 for none */
    u64 name;    /* of a graph that was loaded by name: a hash of it */
    u32 size;    /* of the name */
    u32 position; /* in the table, from 1; 0 for a free place */
} entry;

typedef struct table {
    entry *entries;
    u32 most, next;
} table;

extern table graphs, contexts;

entry *table_find(table *of, u32 number);
/* A free place, or NULL. */
entry *table_room(table *of);
/* The number of what is in that place from now on. */
u32 table_put(table *of, entry *place, i32 handle);
void table_free(entry *place);

/* A context of the host's on a graph of its: each variant of the adapter has its own way. Returns a
 * number. */
i32 new_context(i32 graph, i32 *context);

/* The graph that was loaded by this name, if it was. */
entry *graph_named(const list *name);
void graph_name(entry *graph, const list *name);

/* How much of a text that does not fit goes into the guest's buffer: one of LlamaEdge's guests says
 * that it has no room, and has this many bytes. Who asks for the size gives no real address. */
u32 text_room(guest_ptr buffer, u32 size);

typedef struct tensor {
    list dimensions; /* size is their number */
    u32 type;
    list data;
} tensor;

/* What the guest gives; each returns a number. */
i32 guest_tensor(guest_ptr at, tensor *out);
i32 guest_bytes(guest_ptr at, u32 size, list *out);
i32 guest_builders(guest_ptr at, u32 count, list *out);

#endif
