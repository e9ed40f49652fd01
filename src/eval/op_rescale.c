/* output = clip(apply_scale(input - input_zp, multiplier, shift) + output_zp), by tensor or by the last axis.
 */
#include "eval/step.h"
#include "num/interface.h"

typedef struct scaling {
    ns_rescale rescale;
    ns_rescale_row kernel;
    bool per_channel;
    int32_t *multipliers; /* one, or one for each channel */
    int8_t *shifts;
    size_t in_size, out_size; /* bytes of an element */
    ns_step_scales scales;
} scaling;

static ns_code read_scales(ns_eval_call *call, size_t channels, int32_t **multipliers, int8_t **shifts,
                           ns_error *error)
{
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *multiplier = call->inputs[1], *shift = call->inputs[2];
    size_t expected = attributes->per_channel ? channels : 1;
    if (multiplier->dtype != (attributes->scale32 ? NS_DTYPE_INT32 : NS_DTYPE_INT16) ||
        ns_tensor_count(multiplier) != expected)
        return ns_eval_bad_shape(multiplier, "the multiplier", error);
    if (shift->dtype != NS_DTYPE_INT8 || ns_tensor_count(shift) != expected)
        return ns_eval_bad_shape(shift, "the shift", error);
    *multipliers = NS_ARENA_ARRAY(call->scratch, expected, int32_t);
    *shifts = NS_ARENA_ARRAY(call->scratch, expected, int8_t);
    if (!*multipliers || !*shifts)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its scales");
    for (size_t c = 0; c < expected; c++) {
        int64_t m = ns_tensor_get(multiplier, c), s = ns_tensor_get(shift, c);
        if (m < 0)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "multiplier %zu is negative (%lld)", c,
                           (long long)m);
        if (s < 2 || s > 62)
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "shift %zu is %lld, outside 2 to 62", c,
                           (long long)s);
        (*multipliers)[c] = (int32_t)m;
        (*shifts)[c] = (int8_t)s;
    }
    return NS_OK;
}

/* A zero point as the operator reads it. */
static ns_code read_zero_point(const ns_tensor *tensor, ns_dtype dtype, bool is_unsigned, const char *what,
                               int32_t *zero, ns_error *error)
{
    int64_t value = 0;
    NS_TRY(ns_eval_scalar(tensor, what, &value, error));
    if (is_unsigned)
        value &= dtype == NS_DTYPE_INT8 ? 0xff : 0xffff;
    if (value != 0 && dtype != NS_DTYPE_INT8 && !(dtype == NS_DTYPE_INT16 && is_unsigned && value == 32768))
        return ns_fail(error, NS_ERROR_INPUT, "%s is %lld: only 8-bit types, and 32768 for uint16, have one",
                       what, (long long)value);
    *zero = (int32_t)value;
    return NS_OK;
}

/* The first element of a row that breaks a REQUIRE, in words. */
static ns_code report(const ns_eval_call *call, const scaling *s, size_t first, size_t length,
                      ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
    const ns_rescale *rescale = &s->rescale;
    const int32_t *multipliers = s->multipliers;
    const int8_t *shifts = s->shifts;
    int64_t mask = rescale->input_unsigned ? (in->dtype == NS_DTYPE_INT8 ? 0xff : 0xffff) : -1;
    for (size_t i = 0; i < length; i++) {
        size_t c = call->attributes->per_channel ? i : 0;
        int64_t v = (ns_tensor_get(in, first + i) & mask) - rescale->input_zero_point;
        int64_t half = INT64_C(1) << (shifts[c] - 1);
        char element[128];
        ns_eval_element(in, first + i, element, sizeof element);
        if (rescale->wide && (v < -half || v >= half))
            return ns_fail(error, NS_ERROR_UNPREDICTABLE,
                           "%s: the value %lld is outside what shift %d allows", element, (long long)v,
                           shifts[c]);
        int64_t r = rescale->double_round ? ns_scale_double(v, multipliers[c], shifts[c])
                                          : ns_scale_single(v, multipliers[c], shifts[c]);
        if (r != (int32_t)r || r + rescale->output_zero_point != (int32_t)(r + rescale->output_zero_point))
            return ns_fail(error, NS_ERROR_UNPREDICTABLE, "%s: %lld * %d >> %d is %lld, outside int32",
                           element, (long long)v, multipliers[c], shifts[c], (long long)r);
    }
    return ns_fail(error, NS_ERROR_INTERNAL, "a fault that is not found again");
}

static ns_code check_types(const ns_eval_call *call, ns_error *error)
{
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    if (in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16 && in->dtype != NS_DTYPE_INT32 &&
        in->dtype != NS_DTYPE_INT48)
        return ns_eval_unsupported_type(in, error);
    if (out->dtype != NS_DTYPE_INT8 && out->dtype != NS_DTYPE_INT16 && out->dtype != NS_DTYPE_INT32)
        return ns_eval_unsupported_type(out, error);
    if (!ns_shape_equal(in, out) || (attributes->per_channel && in->rank < 1))
        return ns_eval_bad_shape(out, "the output", error);
    if ((attributes->scale32 && in->dtype == NS_DTYPE_INT48) ||
        (!attributes->scale32 && attributes->rounding_mode == NS_DOUBLE_ROUND))
        return ns_fail(error, NS_ERROR_INPUT, "scale32 does not go with its input type or rounding mode");
    if (attributes->output_unsigned && out->dtype == NS_DTYPE_INT32)
        return ns_fail(error, NS_ERROR_INPUT, "int32 outputs are signed");
    if (attributes->input_unsigned && in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_fail(error, NS_ERROR_INPUT, "only int8 and int16 inputs can be unsigned");
    return NS_OK;
}

/* All but the input's elements. */
static ns_code read_scaling(ns_eval_call *call, scaling *s, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    NS_TRY(check_types(call, error));
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0], *out = call->outputs[0];
    const bool is_unsigned = attributes->output_unsigned;
    const int64_t span = INT64_C(1) << ns_dtype_bits(out->dtype);
    *s = (scaling){
        .rescale = {.low = is_unsigned ? 0 : (int32_t)ns_dtype_min(out->dtype),
                    .high = is_unsigned ? (int32_t)(span - 1) : (int32_t)ns_dtype_max(out->dtype),
                    .input_unsigned = attributes->input_unsigned,
                    .wide = attributes->scale32,
                    .double_round = attributes->rounding_mode == NS_DOUBLE_ROUND},
        .kernel = (*call->kernels->rescale)[ns_eval_size_index(in->dtype)][ns_eval_size_index(out->dtype)],
        .per_channel = attributes->per_channel,
        .in_size = (size_t)ns_dtype_bytes(in->dtype),
        .out_size = (size_t)ns_dtype_bytes(out->dtype),
    };
    NS_TRY(read_zero_point(call->inputs[3], in->dtype, attributes->input_unsigned, "the input's zero point",
                           &s->rescale.input_zero_point, error));
    NS_TRY(read_zero_point(call->inputs[4], out->dtype, is_unsigned, "the output's zero point",
                           &s->rescale.output_zero_point, error));
    return read_scales(call, in->rank ? (size_t)in->shape[in->rank - 1] : 1, &s->multipliers, &s->shifts,
                       error);
}

static bool run_row(const scaling *s, const void *in, void *out, size_t first, size_t length)
{
    return s->kernel(&s->rescale, (const char *)in + first * s->in_size, s->multipliers, s->shifts,
                     s->per_channel, (char *)out + first * s->out_size, length);
}

ns_code ns_eval_rescale(ns_eval_call *call, ns_error *error)
{
    scaling s;
    NS_TRY(read_scaling(call, &s, error));
    const ns_tensor *in = call->inputs[0];
    const size_t count = ns_tensor_count(in),
                 length = s.per_channel ? (size_t)in->shape[in->rank - 1] : count;
    for (size_t first = 0; first < count; first += length)
        if (run_row(&s, in->data, call->outputs[0]->data, first, length))
            return report(call, &s, first, length, error);
    return NS_OK;
}

static bool run_step(const ns_step *step, const ns_slab *slab)
{
    const scaling *s = step->data;
    if (!s->per_channel)
        return run_row(s, slab->in[0], slab->out, 0, slab->rows * slab->columns);
    bool fault = false;
    for (size_t r = 0; r < slab->rows; r++)
        fault |= run_row(s, slab->in[0], slab->out, r * slab->columns, slab->columns);
    return fault;
}

ns_code ns_step_rescale(ns_eval_call *call, ns_step *step, ns_error *error)
{
    scaling *s = NS_ARENA_NEW(call->scratch, scaling);
    if (!s)
        return ns_fail(error, NS_ERROR_MEMORY, "no memory for its scales");
    NS_TRY(read_scaling(call, s, error));
    s->scales = (ns_step_scales){s->multipliers, s->shifts, s->per_channel, false};
    step->run = run_step;
    step->data = s;
    return NS_OK;
}

const ns_step_scales *ns_step_rescale_scales(const ns_step *step)
{
    return step->run == run_step ? &((const scaling *)step->data)->scales : NULL;
}
