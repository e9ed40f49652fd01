#include "kernels/rows.h"

/* The plain loops. The compiler vectorises.
 *
 * Range of the 64-bit arithmetic: `wide` inputs have at most 32 bits (and only 8 and 16 bits have a zero
 * point), so |value * multiplier| <= 2^31 * (2^31 - 1) < 2^62; the others have 48 bits and a multiplier below
 * 2^15: at most 2^47 * 2^15 = 2^62. The rounding terms add at most 2^61 + 2^30, and 2^62 + 2^61 + 2^30 <
 * 2^63. */

typedef int64_t int48_t;
typedef uint64_t uint48_t;

/* x >> s, arithmetic, for 0 <= s < 64, in operations that every vector unit has: the sign bit is flipped, so
 * that a logical shift will do, and what it has become is taken off again. */
#define SHIFT_RIGHT(x, s) \
    ((int64_t)(((uint64_t)(x) ^ (UINT64_C(1) << 63)) >> (s)) - (int64_t)((UINT64_C(1) << 63) >> (s)))

/* Values in range give 0 in `fault`: v + 2^(s-1) lies in [0, 2^s), result + 2^31 in [0, 2^32). */
#define LOOP(IN, UNSIGNED_IN, OUT, STEP)                                                             \
    for (size_t i = 0; i < count; i++) {                                                             \
        const int64_t s = shift[STEP * i];                                                           \
        const int64_t half = (int64_t)(UINT64_C(1) << (s - 1));                                      \
        const int64_t v = (is_unsigned ? (int64_t)(UNSIGNED_IN)in[i] : (int64_t)in[i]) - input_zero; \
        int64_t round = half;                                                                        \
        if (is_double)                                                                               \
            round += s > 31 ? (v >= 0 ? INT64_C(1) << 30 : -(INT64_C(1) << 30)) : 0;                 \
        int64_t r = SHIFT_RIGHT(v * (int64_t)multiplier[STEP * i] + round, s);                       \
        if (is_wide)                                                                                 \
            fault |= SHIFT_RIGHT(v + half, s);                                                       \
        else                                                                                         \
            fault |= SHIFT_RIGHT(r + (INT64_C(1) << 31), 32);                                        \
        r += output_zero;                                                                            \
        fault |= SHIFT_RIGHT(r + (INT64_C(1) << 31), 32);                                            \
        r = r < low ? low : r;                                                                       \
        r = r > high ? high : r;                                                                     \
        out[i] = (OUT)r;                                                                             \
    }

#define ROW(IN_BITS, OUT_BITS) \
    ROW_OF(IN_BITS##_##OUT_BITS, int##IN_BITS##_t, uint##IN_BITS##_t, int##OUT_BITS##_t)
#define ROW_OF(NAME, IN, UNSIGNED_IN, OUT)                                                                 \
    static inline __attribute__((always_inline)) bool body_##NAME(                                         \
        const ns_rescale *rescale, const IN *in, const int32_t *multiplier, const int8_t *shift, int step, \
        OUT *restrict out, size_t count, const bool is_unsigned, const bool is_wide, const bool is_double) \
    {                                                                                                      \
        const int64_t input_zero = rescale->input_zero_point, output_zero = rescale->output_zero_point;    \
        const int64_t low = rescale->low, high = rescale->high;                                            \
        int64_t fault = 0;                                                                                 \
        if (step)                                                                                          \
            LOOP(IN, UNSIGNED_IN, OUT, 1)                                                                  \
        else                                                                                               \
            LOOP(IN, UNSIGNED_IN, OUT, 0)                                                                  \
        return fault != 0;                                                                                 \
    }                                                                                                      \
    static bool row_##NAME(const ns_rescale *rescale, const void *in, const int32_t *multiplier,           \
                           const int8_t *shift, int step, void *out, size_t count)                         \
    {                                                                                                      \
        if (rescale->input_unsigned)                                                                       \
            return body_##NAME(rescale, in, multiplier, shift, step, out, count, true, rescale->wide,      \
                               rescale->double_round);                                                     \
        if (!rescale->wide)                                                                                \
            return body_##NAME(rescale, in, multiplier, shift, step, out, count, false, false, false);     \
        if (rescale->double_round)                                                                         \
            return body_##NAME(rescale, in, multiplier, shift, step, out, count, false, true, true);       \
        return body_##NAME(rescale, in, multiplier, shift, step, out, count, false, true, false);          \
    }

NS_RESCALE_TYPES(ROW)

const ns_rescale_rows ns_rescale_rows_c = NS_RESCALE_ROWS;
