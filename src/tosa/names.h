/* Names: finds a block's tensors by name, in time that no choice of names can make quadratic. */
#ifndef NS_TOSA_NAMES_H
#define NS_TOSA_NAMES_H

#include "base/bytes.h"
#include "npuscope/graph.h"

typedef struct ns_name {
    const char *text;
    int index; /* into the block's tensors */
} ns_name;

typedef struct ns_names {
    int count;
    ns_name *sorted;
} ns_names;

/* Sorts the names of the block's tensors. NS_ERROR_INPUT names a tensor whose name another one has. */
ns_code ns_names_make(const ns_block *block, ns_arena *arena, ns_names *names, ns_error *error);

/* The index of the tensor with this name, or -1. `name` need not end in NUL. */
int ns_names_find(const ns_names *names, ns_bytes name);

#endif
