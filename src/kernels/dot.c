/* dot(a, b) = sum over i of a[i] * b[i]. Products of two 16-bit values need 31 bits, so 2^32 of them fit 64.
 */
#include "kernels/matrix.h"

int64_t ns_dot_i16_i16(const int16_t *a, const int16_t *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}
