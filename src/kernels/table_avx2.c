/* TABLE: 8 lookups at a time: one gather of 32 bits at entry j brings the base (low half) and the next entry.
 * TABLE and RESCALE: 16, whose entries are loaded one by one. */
#include <immintrin.h>
#include <string.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

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

ALWAYS __m256i load(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

ALWAYS void store(int16_t *to, __m256i values)
{
    _mm256_storeu_si256((__m256i *)(void *)to, values);
}

/* Entry `index` and the next. */
ALWAYS int32_t entry(const int16_t *table, uint64_t indices, const int which)
{
    int32_t both;
    memcpy(&both, table + (uint16_t)(indices >> (16 * which)), sizeof both);
    return both;
}

/* Entries of four elements: loads are faster here than a gather. */
ALWAYS __m128i four_entries(const int16_t *table, uint64_t indices)
{
    return _mm_setr_epi32(entry(table, indices, 0), entry(table, indices, 1), entry(table, indices, 2),
                          entry(table, indices, 3));
}

/* slope * fraction + 64 >> 7 is (slope * (fraction * 2^8) + 2^14) >> 15, vpmulhrsw of 16 bits; the sum with
 * the base lies between two entries. */
ALWAYS __m256i look_up(const int16_t *table, __m256i x)
{
    const __m256i index = _mm256_srli_epi16(_mm256_xor_si256(x, _mm256_set1_epi16(INT16_MIN)), 7);
    uint64_t indices[4];
    _mm256_storeu_si256((__m256i *)(void *)indices, index);
    const __m256i first = _mm256_set_m128i(four_entries(table, indices[2]), four_entries(table, indices[0]));
    const __m256i second = _mm256_set_m128i(four_entries(table, indices[3]), four_entries(table, indices[1]));
    const __m256i lower = _mm256_set1_epi32(0xffff);
    const __m256i base = _mm256_packus_epi32(_mm256_and_si256(first, lower), _mm256_and_si256(second, lower));
    const __m256i next = _mm256_packus_epi32(_mm256_srli_epi32(first, 16), _mm256_srli_epi32(second, 16));
    const __m256i fraction = _mm256_slli_epi16(_mm256_and_si256(x, _mm256_set1_epi16(127)), 8);
    return _mm256_add_epi16(base, _mm256_mulhrs_epi16(_mm256_sub_epi16(next, base), fraction));
}

void ns_fused_table_avx2(const int16_t *table, const int16_t *in, int16_t *out, size_t count)
{
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        store(out + i, look_up(table, load(in + i)));
    if (i == count)
        return;
    int16_t some[16] = {0};
    memcpy(some, in + i, (count - i) * sizeof *in);
    store(some, look_up(table, load(some)));
    memcpy(out + i, some, (count - i) * sizeof *out);
}
