/* The loops of rescale_template.h, compiled for AVX2. */
#define ROWS ns_rescale_rows_avx2
#include "kernels/rescale_template.h"
