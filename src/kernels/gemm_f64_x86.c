/* gemm_f64_template.h, compiled for each instruction set (meson.build): AVX2's vectors of 4 doubles or 8
 * floats, a tile's sums in 12 of 16 registers; AVX-512's of 8 doubles, in 24 of 32. */
#include <immintrin.h>

#if defined(NS_KERNELS_AVX512)

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

#else

#define REAL double
#define CALL ns_gemm_f64_call
#define NAME ns_gemm_f64_avx2
#define TILE tile_f64
#define VECTOR __m256d
#define LANES 4
#define ROWS 6
#define GROUPS 1
#define LOAD(p) _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd(p, v)
#define SET(x) _mm256_set1_pd(x)
#define ADD(sum, b, a) _mm256_fmadd_pd(b, a, sum)
#include "kernels/gemm_f64_template.h"

#define REAL float
#define CALL ns_gemm_f32_call
#define NAME ns_gemm_f32_avx2
#define TILE tile_f32
#define VECTOR __m256
#define LANES 8
#define ROWS 6
#define GROUPS 2
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define SET(x) _mm256_set1_ps(x)
#define ADD(sum, b, a) _mm256_fmadd_ps(b, a, sum)
#include "kernels/gemm_f64_template.h"

#endif
