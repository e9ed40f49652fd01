/* c = start + a * b, sums in 32 bits for `block` steps at a time, then in 64. */
#include "kernels/gemm.h"

void ns_gemm_i16_c(const int16_t *a, size_t a_step, const int16_t *packed, size_t m, size_t n, size_t k,
                   size_t block, const int64_t *start, int64_t *c, size_t c_step)
{
    size_t pairs = (k + 1) / 2, block_pairs = block / 2;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j += NS_GEMM_COLUMNS) {
            const int16_t *row = a + i * a_step;
            const int16_t *b = packed + j / NS_GEMM_COLUMNS * pairs * (2 * NS_GEMM_COLUMNS);
            int64_t wide[NS_GEMM_COLUMNS] = {0};
            for (size_t first = 0; first < pairs; first += block_pairs) {
                size_t last = first + block_pairs < pairs ? first + block_pairs : pairs;
                int32_t sums[NS_GEMM_COLUMNS] = {0};
                for (size_t p = first; p < last; p++)
                    for (int l = 0; l < NS_GEMM_COLUMNS; l++)
                        sums[l] += row[2 * p] * b[32 * p + 2 * (size_t)l] +
                                   row[2 * p + 1] * b[32 * p + 2 * (size_t)l + 1];
                for (int l = 0; l < NS_GEMM_COLUMNS; l++)
                    wide[l] += sums[l];
            }
            for (size_t l = 0; l < NS_GEMM_COLUMNS && j + l < n; l++)
                c[i * c_step + j + l] = wide[l] + (start ? start[j + l] : 0);
        }
}
