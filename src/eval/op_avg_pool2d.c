/* output[n, oy, ox, c] = clip(apply_scale_32(sum of (input - input_zp) in the window,
 * reciprocal_scale(count))
 * + output_zp); padding counts neither in the sum nor in the count. */
#include "eval/internal.h"
#include "num/interface.h"

/* multiplier = ((2^30 + 1) << k) / count and shift = 30 + k, with 2^(k-1) < count <= 2^k. */
static void reciprocal_scale(int64_t count, int32_t *multiplier, int *shift)
{
    int k = 0;
    while ((INT64_C(1) << k) < count)
        k++;
    *multiplier = (int32_t)((((INT64_C(1) << 30) + 1) << k) / count);
    *shift = 30 + k;
}

typedef struct averages {
    const ns_tensor *out;
    int64_t input_zero, output_zero;
} averages;

static ns_code average(const ns_pool_window *window, size_t at, void *context, int64_t *result,
                       ns_error *error)
{
    const averages *a = context;
    int32_t multiplier;
    int shift;
    char element[128];
    int64_t sum = 0;
    for (int64_t y = 0; y < window->rows; y++)
        for (int64_t x = 0; x < window->columns; x++)
            sum += ns_pool_get(window, y, x) - a->input_zero;
    reciprocal_scale(window->rows * window->columns, &multiplier, &shift);
    int64_t half = INT64_C(1) << (shift - 1);
    if (sum != (int32_t)sum || sum < -half || sum >= half)
        return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                       "%s: the sum of its window is %lld, outside what can be scaled",
                       ns_eval_element(a->out, at, element, sizeof element), (long long)sum);
    *result = ns_clamp(ns_scale_single(sum, multiplier, shift) + a->output_zero, ns_dtype_min(a->out->dtype),
                       ns_dtype_max(a->out->dtype));
    return NS_OK;
}

ns_code ns_eval_avg_pool2d(ns_eval_call *call, ns_error *error)
{
    ns_pool pool;
    averages a = {0};
    NS_TRY(ns_pool_read(call, &pool, error));
    a.out = call->outputs[0];
    NS_TRY(ns_eval_scalar(call->inputs[1], "the input's zero point", &a.input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[2], "the output's zero point", &a.output_zero, error));
    if (call->inputs[0]->dtype != NS_DTYPE_INT8 && (a.input_zero || a.output_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    return ns_pool_run(call, &pool, average, &a, error);
}
