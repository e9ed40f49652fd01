/* output[n, oy, ox, c * M + m] = bias[c * M + m] + sum over ky, kx of
 * (input[n, oy * stride - pad + ky * dilation, .., c] - input_zp) * (weight[ky, kx, c, m] - weight_zp). */
#include "eval/internal.h"

typedef struct depthwise {
    const ns_tensor *in, *weight;
    ns_tensor *out;
    int64_t in_size[2], out_size[2], kernel[2], stride[2], before[2], dilation[2];
    size_t channels, multiplier;
    int64_t input_zero, weight_zero;
    int64_t low, high; /* of the accumulator */
    bool careful;
    bool is_wide; /* int16 to int48, else int8 to int32 */
    size_t block; /* taps that a 32-bit sum can hold */
    const int16_t *weights, *packed;
    int16_t *widened; /* room for the input's values, where they are not the input itself */
    size_t in_count;
    const int16_t *padding; /* zeros for all channels */
    int64_t *bias;          /* one for each output channel */
    size_t *offsets;        /* of the taps from an output position's first */
    int32_t *start32;       /* the bias and the scale for kernels->depthwise_scaled, NULL without */
    ns_requantise *scale;
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

/* Weights as int16 less their zero point, plain and packed; where the taps lie. */
static ns_code pack(depthwise *d, ns_arena *arena, ns_error *error)
{
    const size_t count = d->channels * d->multiplier, taps = (size_t)(d->kernel[0] * d->kernel[1]);
    int16_t *weights = NS_ARENA_ARRAY(arena, taps * count, int16_t);
    int16_t *packed = NS_ARENA_ARRAY(arena, ns_depthwise_packed_size(taps, count), int16_t);
    d->offsets = NS_ARENA_ARRAY(arena, taps, size_t);
    d->padding = NS_ARENA_ARRAY(arena, count, int16_t);
    if (!weights || !packed || !d->offsets || !d->padding)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    for (size_t i = 0; i < taps * count; i++)
        weights[i] = (int16_t)(((const int8_t *)d->weight->data)[i] - d->weight_zero);
    ns_depthwise_pack(weights, taps, count, packed);
    d->weights = weights;
    d->packed = packed;
    for (int64_t t = 0; t < (int64_t)taps; t++)
        d->offsets[t] =
            (size_t)(t / d->kernel[1] * d->dilation[0] * d->in_size[1] + t % d->kernel[1] * d->dilation[1]) *
            count;
    return NS_OK;
}

/* The values that the taps take: the input's elements, or, in room of their own, these less their zero point,
 * each channel repeated for its `multiplier` outputs. */
static bool is_direct(const depthwise *d)
{
    return d->is_wide && d->multiplier == 1;
}

static ns_code make_values(depthwise *d, ns_arena *arena, ns_error *error)
{
    d->in_count = ns_tensor_count(d->in);
    if (is_direct(d))
        return NS_OK;
    d->widened = NS_ARENA_ARRAY(arena, d->in_count * d->multiplier, int16_t);
    return d->widened ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for its input");
}

static const int16_t *widen(const depthwise *d, const void *in)
{
    for (size_t i = 0; i < d->in_count; i++)
        for (size_t k = 0; k < d->multiplier; k++)
            d->widened[i * d->multiplier + k] =
                (int16_t)(ns_eval_get(in, d->is_wide ? 2 : 1, i) - d->input_zero);
    return d->widened;
}

/* The taps of output position `at`, of `values`; those in the padding are zeros. */
static void find_taps(const depthwise *d, const int16_t *values, size_t at, const int16_t **in)
{
    const size_t count = d->channels * d->multiplier, taps = (size_t)(d->kernel[0] * d->kernel[1]);
    const int64_t ox = (int64_t)at % d->out_size[1], oy = (int64_t)at / d->out_size[1] % d->out_size[0];
    const int64_t n = (int64_t)at / d->out_size[1] / d->out_size[0];
    const int64_t y0 = oy * d->stride[0] - d->before[0], x0 = ox * d->stride[1] - d->before[1];
    in[taps] = d->padding; /* makes them even */
    if (y0 >= 0 && x0 >= 0 && y0 + (d->kernel[0] - 1) * d->dilation[0] < d->in_size[0] &&
        x0 + (d->kernel[1] - 1) * d->dilation[1] < d->in_size[1]) {
        const int16_t *first = values + (size_t)((n * d->in_size[0] + y0) * d->in_size[1] + x0) * count;
        for (size_t t = 0; t < taps; t++)
            in[t] = first + d->offsets[t];
        return;
    }
    for (int64_t ky = 0; ky < d->kernel[0]; ky++)
        for (int64_t kx = 0; kx < d->kernel[1]; kx++) {
            const int64_t y = y0 + ky * d->dilation[0], x = x0 + kx * d->dilation[1];
            const bool is_inside = y >= 0 && y < d->in_size[0] && x >= 0 && x < d->in_size[1];
            *in++ = is_inside ? values + (size_t)((n * d->in_size[0] + y) * d->in_size[1] + x) * count
                              : d->padding;
        }
}

/* One output position step by step: every partial sum, and the sum with its bias, must fit the accumulator.
 */
static ns_code careful_position(const depthwise *d, const int16_t *const *in, size_t at, ns_error *error)
{
    size_t count = d->channels * d->multiplier, taps = (size_t)(d->kernel[0] * d->kernel[1]);
    for (size_t i = 0; i < count; i++) {
        int64_t sum = 0;
        char element[128];
        for (size_t t = 0; t < taps; t++) {
            sum += (int32_t)in[t][i] * d->weights[t * count + i];
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

/* Room for one output position. */
typedef struct position {
    const int16_t **in; /* of the taps, made even */
    int64_t *sums;      /* where the output is int32 */
} position;

static ns_code make_position(const depthwise *d, ns_arena *arena, position *p, ns_error *error)
{
    p->in = NS_ARENA_ARRAY(arena, (size_t)(d->kernel[0] * d->kernel[1]) + 1, const int16_t *);
    p->sums = NS_ARENA_ARRAY(arena, d->channels * d->multiplier, int64_t);
    return p->in && p->sums ? NS_OK : ns_fail(error, NS_ERROR_MEMORY, "no memory for its sums");
}

/* Output position `at` to `out`, where no accumulator can leave its type. */
static void run_position(const depthwise *d, const ns_kernels *kernels, const position *p,
                         const int16_t *values, size_t at, void *out)
{
    const size_t count = d->channels * d->multiplier;
    find_taps(d, values, at, p->in);
    const ns_depthwise call = {.in = p->in,
                               .packed = d->packed,
                               .taps = (size_t)(d->kernel[0] * d->kernel[1]),
                               .count = count,
                               .block = d->block,
                               .start = d->bias,
                               .start32 = d->start32,
                               .scale = d->scale};
    if (d->scale) {
        kernels->depthwise_scaled(&call, out);
        return;
    }
    kernels->depthwise_i16(&call, d->is_wide ? out : p->sums);
    for (size_t i = 0; !d->is_wide && i < count; i++)
        ((int32_t *)out)[i] = (int32_t)p->sums[i];
}

static ns_code run(ns_eval_call *call, const depthwise *d, ns_error *error)
{
    const size_t count = d->channels * d->multiplier, size = d->is_wide ? 8 : 4;
    const size_t positions = (size_t)(d->in->shape[0] * d->out_size[0] * d->out_size[1]);
    const int16_t *values = is_direct(d) ? d->in->data : widen(d, d->in->data);
    position p;
    NS_TRY(make_position(d, call->scratch, &p, error));
    for (size_t at = 0; at < positions; at++) {
        NS_TRY(ns_budget_check_time(call->budget, error));
        if (!d->careful) {
            run_position(d, call->kernels, &p, values, at, (char *)d->out->data + at * count * size);
            continue;
        }
        find_taps(d, values, at, p.in);
        NS_TRY(careful_position(d, p.in, at * count, error));
    }
    return NS_OK;
}

/* How many products a 32-bit sum holds, and whether a sum might leave the accumulator's type. */
static ns_code derive_bounds(const ns_eval_call *call, depthwise *d, ns_arena *arena, ns_error *error)
{
    const ns_tensor *bias = call->inputs[2];
    size_t count = d->channels * d->multiplier, bias_count = ns_tensor_count(bias);
    if (bias->dtype != d->out->dtype || (bias_count != 1 && bias_count != count))
        return ns_eval_bad_shape(bias, "the bias", error);
    d->bias = NS_ARENA_ARRAY(arena, count, int64_t);
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
    d->block = (size_t)(INT32_MAX / product / 2 * 2);
    d->careful = largest > d->high || d->kernel[0] * d->kernel[1] > (d->high - largest) / product;
    return NS_OK;
}

/* All but the input's elements. */
static ns_code read_depthwise(const ns_eval_call *call, depthwise *d, ns_arena *arena, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    *d = (depthwise){.in = call->inputs[0], .weight = call->inputs[1], .out = call->outputs[0]};
    d->is_wide = d->in->dtype == NS_DTYPE_INT16;
    if (d->in->dtype != NS_DTYPE_INT8 && !d->is_wide)
        return ns_eval_unsupported_type(d->in, error);
    if (d->weight->dtype != NS_DTYPE_INT8 && (d->weight->dtype != NS_DTYPE_INT4 || d->is_wide))
        return ns_eval_unsupported_type(d->weight, error);
    if (d->out->dtype != (d->is_wide ? NS_DTYPE_INT48 : NS_DTYPE_INT32))
        return ns_eval_unsupported_type(d->out, error);
    NS_TRY(read_shapes(call, d, error));
    NS_TRY(ns_eval_scalar(call->inputs[3], "the input's zero point", &d->input_zero, error));
    NS_TRY(ns_eval_scalar(call->inputs[4], "the weight's zero point", &d->weight_zero, error));
    if ((d->is_wide && d->input_zero) || (d->weight->dtype != NS_DTYPE_INT8 && d->weight_zero))
        return ns_fail(error, NS_ERROR_INPUT, "only int8 has zero points");
    NS_TRY(derive_bounds(call, d, arena, error));
    NS_TRY(make_values(d, arena, error));
    return pack(d, arena, error);
}

ns_code ns_eval_depthwise_conv2d(ns_eval_call *call, ns_error *error)
{
    depthwise d;
    NS_TRY(read_depthwise(call, &d, call->scratch, error));
    return run(call, &d, error);
}

typedef struct stepwise {
    depthwise d;
    position position;
} stepwise;

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const stepwise *s = step->data;
    const size_t size = s->d.scale ? 2 : s->d.is_wide ? 8 : 4;
    const int16_t *values = is_direct(&s->d) ? slab->in[0]
                            : slab->is_new   ? widen(&s->d, slab->in[0])
                                             : s->d.widened;
    for (size_t r = 0; r < slab->rows; r++)
        run_position(&s->d, step->kernels, &s->position, values, slab->first + r,
                     (char *)slab->out + r * slab->columns * size);
    return false;
}

/* Takes over the scales of the RESCALE behind it, where the sums with their bias fit 32 bits. */
static ns_code take_scales(depthwise *d, ns_step *step, ns_arena *arena, ns_error *error)
{
    const size_t count = d->channels * d->multiplier, taps = (size_t)(d->kernel[0] * d->kernel[1]);
    if (!step->scales || !step->kernels->depthwise_scaled || taps > d->block)
        return NS_OK;
    const int64_t most = INT32_MAX - ((int64_t)taps << 22);
    d->start32 = NS_ARENA_ARRAY(arena, ns_requantise_size(count), int32_t);
    if (!d->start32)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its bias");
    for (size_t i = 0; i < count; i++) {
        if (d->bias[i] > most || d->bias[i] < -most)
            return NS_OK;
        d->start32[i] = (int32_t)d->bias[i];
    }
    NS_TRY(ns_requantise_new(step->kernels, step->scales, count, INT32_MAX, arena, &d->scale, error));
    if (!d->scale)
        return NS_OK;
    int32_t *ordered[] = {d->start32, d->scale->multiplier, d->scale->half, d->scale->shift};
    for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
        ns_depthwise_order(ordered[i], ns_requantise_size(count));
    return NS_OK;
}

ns_code ns_step_depthwise_conv2d(ns_eval_call *call, ns_step *step, ns_error *error)
{
    stepwise *s = NS_ARENA_NEW(call->scratch, stepwise);
    if (!s)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its weights");
    NS_TRY(read_depthwise(call, &s->d, call->scratch, error));
    if (s->d.careful)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "every step is checked");
    NS_TRY(make_position(&s->d, call->scratch, &s->position, error));
    if (s->d.is_wide)
        NS_TRY(take_scales(&s->d, step, call->scratch, error));
    step->run = run_step;
    step->data = s;
    return NS_OK;
}
