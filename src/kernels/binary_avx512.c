/* The loops of binary_template.h, compiled for AVX512. */
#include "kernels/rows.h"

#define ROWS ns_binary_rows_avx512
#include "kernels/binary_template.h"
