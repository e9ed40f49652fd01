/* The loops of binary_template.h, compiled for plain C and for each instruction set (meson.build). */
#include "kernels/rows.h"

#if defined(NS_KERNELS_AVX512)
#define ROWS ns_binary_rows_avx512
#elif defined(NS_KERNELS_AVX2)
#define ROWS ns_binary_rows_avx2
#else
#define ROWS ns_binary_rows_c
#endif
#include "kernels/binary_template.h"
