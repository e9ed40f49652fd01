/* Strided copies: the one loop behind all operators that only move data. */
#ifndef NS_EVAL_STRIDED_H
#define NS_EVAL_STRIDED_H

#include "npuscope/tensor.h"

/* A copy of `dims`, outermost first; steps in elements, of any sign, 0 to repeat. The caller has
 * checked that every element lies inside its tensor. */
typedef struct ns_strided {
    int rank;
    int64_t dims[2 * NS_MAX_RANK];
    int64_t from_steps[2 * NS_MAX_RANK];
    int64_t to_steps[2 * NS_MAX_RANK];
} ns_strided;

/* Adds an innermost dim. */
void ns_strided_add(ns_strided *copy, int64_t dim, int64_t from_step, int64_t to_step);

/* Row-major steps of a shape, in elements. */
void ns_strided_steps(const ns_tensor *tensor, int64_t *steps);

/* Copies elements of `size` (1, 2, 4 or 8) bytes. */
void ns_strided_run(const ns_strided *copy, const void *from, void *to, int size);

#endif
