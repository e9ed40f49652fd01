/* rescale.h, eight elements at a time in two vectors of four 64-bit lanes. rescale.c derives the
 * ranges: all sums fit 64 bits.
 *
 * AVX2 has no arithmetic shift of 64-bit lanes, nor 64-bit products: the shift flips the sign bit, shifts in
 * zeros and takes off what the sign bit has become; the product of a 48-bit value is put together from
 * its halves (the multiplier has 15 bits). Once a result is known to fit 32 bits, the rest is done there. */
#include <immintrin.h>
#include <string.h>

#include "kernels/rescale_template.h"

ALWAYS __m256i load_four(const void *in, size_t i, const int type, const bool is_unsigned)
{
    const char *at = (const char *)in + (i << type);
    int32_t bytes;
    __m128i narrow;
    switch (type) {
    case I8:
        memcpy(&bytes, at, sizeof bytes);
        narrow = _mm_cvtsi32_si128(bytes);
        return is_unsigned ? _mm256_cvtepu8_epi64(narrow) : _mm256_cvtepi8_epi64(narrow);
    case I16:
        narrow = _mm_loadl_epi64((const __m128i *)(const void *)at);
        return is_unsigned ? _mm256_cvtepu16_epi64(narrow) : _mm256_cvtepi16_epi64(narrow);
    case I32:
        return _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)(const void *)at));
    default:
        return _mm256_loadu_si256((const __m256i *)(const void *)at);
    }
}

/* Eight int32 that have been clipped to the output type. */
ALWAYS void store_eight(void *out, size_t i, const int type, __m256i values)
{
    char *at = (char *)out + (i << type);
    if (type == I32) {
        _mm256_storeu_si256((__m256i *)(void *)at, values);
        return;
    }
    __m256i masked = _mm256_and_si256(values, _mm256_set1_epi32(type == I8 ? 0xff : 0xffff));
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(masked), _mm256_extracti128_si256(masked, 1));
    if (type == I16)
        _mm_storeu_si128((__m128i *)(void *)at, words);
    else
        _mm_storel_epi64((__m128i *)(void *)at, _mm_packus_epi16(words, words));
}

/* One multiplier and shift for each lane, and what follows from the shift. */
typedef struct scales {
    __m256i multiplier, shift, half, sign; /* sign: 2^63 >> shift */
} scales;

ALWAYS scales load_scales(const int32_t *multiplier, const int8_t *shift, const int step)
{
    int32_t bytes;
    scales s;
    if (step) {
        memcpy(&bytes, shift, sizeof bytes);
        s.multiplier = _mm256_cvtepi32_epi64(_mm_loadu_si128((const __m128i *)(const void *)multiplier));
        s.shift = _mm256_cvtepi8_epi64(_mm_cvtsi32_si128(bytes));
    } else {
        s.multiplier = _mm256_set1_epi64x(*multiplier);
        s.shift = _mm256_set1_epi64x(*shift);
    }
    s.half = _mm256_sllv_epi64(_mm256_set1_epi64x(1), _mm256_sub_epi64(s.shift, _mm256_set1_epi64x(1)));
    s.sign = _mm256_srlv_epi64(_mm256_set1_epi64x(INT64_MIN), s.shift);
    return s;
}

/* What a fault leaves in `fault` is any bit that is not zero. */
ALWAYS __m256i scale_four(__m256i v, const scales *s, const int type, const bool is_wide,
                          const bool is_double, const bool check_value, const bool check_result,
                          __m256i *fault)
{
    __m256i product;
    if (type == I48) {
        __m256i high = _mm256_mul_epu32(_mm256_srli_epi64(v, 32), s->multiplier);
        product = _mm256_add_epi64(_mm256_mul_epu32(v, s->multiplier), _mm256_slli_epi64(high, 32));
    } else {
        product = _mm256_mul_epi32(v, s->multiplier);
    }
    __m256i sum = _mm256_add_epi64(product, s->half);
    if (is_double) {
        __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), v);
        __m256i extra = _mm256_sub_epi64(_mm256_xor_si256(_mm256_set1_epi64x(1 << 30), negative), negative);
        __m256i far = _mm256_cmpgt_epi64(s->shift, _mm256_set1_epi64x(31));
        sum = _mm256_add_epi64(sum, _mm256_and_si256(extra, far));
    }
    sum = _mm256_xor_si256(sum, _mm256_set1_epi64x(INT64_MIN));
    __m256i result = _mm256_sub_epi64(_mm256_srlv_epi64(sum, s->shift), s->sign);
    if (is_wide && check_value)
        *fault = _mm256_or_si256(*fault, _mm256_srlv_epi64(_mm256_add_epi64(v, s->half), s->shift));
    if (check_result) {
        __m256i shifted = _mm256_add_epi64(result, _mm256_set1_epi64x(INT64_C(1) << 31));
        *fault = _mm256_or_si256(*fault, _mm256_srli_epi64(shifted, 32));
    }
    return result;
}

/* The low 32 bits of eight lanes, in order. */
ALWAYS __m256i narrow_eight(__m256i first, __m256i second)
{
    __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(first), _mm256_castsi256_ps(second), 0x88);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xd8);
}

ALWAYS bool body(const rescale_row *r, const rescale_kind kind)
{
    const ns_rescale *rescale = r->rescale;
    const void *in = r->in;
    const int32_t *multiplier = r->multiplier;
    const int8_t *shift = r->shift;
    void *out = r->out;
    const size_t count = r->count;
    const int in_type = kind.in_type, out_type = kind.out_type, step = kind.step;
    const bool is_wide = kind.is_wide, is_double = kind.is_double;
    const bool check_value = kind.check, check_result = kind.check;
    const __m256i input_zero = _mm256_set1_epi64x(rescale->input_zero_point);
    const __m256i output_zero = _mm256_set1_epi64x(rescale->output_zero_point);
    const __m256i low = _mm256_set1_epi32(rescale->low), high = _mm256_set1_epi32(rescale->high);
    const __m256i middle = _mm256_set1_epi64x(INT64_C(1) << 31);
    const bool is_unsigned = in_type < I32 && rescale->input_unsigned;
    __m256i fault = _mm256_setzero_si256();
    size_t i = 0;
    scales s[2];
    if (!step && count >= 8)
        s[0] = s[1] = load_scales(multiplier, shift, 0);
    for (; i + 8 <= count; i += 8) {
        __m256i results[2];
#pragma GCC unroll 2
        for (size_t k = 0; k < 2; k++) {
            if (step)
                s[k] = load_scales(multiplier + i + 4 * k, shift + i + 4 * k, 1);
            __m256i v = load_four(in, i + 4 * k, in_type, is_unsigned);
            if (in_type < I32)
                v = _mm256_sub_epi64(v, input_zero);
            results[k] = scale_four(v, &s[k], in_type, is_wide, is_double, check_value, check_result, &fault);
            if (out_type == I8 || out_type == I16) {
                results[k] = _mm256_add_epi64(results[k], output_zero);
                if (check_result)
                    fault =
                        _mm256_or_si256(fault, _mm256_srli_epi64(_mm256_add_epi64(results[k], middle), 32));
            }
        }
        __m256i values = narrow_eight(results[0], results[1]);
        values = _mm256_min_epi32(_mm256_max_epi32(values, low), high);
        store_eight(out, i, out_type, values);
    }
    bool found = !_mm256_testz_si256(fault, fault);
    size_t offset = step ? i : 0;
    return (i < count && ns_rescale_rows_c[in_type][out_type](rescale, (const char *)in + (i << in_type),
                                                              multiplier + offset, shift + offset, step,
                                                              (char *)out + (i << out_type), count - i)) ||
           found;
}

#include "kernels/rescale_high_avx2.h"

ALWAYS bool row(rescale_row row, const int in_type, const int out_type)
{
    const size_t done = high_row(&row, in_type, out_type);
    const int step = row.step;
    row.in = (const char *)row.in + (done << in_type);
    row.out = (char *)row.out + (done << out_type);
    row.multiplier += step ? done : 0;
    row.shift += step ? done : 0;
    row.count -= done;
    return rescale_rest(&row, in_type, out_type);
}

const ns_rescale_rows ns_rescale_rows_avx2 = NS_RESCALE_ROWS;
