/* The loops of depthwise_template.h, compiled for AVX512. */
#include "kernels/depthwise.h"

#define LANES 16
#define NAME ns_depthwise_i16_avx512
#include "kernels/depthwise_template.h"
