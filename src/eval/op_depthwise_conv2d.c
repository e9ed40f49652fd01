/* output[n, oy, ox, c * M + m] = bias[c * M + m] + sum over ky, kx of
 * (input[n, oy * stride - pad + ky * dilation, .., c] - input_zp) * (weight[ky, kx, c, m] - weight_zp). */
#include "eval/call.h"

typedef struct depthwise {
    const ns_tensor *in, *weight, *out;
    int64_t in_size[2], out_size[2], kernel[2], stride[2], before[2], dilation[2];
    size_t channels, multiplier;
    int64_t input_zero, weight_zero;
    int64_t low, high; /* of the accumulator */
    bool careful;
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

/* Adds one kernel position's products to the sums of all channels; with `careful`, the channel whose sum
 * leaves the accumulator is returned, else the number of channels. */
static size_t add_position(const depthwise *d, size_t input, size_t weight, int64_t *sums)
{
    size_t m = d->multiplier, count = d->channels * m;
    const int8_t *w = (const int8_t *)d->weight->data + weight * count;
    size_t bad = count;
    for (size_t c = 0; c < d->channels; c++) {
        int64_t value = ns_tensor_get(d->in, input * d->channels + c) - d->input_zero;
        for (size_t i = c * m; i < (c + 1) * m; i++) {
            sums[i] += value * (w[i] - d->weight_zero);
            if (d->careful && bad == count && (sums[i] < d->low || sums[i] > d->high))
                bad = i;
        }
    }
    return bad;
}

static ns_code run_position(const depthwise *d, int64_t n, int64_t oy, int64_t ox, int64_t *sums, size_t at,
                            ns_error *error)
{
    size_t count = d->channels * d->multiplier;
    char element[128];
    for (size_t i = 0; i < count; i++)
        sums[i] = 0;
    for (int64_t ky = 0; ky < d->kernel[0]; ky++)
        for (int64_t kx = 0; kx < d->kernel[1]; kx++) {
            int64_t y = oy * d->stride[0] - d->before[0] + ky * d->dilation[0];
            int64_t x = ox * d->stride[1] - d->before[1] + kx * d->dilation[1];
            if (y < 0 || y >= d->in_size[0] || x < 0 || x >= d->in_size[1])
                continue;
            size_t bad = add_position(d, (size_t)((n * d->in_size[0] + y) * d->in_size[1] + x),
                                      (size_t)(ky * d->kernel[1] + kx), sums);
            if (bad < count)
                return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: the accumulator is %lld, outside %s",
                               ns_eval_element(d->out, at + bad, element, sizeof element),
                               (long long)sums[bad], ns_dtype_text(d->out->dtype));
        }
    return NS_OK;
}

ns_code ns_eval_depthwise_conv2d(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    const ns_tensor *bias = call->inputs[2];
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
    size_t count = d.channels * d.multiplier, bias_count = ns_tensor_count(bias);
    if (bias->dtype != out->dtype || (bias_count != 1 && bias_count != count))
        return ns_eval_bad_shape(bias, "the bias", error);
    d.low = ns_dtype_min(out->dtype);
    d.high = ns_dtype_max(out->dtype);
    /* A product is at most 2^15 * 2^7 (int16) or 255 * 255 (int8) in magnitude. */
    d.careful = d.kernel[0] * d.kernel[1] > d.high / (is_wide ? 1 << 22 : 255 * 255);
    int64_t *sums = NS_ARENA_ARRAY(call->scratch, count, int64_t);
    if (!sums)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its sums");
    size_t at = 0;
    char element[128];
    for (int64_t n = 0; n < d.in->shape[0]; n++)
        for (int64_t oy = 0; oy < d.out_size[0]; oy++)
            for (int64_t ox = 0; ox < d.out_size[1]; ox++, at += count) {
                NS_TRY(run_position(&d, n, oy, ox, sums, at, error));
                for (size_t i = 0; i < count; i++) {
                    int64_t total = sums[i] + ns_tensor_get(bias, bias_count == 1 ? 0 : i);
                    if (total < d.low || total > d.high)
                        return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                                       "%s: the sum %lld with its bias is %lld, outside %s",
                                       ns_eval_element(out, at + i, element, sizeof element),
                                       (long long)sums[i], (long long)total, ns_dtype_text(out->dtype));
                    ns_tensor_set(out, at + i, total);
                }
            }
    return NS_OK;
}
