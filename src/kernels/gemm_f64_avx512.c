/* gemm_f64_template.h with 8 doubles to a vector: a tile's sums take 24 of 32 registers. */
#include <immintrin.h>

#define REAL double
#define CALL ns_gemm_f64_call
#define NAME ns_gemm_f64_avx512
#define TILE tile_f64
#define VECTOR __m512d
#define LANES 8
#define ROWS 8
#define GROUPS 3
#define LOAD(p) _mm512_loadu_pd(p)
#define STORE(p, v) _mm512_storeu_pd(p, v)
#define SET(x) _mm512_set1_pd(x)
#define ADD(sum, b, a) _mm512_fmadd_pd(b, a, sum)
#include "kernels/gemm_f64_template.h"
