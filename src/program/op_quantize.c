/* quantize:   q = min(max(zero_point + nearbyint(x * (1 / scale)), quant_min), quant_max)
 * dequantize: x = (q - zero_point) * scale
 * in float32 throughout, ties to even, with one scale and zero point for the tensor or one for each index of
 * an axis (ExecuTorch 1.5.0, kernels/quantized/cpu/op_quantize.cpp and op_dequantize.cpp). The reciprocal
 * of the scale is rounded to float32 before it is multiplied, and the sum with the zero point is a float32
 * too: both decide ties. */
#include <math.h>

#include "program/element.h"

typedef struct ns_quantisation_arguments {
    ns_program_tensor *input, *output;
    float scale;
    int64_t zero_point, minimum, maximum;
} ns_quantisation_arguments;

/* What both forms share: quant_min is argument `first`, quant_max the next. */
static ns_code get_range_and_tensors(ns_call *call, int first, ns_quantisation_arguments *a, ns_error *error)
{
    NS_TRY(ns_call_tensor(call, 0, &a->input, error));
    NS_TRY(ns_call_integer(call, first, &a->minimum, error));
    NS_TRY(ns_call_integer(call, first + 1, &a->maximum, error));
    NS_TRY(ns_call_output(call, call->argument_count - 1, &a->output, error));
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

static ns_code get_arguments(ns_call *call, ns_quantisation_arguments *a, ns_error *error)
{
    double scale = 0;
    NS_TRY(get_range_and_tensors(call, 3, a, error));
    NS_TRY(ns_call_real(call, 1, &scale, error));
    NS_TRY(ns_call_integer(call, 2, &a->zero_point, error));
    a->scale = (float)scale;
    return NS_OK;
}

/* The scales and zero points of an axis. Element i of the memory takes those of index i / stride modulo
 * count. quantize takes scales of float64 and zero points of int64 alone, dequantize of float32 and int32
 * too, as they are made for weights and biases (ExecuTorch 1.5.0; before its #21773, int32 was misread). */
typedef struct channels {
    const ns_program_tensor *scales;
    const ns_program_tensor *zero_points; /* NULL: all 0 */
    size_t stride, count;
} channels;

static ns_code get_channels(ns_call *call, bool narrow, ns_quantisation_arguments *a, int *axis, channels *c,
                            ns_error *error)
{
    ns_program_tensor *scales = NULL, *zero_points = NULL;
    int64_t strides[NS_PROGRAM_MAX_RANK];
    NS_TRY(get_range_and_tensors(call, 4, a, error));
    NS_TRY(ns_call_tensor(call, 1, &scales, error));
    NS_TRY(ns_call_optional_tensor(call, 2, &zero_points, error));
    NS_TRY(ns_call_dim(call, 3, a->input->rank, axis, error));
    const size_t count = (size_t)a->input->shape[*axis];
    if (!(scales->scalar == NS_SCALAR_FLOAT64 || (narrow && scales->scalar == NS_SCALAR_FLOAT32)) ||
        scales->count != count)
        return ns_fail(error, NS_ERROR_INPUT, "%s: %zu scales of %s, expected %zu of float64%s", call->name,
                       scales->count, ns_scalar_text(scales->scalar), count, narrow ? " or float32" : "");
    if (zero_points &&
        (!(zero_points->scalar == NS_SCALAR_INT64 || (narrow && zero_points->scalar == NS_SCALAR_INT32)) ||
         zero_points->count != count))
        return ns_fail(error, NS_ERROR_INPUT, "%s: %zu zero points of %s, expected %zu of int64%s",
                       call->name, zero_points->count, ns_scalar_text(zero_points->scalar), count,
                       narrow ? " or int32" : "");
    ns_program_tensor_strides(a->input, strides);
    *c = (channels){scales, zero_points, (size_t)strides[*axis], count};
    return NS_OK;
}

static void take_channel(const channels *c, size_t element, ns_quantisation_arguments *a)
{
    const size_t channel = element / c->stride % c->count;
    a->scale = ns_element_load(c->scales, (int64_t)channel, NS_COMPUTE_FLOAT32).real32;
    a->zero_point =
        c->zero_points ? ns_element_load(c->zero_points, (int64_t)channel, NS_COMPUTE_INTEGER).integer : 0;
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

static ns_code check_range(ns_call *call, const ns_quantisation_arguments *a, ns_error *error)
{
    int64_t low = 0, high = 0;
    if (!limits(a->output->scalar, &low, &high) || a->minimum < low || a->maximum > high)
        return ns_fail(error, NS_ERROR_INPUT, "%s: the range %lld to %lld does not fit %s", call->name,
                       (long long)a->minimum, (long long)a->maximum, ns_scalar_text(a->output->scalar));
    return NS_OK;
}

ns_code ns_kernel_quantize_per_tensor(ns_call *call, ns_error *error)
{
    ns_quantisation_arguments a;
    NS_TRY(get_arguments(call, &a, error));
    NS_TRY(check_range(call, &a, error));
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

/* quantize_per_channel (input, scales, zero_points, axis, quant_min, quant_max, dtype, out). ExecuTorch's
 * kernel takes the input for contiguous: in a channels-last tensor elements get the scales of other channels.
 */
ns_code ns_kernel_quantize_per_channel(ns_call *call, ns_error *error)
{
    ns_quantisation_arguments a;
    channels c;
    int axis = 0;
    NS_TRY(get_channels(call, false, &a, &axis, &c, error));
    NS_TRY(check_range(call, &a, error));
    c.stride = 1;
    for (int d = axis + 1; d < a.input->rank; d++)
        c.stride *= (size_t)a.input->shape[d];
    if (a.input->scalar != NS_SCALAR_FLOAT32 && a.input->scalar != NS_SCALAR_FLOAT16)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s", call->name, ns_scalar_text(a.input->scalar));
    for (size_t i = 0; i < a.input->count; i++) {
        take_channel(&c, i, &a);
        const float x = ns_element_load(a.input, (int64_t)i, NS_COMPUTE_FLOAT32).real32;
        ns_element_store(a.output, (int64_t)i, NS_COMPUTE_INTEGER,
                         (ns_number){.integer = quantize(&a, 1.0f / a.scale, x)});
    }
    return NS_OK;
}

/* dequantize_per_channel (input, scales, zero_points or None, axis, quant_min, quant_max, dtype, out_dtype,
 * out): the difference is an int64 here */
ns_code ns_kernel_dequantize_per_channel(ns_call *call, ns_error *error)
{
    ns_quantisation_arguments a;
    channels c;
    int64_t low = 0, high = 0;
    int axis = 0;
    NS_TRY(get_channels(call, true, &a, &axis, &c, error));
    if (!limits(a.input->scalar, &low, &high) || a.output->scalar != NS_SCALAR_FLOAT32)
        return ns_fail(error, NS_ERROR_UNSUPPORTED, "%s of %s to %s", call->name,
                       ns_scalar_text(a.input->scalar), ns_scalar_text(a.output->scalar));
    float *x = a.output->data;
    for (size_t i = 0; i < a.input->count; i++) {
        take_channel(&c, i, &a);
        const int64_t q = ns_element_load(a.input, (int64_t)i, NS_COMPUTE_INTEGER).integer;
        x[i] = (float)(int64_t)((uint64_t)q - (uint64_t)a.zero_point) * a.scale;
    }
    return NS_OK;
}
