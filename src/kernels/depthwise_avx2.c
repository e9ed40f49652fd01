/* depthwise.h with vpmaddwd: two taps of eight channels at a time. */
#include <immintrin.h>
#include <string.h>

#include "kernels/matrix.h"

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS __m256i load(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

/* Adds eight 32-bit sums to 64-bit ones. */
ALWAYS void widen(__m256i sums, const int64_t *from, int64_t *to)
{
    const __m256i first = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums));
    const __m256i second = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums, 1));
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_add_epi64(first, load(from)));
    _mm256_storeu_si256((__m256i *)(void *)(to + 4), _mm256_add_epi64(second, load(from + 4)));
}

/* `groups` groups of channels from channel i on. */
ALWAYS void run_groups(const ns_depthwise *d, size_t i, const size_t groups, int64_t *out)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    const int64_t *from = d->start;
    for (size_t t = 0; t < d->taps; t += d->block, from = out) {
        const size_t last = d->taps - t < d->block ? d->taps : t + d->block;
        __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                           _mm256_setzero_si256()};
        for (size_t k = t; k < last; k += 2) {
            const int16_t *w = d->packed + k / 2 * stride + 2 * i;
#pragma GCC unroll 2
            for (size_t g = 0; g < groups; g++) {
                const __m256i x = load(d->in[k] + i + 16 * g), y = load(d->in[k + 1] + i + 16 * g);
                const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), load(w + 32 * g));
                const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), load(w + 32 * g + 16));
                sums[2 * g] = _mm256_add_epi32(sums[2 * g], low);
                sums[2 * g + 1] = _mm256_add_epi32(sums[2 * g + 1], high);
            }
        }
#pragma GCC unroll 2
        for (size_t g = 0; g < groups; g++) {
            const size_t at = i + 16 * g;
            widen(_mm256_permute2x128_si256(sums[2 * g], sums[2 * g + 1], 0x20), from + at, out + at);
            widen(_mm256_permute2x128_si256(sums[2 * g], sums[2 * g + 1], 0x31), from + at + 8, out + at + 8);
        }
    }
}

/* The channels behind the last whole group, as a group of their own. */
static void run_rest(const ns_depthwise *d, size_t i, int64_t *out)
{
    const size_t left = d->count - i, stride = ns_depthwise_packed_size(2, d->count);
    int64_t sums[16] = {0};
    memcpy(sums, d->start + i, left * sizeof *sums);
    for (size_t t = 0; t < d->taps; t += 2) {
        int16_t x[16] = {0}, y[16] = {0};
        memcpy(x, d->in[t] + i, left * sizeof *x);
        memcpy(y, d->in[t + 1] + i, left * sizeof *y);
        const __m256i a = load(x), b = load(y);
        const int16_t *w = d->packed + t / 2 * stride + 2 * i;
        const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), load(w));
        const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), load(w + 16));
        widen(_mm256_permute2x128_si256(low, high, 0x20), sums, sums);
        widen(_mm256_permute2x128_si256(low, high, 0x31), sums + 8, sums + 8);
    }
    memcpy(out + i, sums, left * sizeof *out);
}

void ns_depthwise_i16_avx2(const ns_depthwise *d, int64_t *out)
{
    size_t i = 0;
    for (; i + 32 <= d->count; i += 32)
        run_groups(d, i, 2, out);
    for (; i + 16 <= d->count; i += 16)
        run_groups(d, i, 1, out);
    if (i < d->count)
        run_rest(d, i, out);
}

/* Eight sums of 32 bits, scaled (kernels/matrix.h). */
ALWAYS __m256i scale(__m256i sums, const ns_requantise *q, size_t at)
{
    const __m256i m = load(q->multiplier + at);
    const __m256i even = _mm256_srli_epi64(_mm256_mul_epi32(sums, m), 32);
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(sums, 32), _mm256_srli_epi64(m, 32));
    const __m256i high = _mm256_blend_epi32(even, odd, 0xaa);
    return _mm256_srav_epi32(_mm256_add_epi32(high, load(q->half + at)), load(q->shift + at));
}

/* Channels i to i + 15. */
ALWAYS __m256i scaled_sixteen(const ns_depthwise *d, size_t i)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    const int16_t *w = d->packed + 2 * i;
    __m256i low = load(d->start32 + i), high = load(d->start32 + i + 8);
    for (size_t t = 0; t < d->taps; t += 2, w += stride) {
        const __m256i x = load(d->in[t] + i), y = load(d->in[t + 1] + i);
        low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), load(w)));
        high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), load(w + 16)));
    }
    return _mm256_packs_epi32(scale(low, d->scale, i), scale(high, d->scale, i + 8));
}

/* Channels i to i + 31: two independent sums at a time hide the products' latency. */
ALWAYS void scaled_pair(const ns_depthwise *d, size_t i, int16_t *out)
{
    const size_t stride = ns_depthwise_packed_size(2, d->count);
    const int16_t *w = d->packed + 2 * i;
    __m256i sums[4];
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++)
        sums[k] = load(d->start32 + i + 8 * k);
    for (size_t t = 0; t < d->taps; t += 2, w += stride) {
#pragma GCC unroll 2
        for (size_t g = 0; g < 2; g++) {
            const __m256i x = load(d->in[t] + i + 16 * g), y = load(d->in[t + 1] + i + 16 * g);
            const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(x, y), load(w + 32 * g));
            const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(x, y), load(w + 32 * g + 16));
            sums[2 * g] = _mm256_add_epi32(sums[2 * g], low);
            sums[2 * g + 1] = _mm256_add_epi32(sums[2 * g + 1], high);
        }
    }
#pragma GCC unroll 2
    for (size_t g = 0; g < 2; g++)
        _mm256_storeu_si256((__m256i *)(void *)(out + i + 16 * g),
                            _mm256_packs_epi32(scale(sums[2 * g], d->scale, i + 16 * g),
                                               scale(sums[2 * g + 1], d->scale, i + 16 * g + 8)));
}

/* The channels behind the last whole group, two taps at a time. */
static void scaled_rest(const ns_depthwise *d, size_t i, int16_t *out)
{
    const size_t left = d->count - i, stride = ns_depthwise_packed_size(2, d->count);
    int32_t start[16];
    memcpy(start, d->start32 + i, sizeof start);
    int16_t x[16] = {0}, y[16] = {0};
    for (size_t t = 0; t < d->taps; t += 2) {
        memcpy(x, d->in[t] + i, left * sizeof *x);
        memcpy(y, d->in[t + 1] + i, left * sizeof *y);
        const int16_t *w = d->packed + t / 2 * stride + 2 * i;
        const __m256i a = load(x), b = load(y);
        const __m256i low = _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), load(w));
        const __m256i high = _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), load(w + 16));
        _mm256_storeu_si256((__m256i *)(void *)start, _mm256_add_epi32(load(start), low));
        _mm256_storeu_si256((__m256i *)(void *)(start + 8), _mm256_add_epi32(load(start + 8), high));
    }
    const __m256i words =
        _mm256_packs_epi32(scale(load(start), d->scale, i), scale(load(start + 8), d->scale, i + 8));
    _mm256_storeu_si256((__m256i *)(void *)x, words);
    memcpy(out + i, x, left * sizeof *out);
}

void ns_depthwise_scaled_avx2(const ns_depthwise *d, int16_t *out)
{
    size_t i = 0;
    for (; i + 32 <= d->count; i += 32)
        scaled_pair(d, i, out);
    if (i + 16 <= d->count) {
        _mm256_storeu_si256((__m256i *)(void *)(out + i), scaled_sixteen(d, i));
        i += 16;
    }
    if (i < d->count)
        scaled_rest(d, i, out);
}
