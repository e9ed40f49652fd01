/* gemm_template.h with 4 sums to a vector: two widening products of 4 values for each pair of steps. */
#include <arm_neon.h>
#include <stddef.h>

static inline __attribute__((always_inline)) void widen(int32x4_t sums, const int64_t *from, int64_t *to,
                                                        size_t count, const int left)
{
    int32_t narrow[4];
    if (count < 4) {
        vst1q_s32(narrow, sums);
        for (size_t i = 0; i < count; i++)
            to[i] = narrow[i] * (INT64_C(1) << left) + (from ? from[i] : 0);
        return;
    }
    int64x2_t first = vmovl_s32(vget_low_s32(sums)), second = vmovl_s32(vget_high_s32(sums));
    first = vshlq_s64(first, vdupq_n_s64(left));
    second = vshlq_s64(second, vdupq_n_s64(left));
    if (from) {
        first = vaddq_s64(first, vld1q_s64(from));
        second = vaddq_s64(second, vld1q_s64(from + 2));
    }
    vst1q_s64(to, first);
    vst1q_s64(to + 2, second);
}

#define NAME ns_gemm_i16_neon
#define VECTOR int32x4_t
#define LANES 4
#define WIDE_ROWS 4
#define WIDE_VECTORS 4
#define KEEP(v) (void)(v)
#define ZERO() vdupq_n_s32(0)
/* The first of each pair of steps in the lower half, the second in the upper. */
#define LOAD(p)                                        \
    vreinterpretq_s32_s8(                              \
        vqtbl1q_s8(vreinterpretq_s8_s16(vld1q_s16(p)), \
                   vcombine_u8(vcreate_u8(0x0d0c090805040100), vcreate_u8(0x0f0e0b0a07060302))))
#define MULTIPLY_ADD(sum, b, a)                                                                      \
    do {                                                                                             \
        int16x4_t pair = vreinterpret_s16_s32(vdup_n_s32(*(const ns_gemm_pair *)(const void *)(a))); \
        int16x8_t steps = vreinterpretq_s16_s32(b);                                                  \
        sum = vmlal_lane_s16(sum, vget_low_s16(steps), pair, 0);                                     \
        sum = vmlal_high_lane_s16(sum, steps, pair, 1);                                              \
    } while (0)
#include "kernels/gemm_template.h"
#undef NAME
#undef VECTOR
#undef LANES
#undef LOAD
#undef PER_GROUP
#undef ROWS

/* Products of reals: a tile's sums take 16 of 32 registers. */

#define REAL double
#define CALL ns_gemm_f64_call
#define NAME ns_gemm_f64_neon
#define TILE tile_f64
#define VECTOR float64x2_t
#define LANES 2
#define ROWS 4
#define GROUPS 1
#define LOAD(p) vld1q_f64(p)
#define STORE(p, v) vst1q_f64(p, v)
#define SET(x) vdupq_n_f64(x)
#define ADD(sum, b, a) vfmaq_f64(sum, b, a)
#include "kernels/gemm_f64_template.h"

#define REAL float
#define CALL ns_gemm_f32_call
#define NAME ns_gemm_f32_neon
#define TILE tile_f32
#define VECTOR float32x4_t
#define LANES 4
#define ROWS 4
#define GROUPS 2
#define LOAD(p) vld1q_f32(p)
#define STORE(p, v) vst1q_f32(p, v)
#define SET(x) vdupq_n_f32(x)
#define ADD(sum, b, a) vfmaq_f32(sum, b, a)
#include "kernels/gemm_f64_template.h"
