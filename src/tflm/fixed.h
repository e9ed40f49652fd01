/* Fixed: TFLite's fixed-point arithmetic. Pure functions.
 * Source: tensorflow/lite/kernels/internal/quantization_util.cc, common.cc (without TFLITE_SINGLE_ROUNDING,
 * which TFLite Micro's builds leave off) and gemmlowp's fixedpoint.h. */
#ifndef NS_TFLM_FIXED_H
#define NS_TFLM_FIXED_H

#include <stdint.h>

/* value ~ multiplier / 2^31 * 2^shift: QuantizeMultiplier. */
typedef struct ns_tflm_scale {
    int32_t multiplier;
    int shift;
} ns_tflm_scale;

ns_tflm_scale ns_tflm_scale_of(double value);

/* SaturatingRoundingDoublingHighMul: (a * b) / 2^31, halves away from zero; -2^31 times itself saturates. */
int32_t ns_tflm_high_multiply(int32_t a, int32_t b);

/* RoundingDivideByPOT: value / 2^exponent, exponent 0 to 31, halves away from zero. */
int32_t ns_tflm_divide_pot(int32_t value, int exponent);

/* MultiplyByQuantizedMultiplier of an int32 (two roundings; a shift to the left wraps) and of a sum of 48
 * bits (16 bits of the multiplier). */
int32_t ns_tflm_multiply(int32_t value, ns_tflm_scale scale);
int32_t ns_tflm_multiply_wide(int64_t value, ns_tflm_scale scale);

/* value * 2^exponent, saturated: SaturatingRoundingMultiplyByPOT for exponents of 0 and more. */
int32_t ns_tflm_saturating_shift(int32_t value, int exponent);

/* gemmlowp, Q5.26 (value at most 0) to Q0.31: exp(value). */
int32_t ns_tflm_exp(int32_t value, int integer_bits);
/* Q0.31 to Q0.31: 1 / (1 + value) for values from 0 to 1. */
int32_t ns_tflm_reciprocal_of_one_plus(int32_t value);
/* Q4.27 to Q0.31: 1 / (1 + exp(-value)). */
int32_t ns_tflm_logistic_q4(int32_t value);

/* CalculateInputRadius: the least |input| at which a function of `integer_bits` bits saturates. */
int32_t ns_tflm_input_radius(int integer_bits, int left_shift);

static inline int32_t ns_tflm_clamp(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

#endif
