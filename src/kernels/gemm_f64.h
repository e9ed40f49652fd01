/* Matrix products of doubles, for values that may be integers (then the sums are exact: below 2^53) or reals
 * (then versions differ in the last bits: some fuse the multiplication with the addition, and each adds in
 * its own order).
 *
 * The right-hand side is packed once: columns in groups of 8, step by step; missing columns are zero. */
#ifndef NS_KERNELS_GEMM_F64_H
#define NS_KERNELS_GEMM_F64_H

#include <stddef.h>

#define NS_GEMM_F64_COLUMNS 8

/* Doubles that k steps by n columns take when packed. */
static inline size_t ns_gemm_f64_packed_size(size_t k, size_t n)
{
    return (n + NS_GEMM_F64_COLUMNS - 1) / NS_GEMM_F64_COLUMNS * k * NS_GEMM_F64_COLUMNS;
}

/* Packs b[s][j] = values[s * step_k + j * step_n]; fills `packed` whole. */
void ns_gemm_f64_pack(const double *values, size_t step_k, size_t step_n, size_t k, size_t n, double *packed);

/* c[i * c_step + j] += sum over s < k of a[i * a_step + s] * b[s][j], for i < m, j < n. */
typedef struct ns_gemm_f64_call {
    const double *a;
    size_t a_step;
    const double *packed; /* b, of `steps` steps, from step `first` on */
    size_t first, steps;
    size_t m, n, k;
    double *c;
    size_t c_step;
} ns_gemm_f64_call;

typedef void (*ns_gemm_f64)(const ns_gemm_f64_call *call);

void ns_gemm_f64_c(const ns_gemm_f64_call *call);
#if defined(__x86_64__)
void ns_gemm_f64_avx2(const ns_gemm_f64_call *call);
void ns_gemm_f64_avx512(const ns_gemm_f64_call *call);
#endif
#if defined(__aarch64__)
void ns_gemm_f64_neon(const ns_gemm_f64_call *call);
#endif

#endif
