/* c = start + a * b, sums in 32 bits for `block` steps at a time, then in 64. */
#include "kernels/matrix.h"

/* Products of two 16-bit values need 31 bits, so 2^32 of them fit 64. */
int64_t ns_dot_i16_i16(const int16_t *a, const int16_t *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

void ns_gemm_pack_i8(const int8_t *rows, size_t k, size_t n, int32_t zero, int16_t *packed)
{
    size_t pairs = (k + 1) / 2;
    for (size_t j = 0; j < n; j += NS_GEMM_COLUMNS) {
        size_t columns = n - j < NS_GEMM_COLUMNS ? n - j : NS_GEMM_COLUMNS;
        int16_t *group = packed + j / NS_GEMM_COLUMNS * pairs * (2 * NS_GEMM_COLUMNS);
        for (size_t p = 0; p < pairs; p++)
            for (size_t l = 0; l < NS_GEMM_COLUMNS; l++) {
                const int8_t *value = rows + (j + l) * k + 2 * p;
                int16_t *to = group + p * (2 * NS_GEMM_COLUMNS) + 2 * l;
                to[0] = l < columns ? (int16_t)(value[0] - zero) : 0;
                to[1] = l < columns && 2 * p + 1 < k ? (int16_t)(value[1] - zero) : 0;
            }
    }
}

void ns_gemm_pack_split_i16(const int16_t *rows, size_t k, size_t n, int16_t *low, int16_t *high)
{
    size_t pairs = (k + 1) / 2;
    for (size_t j = 0; j < n; j += NS_GEMM_COLUMNS) {
        size_t columns = n - j < NS_GEMM_COLUMNS ? n - j : NS_GEMM_COLUMNS;
        size_t group = j / NS_GEMM_COLUMNS * pairs * (2 * NS_GEMM_COLUMNS);
        for (size_t s = 0; s < 2 * pairs; s++) {
            size_t at = group + s / 2 * (2 * NS_GEMM_COLUMNS) + s % 2;
            for (size_t l = 0; l < NS_GEMM_COLUMNS; l++) {
                int32_t value = l < columns && s < k ? rows[s * n + j + l] : 0;
                int32_t rest = (int8_t)(value & 0xff);
                low[at + 2 * l] = (int16_t)rest;
                high[at + 2 * l] = (int16_t)((value - rest) >> 8);
            }
        }
    }
}

/* The sums of row i and the group of columns from j on, of one packed matrix. */
static void add_group(const ns_gemm_i16_call *call, const int16_t *packed, size_t i, size_t j, int64_t *wide)
{
    const size_t pairs = (call->k + 1) / 2, block_pairs = call->block / 2;
    const int16_t *row = call->a + i * call->a_step;
    const int16_t *b = packed + j / NS_GEMM_COLUMNS * pairs * (2 * NS_GEMM_COLUMNS);
    for (size_t first = 0; first < pairs; first += block_pairs) {
        size_t last = first + block_pairs < pairs ? first + block_pairs : pairs;
        int32_t sums[NS_GEMM_COLUMNS] = {0};
        for (size_t p = first; p < last; p++)
            for (int l = 0; l < NS_GEMM_COLUMNS; l++)
                sums[l] +=
                    row[2 * p] * b[32 * p + 2 * (size_t)l] + row[2 * p + 1] * b[32 * p + 2 * (size_t)l + 1];
        for (int l = 0; l < NS_GEMM_COLUMNS; l++)
            wide[l] += sums[l];
    }
}

void ns_gemm_i16_c(const ns_gemm_i16_call *call)
{
    for (size_t i = 0; i < call->m; i++)
        for (size_t j = 0; j < call->n; j += NS_GEMM_COLUMNS) {
            const size_t columns = call->n - j < NS_GEMM_COLUMNS ? call->n - j : NS_GEMM_COLUMNS;
            int64_t wide[NS_GEMM_COLUMNS] = {0}, high[NS_GEMM_COLUMNS] = {0};
            add_group(call, call->packed, i, j, wide);
            if (call->packed_high)
                add_group(call, call->packed_high, i, j, high);
            for (size_t l = 0; l < columns; l++)
                wide[l] += high[l] * 256 + (call->start ? call->start[j + l] : 0);
            if (call->scale)
                call->scale->rows(call->scale, wide, 0, 1, j, columns, call->out + i * call->c_step + j, 0);
            else
                for (size_t l = 0; l < columns; l++)
                    call->c[i * call->c_step + j + l] = wide[l];
        }
}
