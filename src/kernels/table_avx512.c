/* 16 lookups at a time: one gather of 32 bits at entry j brings the base (low half) and the next entry. */
#include <immintrin.h>

#include "kernels/rows.h"
void ns_table_row_avx512(const int16_t *table, const int16_t *in, int32_t *out, size_t count)
{
    const __m512i offset = _mm512_set1_epi32(256), low_bits = _mm512_set1_epi32(127);
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m512i x = _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(in + i)));
        __m512i index = _mm512_add_epi32(_mm512_srai_epi32(x, 7), offset);
        __m512i pair = _mm512_i32gather_epi32(index, table, 2);
        __m512i next = _mm512_srai_epi32(pair, 16);
        __m512i base = _mm512_srai_epi32(_mm512_slli_epi32(pair, 16), 16);
        /* The slope lies in int16, the fraction below 2^7, upper halves are signs or zero: the low half's
         * product of vpmaddwd is slope * fraction, the upper half's is sign * 0. */
        __m512i slope = _mm512_sub_epi32(next, base);
        __m512i product = _mm512_madd_epi16(slope, _mm512_and_si512(x, low_bits));
        _mm512_storeu_si512(out + i, _mm512_add_epi32(_mm512_slli_epi32(base, 7), product));
    }
    ns_table_row_c(table, in + i, out + i, count - i);
}
