/* Matrix products of int16 by int16 with exact sums.
 *
 * The right-hand side is packed once: columns in groups of 16, steps of k in pairs, so that one 512-bit
 * register holds one pair of steps for 16 columns, the operand of a widening multiply-add
 * (vpmaddwd, vpdpwssd). Missing columns and an odd last step are zero. */
#ifndef NS_KERNELS_GEMM_H
#define NS_KERNELS_GEMM_H

#include <stddef.h>
#include <stdint.h>

#define NS_GEMM_COLUMNS 16

/* int16 elements that k steps by n columns take when packed. */
static inline size_t ns_gemm_packed_size(size_t k, size_t n)
{
    return (n + NS_GEMM_COLUMNS - 1) / NS_GEMM_COLUMNS * ((k + 1) / 2) * (2 * NS_GEMM_COLUMNS);
}

/* Packs n rows of k int8 values (the weights of a convolution: b[s][j] = rows[j * k + s] - zero), which must
 * fill `packed` whole; |value| <= 255. */
void ns_gemm_pack_i8(const int8_t *rows, size_t k, size_t n, int32_t zero, int16_t *packed);

/* Packs k rows of n int16 values, b[s][j] = rows[s * n + j], split in two that fit 8 bits and their sign:
 * b = 256 * high + low with low in [-128, 127] and high in [-128, 128]. */
void ns_gemm_pack_split_i16(const int16_t *rows, size_t k, size_t n, int16_t *low, int16_t *high);

/* Where step `k` of column `n` lies; `steps` is the k that the matrix was packed for. */
static inline size_t ns_gemm_packed_index(size_t steps, size_t k, size_t n)
{
    size_t group = n / NS_GEMM_COLUMNS, column = n % NS_GEMM_COLUMNS;
    return (group * ((steps + 1) / 2) + k / 2) * (2 * NS_GEMM_COLUMNS) + 2 * column + k % 2;
}

/* c[i * c_step + j] = start[j] + sum over s < k of a[i * a_step + s] * b[s][j], for i < m, j < n. a's rows
 * are read to an even k: element k of an odd row must exist, its value does not matter. */
typedef struct ns_gemm_i16_call {
    const int16_t *a;
    size_t a_step;
    const int16_t *packed; /* b */
    size_t m, n, k;
    size_t block; /* steps whose sums are kept in 32 bits before they are added to 64: even, >= 2; the caller
                     has shown that no sum of that many products leaves int32 */
    const int64_t *start; /* NULL: zeros */
    int64_t *c;
    size_t c_step;
} ns_gemm_i16_call;

typedef void (*ns_gemm_i16)(const ns_gemm_i16_call *call);

void ns_gemm_i16_c(const ns_gemm_i16_call *call);

#if defined(__x86_64__)
void ns_gemm_i16_avx2(const ns_gemm_i16_call *call);
void ns_gemm_i16_avx512(const ns_gemm_i16_call *call);
void ns_gemm_i16_avx512vnni(const ns_gemm_i16_call *call);
#endif

#if defined(__aarch64__)
void ns_gemm_i16_neon(const ns_gemm_i16_call *call);
#endif

#endif
