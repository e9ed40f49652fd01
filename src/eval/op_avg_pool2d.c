/* output[n, oy, ox, c] = clip(apply_scale_32(sum of (input - input_zp) in the window,
 * reciprocal_scale(count))
 * + output_zp); padding counts neither in the sum nor in the count. */
#include "eval/pool.h"
#include "num/scale.h"

/* multiplier = ((2^30 + 1) << k) / count and shift = 30 + k, with 2^(k-1) < count <= 2^k. */
static void reciprocal_scale(int64_t count, int32_t *multiplier, int *shift)
{
    int k = 0;
    while ((INT64_C(1) << k) < count)
        k++;
    *multiplier = (int32_t)((((INT64_C(1) << 30) + 1) << k) / count);
    *shift = 30 + k;
}

static ns_code average(const ns_tensor *out, size_t at, int64_t sum, int64_t count, int64_t zero,
                       int64_t *result, ns_error *error)
{
    int32_t multiplier;
    int shift;
    char element[128];
    reciprocal_scale(count, &multiplier, &shift);
    int64_t half = INT64_C(1) << (shift - 1);
    if (sum != (int32_t)sum || sum < -half || sum >= half)
        return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                       "%s: the sum of its window is %lld, outside what can be scaled",
                       ns_eval_element(out, at, element, sizeof element), (long long)sum);
    *result = ns_clamp(ns_scale_single(sum, multiplier, shift) + zero, ns_dtype_min(out->dtype),
                       ns_dtype_max(out->dtype));
    return NS_OK;
}

ns_code ns_eval_avg_pool2d(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 3, 3, 1, error));
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
    ns_pool pool;
    int64_t input_zero = 0, output_zero = 0;
    NS_TRY(ns_pool_read(call, &pool, error));
    NS_TRY(ns_eval_scalar(call->inputs[1], "the input's zero point", &input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[2], "the output's zero point", &output_zero, error));
    if (in->dtype != NS_DTYPE_INT8 && (input_zero || output_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    size_t at = 0;
    int bytes = ns_dtype_bytes(in->dtype);
    for (int64_t n = 0; n < pool.batches; n++)
        for (int64_t oy = 0; oy < pool.out[0]; oy++)
            for (int64_t ox = 0; ox < pool.out[1]; ox++)
                for (size_t c = 0; c < pool.channels; c++, at++) {
                    int64_t y0, y1, x0, x1, sum = 0, result = 0;
                    ns_pool_window(&pool, 0, oy, &y0, &y1);
                    ns_pool_window(&pool, 1, ox, &x0, &x1);
                    for (int64_t y = y0; y < y1; y++)
                        for (int64_t x = x0; x < x1; x++) {
                            size_t position = (size_t)((n * pool.in[0] + y) * pool.in[1] + x);
                            sum += ns_eval_get(in->data, bytes, position * pool.channels + c) - input_zero;
                        }
                    NS_TRY(average(out, at, sum, (y1 - y0) * (x1 - x0), output_zero, &result, error));
                    ns_eval_set(out->data, bytes, at, result);
                }
    return NS_OK;
}
