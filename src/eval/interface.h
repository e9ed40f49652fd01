/* What eval gives the rooms above it. */
#ifndef NS_EVAL_INTERFACE_H
#define NS_EVAL_INTERFACE_H

#include "npuscope/graph.h"
#include "npuscope/tensor.h"

/* ---- broadcast.c ---- */

/* Broadcast: which rows of up to three inputs belong to each row of an elementwise result. */

#define NS_BROADCAST_INPUTS 3

/* Dims over which all inputs move alike are merged, so that rows are as long as the shapes allow. */
typedef struct ns_broadcast {
    int input_count;
    size_t row_count, row_length;      /* row_count * row_length elements of the result */
    int row_step[NS_BROADCAST_INPUTS]; /* of each input within a row: 0 or 1 */
    /* The walk: */
    int rank;
    int64_t dims[NS_MAX_RANK], index[NS_MAX_RANK];
    int64_t steps[NS_BROADCAST_INPUTS][NS_MAX_RANK];
    size_t row;                         /* the current one */
    size_t offset[NS_BROADCAST_INPUTS]; /* first element of the current row in each input */
} ns_broadcast;

/* Starts the walk at row 0. NS_ERROR_INPUT when an input's shape does not broadcast to the result's. */
ns_code ns_broadcast_begin(ns_broadcast *walk, const ns_tensor *result, int input_count,
                           const ns_tensor *const *inputs, ns_error *error);

/* Moves to the next row. */
void ns_broadcast_next(ns_broadcast *walk);

/* ---- work.c ---- */

/* Work: what an operator costs, by its declared shapes. */

/* Multiply-accumulates, window elements of pools, else the elements of all operands; saturates at UINT64_MAX
 * / 2. */
uint64_t ns_eval_work(const ns_block *block, const ns_operator *op);

/* Work of an operator without elements: what its start costs. */
#define NS_EVAL_OPERATOR_WORK 256

#endif
