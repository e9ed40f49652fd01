/* gemm_f64_template.h with 4 doubles to a vector: a tile's sums take 12 of 16 registers. */
#include <immintrin.h>

#define NAME ns_gemm_f64_avx2
#define VECTOR __m256d
#define LANES 4
#define ROWS 6
#define GROUPS 1
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define SET(x) _mm256_set1_pd(x)
#define ADD(sum, b, a) _mm256_fmadd_pd(b, a, sum)
#include "kernels/gemm_f64_template.h"
