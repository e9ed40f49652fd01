#include "num/interface.h"

int64_t ns_scale_single(int64_t value, int32_t multiplier, int shift)
{
    __int128 round = (__int128)1 << (shift - 1);
    return (int64_t)(((__int128)value * multiplier + round) >> shift);
}

int64_t ns_scale_double(int64_t value, int32_t multiplier, int shift)
{
    __int128 round = (__int128)1 << (shift - 1);
    if (shift > 31)
        round += value >= 0 ? (__int128)1 << 30 : -((__int128)1 << 30);
    return (int64_t)(((__int128)value * multiplier + round) >> shift);
}
