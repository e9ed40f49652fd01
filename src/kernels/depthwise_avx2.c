/* The loops of depthwise_template.h, compiled for AVX2. */
#include "kernels/depthwise.h"

#define LANES 8
#define NAME ns_depthwise_i16_avx2
#include "kernels/depthwise_template.h"
