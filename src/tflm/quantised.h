/* Quantised: what the kernels of quantised operators have in common. */
#ifndef NS_TFLM_QUANTISED_H
#define NS_TFLM_QUANTISED_H

#include "tflm/call.h"
#include "tflm/fixed.h"

/* Limits of a fused activation (schema.fbs, ActivationFunctionType: NONE, RELU, RELU_N1_TO_1, RELU6), as
 * codes of an integer output and as floats. NS_ERROR_UNSUPPORTED for the others. */
ns_code ns_tflm_range(const ns_tflm_call *call, uint8_t activation, const ns_tflm_value *output, int32_t *low,
                      int32_t *high, ns_error *error);
ns_code ns_tflm_float_range(const ns_tflm_call *call, uint8_t activation, float *low, float *high,
                            ns_error *error);

/* A float between the limits, as std::min(std::max(value, low), high): a NaN becomes the lower one. */
static inline float ns_tflm_clamp_float(float value, float low, float high)
{
    const float raised = value < low ? low : value;
    return high < raised ? high : raised;
}

/* What one channel of a product is scaled by: input * filter / output, in double. `channels` scales in the
 * call's arena, from one or as many of the filter's. (tflite-micro of October 2026; at 90b983c2b3f1
 * GetQuantizedConvolutionMultipler multiplies as floats where there is no bias.) */
ns_code ns_tflm_channel_scales(ns_tflm_call *call, const ns_tflm_value *input, const ns_tflm_value *filter,
                               const ns_tflm_value *output, size_t channels, ns_tflm_scale **out,
                               ns_error *error);

/* A bias of int32 or int64 with `count` elements, as int64; NULL data where there is none. *wide: sums are
 * 64 bits wide, as they are for int16 inputs unless the bias is int32. */
ns_code ns_tflm_bias(ns_tflm_call *call, const ns_tflm_value *bias, size_t count, ns_tflite_type input,
                     int64_t **out, bool *wide, ns_error *error);

/* A sum scaled, offset and clamped to an element of the output. */
typedef struct ns_tflm_finish {
    bool wide;
    int32_t offset, low, high;
} ns_tflm_finish;
int32_t ns_tflm_finish_sum(const ns_tflm_finish *finish, int64_t sum, ns_tflm_scale scale);

/* Steps of two operands that are broadcast to the output, in elements along each of its dims.
 * NS_ERROR_INPUT when the shapes do not broadcast to it. */
ns_code ns_tflm_broadcast(const ns_tflm_call *call, const ns_tflm_value *operand, const ns_tflm_value *output,
                          size_t *steps, ns_error *error);

/* Moves `index` to the next element of `output`, and the place of an operand with it. */
void ns_tflm_next(const ns_tflite_tensor *output, int64_t *index, size_t *a, const size_t *a_steps, size_t *b,
                  const size_t *b_steps);

#endif
