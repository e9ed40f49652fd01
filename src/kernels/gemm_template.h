/* The matrix product for one instruction set. The file that includes this has set the compiler's target and
 * defines NAME (the function), VECTOR, LANES (int32 per vector), ZERO(), LOAD(p), MULTIPLY_ADD(sum, b, a)
 * with `a` pointing to one pair of int16 that meets every pair of b, `widen`, which adds sums to 64-bit ones,
 * the tile of WIDE_ROWS rows by WIDE_VECTORS vectors that fills the registers, and KEEP(v), which holds a
 * vector in one.
 *
 * From plain C to here: the sums of one group of 16 columns become 16 / LANES vectors; a tile keeps rows *
 * vectors of them in registers, so that each load of b serves several rows and each broadcast of a several
 * columns. The order of additions differs, the sums are exact in any order. */
#include "kernels/matrix.h"

/* Two int16 of a row at once, wherever it starts. */
typedef int32_t __attribute__((aligned(2), may_alias)) ns_gemm_pair;

#define PER_GROUP (NS_GEMM_COLUMNS / LANES)

/* Rows i .. i + rows - 1 and `vectors` vectors of columns from column j on, whole multiples of groups;
 * `columns` of them exist. */
static inline __attribute__((always_inline)) void tile(const ns_gemm_i16_call *call, size_t i, size_t j,
                                                       size_t columns, const int rows, const int vectors)
{
    const size_t pairs = (call->k + 1) / 2, block_pairs = call->block / 2;
    const size_t a_step = call->a_step, c_step = call->c_step;
    const int16_t *a = call->a + i * a_step;
    const int16_t *b = call->packed + j / NS_GEMM_COLUMNS * pairs * (2 * NS_GEMM_COLUMNS);
    const int64_t *start = call->start ? call->start + j : NULL;
    int64_t *c = call->c + i * c_step + j;
    for (size_t first = 0; first < pairs || first == 0; first += block_pairs) {
        size_t last = first + block_pairs < pairs ? first + block_pairs : pairs;
        VECTOR sums[8][4];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                sums[r][v] = ZERO();
        for (size_t p = first; p < last; p++) {
            VECTOR loaded[4];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                loaded[v] = LOAD(b + ((size_t)(v / PER_GROUP) * pairs + p) * 2 * NS_GEMM_COLUMNS +
                                 (size_t)(v % PER_GROUP) * 2 * LANES);
                /* Once for all rows: the compiler would load it again for each. */
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                KEEP(loaded[v]);
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++)
                    MULTIPLY_ADD(sums[r][v], loaded[v], a + (size_t)r * a_step + 2 * p);
        }
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) {
                size_t column = (size_t)v * LANES;
                int64_t *to = c + (size_t)r * c_step + column;
                const int64_t *from = first ? to : start ? start + column : NULL;
                if (column < columns)
                    widen(sums[r][v], from, to, columns - column < LANES ? columns - column : LANES);
            }
    }
}

#define ROWS(rows, vectors)                \
    for (; i + rows <= call->m; i += rows) \
    tile(call, i, j, columns, rows, vectors)

void NAME(const ns_gemm_i16_call *call)
{
    for (size_t j = 0; j < call->n;) {
        size_t columns = call->n - j, i = 0;
        size_t vectors = (columns + NS_GEMM_COLUMNS - 1) / NS_GEMM_COLUMNS * PER_GROUP;
        if (vectors >= WIDE_VECTORS) {
            columns = columns < WIDE_VECTORS * LANES ? columns : WIDE_VECTORS * LANES;
            ROWS(WIDE_ROWS, WIDE_VECTORS);
#if PER_GROUP == 2
            ROWS(2, WIDE_VECTORS);
#endif
            ROWS(1, WIDE_VECTORS);
            j += WIDE_VECTORS * LANES;
            continue;
        }
#if PER_GROUP == 1
        if (vectors == 3) {
            ROWS(4, 3);
            ROWS(1, 3);
            return;
        }
        if (vectors == 1) {
            ROWS(8, 1);
            ROWS(1, 1);
            return;
        }
#endif
        ROWS(4, 2);
        ROWS(1, 2);
        return;
    }
}
