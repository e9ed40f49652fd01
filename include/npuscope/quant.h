/* Quantisation of tensors: scales, and integers from and to real values. docs/quantisation.md says how the
 * scales are chosen. */
#ifndef NPUSCOPE_QUANT_H
#define NPUSCOPE_QUANT_H

#include "npuscope/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a tensor is quantised: q = clamp(round_half_even(x / scale) + zero point, qmin, qmax)
 * (zero point 0 in every a16w8 configuration). */
typedef struct ns_quantisation {
    bool present;       /* false: the tensor stays real */
    ns_dtype dtype;     /* INT8, INT16 or INT32 */
    int64_t qmin, qmax; /* a16w8: [-32767, 32767], weights [-127, 127], bias [-2147483647, 2147483647] */
    int axis;           /* -1: one scale; else one scale per index of this axis */
    int count;          /* number of scales: 1, or the dim of `axis` */
    float *scales;      /* > 0 */
} ns_quantisation;

/* The tensor has `shape` and row-major values. quantise: float32 to integers, bit for bit as PyTorch's
 * quantize_per_tensor and quantize_per_channel; dequantise: integer * scale; fake: both in place, on exact
 * values that are rounded to float32 first. NS_ERROR_INPUT when the scales do not fit the shape. */
ns_code ns_quantise_values(const ns_quantisation *quantisation, int rank, const int64_t *shape,
                           const float *values, int32_t *quantised, ns_error *error);
ns_code ns_dequantise_values(const ns_quantisation *quantisation, int rank, const int64_t *shape,
                             const int32_t *quantised, double *values, ns_error *error);
ns_code ns_fake_quantise(const ns_quantisation *quantisation, int rank, const int64_t *shape, double *values,
                         ns_error *error);

#ifdef __cplusplus
}
#endif

#endif
