/* The loops of binary_template.h, compiled for AVX2. */
#define ROWS ns_binary_rows_avx2
#include "kernels/binary_template.h"
