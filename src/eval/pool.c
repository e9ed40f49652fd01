#include "eval/internal.h"

ns_code ns_pool_read(const ns_eval_call *call, ns_pool *pool, ns_error *error)
{
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_eval_unsupported_type(in, error);
    if (in->rank != 4)
        return ns_eval_bad_shape(in, "the input", error);
    if (out->dtype != in->dtype || out->rank != 4 || out->shape[0] != in->shape[0] ||
        out->shape[3] != in->shape[3])
        return ns_eval_bad_shape(out, "the output", error);
    if (attributes->kernel.count != 2 || attributes->stride.count != 2 || attributes->pad.count != 4)
        return ns_fail(error, NS_ERROR_INPUT, "kernel, stride or pad has the wrong number of values");
    pool->batches = in->shape[0];
    pool->channels = (size_t)in->shape[3];
    for (int a = 0; a < 2; a++) {
        pool->in[a] = in->shape[1 + a];
        pool->out[a] = out->shape[1 + a];
        pool->kernel[a] = attributes->kernel.values[a];
        pool->stride[a] = attributes->stride.values[a];
        pool->before[a] = attributes->pad.values[2 * a];
        int64_t last = (pool->out[a] - 1) * pool->stride[a] - pool->before[a];
        /* Every window must hold an input: the first and the last one do. */
        if (pool->kernel[a] < 1 || pool->stride[a] < 1 || pool->before[a] < 0 ||
            pool->before[a] >= pool->kernel[a] || last >= pool->in[a])
            return ns_fail(error, NS_ERROR_INPUT, "kernel, stride and pad make a window without inputs");
    }
    return NS_OK;
}

/* The input rows (axis 0) or columns (axis 1) of output position o: first to last - 1. */
static void clip_window(const ns_pool *pool, int axis, int64_t o, int64_t *first, int64_t *last)
{
    int64_t start = o * pool->stride[axis] - pool->before[axis], end = start + pool->kernel[axis];
    *first = start < 0 ? 0 : start;
    *last = end > pool->in[axis] ? pool->in[axis] : end;
}

static ns_pool_window window_of(const ns_pool *pool, const ns_tensor *in, const int64_t position[3])
{
    int64_t y0, y1, x0, x1;
    clip_window(pool, 0, position[1], &y0, &y1);
    clip_window(pool, 1, position[2], &x0, &x1);
    const size_t first = (size_t)((position[0] * pool->in[0] + y0) * pool->in[1] + x0);
    return (ns_pool_window){.data = in->data,
                            .bytes = ns_dtype_bytes(in->dtype),
                            .rows = y1 - y0,
                            .columns = x1 - x0,
                            .first = first * pool->channels,
                            .row = (size_t)pool->in[1] * pool->channels,
                            .column = pool->channels};
}

ns_code ns_pool_run(ns_eval_call *call, const ns_pool *pool, ns_pool_function function, void *context,
                    ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    size_t at = 0;
    int64_t position[3], result = 0;
    for (position[0] = 0; position[0] < pool->batches; position[0]++)
        for (position[1] = 0; position[1] < pool->out[0]; position[1]++)
            for (position[2] = 0; position[2] < pool->out[1]; position[2]++) {
                NS_TRY(ns_budget_check_time(call->budget, error));
                ns_pool_window window = window_of(pool, in, position);
                for (size_t c = 0; c < pool->channels; c++, window.first++, at++) {
                    NS_TRY(function(&window, at, context, &result, error));
                    ns_eval_set(out->data, window.bytes, at, result);
                }
            }
    return NS_OK;
}
