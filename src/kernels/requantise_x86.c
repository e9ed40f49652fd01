/* requantise.c, compiled for each instruction set (meson.build). AVX2, eight sums at a time: a 64-bit lane
 * times 31 bits by two products of its halves. AVX-512, sixteen: vpmullq holds the whole product (below
 * 2^62). */
#include <immintrin.h>
#include <string.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

#if defined(NS_KERNELS_AVX512)

/* The first lanes of sixteen. */
ALWAYS __mmask16 lanes(size_t count)
{
    return (__mmask16)(count >= 16 ? 0xffff : (1u << count) - 1);
}

ALWAYS void sixteen(const ns_requantise *q, const int64_t *sums, size_t column, int16_t *out, __mmask16 some)
{
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    const __m512i m = _mm512_maskz_loadu_epi32(some, q->multiplier + column);
    const __m512i first = _mm512_maskz_loadu_epi64((__mmask8)some, sums);
    const __m512i second = _mm512_maskz_loadu_epi64((__mmask8)(some >> 8), sums + 8);
    const __m512i low = _mm512_mullo_epi64(first, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(m)));
    const __m512i high = _mm512_mullo_epi64(second, _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(m, 1)));
    const __m512i upper = _mm512_permutex2var_epi32(low, odd, high);
    const __m512i sum = _mm512_add_epi32(upper, _mm512_maskz_loadu_epi32(some, q->half + column));
    const __m512i v = _mm512_srav_epi32(sum, _mm512_maskz_loadu_epi32(some, q->shift + column));
    _mm512_mask_cvtsepi32_storeu_epi16(out, some, v);
}

void ns_requantise_rows_avx512(const ns_requantise *q, const int64_t *sums, size_t step, size_t rows,
                               size_t column, size_t count, int16_t *out, size_t out_step)
{
    for (size_t r = 0; r < rows; r++, sums += step, out += out_step) {
        size_t i = 0;
        for (; i + 16 <= count; i += 16)
            sixteen(q, sums + i, column + i, out + i, 0xffff);
        if (i < count)
            sixteen(q, sums + i, column + i, out + i, lanes(count - i));
    }
}

#else

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

#endif
