/* The loops of binary_template.h, compiled for AVX2. */
#include "kernels/rows.h"

#define ROWS ns_binary_rows_avx2
#include "kernels/binary_template.h"
