/* gemm_template.h with 16 sums to a vector: vpmaddwd and vpaddd, or vpdpwssd, which is both. */
#include "kernels/gemm_widen_avx512.h"

#define NAME ns_gemm_i16_avx512
#define VECTOR __m512i
#define LANES 16
#define WIDE_ROWS 4
#define WIDE_VECTORS 4
#define KEEP(v) (void)(v)
#define ZERO() _mm512_setzero_si512()
#define LOAD(p) _mm512_loadu_si512(p)
#define MULTIPLY_ADD(sum, b, a) \
    sum = _mm512_add_epi32(     \
        sum, _mm512_madd_epi16(b, _mm512_set1_epi32(*(const ns_gemm_pair *)(const void *)(a))))
#include "kernels/gemm_template.h"
