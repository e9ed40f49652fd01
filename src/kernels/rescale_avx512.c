/* The loops of rescale_template.h, compiled for AVX512. */
#define ROWS ns_rescale_rows_avx512
#include "kernels/rescale_template.h"
