/* dot(a, b) = sum over i of a[i] * b[i]. Products of two 16-bit values need 31 bits, so 2^32 of them fit 64.
 */
#include "kernels/dot.h"

static int64_t dot_i8_i8(const int8_t *a, const int8_t *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

static int64_t dot_i16_i8(const int16_t *a, const int8_t *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

static int64_t dot_i16_i16(const int16_t *a, const int16_t *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

void ns_kernels_dot(ns_kernels *kernels, unsigned cpu_mask)
{
    (void)cpu_mask;
    kernels->dot_i8_i8 = dot_i8_i8;
    kernels->dot_i16_i8 = dot_i16_i8;
    kernels->dot_i16_i16 = dot_i16_i16;
}
