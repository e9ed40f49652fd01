/* gemm_template.h with 8 sums to a vector: vpmaddwd and vpaddd. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline __attribute__((always_inline)) void widen(__m256i sums, const int64_t *from, int64_t *to,
                                                        size_t count, const int left)
{
    int32_t narrow[8];
    if (count < 8) {
        _mm256_storeu_si256((__m256i *)(void *)narrow, sums);
        for (size_t i = 0; i < count; i++)
            to[i] = narrow[i] * (INT64_C(1) << left) + (from ? from[i] : 0);
        return;
    }
    __m256i first = _mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums));
    __m256i second = _mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums, 1));
    first = _mm256_slli_epi64(first, left);
    second = _mm256_slli_epi64(second, left);
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

/* Two steps of sixteen columns, interleaved. */
static inline __attribute__((always_inline)) void store_pairs(int16_t *to, __m256i first, __m256i second)
{
    const __m256i low = _mm256_unpacklo_epi16(first, second), high = _mm256_unpackhi_epi16(first, second);
    _mm256_storeu_si256((__m256i *)(void *)to, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((__m256i *)(void *)(to + 16), _mm256_permute2x128_si256(low, high, 0x31));
}

/* The lower byte with its sign; and what is left of 256ths, v >> 8 plus the lower byte's sign. */
static inline __attribute__((always_inline)) __m256i lower_part(__m256i v)
{
    return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8);
}

static inline __attribute__((always_inline)) __m256i upper_part(__m256i v)
{
    return _mm256_sub_epi16(_mm256_srai_epi16(v, 8), _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 15));
}

static inline __attribute__((always_inline)) __m256i load_columns(const int16_t *from, size_t columns)
{
    int16_t some[16] = {0};
    if (columns >= 16)
        return _mm256_loadu_si256((const __m256i *)(const void *)from);
    memcpy(some, from, columns * sizeof *from);
    return _mm256_loadu_si256((const __m256i *)(const void *)some);
}

void ns_gemm_pack_split_avx2(const int16_t *rows, size_t k, size_t n, int16_t *low, int16_t *high)
{
    for (size_t j = 0; j < n; j += NS_GEMM_COLUMNS)
        for (size_t s = 0; s < k; s += 2, low += 2 * NS_GEMM_COLUMNS, high += 2 * NS_GEMM_COLUMNS) {
            const __m256i first = load_columns(rows + s * n + j, n - j);
            const __m256i second =
                s + 1 < k ? load_columns(rows + (s + 1) * n + j, n - j) : _mm256_setzero_si256();
            store_pairs(low, lower_part(first), lower_part(second));
            store_pairs(high, upper_part(first), upper_part(second));
        }
}
