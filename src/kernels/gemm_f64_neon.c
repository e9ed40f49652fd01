/* gemm_f64_template.h with 2 doubles to a vector: a tile's sums take 16 of 32 registers. */
#include <arm_neon.h>

#define NAME ns_gemm_f64_neon
#define VECTOR float64x2_t
#define LANES 2
#define ROWS 4
#define GROUPS 1
#define LOAD(p) vld1q_f64(p)
#define STORE(p, v) vst1q_f64(p, v)
#define SET(x) vdupq_n_f64(x)
#define ADD(sum, b, a) vfmaq_f64(sum, b, a)
#include "kernels/gemm_f64_template.h"
