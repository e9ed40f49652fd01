/* depthwise.c with vpmaddwd: two taps of sixteen channels at a time, brought to the packed order by one
 * vpermw. */
#include <immintrin.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

/* Each channel's word of the first tap and of the second, sixteen words on: the fours of channels are 0, 2,
 * 1, 3. */
static const int16_t pairs[32] = {0, 16, 1, 17, 2, 18, 3, 19, 8,  24, 9,  25, 10, 26, 11, 27,
                                  4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31};

/* The first lanes of sixteen. */
ALWAYS __mmask16 lanes(size_t count)
{
    return (__mmask16)(count >= 16 ? 0xffff : (1u << count) - 1);
}

#define WHOLE ((__mmask16)0xffff)

ALWAYS __m256i load_channels(const int16_t *from, __mmask16 some)
{
    return some == WHOLE ? _mm256_loadu_si256((const __m256i *)(const void *)from)
                         : _mm256_maskz_loadu_epi16(some, from);
}

/* Adds to the sums of `groups` groups of channels from channel i on, in the packed order, taps `first` to
 * `last` - 1. */
ALWAYS void add_taps(const ns_depthwise *d, size_t i, size_t first, size_t last, __m512i *sums,
                     const size_t groups, __mmask16 some)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    const int16_t *w = d->packed + first / 2 * stride + 2 * i;
    const __m512i order = _mm512_loadu_si512(pairs);
    for (size_t t = first; t < last; t += 2, w += stride) {
        const int16_t *x = d->in[t] + i, *y = d->in[t + 1] + i;
#pragma GCC unroll 2
        for (size_t g = 0; g < groups; g++) {
            const __m512i low = _mm512_castsi256_si512(load_channels(x + 16 * g, some));
            const __m512i both = _mm512_inserti64x4(low, load_channels(y + 16 * g, some), 1);
            const __m512i mixed = _mm512_permutexvar_epi16(order, both);
            sums[g] = _mm512_add_epi32(sums[g], _mm512_madd_epi16(mixed, _mm512_loadu_si512(w + 32 * g)));
        }
    }
}

/* Sixteen lanes from the packed order to the channels' own: their fours 1 and 2 are exchanged. */
ALWAYS __m512i in_order(__m512i v)
{
    return _mm512_shuffle_i32x4(v, v, 0xd8);
}

ALWAYS void sum_groups(const ns_depthwise *d, size_t i, int64_t *out, const size_t groups, __mmask16 some)
{
    const __mmask8 first = (__mmask8)some, second = (__mmask8)(some >> 8);
    const int64_t *from = d->start;
    for (size_t t = 0; t < d->taps; t += d->block, from = out) {
        __m512i sums[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
        add_taps(d, i, t, d->taps - t < d->block ? d->taps : t + d->block, sums, groups, some);
#pragma GCC unroll 2
        for (size_t g = 0; g < groups; g++) {
            const size_t at = i + 16 * g;
            const __m512i v = in_order(sums[g]);
            const __m512i low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(v));
            const __m512i high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v, 1));
            _mm512_mask_storeu_epi64(out + at, first,
                                     _mm512_add_epi64(low, _mm512_maskz_loadu_epi64(first, from + at)));
            _mm512_mask_storeu_epi64(out + at + 8, second,
                                     _mm512_add_epi64(high, _mm512_maskz_loadu_epi64(second, from + at + 8)));
        }
    }
}

void ns_depthwise_i16_avx512(const ns_depthwise *d, int64_t *out)
{
    size_t i = 0;
    for (; i + 32 <= d->count; i += 32)
        sum_groups(d, i, out, 2, WHOLE);
    for (; i + 16 <= d->count; i += 16)
        sum_groups(d, i, out, 1, WHOLE);
    if (i < d->count)
        sum_groups(d, i, out, 1, lanes(d->count - i));
}

/* Sixteen sums of 32 bits, scaled (kernels/matrix.h), as int16. */
ALWAYS __m256i scale(__m512i sums, const ns_requantise *q, size_t at)
{
    const __m512i m = _mm512_loadu_si512(q->multiplier + at);
    const __m512i even = _mm512_mul_epi32(sums, m);
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(sums, 32), _mm512_srli_epi64(m, 32));
    const __m512i upper = _mm512_mask_shuffle_epi32(odd, 0x5555, even, (_MM_PERM_ENUM)0xf5);
    const __m512i sum = _mm512_add_epi32(upper, _mm512_loadu_si512(q->half + at));
    return _mm512_cvtsepi32_epi16(in_order(_mm512_srav_epi32(sum, _mm512_loadu_si512(q->shift + at))));
}

ALWAYS void scale_groups(const ns_depthwise *d, size_t i, int16_t *out, const size_t groups, __mmask16 some)
{
    __m512i sums[2];
#pragma GCC unroll 2
    for (size_t g = 0; g < groups; g++)
        sums[g] = _mm512_loadu_si512(d->start32 + i + 16 * g);
    add_taps(d, i, 0, d->taps, sums, groups, some);
#pragma GCC unroll 2
    for (size_t g = 0; g < groups; g++) {
        const __m256i values = scale(sums[g], d->scale, i + 16 * g);
        if (some == WHOLE)
            _mm256_storeu_si256((__m256i *)(void *)(out + i + 16 * g), values);
        else
            _mm256_mask_storeu_epi16(out + i, some, values);
    }
}

void ns_depthwise_scaled_avx512(const ns_depthwise *d, int16_t *out)
{
    size_t i = 0;
    for (; i + 32 <= d->count; i += 32)
        scale_groups(d, i, out, 2, WHOLE);
    for (; i + 16 <= d->count; i += 16)
        scale_groups(d, i, out, 1, WHOLE);
    if (i < d->count)
        scale_groups(d, i, out, 1, lanes(d->count - i));
}
