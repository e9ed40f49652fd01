#include "kernels/matrix.h"

/* A whole group without a test for each element; step_k of 1 is known to the compiler. */
#define PACK(name, real)                                                                                  \
    static inline __attribute__((always_inline)) void name##_group(const double *values, size_t step_k,   \
                                                                   size_t step_n, size_t k, real *packed) \
    {                                                                                                     \
        for (size_t s = 0; s < k; s++)                                                                    \
            for (size_t c = 0; c < NS_GEMM_F64_COLUMNS; c++)                                              \
                packed[s * NS_GEMM_F64_COLUMNS + c] = (real)values[s * step_k + c * step_n];              \
    }                                                                                                     \
    void name(const double *values, size_t step_k, size_t step_n, size_t k, size_t n, real *packed)       \
    {                                                                                                     \
        size_t j = 0;                                                                                     \
        for (; j + NS_GEMM_F64_COLUMNS <= n; j += NS_GEMM_F64_COLUMNS, packed += k * NS_GEMM_F64_COLUMNS) \
            if (step_k == 1)                                                                              \
                name##_group(values + j * step_n, 1, step_n, k, packed);                                  \
            else                                                                                          \
                name##_group(values + j * step_n, step_k, step_n, k, packed);                             \
        for (size_t s = 0; j < n && s < k; s++)                                                           \
            for (size_t c = 0; c < NS_GEMM_F64_COLUMNS; c++)                                              \
                *packed++ = j + c < n ? (real)values[s * step_k + (j + c) * step_n] : 0;                  \
    }
PACK(ns_gemm_f64_pack, double)
PACK(ns_gemm_f32_pack, float)

#define PRODUCT(name, real, struct_)                                                               \
    void name(const struct_ *call)                                                                 \
    {                                                                                              \
        for (size_t j = 0; j < call->n; j += NS_GEMM_F64_COLUMNS) {                                \
            const real *b = call->packed + j * call->steps + call->first * NS_GEMM_F64_COLUMNS;    \
            const size_t left = call->n - j;                                                       \
            const size_t columns = left < NS_GEMM_F64_COLUMNS ? left : NS_GEMM_F64_COLUMNS;        \
            for (size_t i = 0; i < call->m; i++) {                                                 \
                real sums[NS_GEMM_F64_COLUMNS] = {0};                                              \
                for (size_t s = 0; s < call->k; s++)                                               \
                    for (size_t v = 0; v < NS_GEMM_F64_COLUMNS; v++)                               \
                        sums[v] += call->a[i * call->a_step + s] * b[s * NS_GEMM_F64_COLUMNS + v]; \
                for (size_t v = 0; v < columns; v++)                                               \
                    call->c[i * call->c_step + j + v] += sums[v];                                  \
            }                                                                                      \
        }                                                                                          \
    }
PRODUCT(ns_gemm_f64_c, double, ns_gemm_f64_call)
PRODUCT(ns_gemm_f32_c, float, ns_gemm_f32_call)
