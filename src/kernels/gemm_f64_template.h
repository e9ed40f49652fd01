/* The product of doubles or floats for one instruction set. The file that includes this, once for each,
 * defines REAL and CALL (the type and its struct), NAME, TILE (the name of a tile), VECTOR, LANES (of REAL),
 * LOAD(p), STORE(p, v), SET(x) (x in every lane), ADD(sum, b, a): sum + b * a, and ROWS, GROUPS: the tile of
 * ROWS rows by GROUPS groups of columns whose sums fill the registers.
 *
 * From plain C to here: a group's columns become 8 / LANES vectors, and each vector of b that is loaded
 * serves all rows of a tile. */
#include "kernels/matrix.h"

#define PER_GROUP (NS_GEMM_F64_COLUMNS / LANES)

/* Rows i .. i + rows - 1 and `groups` groups of columns from column j on. */
static inline __attribute__((always_inline)) void TILE(const CALL *call, size_t i, size_t j, const int rows,
                                                       const int groups)
{
    const size_t a_step = call->a_step, c_step = call->c_step, k = call->k, columns = call->n - j;
    const size_t group_step = call->steps * NS_GEMM_F64_COLUMNS;
    const REAL *a = call->a + i * a_step;
    const REAL *b = call->packed + j * call->steps + call->first * NS_GEMM_F64_COLUMNS;
    REAL *c = call->c + i * c_step + j;
    VECTOR sums[ROWS][GROUPS * PER_GROUP];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < groups * PER_GROUP; v++)
            sums[r][v] = SET(0);
    for (size_t s = 0; s < k; s++) {
        VECTOR loaded[GROUPS * PER_GROUP];
#pragma GCC unroll 8
        for (int v = 0; v < groups * PER_GROUP; v++)
            loaded[v] = LOAD(b + (size_t)(v / PER_GROUP) * group_step + s * NS_GEMM_F64_COLUMNS +
                             (size_t)(v % PER_GROUP) * LANES);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            const VECTOR one = SET(a[(size_t)r * a_step + s]);
#pragma GCC unroll 8
            for (int v = 0; v < groups * PER_GROUP; v++)
                sums[r][v] = ADD(sums[r][v], loaded[v], one);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < groups * PER_GROUP; v++) {
            REAL *to = c + (size_t)r * c_step + (size_t)v * LANES;
            if (columns >= (size_t)(v + 1) * LANES) {
                STORE(to, ADD(LOAD(to), sums[r][v], SET(1)));
                continue;
            }
            REAL lanes[LANES];
            STORE(lanes, sums[r][v]);
            for (size_t l = 0; (size_t)v * LANES + l < columns && l < LANES; l++)
                to[l] += lanes[l];
        }
}

#define RUN(rows, groups)                  \
    for (; i + rows <= call->m; i += rows) \
    TILE(call, i, j, rows, groups)

void NAME(const CALL *call)
{
    for (size_t j = 0; j < call->n;) {
        const size_t left = (call->n - j + NS_GEMM_F64_COLUMNS - 1) / NS_GEMM_F64_COLUMNS;
        size_t i = 0;
#if GROUPS >= 3
        if (left >= 3) {
            RUN(ROWS, 3);
            RUN(1, 3);
            j += 3 * NS_GEMM_F64_COLUMNS;
            continue;
        }
#endif
#if GROUPS >= 2
        if (left >= 2) {
            RUN(ROWS, 2);
            RUN(1, 2);
            j += 2 * NS_GEMM_F64_COLUMNS;
            continue;
        }
#endif
        (void)left;
        RUN(ROWS, 1);
        RUN(1, 1);
        j += NS_GEMM_F64_COLUMNS;
    }
}

#undef PER_GROUP
#undef RUN
#undef REAL
#undef CALL
#undef NAME
#undef TILE
#undef VECTOR
#undef LANES
#undef ROWS
#undef GROUPS
#undef LOAD
#undef STORE
#undef SET
#undef ADD
