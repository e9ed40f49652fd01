/* quantize:   q = min(max(zero_point + nearbyint(x * (1 / scale)), quant_min), quant_max)
 * dequantize: x = (q - zero_point) * scale
 * in float32 throughout, ties to even (ExecuTorch 1.5.0, kernels/quantized/cpu/op_quantize.cpp and
 * op_dequantize.cpp). The reciprocal of the scale is rounded to float32 before it is multiplied, and the
 * sum with the zero point is a float32 too: both decide ties. */
#include <math.h>

#include "program/kernel.h"

typedef struct ns_quantisation_arguments {
    ns_program_tensor *input, *output;
    float scale;
    int64_t zero_point, minimum, maximum;
} ns_quantisation_arguments;

static ns_code get_arguments(ns_call *call, ns_quantisation_arguments *a, ns_error *error)
{
    double scale = 0;
    NS_TRY(ns_call_tensor(call, 0, &a->input, error));
    NS_TRY(ns_call_real(call, 1, &scale, error));
    NS_TRY(ns_call_integer(call, 2, &a->zero_point, error));
    NS_TRY(ns_call_integer(call, 3, &a->minimum, error));
    NS_TRY(ns_call_integer(call, 4, &a->maximum, error));
    NS_TRY(ns_call_tensor(call, call->argument_count - 1, &a->output, error));
    a->scale = (float)scale;
    if (a->minimum > a->maximum)
        return ns_fail(error, NS_ERROR_INPUT, "%s: quant_min %lld is above quant_max %lld", call->name,
                       (long long)a->minimum, (long long)a->maximum);
    if (a->input->rank != a->output->rank)
        return ns_fail(error, NS_ERROR_INPUT, "%s: input of rank %d, output of rank %d", call->name,
                       a->input->rank, a->output->rank);
    NS_TRY(ns_program_tensor_resize(a->output, a->input->shape, error));
    if (memcmp(a->input->dim_order, a->output->dim_order, (size_t)a->input->rank) != 0)
        return ns_fail(error, NS_ERROR_INPUT, "%s: input and output differ in dim order", call->name);
    return NS_OK;
}

static int64_t quantize(const ns_quantisation_arguments *a, float inverse, float x)
{
    /* zero_point (int32) + float gives a float32 in C++. Out of range for int64 is undefined there; NaN
     * and infinities end at a limit here. */
    float rounded = (float)(int32_t)a->zero_point + nearbyintf(inverse * x);
    if (!(rounded > (float)a->minimum))
        return a->minimum;
    if (rounded >= 0x1p62f)
        return a->maximum;
    int64_t q = (int64_t)rounded;
    return q < a->minimum ? a->minimum : q > a->maximum ? a->maximum : q;
}

/* Smallest and largest value of an integer scalar type. */
static bool limits(ns_scalar scalar, int64_t *low, int64_t *high)
{
    switch (scalar) {
    case NS_SCALAR_UINT8:
        *low = 0, *high = UINT8_MAX;
        return true;
    case NS_SCALAR_INT8:
        *low = INT8_MIN, *high = INT8_MAX;
        return true;
    case NS_SCALAR_INT16:
        *low = INT16_MIN, *high = INT16_MAX;
        return true;
    case NS_SCALAR_UINT16:
    case NS_SCALAR_BITS16:
        *low = 0, *high = UINT16_MAX;
        return true;
    case NS_SCALAR_INT32:
        *low = INT32_MIN, *high = INT32_MAX;
        return true;
    default:
        return false;
    }
}

ns_code ns_kernel_quantize_per_tensor(ns_call *call, ns_error *error)
{
    ns_quantisation_arguments a;
    NS_TRY(get_arguments(call, &a, error));
    int64_t low = 0, high = 0;
    if (!limits(a.output->scalar, &low, &high) || a.minimum < low || a.maximum > high)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the range %lld to %lld does not fit %s", call->name,
                       (long long)a.minimum, (long long)a.maximum, ns_scalar_text(a.output->scalar));
    if (a.input->scalar != NS_SCALAR_FLOAT32)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s", call->name, ns_scalar_text(a.input->scalar));
    const float inverse = 1.0f / a.scale;
    const float *x = a.input->data;
    for (size_t i = 0; i < a.input->count; i++) {
        int64_t q = quantize(&a, inverse, x[i]);
        switch (ns_scalar_bytes(a.output->scalar)) {
        case 1:
            ((int8_t *)a.output->data)[i] = (int8_t)q;
            break;
        case 2:
            ((int16_t *)a.output->data)[i] = (int16_t)q;
            break;
        default:
            ((int32_t *)a.output->data)[i] = (int32_t)q;
        }
    }
    return NS_OK;
}

ns_code ns_kernel_dequantize_per_tensor(ns_call *call, ns_error *error)
{
    ns_quantisation_arguments a;
    NS_TRY(get_arguments(call, &a, error));
    if (a.output->scalar != NS_SCALAR_FLOAT32)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s to %s", call->name, ns_scalar_text(a.output->scalar));
    const int32_t zero_point = (int32_t)a.zero_point;
    float *x = a.output->data;
    for (size_t i = 0; i < a.input->count; i++) {
        int32_t q;
        switch (a.input->scalar) {
        case NS_SCALAR_UINT8:
            q = ((const uint8_t *)a.input->data)[i];
            break;
        case NS_SCALAR_INT8:
            q = ((const int8_t *)a.input->data)[i];
            break;
        case NS_SCALAR_INT16:
            q = ((const int16_t *)a.input->data)[i];
            break;
        case NS_SCALAR_UINT16:
        case NS_SCALAR_BITS16:
            q = ((const uint16_t *)a.input->data)[i];
            break;
        case NS_SCALAR_INT32:
            q = ((const int32_t *)a.input->data)[i];
            break;
        default:
            return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s", call->name,
                           ns_scalar_text(a.input->scalar));
        }
        x[i] = (float)(int32_t)((uint32_t)q - (uint32_t)zero_point) * a.scale;
    }
    return NS_OK;
}
