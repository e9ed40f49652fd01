/* gemm_template.h with vpdpwssd: multiply, add the pair, add to the sum. Inline assembly, because GCC 12
 * spills the accumulators of the intrinsic's form. */
#include "kernels/gemm_widen_avx512.h"

#define NAME ns_gemm_i16_avx512vnni
#define VECTOR __m512i
#define LANES 16
#define WIDE_ROWS 4
#define WIDE_VECTORS 4
#define KEEP(v) (void)(v)
#define ZERO() _mm512_setzero_si512()
#define LOAD(p) _mm512_loadu_si512(p)
#ifdef NS_EMULATED_AVX512 /* tests/kernels/avx512.c */
#define MULTIPLY_ADD(sum, b, a) \
    sum = _mm512_dpwssd_epi32(sum, b, _mm512_set1_epi32(*(const ns_gemm_pair *)(const void *)(a)))
#else
#define MULTIPLY_ADD(sum, b, a)            \
    __asm__("vpdpwssd %2%{1to16%}, %1, %0" \
            : "+v"(sum)                    \
            : "v"(b), "m"(*(const ns_gemm_pair *)(const void *)(a)))
#endif
#include "kernels/gemm_template.h"
