/* rescale.h for int16 and int32 with one scale for all, thirty-two elements at a time, by the product's upper
 * half (rescale_high_avx2.h): what AVX2 has, and for int32 the shifts below 33 and double rounding too. All
 * else is AVX2's: other types, scales by channel, and powers of two, which memory bounds.
 *
 * int32 with a shift s <= 32 takes v' = v * 2^(32-s), which is exact where v lies in [-2^(s-1), 2^(s-1)), as
 * `wide` requires: (v * m + 2^(s-1)) >> s = (v' * m + 2^31) >> 32, at most 2^30 in magnitude.
 *
 * Double rounding (s > 31) adds 2^30 with the value's sign, which is the product's: a product of 0 becomes 0
 * with either sign, for 2^(s-1) + 2^30 < 2^s. For values times 2^16 it is 2^46. */
#include <immintrin.h>

#define RESCALE_ROW_ONLY
#include "kernels/rescale_template.h"

typedef enum rescale_way { UPPER, UPPER_DOUBLE, CHECKED } rescale_way;

typedef struct rescale_constants {
    __m512i multiplier, half, shift, term;
    __m512i *fault; /* CHECKED: bits where a value lies outside its range */
} rescale_constants;

/* The product with its rounding, as far as it comes before the upper half is taken. */
ALWAYS __m512i product(__m512i v, const rescale_constants *c, const rescale_way way)
{
    const __m512i p = _mm512_mul_epi32(v, c->multiplier);
    if (way == UPPER)
        return p;
    const __m512i sum = _mm512_add_epi64(p, c->term);
    if (way == CHECKED)
        return sum;
    return _mm512_mask_sub_epi64(sum, _mm512_movepi64_mask(p), p, c->term);
}

ALWAYS __m512i scale(__m512i v, const rescale_constants *c, const rescale_way way)
{
    if (way == CHECKED) {
        const __m512i raised = _mm512_sllv_epi32(v, c->shift);
        const __m512i differs = _mm512_xor_si512(_mm512_srav_epi32(raised, c->shift), v);
        *c->fault = _mm512_or_si512(*c->fault, differs);
        v = raised;
    }
    const __m512i even = product(v, c, way), odd = product(_mm512_srli_epi64(v, 32), c, way);
    const __m512i upper = _mm512_mask_shuffle_epi32(odd, 0x5555, even, (_MM_PERM_ENUM)0xf5);
    return way == CHECKED ? upper : _mm512_srav_epi32(_mm512_add_epi32(upper, c->half), c->shift);
}

/* Sixteen values; int16 times 2^16. */
ALWAYS __m512i load(const void *in, size_t i, const int type)
{
    if (type == I32)
        return _mm512_loadu_si512((const int32_t *)in + i);
    const __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)((const int16_t *)in + i));
    return _mm512_slli_epi32(_mm512_cvtepu16_epi32(words), 16);
}

ALWAYS void store(void *out, size_t i, const int type, __m512i first, __m512i second)
{
    if (type == I32) {
        _mm512_storeu_si512((int32_t *)out + i, first);
        _mm512_storeu_si512((int32_t *)out + i + 16, second);
        return;
    }
    const __m512i order = _mm512_set_epi64(7, 5, 3, 1, 6, 4, 2, 0);
    const __m512i words = _mm512_permutexvar_epi64(order, _mm512_packs_epi32(first, second));
    _mm512_storeu_si512((int16_t *)out + i, words);
}

/* Returns how many elements are done. */
ALWAYS size_t loop(const rescale_row *row, const int in_type, const int out_type, const rescale_way way,
                   const rescale_constants *constants, __m512i *fault)
{
    rescale_constants c = *constants;
    __m512i found = _mm512_setzero_si512();
    c.fault = &found;
    size_t i = 0;
    for (; i + 32 <= row->count; i += 32) {
        const __m512i first = scale(load(row->in, i, in_type), &c, way);
        const __m512i second = scale(load(row->in, i + 16, in_type), &c, way);
        store(row->out, i, out_type, first, second);
    }
    *fault = found;
    return i;
}

/* How a row is done; false where it is not done here. */
static bool choose_way(const rescale_row *row, const int in_type, const int out_type, rescale_way *way)
{
    const ns_rescale *r = row->rescale;
    const bool is_whole = r->low == INT16_MIN && r->high == INT16_MAX && r->output_zero_point == 0;
    if (row->count < 32 || row->step || !r->wide || (in_type == I16 && r->input_unsigned) ||
        (out_type == I16 && !is_whole))
        return false;
    const int s = *row->shift, t = in_type == I16 ? s + 16 : s;
    const bool is_double = r->double_round && s > 31;
    const bool is_power = (*row->multiplier & (*row->multiplier - 1)) == 0;
    *way = t < 33 ? CHECKED : is_double ? UPPER_DOUBLE : UPPER;
    if (*way == CHECKED)
        return in_type == I32 && !is_double;
    return t <= 62 && !(*way == UPPER && is_power);
}

ALWAYS size_t front(const rescale_row *row, const int in_type, const int out_type, __m512i *fault)
{
    rescale_way way;
    if (!choose_way(row, in_type, out_type, &way))
        return 0;
    const int extra = in_type == I16 ? 16 : 0, t = *row->shift + extra;
    rescale_constants c = {.multiplier = _mm512_set1_epi32(*row->multiplier)};
    if (way == CHECKED) {
        c.shift = _mm512_set1_epi32(32 - t);
        c.term = _mm512_set1_epi64(INT64_C(1) << 31);
        return loop(row, in_type, out_type, CHECKED, &c, fault);
    }
    c.shift = _mm512_set1_epi32(t - 32);
    c.half = _mm512_set1_epi32((int32_t)(UINT32_C(1) << (t - 33)));
    c.term = _mm512_set1_epi64(INT64_C(1) << (30 + extra));
    return way == UPPER ? loop(row, in_type, out_type, UPPER, &c, fault)
                        : loop(row, in_type, out_type, UPPER_DOUBLE, &c, fault);
}

ALWAYS bool row(rescale_row row, const int in_type, const int out_type)
{
    __m512i fault = _mm512_setzero_si512();
    size_t done = 0;
    if ((in_type == I16 || in_type == I32) && (out_type == I16 || out_type == I32))
        done = front(&row, in_type, out_type, &fault);
    const size_t offset = row.step ? done : 0;
    return ns_rescale_rows_avx2[in_type][out_type](row.rescale, (const char *)row.in + (done << in_type),
                                                   row.multiplier + offset, row.shift + offset, row.step,
                                                   (char *)row.out + (done << out_type), row.count - done) ||
           _mm512_test_epi32_mask(fault, fault) != 0;
}

const ns_rescale_rows ns_rescale_rows_avx512 = NS_RESCALE_ROWS;
