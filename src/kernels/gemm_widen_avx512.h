/* What gemm_template.h wants of a version with 16 sums of 32 bits to a vector: to[i] = from[i] + sums[i] *
 * 2^left in 64 bits for the first `count` of them; from NULL: 0. */
#ifndef NS_KERNELS_GEMM_WIDEN_AVX512_H
#define NS_KERNELS_GEMM_WIDEN_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

static inline __attribute__((always_inline)) void widen(__m512i sums, const int64_t *from, int64_t *to,
                                                        size_t count, const int left)
{
    __mmask8 low = (__mmask8)(count >= 8 ? 0xff : (1u << count) - 1);
    __mmask8 high = (__mmask8)(count >= 16 ? 0xff : count > 8 ? (1u << (count - 8)) - 1 : 0);
    __m512i first = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(sums));
    __m512i second = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(sums, 1));
    first = _mm512_slli_epi64(first, (unsigned)left);
    second = _mm512_slli_epi64(second, (unsigned)left);
    if (from) {
        first = _mm512_add_epi64(first, _mm512_maskz_loadu_epi64(low, from));
        second = _mm512_add_epi64(second, _mm512_maskz_loadu_epi64(high, from + 8));
    }
    _mm512_mask_storeu_epi64(to, low, first);
    _mm512_mask_storeu_epi64(to + 8, high, second);
}

#endif
