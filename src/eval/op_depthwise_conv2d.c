/* output[n, oy, ox, c * M + m] = bias[c * M + m] + sum over ky, kx of
 * (input[n, oy * stride - pad + ky * dilation, .., c] - input_zp) * (weight[ky, kx, c, m] - weight_zp). */
#include "eval/call.h"

typedef struct depthwise {
    const ns_tensor *in, *weight;
    ns_tensor *out;
    int64_t in_size[2], out_size[2], kernel[2], stride[2], before[2], dilation[2];
    size_t channels, multiplier;
    int64_t input_zero, weight_zero;
    int64_t low, high; /* of the accumulator */
    bool careful;
    size_t block; /* taps that a 32-bit sum can hold */
    const int16_t *values, *weights;
    int64_t *bias; /* one for each output channel */
} depthwise;

static ns_code read_shapes(const ns_eval_call *call, depthwise *d, ns_error *error)
{
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = d->in, *weight = d->weight, *out = d->out;
    if (in->rank != 4 || weight->rank != 4 || weight->shape[2] != in->shape[3])
        return ns_eval_bad_shape(weight, "the weight", error);
    if (out->rank != 4 || out->shape[0] != in->shape[0] ||
        out->shape[3] != weight->shape[2] * weight->shape[3])
        return ns_eval_bad_shape(out, "the output", error);
    if (attributes->pad.count != 4 || attributes->stride.count != 2 || attributes->dilation.count != 2)
        return ns_fail(error, NS_ERROR_INPUT, "pad, stride or dilation has the wrong number of values");
    for (int a = 0; a < 2; a++) {
        d->in_size[a] = in->shape[1 + a];
        d->out_size[a] = out->shape[1 + a];
        d->kernel[a] = weight->shape[a];
        d->stride[a] = attributes->stride.values[a];
        d->before[a] = attributes->pad.values[2 * a];
        d->dilation[a] = attributes->dilation.values[a];
    }
    d->channels = (size_t)in->shape[3];
    d->multiplier = (size_t)weight->shape[3];
    return NS_OK;
}

/* Input and weights as int16 less their zero points, each input channel repeated for its `multiplier`
 * outputs, so that position and tap both are rows of channels * multiplier values. */
static ns_code widen(ns_eval_call *call, depthwise *d, ns_error *error)
{
    size_t m = d->multiplier, weight_count = ns_tensor_count(d->weight), in_count = ns_tensor_count(d->in);
    int16_t *weights = NS_ARENA_ARRAY(call->scratch, weight_count, int16_t);
    if (!weights)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    for (size_t i = 0; i < weight_count; i++)
        weights[i] = (int16_t)(((const int8_t *)d->weight->data)[i] - d->weight_zero);
    d->weights = weights;
    if (d->in->dtype == NS_DTYPE_INT16 && m == 1) {
        d->values = d->in->data;
        return NS_OK;
    }
    int16_t *values = NS_ARENA_ARRAY(call->scratch, in_count * m, int16_t);
    if (!values)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its input");
    for (size_t i = 0; i < in_count; i++)
        for (size_t k = 0; k < m; k++)
            values[i * m + k] = (int16_t)(ns_tensor_get(d->in, i) - d->input_zero);
    d->values = values;
    return NS_OK;
}

/* The taps of one output position that lie inside the input; returns their number. */
static size_t find_taps(const depthwise *d, int64_t n, int64_t oy, int64_t ox, const int16_t **in,
                        const int16_t **weights)
{
    size_t count = d->channels * d->multiplier, taps = 0;
    for (int64_t ky = 0; ky < d->kernel[0]; ky++)
        for (int64_t kx = 0; kx < d->kernel[1]; kx++) {
            int64_t y = oy * d->stride[0] - d->before[0] + ky * d->dilation[0];
            int64_t x = ox * d->stride[1] - d->before[1] + kx * d->dilation[1];
            if (y < 0 || y >= d->in_size[0] || x < 0 || x >= d->in_size[1])
                continue;
            in[taps] = d->values + (size_t)((n * d->in_size[0] + y) * d->in_size[1] + x) * count;
            weights[taps++] = d->weights + (size_t)(ky * d->kernel[1] + kx) * count;
        }
    return taps;
}

/* One output position step by step: every partial sum, and the sum with its bias, must fit the accumulator.
 */
static ns_code careful_position(const depthwise *d, const int16_t *const *in, const int16_t *const *weights,
                                size_t taps, size_t at, ns_error *error)
{
    size_t count = d->channels * d->multiplier;
    for (size_t i = 0; i < count; i++) {
        int64_t sum = 0;
        char element[128];
        for (size_t t = 0; t < taps; t++) {
            sum += (int32_t)in[t][i] * weights[t][i];
            if (sum < d->low || sum > d->high)
                return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: the accumulator is %lld, outside %s",
                               ns_eval_element(d->out, at + i, element, sizeof element), (long long)sum,
                               ns_dtype_text(d->out->dtype));
        }
        int64_t total = sum + d->bias[i];
        if (total < d->low || total > d->high)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                           "%s: the sum %lld with its bias is %lld, outside %s",
                           ns_eval_element(d->out, at + i, element, sizeof element), (long long)sum,
                           (long long)total, ns_dtype_text(d->out->dtype));
        ns_tensor_set(d->out, at + i, total);
    }
    return NS_OK;
}

static ns_code run(ns_eval_call *call, const depthwise *d, ns_error *error)
{
    size_t count = d->channels * d->multiplier, most = (size_t)(d->kernel[0] * d->kernel[1]), at = 0;
    const int16_t **in = NS_ARENA_ARRAY(call->scratch, most, const int16_t *);
    const int16_t **weights = NS_ARENA_ARRAY(call->scratch, most, const int16_t *);
    int64_t *sums = NS_ARENA_ARRAY(call->scratch, count, int64_t);
    if (!in || !weights || !sums)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its sums");
    bool is_wide = d->out->dtype == NS_DTYPE_INT48;
    for (int64_t n = 0; n < d->in->shape[0]; n++)
        for (int64_t oy = 0; oy < d->out_size[0]; oy++)
            for (int64_t ox = 0; ox < d->out_size[1]; ox++, at += count) {
                NS_TRY(ns_budget_check_time(call->budget, error));
                size_t taps = find_taps(d, n, oy, ox, in, weights);
                if (d->careful) {
                    NS_TRY(careful_position(d, in, weights, taps, at, error));
                    continue;
                }
                int64_t *to = is_wide ? (int64_t *)d->out->data + at : sums;
                call->kernels->depthwise_i16(in, weights, taps, d->block, d->bias, to, count);
                for (size_t i = 0; !is_wide && i < count; i++)
                    ((int32_t *)d->out->data)[at + i] = (int32_t)sums[i];
            }
    return NS_OK;
}

/* How many products a 32-bit sum holds, and whether a sum might leave the accumulator's type. */
static ns_code derive_bounds(ns_eval_call *call, depthwise *d, ns_error *error)
{
    const ns_tensor *bias = call->inputs[2];
    size_t count = d->channels * d->multiplier, bias_count = ns_tensor_count(bias);
    if (bias->dtype != d->out->dtype || (bias_count != 1 && bias_count != count))
        return ns_eval_bad_shape(bias, "the bias", error);
    d->bias = NS_ARENA_ARRAY(call->scratch, count, int64_t);
    if (!d->bias)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its bias");
    int64_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        d->bias[i] = ns_tensor_get(bias, bias_count == 1 ? 0 : i);
        int64_t magnitude = d->bias[i] < 0 ? -d->bias[i] : d->bias[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    d->low = ns_dtype_min(d->out->dtype);
    d->high = ns_dtype_max(d->out->dtype);
    /* A product is at most 2^15 * 2^7 (int16) or 255 * 255 (int8) in magnitude. */
    int64_t product = d->in->dtype == NS_DTYPE_INT16 ? 1 << 22 : 255 * 255;
    d->block = (size_t)(INT32_MAX / product);
    d->careful = largest > d->high || d->kernel[0] * d->kernel[1] > (d->high - largest) / product;
    return NS_OK;
}

ns_code ns_eval_depthwise_conv2d(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    ns_tensor *out = call->outputs[0];
    depthwise d = {.in = call->inputs[0], .weight = call->inputs[1], .out = out};
    bool is_wide = d.in->dtype == NS_DTYPE_INT16;
    if (d.in->dtype != NS_DTYPE_INT8 && !is_wide)
        return ns_eval_unsupported_type(d.in, error);
    if (d.weight->dtype != NS_DTYPE_INT8 && (d.weight->dtype != NS_DTYPE_INT4 || is_wide))
        return ns_eval_unsupported_type(d.weight, error);
    if (out->dtype != (is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32))
        return ns_eval_unsupported_type(out, error);
    NS_TRY(read_shapes(call, &d, error));
    NS_TRY(ns_eval_scalar(call->inputs[3], "the input's zero point", &d.input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[4], "the weight's zero point", &d.weight_zero, error));
    if ((is_wide && d.input_zero) || (d.weight->dtype != NS_DTYPE_INT8 && d.weight_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    NS_TRY(derive_bounds(call, &d, error));
    NS_TRY(widen(call, &d, error));
    return run(call, &d, error);
}
