/* Rescale: RESCALE's multiply, shift, round and clip over one row. */
#ifndef NS_KERNELS_RESCALE_H
#define NS_KERNELS_RESCALE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ns_rescale {
    int32_t input_zero_point;
    int32_t output_zero_point;
    int32_t low, high;   /* of the output type, as signed or unsigned as the operator says */
    bool input_unsigned; /* int8 and int16 inputs are zero-extended */
    bool wide;           /* scale32: the value must lie in [-2^(shift-1), 2^(shift-1)) */
    bool double_round;   /* with shift > 31, 2^30 is added for values >= 0 and subtracted for others */
} ns_rescale;

/* out[i] = clip(((in[i] - input zero point) * multiplier[i] + 2^(shift[i]-1) [+- 2^30]) >> shift[i]
 *               + output zero point, low, high)
 * for i < count; step 0: one multiplier and shift for all. Multipliers lie in [0, 2^31) (below 2^15 unless
 * `wide`), shifts in [2, 62]: the caller checks. Returns true when a REQUIRE fails for an element: a value
 * outside the range of its shift, or a result outside int32; `out` is then of no use. */
typedef bool (*ns_rescale_row)(const ns_rescale *rescale, const void *in, const int32_t *multiplier,
                               const int8_t *shift, int step, void *out, size_t count);

/* By input type (int8, int16, int32, int48 in 64 bits) and output type (int8, int16, int32). */
typedef ns_rescale_row ns_rescale_rows[4][3];

extern const ns_rescale_rows ns_rescale_rows_c;
#if defined(__x86_64__)
extern const ns_rescale_rows ns_rescale_rows_avx2;
#endif

#endif
