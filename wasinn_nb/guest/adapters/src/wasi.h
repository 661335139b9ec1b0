/* Numbers of WASI preview 1. */
#ifndef WASI_H
#define WASI_H

#include "adapter.h"

enum {
    E_SUCCESS = 0,
    E_BADF = 8,
    E_EXIST = 20,
    E_FAULT = 21,
    E_ILSEQ = 25,
    E_INVAL = 28,
    E_IO = 29,
    E_ISDIR = 31,
    E_MFILE = 33,
    E_NOENT = 44,
    E_NOMEM = 48,
    E_NOSYS = 52,
    E_NOTDIR = 54,
    E_NOTSUP = 58,
    E_PIPE = 64,
    E_SPIPE = 70,
};

enum { TYPE_UNKNOWN, TYPE_BLOCK, TYPE_CHARACTER, TYPE_DIRECTORY, TYPE_REGULAR, TYPE_SOCKET = 6, TYPE_LINK };

/* A function of preview 1; it returns one of the numbers above. */
#define WASI(name) EXPORT(#name) i32 wasi_##name

/* Text from the guest in scratch memory: a path, for example. */
i32 guest_text(guest_ptr at, u32 size, list *out);

#endif
