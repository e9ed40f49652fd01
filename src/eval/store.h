/* Store: the buffers that tensors live in while a graph runs. One is used again as soon as its last reader is
 * done, and by the next run of the graph. */
#ifndef NS_EVAL_STORE_H
#define NS_EVAL_STORE_H

#include "npuscope/tensor.h"

typedef struct ns_store_buffer {
    struct ns_store_buffer *next_free, *next;
    void *data; /* not zeroed, aligned to 64; kernels may read NS_STORE_SLACK bytes behind its end */
    size_t capacity;
    int references;
} ns_store_buffer;

#define NS_STORE_SLACK 64

typedef struct ns_store {
    ns_arena *arena;       /* holds the buffers' heads */
    ns_budget *budget;     /* is charged */
    uint64_t memory;       /* taken from the budget */
    uint64_t results;      /* the same for results in an arena that is not charged itself */
    ns_store_buffer *free; /* without references */
    ns_store_buffer *all;
} ns_store;

/* A buffer of at least `size` bytes with one reference. NS_ERROR_MEMORY where there is none, or the budget
 * does not allow it. */
ns_code ns_store_take(ns_store *store, size_t size, ns_store_buffer **out, ns_error *error);

/* One reference less. */
void ns_store_drop(ns_store *store, ns_store_buffer *buffer);

/* Charges a result's memory, until ns_store_settle; false where the budget does not allow it. */
bool ns_store_charge_result(ns_store *store, size_t bytes);

/* An evaluation is over: its results are the caller's. */
void ns_store_settle(ns_store *store);

/* Gives all back, to the budget too. */
void ns_store_close(ns_store *store);

#endif
