#include "eval/internal.h"

#include <string.h>

#include "kernels/matrix.h"

void ns_strided_add(ns_strided *copy, int64_t dim, int64_t from_step, int64_t to_step)
{
    if (dim == 1)
        return;
    int last = copy->rank - 1;
    /* A dim that continues the one around it makes that one longer. */
    if (last >= 0 && copy->from_steps[last] == dim * from_step && copy->to_steps[last] == dim * to_step) {
        copy->dims[last] *= dim;
        copy->from_steps[last] = from_step;
        copy->to_steps[last] = to_step;
        return;
    }
    copy->dims[copy->rank] = dim;
    copy->from_steps[copy->rank] = from_step;
    copy->to_steps[copy->rank] = to_step;
    copy->rank++;
}

void ns_strided_steps(const ns_tensor *tensor, int64_t *steps)
{
    int64_t step = 1;
    for (int d = tensor->rank - 1; d >= 0; d--) {
        steps[d] = step;
        step *= tensor->shape[d];
    }
}

#define COPY_ROW(T)                                      \
    do {                                                 \
        const T *source = from;                          \
        T *target = to;                                  \
        for (int64_t i = 0; i < count; i++)              \
            target[i * to_step] = source[i * from_step]; \
    } while (0)

static void copy_row(const void *from, int64_t from_step, void *to, int64_t to_step, int64_t count, int size)
{
    if (from_step == 1 && to_step == 1) {
        memcpy(to, from, (size_t)(count * size));
        return;
    }
    switch (size) {
    case 1:
        COPY_ROW(int8_t);
        break;
    case 2:
        COPY_ROW(int16_t);
        break;
    case 4:
        COPY_ROW(int32_t);
        break;
    default:
        COPY_ROW(int64_t);
        break;
    }
}

/* The two innermost dims where the outer one's elements lie side by side in the source: a transposition. It
 * goes by tiles, so that the lines of both sides are still in the first-level cache when their next elements
 * are due: 32 lines of 64 bytes for each side. */
#define TILE 32

static void copy_transposed(const ns_strided *copy, int d, const char *from, char *to, int size)
{
    int64_t rows = copy->dims[d], columns = copy->dims[d + 1];
    if (size == 2 && copy->to_steps[d + 1] == 1 && copy->from_steps[d + 1] > 0 && copy->to_steps[d] > 0) {
        ns_transpose_i16((const int16_t *)(const void *)from, (size_t)copy->from_steps[d + 1],
                         (int16_t *)(void *)to, (size_t)copy->to_steps[d], (size_t)rows, (size_t)columns);
        return;
    }
    for (int64_t row = 0; row < rows; row += TILE)
        for (int64_t column = 0; column < columns; column += TILE) {
            int64_t last = row + TILE < rows ? row + TILE : rows;
            int64_t count = column + TILE < columns ? TILE : columns - column;
            for (int64_t r = row; r < last; r++)
                copy_row(from + (r * copy->from_steps[d] + column * copy->from_steps[d + 1]) * size,
                         copy->from_steps[d + 1],
                         to + (r * copy->to_steps[d] + column * copy->to_steps[d + 1]) * size,
                         copy->to_steps[d + 1], count, size);
        }
}

static void copy_dims(const ns_strided *copy, int d, const char *from, char *to, int size)
{
    if (d == copy->rank - 1) {
        copy_row(from, copy->from_steps[d], to, copy->to_steps[d], copy->dims[d], size);
        return;
    }
    if (d == copy->rank - 2 && copy->from_steps[d] == 1 && copy->from_steps[d + 1] != 1) {
        copy_transposed(copy, d, from, to, size);
        return;
    }
    for (int64_t i = 0; i < copy->dims[d]; i++)
        copy_dims(copy, d + 1, from + i * copy->from_steps[d] * size, to + i * copy->to_steps[d] * size,
                  size);
}

void ns_strided_run(const ns_strided *copy, const void *from, void *to, int size)
{
    for (int d = 0; d < copy->rank; d++)
        if (copy->dims[d] == 0)
            return;
    if (copy->rank == 0)
        memcpy(to, from, (size_t)size);
    else
        copy_dims(copy, 0, from, to, size);
}
