/* Rows of 64-bit values in the simulator's output stage. */
#include "kernels/rows.h"

void ns_wide_range_c(const int64_t *row, size_t count, int64_t *low, int64_t *high)
{
    int64_t least = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        least = row[i] < least ? row[i] : least;
        most = row[i] > most ? row[i] : most;
    }
    *low = least;
    *high = most;
}

static void add(int64_t *row, size_t rows, const int64_t *terms, size_t columns)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < columns; i++)
            row[r * columns + i] += terms[i];
}

void ns_wide_scale_c(int64_t *row, size_t rows, size_t columns, const ns_wide_scales *s)
{
    for (size_t r = 0; r < rows; r++, row += columns)
        for (size_t i = 0; i < columns; i++)
            row[i] =
                (row[i] * s->multiplier[i] + (row[i] < 0 ? s->negative[i] : s->positive[i])) >> s->shift[i];
}

int64_t ns_wide_clip_c(int64_t *row, size_t count, const ns_wide_clip *clip)
{
    int64_t cut = 0;
    for (size_t i = 0; i < count; i++) {
        const int64_t value = row[i], at_least = value < clip->low ? clip->low : value;
        cut += value < clip->low || value > clip->high;
        row[i] = (at_least > clip->high ? clip->high : at_least) + clip->add;
    }
    return cut;
}

const ns_wide_kernels ns_wide_kernels_c = {ns_wide_range_c, add, ns_wide_scale_c, ns_wide_clip_c};
