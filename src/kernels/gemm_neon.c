/* gemm_template.h with 4 sums to a vector: two widening products of 4 values and one pairwise addition. */
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
#define LOAD(p) vreinterpretq_s32_s16(vld1q_s16(p))
#define MULTIPLY_ADD(sum, b, a)                                                                      \
    do {                                                                                             \
        int16x4_t pair = vreinterpret_s16_s32(vdup_n_s32(*(const ns_gemm_pair *)(const void *)(a))); \
        int16x8_t columns = vreinterpretq_s16_s32(b);                                                \
        sum = vaddq_s32(sum, vpaddq_s32(vmull_s16(vget_low_s16(columns), pair),                      \
                                        vmull_s16(vget_high_s16(columns), pair)));                   \
    } while (0)
#include "kernels/gemm_template.h"
