/* Handles of the guest's, and reading what it gives; contexts, which begin the same everywhere. */
#include "nn.h"

static entry of_graphs[MOST_GRAPHS], of_contexts[MOST_CONTEXTS];
table graphs = {of_graphs, MOST_GRAPHS, 0}, contexts = {of_contexts, MOST_CONTEXTS, 0};

entry *table_find(table *of, u32 number) {
    for (u32 i = 0; i < of->most; i++)
        if (of->entries[i].position && of->entries[i].number == number) return &of->entries[i];
    return NULL;
}

entry *table_room(table *of) {
    for (u32 i = 0; i < of->most; i++)
        if (!of->entries[i].position) return &of->entries[i];
    return NULL;
}

u32 table_put(table *of, entry *place, i32 handle) {
    *place = (entry){.number = of->next++, .handle = handle, .position = 1 + (u32)(place - of->entries)};
    return place->number;
}

void table_free(entry *place) { place->position = 0; }

static u64 hash_of(const list *name) {
    const u8 *bytes = name->data;
    u64 hash = 0xCBF29CE484222325ull;
    for (u32 i = 0; i < name->size; i++) hash = (hash ^ bytes[i]) * 0x100000001B3ull;
    return hash | 1; /* 0 is that of no name */
}

entry *graph_named(const list *name) {
    const u64 wanted = hash_of(name);
    for (u32 i = 0; i < MOST_GRAPHS; i++) {
        entry *graph = &of_graphs[i];
        if (graph->position && graph->name == wanted && graph->size == name->size) return graph;
    }
    return NULL;
}

void graph_name(entry *graph, const list *name) {
    graph->name = hash_of(name);
    graph->size = name->size;
}

NN(init_execution_context)(u32 graph, guest_ptr out) {
    entry *of, *place;
    i32 context, error;
    scratch_reset();
    if (!guest_has(out, 4)) return NN_INVALID_ARGUMENT;
    if (!(of = table_find(&graphs, graph))) return NN_INVALID_ARGUMENT;
    if (!(place = table_room(&contexts))) return NN_MISSING_MEMORY;
    if ((error = new_context(of->handle, &context))) return error;
    guest_put32(out, table_put(&contexts, place, context));
    return NN_SUCCESS;
}

enum { LLAMAEDGE_ROOM = 245888, FIRST_REAL = 8 };

u32 text_room(guest_ptr buffer, u32 size) {
    return size || buffer < FIRST_REAL || !guest_has(buffer, LLAMAEDGE_ROOM) ? size : LLAMAEDGE_ROOM;
}

i32 guest_bytes(guest_ptr at, u32 size, list *out) {
    if (!guest_has(at, size)) return NN_INVALID_ARGUMENT;
    if (size > INT32_MAX) return NN_MISSING_MEMORY; /* no text can be as long */
    out->data = guest_copy(at, size);
    out->size = size;
    return out->data ? NN_SUCCESS : NN_MISSING_MEMORY;
}

i32 guest_tensor(guest_ptr at, tensor *out) {
    u32 record[5]; /* dimensions, their number, type, data, size */
    i32 error;
    if (!guest_has(at, sizeof record)) return NN_INVALID_ARGUMENT;
    guest_read(record, at, sizeof record);
    if (record[1] > MOST_DIMENSIONS) return NN_INVALID_ARGUMENT;
    if ((error = guest_bytes(record[0], record[1] * 4, &out->dimensions))) return error;
    out->dimensions.size = record[1];
    out->type = record[2] & 0xFF; /* the other bytes may be anything */
    return guest_bytes(record[3], record[4], &out->data);
}

i32 guest_builders(guest_ptr at, u32 count, list *out) {
    u64 all = 0;
    if (count > MOST_BUILDERS || !guest_has(at, (u64)count * 8)) return NN_INVALID_ARGUMENT;
    for (u32 i = 0; i < count; i++) {
        u32 record[2];
        guest_read(record, at + i * 8, sizeof record);
        all += record[1];
        if (!guest_has(0, all)) return NN_INVALID_ARGUMENT; /* they overlap */
        const i32 error = guest_bytes(record[0], record[1], &out[i]);
        if (error) return error;
    }
    return NN_SUCCESS;
}
