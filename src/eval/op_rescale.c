/* output = clip(apply_scale(input - input_zp, multiplier, shift) + output_zp), by tensor or by the last axis.
 */
#include "eval/call.h"
#include "num/scale.h"

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
static ns_code report(const ns_eval_call *call, const ns_rescale *rescale, const int32_t *multipliers,
                      const int8_t *shifts, size_t first, size_t length, ns_error *error)
{
    const ns_tensor *in = call->inputs[0];
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

ns_code ns_eval_rescale(ns_eval_call *call, ns_error *error)
{
    NS_TRY(ns_eval_expect_operands(call, 5, 5, 1, error));
    const ns_attributes *attributes = call->attributes;
    const ns_tensor *in = call->inputs[0];
    ns_tensor *out = call->outputs[0];
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
    bool is_unsigned = attributes->output_unsigned;
    if (is_unsigned && out->dtype == NS_DTYPE_INT32)
        return ns_fail(error, NS_ERROR_INPUT, "int32 outputs are signed");
    if (attributes->input_unsigned && in->dtype != NS_DTYPE_INT8 && in->dtype != NS_DTYPE_INT16)
        return ns_fail(error, NS_ERROR_INPUT, "only int8 and int16 inputs can be unsigned");

    int64_t span = INT64_C(1) << ns_dtype_bits(out->dtype);
    ns_rescale rescale = {
        .low = is_unsigned ? 0 : (int32_t)ns_dtype_min(out->dtype),
        .high = is_unsigned ? (int32_t)(span - 1) : (int32_t)ns_dtype_max(out->dtype),
        .input_unsigned = attributes->input_unsigned,
        .wide = attributes->scale32,
        .double_round = attributes->rounding_mode == NS_DOUBLE_ROUND,
    };
    NS_TRY(read_zero_point(call->inputs[3], in->dtype, attributes->input_unsigned, "the input's zero point",
                           &rescale.input_zero_point, error));
    NS_TRY(read_zero_point(call->inputs[4], out->dtype, is_unsigned, "the output's zero point",
                           &rescale.output_zero_point, error));
    size_t count = ns_tensor_count(in);
    size_t channels = in->rank ? (size_t)in->shape[in->rank - 1] : 1;
    int32_t *multipliers = NULL;
    int8_t *shifts = NULL;
    NS_TRY(read_scales(call, channels, &multipliers, &shifts, error));

    ns_rescale_row kernel =
        (*call->kernels->rescale)[ns_eval_size_index(in->dtype)][ns_eval_size_index(out->dtype)];
    size_t length = attributes->per_channel ? channels : count;
    size_t size = (size_t)ns_dtype_bytes(in->dtype), out_size = (size_t)ns_dtype_bytes(out->dtype);
    for (size_t first = 0; first < count; first += length)
        if (kernel(&rescale, (const char *)in->data + first * size, multipliers, shifts,
                   attributes->per_channel, (char *)out->data + first * out_size, length))
            return report(call, &rescale, multipliers, shifts, first, length, error);
    return NS_OK;
}
