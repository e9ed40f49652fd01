/* Scale: multiply, shift and round, in each rounding that TOSA and the Ethos-U name. Pure functions. */
#ifndef NS_NUM_SCALE_H
#define NS_NUM_SCALE_H

#include <stdint.h>

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
