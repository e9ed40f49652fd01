/* TABLE, and TABLE with RESCALE, from registers: vpermi2w chooses among 64 words, or with VBMI vpermi2b among
 * 128 bytes (compiled for each, meson.build). Bases and slopes (next entry less this one) are two planes of
 * words, or four of bytes.
 *
 * vpermi2w and vpermi2b overwrite their indices. Under a mask they leave the others' lanes as they are: one
 * after the other, each for the lanes whose index lies in its part of the plane, they need no blend. */
#include <immintrin.h>

#include "kernels/rows.h"

#define ALWAYS static inline __attribute__((always_inline))

#if defined(NS_KERNELS_AVX512VBMI)

#define SUFFIX(name) name##_avx512vbmi
enum { VECTORS = 2, PARTS = 4 }; /* vectors of 32 words that are looked up together; parts of a plane */

typedef struct planes {
    __m512i base_low[2 * PARTS], base_high[2 * PARTS], slope_low[2 * PARTS], slope_high[2 * PARTS];
} planes;

/* Words below 2^8 as bytes, in order. */
ALWAYS __m512i to_bytes(__m512i first, __m512i second)
{
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    return _mm512_permutexvar_epi64(order, _mm512_packus_epi16(first, second));
}

ALWAYS void split(__m512i first, __m512i second, __m512i *low, __m512i *high)
{
    const __m512i mask = _mm512_set1_epi16(255);
    *low = to_bytes(_mm512_and_si512(first, mask), _mm512_and_si512(second, mask));
    *high = to_bytes(_mm512_srli_epi16(first, 8), _mm512_srli_epi16(second, 8));
}

ALWAYS planes load_planes(const int16_t *table)
{
    planes p;
    for (int i = 0; i < 2 * PARTS; i++, table += 64) {
        const __m512i first = _mm512_loadu_si512(table), second = _mm512_loadu_si512(table + 32);
        split(first, second, &p.base_low[i], &p.base_high[i]);
        split(_mm512_sub_epi16(_mm512_loadu_si512(table + 1), first),
              _mm512_sub_epi16(_mm512_loadu_si512(table + 33), second), &p.slope_low[i], &p.slope_high[i]);
    }
    return p;
}

/* Index bits 8 and 7 are the value's bits 15, inverted, and 14; packing keeps the sign. */
ALWAYS void look_up(const planes *p, const __m512i *x, __m512i *base, __m512i *slope)
{
    const __m512i index = _mm512_packus_epi16(_mm512_srli_epi16(_mm512_add_epi16(x[0], x[0]), 8),
                                              _mm512_srli_epi16(_mm512_add_epi16(x[1], x[1]), 8));
    const __mmask64 negative = _mm512_movepi8_mask(_mm512_packs_epi16(x[0], x[1]));
    const __mmask64 odd = _mm512_movepi8_mask(index);
    const __mmask64 parts[PARTS] = {_kandn_mask64(odd, negative), _kand_mask64(odd, negative),
                                    _knot_mask64(_kor_mask64(odd, negative)), _kandn_mask64(negative, odd)};
    __m512i b[2] = {index, index}, s[2] = {index, index};
#pragma GCC unroll 4
    for (int i = 0; i < PARTS; i++) {
        const int k = 2 * i;
        b[0] = _mm512_mask2_permutex2var_epi8(p->base_low[k], b[0], parts[i], p->base_low[k + 1]);
        b[1] = _mm512_mask2_permutex2var_epi8(p->base_high[k], b[1], parts[i], p->base_high[k + 1]);
        s[0] = _mm512_mask2_permutex2var_epi8(p->slope_low[k], s[0], parts[i], p->slope_low[k + 1]);
        s[1] = _mm512_mask2_permutex2var_epi8(p->slope_high[k], s[1], parts[i], p->slope_high[k + 1]);
    }
    base[0] = _mm512_unpacklo_epi8(b[0], b[1]);
    base[1] = _mm512_unpackhi_epi8(b[0], b[1]);
    slope[0] = _mm512_unpacklo_epi8(s[0], s[1]);
    slope[1] = _mm512_unpackhi_epi8(s[0], s[1]);
}

#else

#define SUFFIX(name) name##_avx512
enum { VECTORS = 1, PARTS = 8 };

typedef struct planes {
    __m512i base[2 * PARTS], slope[2 * PARTS];
} planes;

ALWAYS planes load_planes(const int16_t *table)
{
    planes p;
    for (int i = 0; i < 2 * PARTS; i++, table += 32) {
        p.base[i] = _mm512_loadu_si512(table);
        p.slope[i] = _mm512_sub_epi16(_mm512_loadu_si512(table + 1), p.base[i]);
    }
    return p;
}

/* Lanes whose bit is set, or clear, for `is_set`. */
ALWAYS __mmask32 choose(__mmask32 lanes, __mmask32 bit, const int is_set)
{
    return is_set ? _kand_mask32(bit, lanes) : _kandn_mask32(bit, lanes);
}

/* The part is the index' bits 8 to 6, the value's bits 15, inverted, to 13. */
ALWAYS void look_up(const planes *p, const __m512i *x, __m512i *base, __m512i *slope)
{
    const __m512i index = _mm512_srli_epi16(*x, 7);
    const __mmask32 high = _mm512_movepi16_mask(*x), middle = _mm512_movepi16_mask(_mm512_slli_epi16(*x, 1));
    const __mmask32 low = _mm512_movepi16_mask(_mm512_slli_epi16(*x, 2));
    __m512i b = index, s = index;
#pragma GCC unroll 8
    for (int i = 0; i < PARTS; i++) {
        const __mmask32 all = ~(__mmask32)0;
        const __mmask32 part = choose(choose(choose(all, high, i < 4), middle, i & 2), low, i & 1);
        b = _mm512_mask2_permutex2var_epi16(p->base[2 * i], b, part, p->base[2 * i + 1]);
        s = _mm512_mask2_permutex2var_epi16(p->slope[2 * i], s, part, p->slope[2 * i + 1]);
    }
    *base = b;
    *slope = s;
}

#endif

/* Elements that go together; and the fewest for which loading the planes pays. */
enum { STEP = 32 * VECTORS, LEAST = 256 };

/* slope * fraction + 64 >> 7 is (slope * (fraction * 2^8) + 2^14) >> 15, vpmulhrsw; the sum with the base
 * lies between two entries. */
ALWAYS __m512i round_entry(__m512i x, __m512i base, __m512i slope)
{
    const __m512i fraction = _mm512_srli_epi16(_mm512_slli_epi16(x, 9), 1);
    return _mm512_add_epi16(base, _mm512_mulhrs_epi16(slope, fraction));
}

void SUFFIX(ns_fused_table)(const int16_t *table, const int16_t *in, int16_t *out, size_t count)
{
    if (count < LEAST) {
        ns_fused_table_avx2(table, in, out, count);
        return;
    }
    const planes p = load_planes(table);
    __m512i x[VECTORS], base[VECTORS], slope[VECTORS];
    size_t i = 0;
    for (; i + STEP <= count; i += STEP) {
        for (int k = 0; k < VECTORS; k++)
            x[k] = _mm512_loadu_si512(in + i + 32 * k);
        look_up(&p, x, base, slope);
        for (int k = 0; k < VECTORS; k++)
            _mm512_storeu_si512(out + i + 32 * k, round_entry(x[k], base[k], slope[k]));
    }
    ns_fused_table_avx2(table, in + i, out + i, count - i);
}

/* base * 128 + slope * fraction: |slope| <= 2^15, so that vpmaddwd is exact. x holds the elements' fours in
 * the order that unpacking restores. */
ALWAYS void store_wide(int32_t *out, __m512i x, __m512i base, __m512i slope)
{
    const __m512i one = _mm512_set1_epi16(128), fraction = _mm512_and_si512(x, _mm512_set1_epi16(127));
    const __m512i low =
        _mm512_madd_epi16(_mm512_unpacklo_epi16(base, slope), _mm512_unpacklo_epi16(one, fraction));
    const __m512i high =
        _mm512_madd_epi16(_mm512_unpackhi_epi16(base, slope), _mm512_unpackhi_epi16(one, fraction));
    _mm512_storeu_si512(out, low);
    _mm512_storeu_si512(out + 16, high);
}

void SUFFIX(ns_table_row)(const int16_t *table, const int16_t *in, int32_t *out, size_t count)
{
    if (count < LEAST) {
        ns_table_row_avx2(table, in, out, count);
        return;
    }
    const planes p = load_planes(table);
    const __m512i order = _mm512_set_epi64(7, 3, 6, 2, 5, 1, 4, 0);
    __m512i x[VECTORS], base[VECTORS], slope[VECTORS];
    size_t i = 0;
    for (; i + STEP <= count; i += STEP) {
        for (int k = 0; k < VECTORS; k++)
            x[k] = _mm512_permutexvar_epi64(order, _mm512_loadu_si512(in + i + 32 * k));
        look_up(&p, x, base, slope);
        for (int k = 0; k < VECTORS; k++)
            store_wide(out + i + 32 * k, x[k], base[k], slope[k]);
    }
    ns_table_row_avx2(table, in + i, out + i, count - i);
}
