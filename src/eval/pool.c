#include "eval/internal.h"
#include "eval/real.h"

static bool is_adaptive(const ns_eval_call *call)
{
    return call->node->op == NS_OP_AVG_POOL2D_ADAPTIVE || call->node->op == NS_OP_MAX_POOL2D_ADAPTIVE;
}

static bool is_max(const ns_eval_call *call)
{
    return call->node->op == NS_OP_MAX_POOL2D || call->node->op == NS_OP_MAX_POOL2D_ADAPTIVE;
}

/* What an attribute says, or, of the adaptive pools, whose shape operands may be computed, operand `operand`
 * of the last three. */
static ns_code read_list(const ns_eval_call *call, int operand, const ns_int_list *attribute, int count,
                         int64_t *values, ns_error *error)
{
    const ns_tensor *list = is_adaptive(call) ? call->inputs[call->input_count - 3 + operand] : NULL;
    if (list ? list->dtype != NS_DTYPE_SHAPE || ns_tensor_count(list) != (size_t)count
             : attribute->count != count)
        return ns_fail(error, NS_ERROR_INPUT, "kernel, stride or pad has the wrong number of values");
    for (int i = 0; i < count; i++) {
        values[i] = list ? ns_tensor_get(list, (size_t)i) : attribute->values[i];
        if (values[i] > INT32_MAX)
            return ns_fail(error, NS_ERROR_INPUT, "kernel, stride or pad is beyond 2^31 - 1");
    }
    return NS_OK;
}

ns_code ns_pool_read(const ns_eval_call *call, ns_pool *pool, ns_error *error)
{
    const int operands = (is_max(call) ? 1 : 3) + (is_adaptive(call) ? 3 : 0);
    NS_TRY(ns_eval_expect_operands(call, operands, operands, 1, error));
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16 && !ns_real_is(in->dtype))
        return ns_eval_unsupported_type(in, error);
    if (in->rank != 4)
        return ns_eval_bad_shape(in, "the input", error);
    if (out->dtype != in->dtype || out->rank != 4 || out->shape[0] != in->shape[0] ||
        out->shape[3] != in->shape[3])
        return ns_eval_bad_shape(out, "the output", error);
    int64_t pad[4];
    NS_TRY(read_list(call, 0, &attributes->kernel, 2, pool->kernel, error));
    NS_TRY(read_list(call, 1, &attributes->stride, 2, pool->stride, error));
    NS_TRY(read_list(call, 2, &attributes->pad, 4, pad, error));
    pool->batches = in->shape[0];
    pool->channels = (size_t)in->shape[3];
    for (int a = 0; a < 2; a++) {
        pool->in[a] = in->shape[1 + a];
        pool->out[a] = out->shape[1 + a];
        pool->before[a] = pad[2 * a];
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

ns_pool_window ns_pool_window_at(const ns_pool *pool, const ns_tensor *in, size_t position)
{
    const size_t x = position % (size_t)pool->out[1], row = position / (size_t)pool->out[1];
    const size_t y = row % (size_t)pool->out[0], n = row / (size_t)pool->out[0];
    int64_t y0, y1, x0, x1;
    clip_window(pool, 0, (int64_t)y, &y0, &y1);
    clip_window(pool, 1, (int64_t)x, &x0, &x1);
    const size_t first = (n * (size_t)pool->in[0] + (size_t)y0) * (size_t)pool->in[1] + (size_t)x0;
    return (ns_pool_window){.data = in->data,
                            .bytes = ns_dtype_bytes(in->dtype),
                            .rows = y1 - y0,
                            .columns = x1 - x0,
                            .first = first * pool->channels,
                            .row = (size_t)pool->in[1] * pool->channels,
                            .column = pool->channels};
}

size_t ns_pool_positions(const ns_pool *pool)
{
    return (size_t)(pool->batches * pool->out[0] * pool->out[1]);
}

ns_code ns_pool_run(ns_eval_call *call, const ns_pool *pool, ns_pool_function function, void *context,
                    ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    size_t at = 0;
    int64_t result = 0;
    for (size_t position = 0; position < ns_pool_positions(pool); position++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        ns_pool_window window = ns_pool_window_at(pool, in, position);
        for (size_t c = 0; c < pool->channels; c++, window.first++, at++) {
            NS_TRY(function(&window, at, context, &result, error));
            ns_eval_set(out->data, window.bytes, at, result);
        }
    }
    return NS_OK;
}

/* ---- floating-point: AVG_POOL2D and MAX_POOL2D ---- */

static double pool_window(const ns_tensor *in, const ns_pool_window *window, bool max, unsigned nan_mode)
{
    double result = max ? ns_real_get(in, window->first) : 0;
    for (int64_t y = 0; y < window->rows; y++)
        for (int64_t x = 0; x < window->columns; x++) {
            const double value =
                ns_real_get(in, window->first + (size_t)y * window->row + (size_t)x * window->column);
            result = max ? ns_real_extreme(result, value, 1, nan_mode) : result + value;
        }
    return max ? result : result / (double)(window->rows * window->columns);
}

ns_code ns_real_pool(ns_eval_call *call, ns_error *error)
{
    const bool max = is_max(call);
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    ns_pool pool;
    NS_TRY(ns_pool_read(call, &pool, error));
    for (int i = 1; i < 3 && !max; i++)
        NS_TRY(ns_real_zero_point(call->inputs[i], error));
    for (size_t p = 0; p < ns_pool_positions(&pool); p++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        ns_pool_window window = ns_pool_window_at(&pool, in, p);
        for (size_t c = 0; c < pool.channels; c++, window.first++)
            ns_real_set(out, p * pool.channels + c,
                        pool_window(in, &window, max, call->attributes->nan_mode));
    }
    return NS_OK;
}
