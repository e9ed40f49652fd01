/* 128 * base + slope * fraction; TOSA 1.0, "General Unary Functions". */
#include "kernels/rows.h"

void ns_table_row_c(const int16_t *table, const int16_t *in, int32_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int index = (in[i] + 32768) >> 7, fraction = in[i] & 127;
        int32_t base = table[index], next = table[index + 1];
        out[i] = base * 128 + (next - base) * fraction;
    }
}
