/* requantise.h, eight sums at a time: a 64-bit lane times 31 bits by two products of its halves. */
#include <immintrin.h>
#include <string.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS __m256i load(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

/* The upper halves of four products, each in the lower half of its lane. */
ALWAYS __m256i high_four(__m256i v, __m256i m)
{
    const __m256i lower = _mm256_srli_epi64(_mm256_mul_epu32(v, m), 32);
    return _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(v, 32), m), lower);
}

/* Eight results of 32 bits, their fours in the order 0, 2, 1, 3 of pairs: as shuffling leaves them. */
ALWAYS __m256i eight(const ns_requantise *q, const int64_t *sums, size_t column)
{
    const __m256i m = load(q->multiplier + column);
    const __m256i first = high_four(load(sums), _mm256_cvtepi32_epi64(_mm256_castsi256_si128(m)));
    const __m256i second = high_four(load(sums + 4), _mm256_cvtepi32_epi64(_mm256_extracti128_si256(m, 1)));
    const __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
    const __m256i high = _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xd8);
    return _mm256_srav_epi32(_mm256_add_epi32(high, load(q->half + column)), load(q->shift + column));
}

ALWAYS void store_eight(const ns_requantise *q, const int64_t *sums, size_t column, int16_t *out)
{
    const __m256i values = eight(q, sums, column);
    _mm_storeu_si128((__m128i *)(void *)out,
                     _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1)));
}

void ns_requantise_rows_avx2(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                             size_t column, size_t count, int16_t *out, size_t out_step)
{
    for (size_t r = 0; r < rows; r++, sums += step, out += out_step) {
        size_t i = 0;
        for (; i + 8 <= count; i += 8)
            store_eight(q, sums + i, column + i, out + i);
        if (i == count)
            continue;
        int64_t some[8] = {0};
        int16_t narrow[8];
        memcpy(some, sums + i, (count - i) * sizeof *some);
        store_eight(q, some, column + i, narrow);
        memcpy(out + i, narrow, (count - i) * sizeof *narrow);
    }
}
