/* Pool: arrays of doubles that are taken and given back thousands of times in one diagnosis. One pool per
 * thread. Nothing is zeroed. */
#ifndef NS_DIAGNOSE_POOL_H
#define NS_DIAGNOSE_POOL_H

#include <stddef.h>

#include "npuscope/budget.h"

typedef struct ns_dg_array {
    struct ns_dg_array *next; /* while it is free, or in its owner's list */
    size_t capacity;
    int references;
    int size_class;
    double *data; /* aligned to 64; 8 doubles more than asked for may be read */
} ns_dg_array;

enum { NS_DG_POOL_CLASSES = 96 };

typedef struct ns_dg_pool {
    ns_dg_array *free[NS_DG_POOL_CLASSES];
    ns_budget *budget; /* what the arrays are charged to; NULL: nothing */
} ns_dg_pool;

/* An array with one reference, or NULL when memory or its budget is out. */
ns_dg_array *ns_dg_take(ns_dg_pool *pool, size_t count);

/* One reference less; the last gives it back to the pool. NULL is allowed. */
void ns_dg_give(ns_dg_pool *pool, ns_dg_array *array);

/* Gives back a list of arrays that hang together by `next`, and empties it. */
void ns_dg_give_all(ns_dg_pool *pool, ns_dg_array **list);

/* Frees what is not in use. */
void ns_dg_pool_free(ns_dg_pool *pool);

#endif
