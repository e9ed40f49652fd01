/* The loops of rescale_template.h, compiled for AVX512, which has an arithmetic shift of 64-bit lanes. */
#define ROWS ns_rescale_rows_avx512
#define SHIFT_RIGHT(x, s) ((int64_t)(x) >> (s))
#include "kernels/rescale_template.h"
