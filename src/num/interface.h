/* What num gives the rooms above it. */
#ifndef NS_NUM_INTERFACE_H
#define NS_NUM_INTERFACE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "npuscope/tensor.h"

/* Double-double sums: hi + lo with the rounding errors of every addition and product kept in lo (Ogita, Rump
 * and Oishi, "Accurate sum and dot product", SIAM J. Sci. Comput. 26, 2005: Sum2 and Dot2). With u = 2^-53
 * and n terms the value hi + lo differs from the exact sum by at most n^2 u^2 * (sum of the terms'
 * magnitudes): for n = 2^20 that is 2^-66 of the magnitudes, far below one step of any 16-bit scale. */

typedef struct ns_double2 {
    double hi, lo;
} ns_double2;

static inline void ns_double2_add(ns_double2 *sum, double x)
{
    double s = sum->hi + x;
    double b = s - sum->hi;
    sum->lo += (sum->hi - (s - b)) + (x - b);
    sum->hi = s;
}

static inline void ns_double2_add_product(ns_double2 *sum, double a, double b)
{
    double p = a * b;
    sum->lo += fma(a, b, -p);
    ns_double2_add(sum, p);
}

/* (hi + lo) / n, rounded to double: the quotient's remainder is exact by fma, so the result is within one
 * unit in the last place. */
static inline double ns_double2_divide(ns_double2 sum, double n)
{
    double q = sum.hi / n;
    if (!isfinite(q))
        return (sum.hi + sum.lo) / n;
    return q + (fma(-q, n, sum.hi) + sum.lo) / n;
}

/* ---- fixed.c ---- */

/* Fixed: TFLite's fixed-point arithmetic. Pure functions.
 * Source: tensorflow/lite/kernels/internal/quantization_util.cc, common.cc (without TFLITE_SINGLE_ROUNDING,
 * which TFLite Micro's builds leave off) and gemmlowp's fixedpoint.h. */

/* value ~ multiplier / 2^31 * 2^shift: QuantizeMultiplier. */
typedef struct ns_fixed_scale {
    int32_t multiplier;
    int shift;
} ns_fixed_scale;

ns_fixed_scale ns_fixed_scale_of(double value);

/* SaturatingRoundingDoublingHighMul: (a * b) / 2^31, halves away from zero; -2^31 times itself saturates. */
int32_t ns_fixed_high_multiply(int32_t a, int32_t b);

/* RoundingDivideByPOT: value / 2^exponent, exponent 0 to 31, halves away from zero. */
int32_t ns_fixed_divide_pot(int32_t value, int exponent);

/* MultiplyByQuantizedMultiplier of an int32 (two roundings; a shift to the left wraps) and of a sum of 48
 * bits (16 bits of the multiplier). */
int32_t ns_fixed_multiply(int32_t value, ns_fixed_scale scale);
int32_t ns_fixed_multiply_wide(int64_t value, ns_fixed_scale scale);

/* value * 2^exponent, saturated: SaturatingRoundingMultiplyByPOT for exponents of 0 and more. */
int32_t ns_fixed_saturating_shift(int32_t value, int exponent);

/* gemmlowp, Q5.26 (value at most 0) to Q0.31: exp(value). */
int32_t ns_fixed_exp(int32_t value, int integer_bits);
/* Q0.31 to Q0.31: 1 / (1 + value) for values from 0 to 1. */
int32_t ns_fixed_reciprocal_of_one_plus(int32_t value);
/* Q4.27 to Q0.31: 1 / (1 + exp(-value)). */
int32_t ns_fixed_logistic_q4(int32_t value);

/* CalculateInputRadius: the least |input| at which a function of `integer_bits` bits saturates. */
int32_t ns_fixed_input_radius(int integer_bits, int left_shift);

/* The softmax of one row of int8 codes (internal/reference/softmax.h; CMSIS-NN's arm_nn_softmax_common_s8 is
 * the same). scale: differences of codes to Q5.26; those below `least` (at most 0) count as nothing. `out`
 * gets steps above the lowest code of an output of `bits` bits, unclamped. False: the sum leaves the fixed
 * point no room (512 equal codes or more). */
bool ns_fixed_softmax(ns_fixed_scale scale, int32_t least, const int32_t *in, size_t depth, int bits,
                      int32_t *out);

/* ---- float32_product.c ---- */

/* PyTorch's float32 linear layer and matrix product on a CPU, in its own orders of additions. */

/* One element of x w^T, without the bias, which is added last: row `row` of `rows` rows x [rows, inner] and
 * row `column` of `columns` rows w [columns, inner]; `x` and `w` point at these two rows. */
float ns_float32_product(const double *x, const double *w, int64_t inner, int64_t row, int64_t rows,
                         int64_t column, int64_t columns);

/* One element of x w, x [rows, inner], w [inner, columns]; `x` points at the element's row and `w` at its
 * column's first value. False: the order is not known. */
bool ns_float32_matmul(const double *x, const double *w, int64_t rows, int64_t inner, int64_t columns,
                       float *out);

/* ---- float32_sum.c ---- */

/* PyTorch's float32 sum on a CPU, in its own order of additions. */

/* The sum of `count` contiguous floats as torch.sum returns it. */
float ns_float32_sum(const float *values, size_t count);

/* torch.sum over the axes with `reduced` set of a row-major tensor; `out` has a float for each element of the
 * result. rank <= NS_MAX_RANK. */
void ns_float32_reduce(int rank, const int64_t *shape, const bool *reduced, const float *values, float *out);

/* ---- real_element.c ---- */

/* Real element: elements of the floating-point types as double, which holds each of them exactly. */

bool ns_real_is(ns_dtype dtype); /* fp32, fp16, bf16, fp8, fp6, fp4 */

/* Element `index` of a tensor of any type. */
double ns_real_get(const ns_tensor *tensor, size_t index);

/* Stores `value` in a tensor of a floating-point type, to nearest, ties to even. Beyond the largest value:
 * infinity, NaN where the type has none, else the largest. */
void ns_real_set(ns_tensor *tensor, size_t index, double value);

/* ---- real_memory.c ---- */

/* Real memory: what MPFR allocates. GMP's own functions end the process when memory is out. */

/* To be called before MPFR is used, as often as one likes, by any thread. From then on a request that the
 * system refuses is met from a reserve, so that the number at hand is still right; whoever asks next for
 * memory of his own fails in order. Where the reserve is used up too, the process ends with a message and
 * exit code 4. The reserve and GMP's function pointers belong to the process, as they must. */
void ns_real_memory(void);

/* ---- scale.c ---- */

/* Scale: multiply, shift and round, in each rounding that TOSA and the Ethos-U name. Pure functions. */

/* (value * multiplier + 2^(shift-1)) >> shift: TOSA's apply_scale_32/16 without double rounding
 * (specification 1.0, "apply_scale"). |value| < 2^48, multiplier in [0, 2^31), shift in [2, 62]: the
 * product needs up to 79 bits, hence __int128 where value does not fit 32 bits. */
int64_t ns_scale_single(int64_t value, int32_t multiplier, int shift);

/* The same with TOSA's double rounding: where shift > 31, 2^30 is added for value >= 0 and subtracted
 * for value < 0 before the shift. */
int64_t ns_scale_double(int64_t value, int32_t multiplier, int shift);

/* Clamps to [low, high]. */
static inline int64_t ns_clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
