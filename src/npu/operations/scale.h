/* Scale: the multiply-shift-round of the output stage and of elementwise operands, in each rounding that
 * the Ethos-U families have. Pure. */
#ifndef NS_NPU_SCALE_H
#define NS_NPU_SCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ns_npu_rounding {
    NS_NPU_ROUND_NATURAL,           /* half up */
    NS_NPU_ROUND_SYMMETRIC,         /* half away from zero */
    NS_NPU_ROUND_TO_ZERO,           /* truncate */
    NS_NPU_ROUND_TO_LOWER,          /* floor */
    NS_NPU_ROUND_DOUBLE_SYMMETRIC,  /* U55/U65: DBL. Two roundings, the first half away from zero */
    NS_NPU_ROUND_DOUBLE_ASYMMETRIC, /* two roundings, both half up */
} ns_npu_rounding;

typedef struct ns_npu_scale {
    uint32_t scale; /* multiplier, unsigned: 0x80000000 occurs */
    int shift;      /* 0 to 63 */
    ns_npu_rounding rounding;
    int double_shift; /* left shift that the values carry when they arrive; moves the first of two
                         roundings (U85: DBL_RND; U55/U65: implied by ADD and SUB) */
} ns_npu_scale;

/* (value * scale + r) >> shift, with r by rounding mode:
 *   half = shift > 0 ? 2^(shift-1) : 0;  d = shift > 31 - double_shift ? 2^(30-double_shift) : 0
 *   NATURAL half; SYMMETRIC value < 0 ? half - 1 : half (half 0 stays 0); TO_ZERO value < 0 ?
 *   2^shift - 1 : 0; TO_LOWER 0; DOUBLE_SYMMETRIC value < 0 ? half - d : half + d; DOUBLE_ASYMMETRIC half + d
 * |value| < 2^62; the product is taken in 128 bits and the result saturated to 64, so nothing wraps.
 * Source: Vela 5.1.0, regor/compiler/graphir_optimiser.cpp, template Scale. */
int64_t ns_npu_scale_value(int64_t value, const ns_npu_scale *scale);

/* The scale as kernels/rows.h takes it (ns_wide_scales); false where it does not. */
bool ns_npu_scale_wide(const ns_npu_scale *scale, int64_t *multiplier, int64_t *positive, int64_t *negative,
                       int64_t *shift);

/* The same for `count` values, each `step` after the last, in place. */
void ns_npu_scale_column(int64_t *values, size_t count, size_t step, const ns_npu_scale *scale);

#endif
