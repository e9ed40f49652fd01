/* gemm_f64_template.h with 2 doubles or 4 floats to a vector: a tile's sums take 16 of 32 registers. */
#include <arm_neon.h>

#define REAL double
#define CALL ns_gemm_f64_call
#define NAME ns_gemm_f64_neon
#define TILE tile_f64
#define VECTOR float64x2_t
#define LANES 2
#define ROWS 4
#define GROUPS 1
#define LOAD(p) vld1q_f64(p)
#define STORE(p, v) vst1q_f64(p, v)
#define SET(x) vdupq_n_f64(x)
#define ADD(sum, b, a) vfmaq_f64(sum, b, a)
#include "kernels/gemm_f64_template.h"

#define REAL float
#define CALL ns_gemm_f32_call
#define NAME ns_gemm_f32_neon
#define TILE tile_f32
#define VECTOR float32x4_t
#define LANES 4
#define ROWS 4
#define GROUPS 2
#define LOAD(p) vld1q_f32(p)
#define STORE(p, v) vst1q_f32(p, v)
#define SET(x) vdupq_n_f32(x)
#define ADD(sum, b, a) vfmaq_f32(sum, b, a)
#include "kernels/gemm_f64_template.h"
