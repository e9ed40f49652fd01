/* QUANTIZE and DEQUANTIZE.
 * Source: micro/kernels/quantize_common.cc, internal/reference/quantize.h, requantize.h, dequantize.h. */
#include <math.h>

#include "tflm/call.h"
#include "tflm/internal.h"

/* Pairs of types that QUANTIZE takes. */
static bool supported(ns_tflite_type from, ns_tflite_type to)
{
    switch (from) {
    case NS_TFLITE_FLOAT32:
    case NS_TFLITE_INT32:
        return to == NS_TFLITE_INT8 || to == NS_TFLITE_INT16;
    case NS_TFLITE_INT16:
        return to == NS_TFLITE_INT8 || to == NS_TFLITE_INT16 || to == NS_TFLITE_INT32;
    case NS_TFLITE_INT8:
        return to == NS_TFLITE_INT8 || to == NS_TFLITE_UINT8 || to == NS_TFLITE_INT16 ||
               to == NS_TFLITE_INT32;
    case NS_TFLITE_UINT8:
        return to == NS_TFLITE_INT8;
    default:
        return false;
    }
}

/* round(value / scale) + zero point, halves away from zero; the quotient is a float. */
static void quantise_floats(const ns_tflm_value *input, const ns_tflm_value *output)
{
    const float scale = (float)output->tensor->scale, *values = input->data;
    const int32_t least = ns_tflm_least(ns_tflm_type(output)),
                  greatest = ns_tflm_greatest(ns_tflm_type(output));
    for (size_t i = 0; i < output->count; i++) {
        const double whole = (double)roundf(values[i] / scale) + (double)output->tensor->zero_point;
        /* A NaN or a value beyond int32 is undefined there; here it is the nearest end, NaN the least. */
        ns_tflm_store(output, i, !(whole > least) ? least : whole > greatest ? greatest : (int32_t)whole);
    }
}

ns_code ns_tflm_quantize(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    int32_t *values;
    if (!supported(ns_tflm_type(input), ns_tflm_type(output)))
        return ns_tflm_refuse_types(call, error);
    if (input->count != output->count || output->tensor->scale_count != 1 || !(output->tensor->scale > 0))
        return ns_tflm_refuse_shapes(call, error);
    if (ns_tflm_type(input) == NS_TFLITE_FLOAT32) {
        quantise_floats(input, output);
        return NS_OK;
    }
    NS_TRY(ns_tflm_load(call, input, &values, error));
    const ns_fixed_scale scale = ns_fixed_scale_of(input->tensor->scale / output->tensor->scale);
    const int32_t from = (int32_t)input->tensor->zero_point, to = (int32_t)output->tensor->zero_point;
    for (size_t i = 0; i < output->count; i++) {
        const int64_t scaled = (int64_t)ns_fixed_multiply((int32_t)((int64_t)values[i] - from), scale) + to;
        const int64_t least = ns_tflm_least(ns_tflm_type(output)),
                      greatest = ns_tflm_greatest(ns_tflm_type(output));
        ns_tflm_store(output, i, (int32_t)(scaled < least ? least : scaled > greatest ? greatest : scaled));
    }
    return NS_OK;
}

/* scale * (value - zero point) in double, rounded to float once. */
ns_code ns_tflm_dequantize(ns_tflm_call *call, ns_error *error)
{
    const ns_tflm_value *input = call->inputs[0], *output = call->outputs[0];
    const ns_tflite_type type = ns_tflm_type(input);
    int32_t *values;
    float *out = output->data;
    if ((type != NS_TFLITE_INT8 && type != NS_TFLITE_INT16 && type != NS_TFLITE_UINT8) ||
        ns_tflm_type(output) != NS_TFLITE_FLOAT32)
        return ns_tflm_refuse_types(call, error);
    if (input->count != output->count || input->tensor->scale_count > 1)
        return ns_tflm_refuse_shapes(call, error);
    NS_TRY(ns_tflm_load(call, input, &values, error));
    for (size_t i = 0; i < output->count; i++)
        out[i] = (float)(input->tensor->scale * (double)(values[i] - (int32_t)input->tensor->zero_point));
    return NS_OK;
}
