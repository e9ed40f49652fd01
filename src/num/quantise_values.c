#include "npuscope/quant.h"

#include <inttypes.h>
#include <math.h>

/* torch.ao.quantization.fx._decomposed (torch 2.13): quantize_per_tensor computes
 * clamp(round(input * (1 / scale)), qmin, qmax) with the reciprocal a Python float that the multiplication
 * takes as float32, quantize_per_channel with a float32 reciprocal. A quotient of two float32 values
 * rounds to the same float32 with and without a stop at double (2 * 24 + 2 <= 53), so both are one rule:
 * everything in float32, ties to even. Values beyond
 * the range become qmin or qmax. PyTorch does the same but for int32: its clamp() takes 2147483647 for 2^31
 * and -2147483647 for -2^31, and the conversion of the first overflows; such a bias is broken in ExecuTorch
 * and saturates here. */
static int32_t quantise(float value, float inverse, const ns_quantisation *quantisation)
{
    float rounded = nearbyintf(value * inverse);
    /* The end itself counts as beyond: for int32 it is rounded to -2^31, one below qmin. */
    if (!(rounded > (float)quantisation->qmin))
        return (int32_t)quantisation->qmin; /* torch leaves a NaN undefined; here it is qmin */
    if (rounded >= (float)quantisation->qmax)
        return (int32_t)quantisation->qmax;
    return (int32_t)rounded;
}

/* How many neighbours share a scale before the next one starts: the elements behind `axis`. */
static ns_code check(const ns_quantisation *quantisation, int rank, const int64_t *shape, size_t *inner,
                     ns_error *error)
{
    *inner = 0;
    if (!quantisation->present)
        return ns_fail(error, NS_ERROR_INTERNAL, "the value has no quantisation");
    if (quantisation->axis < 0 && quantisation->count == 1)
        return NS_OK;
    if (quantisation->axis < 0 || quantisation->axis >= rank ||
        quantisation->count != shape[quantisation->axis])
        return ns_fail(error, NS_ERROR_INPUT, "%d scales on axis %d do not fit the tensor of rank %d",
                       quantisation->count, quantisation->axis, rank);
    *inner = 1;
    for (int i = quantisation->axis + 1; i < rank; i++)
        *inner *= (size_t)shape[i];
    return NS_OK;
}

static size_t scale_index(const ns_quantisation *quantisation, size_t inner, size_t i)
{
    return inner ? i / inner % (size_t)quantisation->count : 0;
}

ns_code ns_quantise_values(const ns_quantisation *quantisation, int rank, const int64_t *shape,
                           const float *values, int32_t *quantised, ns_error *error)
{
    size_t inner = 0, count = 0;
    NS_TRY(check(quantisation, rank, shape, &inner, error));
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    for (size_t i = 0; i < count; i++) {
        float scale = quantisation->scales[scale_index(quantisation, inner, i)];
        quantised[i] = quantise(values[i], 1 / scale, quantisation);
    }
    return NS_OK;
}

ns_code ns_fake_quantise(const ns_quantisation *quantisation, int rank, const int64_t *shape, double *values,
                         ns_error *error)
{
    size_t inner = 0, count = 0;
    NS_TRY(check(quantisation, rank, shape, &inner, error));
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    for (size_t i = 0; i < count; i++) {
        float scale = quantisation->scales[scale_index(quantisation, inner, i)];
        /* The product has at most 31 + 24 bits: exact for int8 and int16, rounded once for int32. */
        values[i] = quantise((float)values[i], 1 / scale, quantisation) * (double)scale;
    }
    return NS_OK;
}

ns_code ns_dequantise_values(const ns_quantisation *quantisation, int rank, const int64_t *shape,
                             const int32_t *quantised, double *values, ns_error *error)
{
    size_t inner = 0, count = 0;
    NS_TRY(check(quantisation, rank, shape, &inner, error));
    NS_TRY(ns_shape_count(rank, shape, &count, error));
    for (size_t i = 0; i < count; i++)
        values[i] = quantised[i] * (double)quantisation->scales[scale_index(quantisation, inner, i)];
    return NS_OK;
}
