/* kernels/rows.h, four values of 64 bits at a time; what is left over is plain C's. */
#include <immintrin.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS __m256i load(const int64_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

ALWAYS void store(int64_t *to, __m256i v)
{
    _mm256_storeu_si256((__m256i *)(void *)to, v);
}

ALWAYS __m256i smaller(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}

ALWAYS __m256i larger(__m256i a, __m256i b)
{
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

static void range(const int64_t *row, size_t count, int64_t *low, int64_t *high)
{
    __m256i least = _mm256_setzero_si256(), most = least;
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        least = smaller(least, load(row + i));
        most = larger(most, load(row + i));
    }
    int64_t lanes[8], rest[2];
    store(lanes, least);
    store(lanes + 4, most);
    ns_wide_range_c(row + i, count - i, &rest[0], &rest[1]);
    ns_wide_range_c(lanes, 8, low, high);
    *low = rest[0] < *low ? rest[0] : *low;
    *high = rest[1] > *high ? rest[1] : *high;
}

static void add(int64_t *row, size_t rows, const int64_t *terms, size_t columns)
{
    for (size_t r = 0; r < rows; r++, row += columns) {
        size_t i = 0;
        for (; i + 4 <= columns; i += 4)
            store(row + i, _mm256_add_epi64(load(row + i), load(terms + i)));
        for (; i < columns; i++)
            row[i] += terms[i];
    }
}

/* AVX2 has no arithmetic shift of 64-bit lanes: the sign bit is flipped, zeros are shifted in, and what the
 * sign bit has become is taken off. */
ALWAYS __m256i shift_right(__m256i v, __m256i shift)
{
    const __m256i sign = _mm256_set1_epi64x(INT64_MIN);
    return _mm256_sub_epi64(_mm256_srlv_epi64(_mm256_xor_si256(v, sign), shift),
                            _mm256_srlv_epi64(sign, shift));
}

ALWAYS __m256i scale_by(__m256i v, __m256i multiplier, __m256i positive, __m256i negative, __m256i shift)
{
    const __m256i is_negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), v);
    const __m256i term = _mm256_blendv_epi8(positive, negative, is_negative);
    return shift_right(_mm256_add_epi64(_mm256_mul_epi32(v, multiplier), term), shift);
}

ALWAYS __m256i scale_four(__m256i v, const ns_wide_scales *s, size_t i)
{
    return scale_by(v, load(s->multiplier + i), load(s->positive + i), load(s->negative + i),
                    load(s->shift + i));
}

static void scale(int64_t *row, size_t rows, size_t columns, const ns_wide_scales *s)
{
    const size_t whole = columns / 4 * 4;
    if (columns == 4) { /* one scale for all: it stays in registers */
        const __m256i m = load(s->multiplier), positive = load(s->positive), negative = load(s->negative),
                      shift = load(s->shift);
        for (size_t r = 0; r < rows; r++, row += 4)
            store(row, scale_by(load(row), m, positive, negative, shift));
        return;
    }
    const ns_wide_scales rest = {s->multiplier + whole, s->positive + whole, s->negative + whole,
                                 s->shift + whole};
    for (size_t r = 0; r < rows; r++, row += columns) {
        for (size_t i = 0; i < whole; i += 4)
            store(row + i, scale_four(load(row + i), s, i));
        if (whole < columns)
            ns_wide_scale_c(row + whole, 1, columns - whole, &rest);
    }
}

static int64_t clip(int64_t *row, size_t count, const ns_wide_clip *c)
{
    const __m256i low = _mm256_set1_epi64x(c->low), high = _mm256_set1_epi64x(c->high);
    const __m256i zero = _mm256_set1_epi64x(c->add);
    __m256i cut = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const __m256i v = load(row + i);
        const __m256i below = _mm256_cmpgt_epi64(low, v), above = _mm256_cmpgt_epi64(v, high);
        cut = _mm256_sub_epi64(cut, _mm256_or_si256(below, above));
        const __m256i kept = _mm256_blendv_epi8(_mm256_blendv_epi8(v, low, below), high, above);
        store(row + i, _mm256_add_epi64(kept, zero));
    }
    int64_t lanes[4];
    store(lanes, cut);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + ns_wide_clip_c(row + i, count - i, c);
}

const ns_wide_kernels ns_wide_kernels_avx2 = {range, add, scale, clip};
