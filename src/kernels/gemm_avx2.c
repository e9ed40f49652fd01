/* gemm_template.h with 8 sums to a vector: vpmaddwd and vpaddd. */
#include <immintrin.h>

static inline __attribute__((always_inline)) void widen(__m256i sums, const int64_t *from, int64_t *to,
                                                        size_t count)
{
    int32_t narrow[8];
    if (count < 8) {
        _mm256_storeu_si256((__m256i *)(void *)narrow, sums);
        for (size_t i = 0; i < count; i++)
            to[i] = narrow[i] + (from ? from[i] : 0);
        return;
    }
    __m256i first = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums));
    __m256i second = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums, 1));
    if (from) {
        first = _mm256_add_epi64(first, _mm256_loadu_si256((const __m256i *)(const void *)from));
        second = _mm256_add_epi64(second, _mm256_loadu_si256((const __m256i *)(const void *)(from + 4)));
    }
    _mm256_storeu_si256((__m256i *)(void *)to, first);
    _mm256_storeu_si256((__m256i *)(void *)(to + 4), second);
}

#define NAME ns_gemm_i16_avx2
#define VECTOR __m256i
#define LANES 8
#define WIDE_ROWS 6
#define WIDE_VECTORS 2
#define KEEP(v) __asm__("" : "+x"(v))
#define ZERO() _mm256_setzero_si256()
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define MULTIPLY_ADD(sum, b, a) \
    sum = _mm256_add_epi32(     \
        sum, _mm256_madd_epi16(b, _mm256_set1_epi32(*(const ns_gemm_pair *)(const void *)(a))))
#include "kernels/gemm_template.h"
