/* The matrix product for one instruction set. The file that includes this has set the compiler's target and
 * defines NAME (the function), VECTOR, LANES (int32 per vector), ZERO(), LOAD(p), MULTIPLY_ADD(sum, b, a)
 * with `a` pointing to one pair of int16 that meets every pair of b, `widen`, which adds sums times 2^left to
 * 64-bit ones, the tile of WIDE_ROWS rows by WIDE_VECTORS vectors that fills the registers, and KEEP(v),
 * which holds a vector in one.
 *
 * From plain C to here: the sums of one group of 16 columns become 16 / LANES vectors; a tile keeps rows *
 * vectors of them in registers, so that each load of b serves several rows and each broadcast of a several
 * columns. The order of additions differs, the sums are exact in any order. */
#include "kernels/matrix.h"

/* Two int16 of a row at once, wherever it starts. */
typedef int32_t __attribute__((aligned(2), may_alias)) ns_gemm_pair;

#define PER_GROUP (NS_GEMM_COLUMNS / LANES)

/* Where 64-bit sums come from and go to. */
typedef struct wide_sums {
    const int64_t *from; /* NULL: zeros */
    size_t from_step;
    int64_t *to;
    size_t to_step;
} wide_sums;

/* Adds `vectors` vectors of a tile's sums, from `first` on. */
static inline __attribute__((always_inline)) void add_sums(VECTOR (*sums)[4], const int rows, const int first,
                                                           const int vectors, size_t columns, const int left,
                                                           const wide_sums *w)
{
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            const size_t column = (size_t)v * LANES;
            if (column < columns)
                widen(sums[r][first + v], w->from ? w->from + (size_t)r * w->from_step + column : NULL,
                      w->to + (size_t)r * w->to_step + column,
                      columns - column < LANES ? columns - column : LANES, left);
        }
}

/* Rows i .. i + rows - 1 and `vectors` vectors of columns from column j on, `columns` of which exist. With
 * `split` half of the registers are sums of packed_high. */
static inline __attribute__((always_inline)) void tile(const ns_gemm_i16_call *call, size_t i, size_t j,
                                                       size_t columns, const int rows, const int vectors,
                                                       const bool split)
{
    const size_t pairs = (call->k + 1) / 2, block_pairs = call->block / 2, a_step = call->a_step;
    const int16_t *a = call->a + i * a_step;
    const size_t offset = j / NS_GEMM_COLUMNS * pairs * (2 * NS_GEMM_COLUMNS) + 2 * (j % NS_GEMM_COLUMNS);
    const int all = split ? 2 * vectors : vectors;
    int64_t kept[8 * 4 * LANES];
    int64_t *c = call->scale ? kept : call->c + i * call->c_step + j;
    const size_t c_step = call->scale ? (size_t)vectors * LANES : call->c_step;
    for (size_t first = 0; first < pairs || first == 0; first += block_pairs) {
        size_t last = first + block_pairs < pairs ? first + block_pairs : pairs;
        VECTOR sums[8][4];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < all; v++)
                sums[r][v] = ZERO();
        for (size_t p = first; p < last; p++) {
            VECTOR loaded[4];
#pragma GCC unroll 4
            for (int v = 0; v < all; v++) {
                const int16_t *b = (v < vectors ? call->packed : call->packed_high) + offset;
                const int column = v % vectors;
                loaded[v] = LOAD(b + ((size_t)(column / PER_GROUP) * pairs + p) * 2 * NS_GEMM_COLUMNS +
                                 (size_t)(column % PER_GROUP) * 2 * LANES);
            }
            /* Once for all rows: the compiler would load it again for each. */
#pragma GCC unroll 4
            for (int v = 0; v < all; v++)
                KEEP(loaded[v]);
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
                for (int v = 0; v < all; v++)
                    MULTIPLY_ADD(sums[r][v], loaded[v], a + (size_t)r * a_step + 2 * p);
        }
        const int64_t *start = first ? c : call->start ? call->start + j : NULL;
        add_sums(sums, rows, 0, vectors, columns, 0, &(wide_sums){start, first ? c_step : 0, c, c_step});
        if (split)
            add_sums(sums, rows, vectors, vectors, columns, 8, &(wide_sums){c, c_step, c, c_step});
    }
    if (call->scale)
        call->scale->rows(call->scale, kept, c_step, (size_t)rows, j, columns,
                          call->out + i * call->c_step + j, call->c_step);
}

#define ROWS(rows, vectors)                \
    for (; i + rows <= call->m; i += rows) \
    tile(call, i, j, columns, rows, vectors, false)
#define SPLIT_ROWS(rows, vectors)          \
    for (; i + rows <= call->m; i += rows) \
    tile(call, i, j, columns, rows, vectors, true)

/* Both halves of b in one tile. */
static void multiply_split(const ns_gemm_i16_call *call)
{
    for (size_t j = 0; j < call->n; j += WIDE_VECTORS / 2 * LANES) {
        size_t columns = call->n - j, i = 0;
#if PER_GROUP == 1
        if (columns <= LANES) {
            SPLIT_ROWS(WIDE_ROWS, 1);
            SPLIT_ROWS(1, 1);
            return;
        }
#endif
        columns = columns < WIDE_VECTORS / 2 * LANES ? columns : WIDE_VECTORS / 2 * LANES;
        SPLIT_ROWS(WIDE_ROWS, WIDE_VECTORS / 2);
        SPLIT_ROWS(1, WIDE_VECTORS / 2);
    }
}

void NAME(const ns_gemm_i16_call *call)
{
    if (call->packed_high) {
        multiply_split(call);
        return;
    }
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
