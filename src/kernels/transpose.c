/* Blocks of 8 by 8 in eight vectors of 128 bits, which every machine here has: three rounds of interleaving.
 */
#include "kernels/matrix.h"

#include <string.h>

typedef int16_t eight __attribute__((vector_size(16)));

/* The elements of two vectors by their numbers, in each compiler's words. */
#ifdef __clang__
#define PICK(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define PICK(a, b, ...) __builtin_shuffle(a, b, (eight){__VA_ARGS__})
#endif

#define BLOCK 8
/* Columns that are gone through together: the lines of both sides stay in the first-level cache until their
 * next elements are due. */
#define BAND 32

static void transpose_block(const int16_t *from, size_t from_step, int16_t *to, size_t to_step)
{
    eight v[BLOCK], w[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        memcpy(&v[i], from + i * from_step, sizeof v[i]);
#pragma GCC unroll 3
    for (int round = 0; round < 3; round++) {
        /* Vectors i and i + 4 are interleaved. */
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
            w[2 * i] = PICK(v[i], v[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            w[2 * i + 1] = PICK(v[i], v[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        memcpy(v, w, sizeof v);
    }
    for (size_t i = 0; i < BLOCK; i++)
        memcpy(to + i * to_step, &v[i], sizeof v[i]);
}

static void transpose_plain(const int16_t *from, size_t from_step, int16_t *to, size_t to_step, size_t rows,
                            size_t columns)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[r * to_step + c] = from[c * from_step + r];
}

void ns_transpose_i16(const int16_t *from, size_t from_step, int16_t *to, size_t to_step, size_t rows,
                      size_t columns)
{
    const size_t whole_rows = rows / BLOCK * BLOCK, whole_columns = columns / BLOCK * BLOCK;
    for (size_t band = 0; band < whole_columns; band += BAND)
        for (size_t r = 0; r < whole_rows; r += BLOCK)
            for (size_t c = band; c < whole_columns && c < band + BAND; c += BLOCK)
                transpose_block(from + c * from_step + r, from_step, to + r * to_step + c, to_step);
    transpose_plain(from + whole_rows, from_step, to + whole_rows * to_step, to_step, rows - whole_rows,
                    columns);
    transpose_plain(from + whole_columns * from_step, from_step, to + whole_columns, to_step, whole_rows,
                    columns - whole_columns);
}
