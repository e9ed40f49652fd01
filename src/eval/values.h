/* Values: a block's tensors while it runs. */
#ifndef NS_EVAL_VALUES_H
#define NS_EVAL_VALUES_H

#include "eval/store.h"
#include "npuscope/graph.h"

typedef struct ns_value {
    ns_tensor tensor;
    ns_store_buffer *buffer; /* NULL: the data belong to the graph, to the caller or to the results */
    int readers;             /* operators still to read it, and 1 if it is an output of the block */
    bool present;
    bool is_result; /* an output of the block: its data are made in the caller's arena */
} ns_value;

/* Gives an operator's output its room: in the store, or in `results`. */
ns_code ns_value_make(ns_value *value, ns_store *store, ns_arena *results, ns_error *error);

/* Lets `to` be the elements of `from` in another shape, where it may be; else false. */
bool ns_value_share(const ns_value *from, ns_value *to);

/* Forgets the data. */
void ns_value_release(ns_value *value, ns_store *store);

/* What is to be done behind an operator: its inputs have a reader less; what nobody is to read is released.
 */
void ns_values_done(ns_value *values, const ns_operator *op, ns_store *store);

#endif
