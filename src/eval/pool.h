/* Pool: the windows of AVG_POOL2D and MAX_POOL2D. */
#ifndef NS_EVAL_POOL_H
#define NS_EVAL_POOL_H

#include "eval/call.h"

typedef struct ns_pool {
    int64_t batches, in[2], out[2], kernel[2], stride[2], before[2]; /* [0] height, [1] width */
    size_t channels;
} ns_pool;

/* Checks shapes and attributes: [N, IH, IW, C] to [N, OH, OW, C], int8 or int16. */
ns_code ns_pool_read(const ns_eval_call *call, ns_pool *pool, ns_error *error);

/* The inputs of one output element, padding left out. */
typedef struct ns_pool_window {
    const void *data;
    int bytes;             /* of an element */
    int64_t rows, columns; /* at least one of each */
    size_t first, row;     /* where the first element lies, and how far the next row's is */
    size_t column;
} ns_pool_window;

static inline int64_t ns_pool_get(const ns_pool_window *window, int64_t y, int64_t x)
{
    return ns_eval_get(window->data, window->bytes,
                       window->first + (size_t)y * window->row + (size_t)x * window->column);
}

/* The output element `at` (row-major) of a window. */
typedef ns_code (*ns_pool_function)(const ns_pool_window *window, size_t at, void *context, int64_t *result,
                                    ns_error *error);

/* Fills the output, element by element. */
ns_code ns_pool_run(ns_eval_call *call, const ns_pool *pool, ns_pool_function function, void *context,
                    ns_error *error);

#endif
