/* gemm_template.h with 16 sums to a vector: vpmaddwd and vpaddd, or vpdpwssd, which is both. */
#include <immintrin.h>

static inline __attribute__((always_inline)) void widen(__m512i sums, const int64_t *from, int64_t *to,
                                                        size_t count)
{
    __mmask8 low = (__mmask8)(count >= 8 ? 0xff : (1u << count) - 1);
    __mmask8 high = (__mmask8)(count >= 16 ? 0xff : count > 8 ? (1u << (count - 8)) - 1 : 0);
    __m512i first = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(sums));
    __m512i second = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(sums, 1));
    if (from) {
        first = _mm512_add_epi64(first, _mm512_maskz_loadu_epi64(low, from));
        second = _mm512_add_epi64(second, _mm512_maskz_loadu_epi64(high, from + 8));
    }
    _mm512_mask_storeu_epi64(to, low, first);
    _mm512_mask_storeu_epi64(to + 8, high, second);
}

#define NAME ns_gemm_i16_avx512
#define VECTOR __m512i
#define LANES 16
#define WIDE_ROWS 4
#define ZERO() _mm512_setzero_si512()
#define LOAD(p) _mm512_loadu_si512(p)
#define MULTIPLY_ADD(sum, b, a) \
    sum = _mm512_add_epi32(     \
        sum, _mm512_madd_epi16(b, _mm512_set1_epi32(*(const ns_gemm_pair *)(const void *)(a))))
#include "kernels/gemm_template.h"
