/* gemm_template.h with 16 sums to a vector: vpmaddwd and vpaddd, or vpdpwssd, which is both (compiled for
 * each, meson.build). */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* to[i] = from[i] + sums[i] * 2^left in 64 bits for the first `count` sums; from NULL: 0. */
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

#define VECTOR __m512i
#define LANES 16
#define WIDE_ROWS 4
#define WIDE_VECTORS 4
#define KEEP(v) (void)(v)
#define ZERO() _mm512_setzero_si512()
#define LOAD(p) _mm512_loadu_si512(p)
#define PAIR(a) (*(const ns_gemm_pair *)(const void *)(a))
#if !defined(NS_KERNELS_AVX512VNNI)
#define NAME ns_gemm_i16_avx512
#define MULTIPLY_ADD(sum, b, a) sum = _mm512_add_epi32(sum, _mm512_madd_epi16(b, _mm512_set1_epi32(PAIR(a))))
#else
#define NAME ns_gemm_i16_avx512vnni
#ifdef NS_EMULATED_AVX512 /* tests/meson.build */
#define MULTIPLY_ADD(sum, b, a) sum = _mm512_dpwssd_epi32(sum, b, _mm512_set1_epi32(PAIR(a)))
#else /* inline assembly, because GCC 12 spills the accumulators of the intrinsic's form */
#define MULTIPLY_ADD(sum, b, a) __asm__("vpdpwssd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(b), "m"(PAIR(a)))
#endif
#endif
#include "kernels/gemm_template.h"
