/* 8 lookups at a time: one gather of 32 bits at entry j brings the base (low half) and the next entry. */
#include <immintrin.h>

#include "kernels/rows.h"
void ns_table_row_avx2(const int16_t *table, const int16_t *in, int32_t *out, size_t count)
{
    const __m256i offset = _mm256_set1_epi32(256), low_bits = _mm256_set1_epi32(127);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        __m256i x = _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)(const void *)(in + i)));
        __m256i index = _mm256_add_epi32(_mm256_srai_epi32(x, 7), offset);
        __m256i pair = _mm256_i32gather_epi32((const int *)(const void *)table, index, 2);
        __m256i next = _mm256_srai_epi32(pair, 16);
        __m256i base = _mm256_srai_epi32(_mm256_slli_epi32(pair, 16), 16);
        /* As in table_avx512.c: the upper halves' products are zero. */
        __m256i product = _mm256_madd_epi16(_mm256_sub_epi32(next, base), _mm256_and_si256(x, low_bits));
        _mm256_storeu_si256((__m256i *)(void *)(out + i),
                            _mm256_add_epi32(_mm256_slli_epi32(base, 7), product));
    }
    ns_table_row_c(table, in + i, out + i, count - i);
}
