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

/* The input rows (axis 0) or columns (axis 1) of output position o: first to last - 1, padding left out. */
void ns_pool_window(const ns_pool *pool, int axis, int64_t o, int64_t *first, int64_t *last);

#endif
