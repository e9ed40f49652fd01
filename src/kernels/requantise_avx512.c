/* requantise.c, sixteen sums at a time: vpmullq holds the whole product (below 2^62). */
#include <immintrin.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

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
